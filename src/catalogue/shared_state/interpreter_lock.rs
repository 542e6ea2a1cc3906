//! The interpreter's lock does not make `n += 1` one step.
//!
//! CPython runs bytecode under one global lock, so two threads never run Python code at the same time.
//! Many conclude that `counter += 1` is safe. But the line is three bytecodes, and the lock is released
//! between two of them whenever the switch interval has passed:
//!
//! ```text
//!   thread 1                 thread 2
//!   take the global lock
//!   LOAD  n → 0
//!   give it up               take the global lock
//!                            LOAD  n → 0
//!                            ADD   1
//!                            STORE n = 1
//!   take the global lock     give it up
//!   ADD   1
//!   STORE n = 1              one update is lost
//! ```
//!
//! Here a thread has its own value stack (one register is enough), and `n` belongs to the interpreter. In
//! *buggy* the lock is released after every bytecode. *longer-interval* releases it after every third, as
//! if by `sys.setswitchinterval`: that is no fix, because the interval is not aligned with lines. One
//! bytecode before the increment shifts the switch into the middle of it. It only makes the failure
//! rarer, and a free-threaded Python, which has no such lock, makes it frequent.
//!
//! The fix is a lock of the program's own (`threading.Lock`) around all three. The interpreter may switch
//! at any point: the other thread then blocks on the program's lock.
//!
//! Every engine that chooses its schedules sees it. The native one does not: like the interpreter with
//! its interval, it lets a thread run on for so long that all of these bytecodes are over. The global
//! lock orders every access, so there is no data race, and a race detector alone reports nothing.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "interpreter-lock",
    summary: "a global lock per bytecode does not make an increment one step",
    variants: &[
        buggy("buggy", || two_threads(1, without_lock), FailureKind::Panic),
        buggy("longer-interval", || two_threads(3, without_lock), FailureKind::Panic),
        fixed("application-lock", || two_threads(1, with_lock)),
    ],
    source: include_str!("interpreter_lock.rs"),
};

#[derive(Clone, Copy)]
enum Bytecode {
    Nop,
    Load,
    Add,
    Store,
}

/// `n += 1`, after something else.
const INCREMENT: [Bytecode; 4] = [Bytecode::Nop, Bytecode::Load, Bytecode::Add, Bytecode::Store];

struct Interpreter {
    /// The global lock, and the one global variable.
    n: Mutex<usize>,
    /// How many bytecodes a thread runs before it releases the lock.
    interval: usize,
    /// The program's own lock.
    lock: Mutex<()>,
}

impl Interpreter {
    fn run(&self, code: &[Bytecode]) {
        let mut register = 0;
        for slice in code.chunks(self.interval) {
            let mut n = self.n.lock().expect("no thread panics");
            for bytecode in slice {
                match bytecode {
                    Bytecode::Nop => {}
                    Bytecode::Load => register = *n,
                    Bytecode::Add => register += 1,
                    Bytecode::Store => *n = register,
                }
            }
        }
    }
}

fn two_threads(interval: usize, increment: fn(&Interpreter)) {
    let interpreter = Arc::new(Interpreter { n: Mutex::new(0), interval, lock: Mutex::new(()) });
    let other = Arc::clone(&interpreter);
    let child = thread::spawn(move || increment(&other));
    increment(&interpreter);
    child.join().expect("bytecode does not panic");
    assert_eq!(*interpreter.n.lock().expect("no thread panics"), 2, "an update was lost");
}

fn without_lock(interpreter: &Interpreter) {
    interpreter.run(&INCREMENT);
}

fn with_lock(interpreter: &Interpreter) {
    let _held = interpreter.lock.lock().expect("no thread panics");
    interpreter.run(&INCREMENT);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[mutant(
    "application-lock",
    "each thread makes a lock of its own",
    || {
        two_threads(1, |interpreter| {
            let lock = Mutex::new(());
            let _held = lock.lock().expect("no thread panics");
            interpreter.run(&INCREMENT);
        });
    },
    FailureKind::Panic,
)];
