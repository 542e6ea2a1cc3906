//! Woken without a notification.
//!
//! A thread waits until another has set a flag, and goes on when `wait` returns:
//!
//! ```text
//!   waiter              setter
//!   lock
//!   not ready: wait
//!   woken, without a notification
//!   go on  ✗ not ready
//!                       lock, ready = true, notify
//! ```
//!
//! `wait` may return without a notification: POSIX allows it, because forbidding it would make condition
//! variables slower on many machines, and so Rust's std and Java allow it too. Python's
//! `threading.Condition` is made of plain locks and has no spurious wakeups itself, but its documentation
//! asks for the loop all the same, and `wait(timeout)` returns early by design.
//!
//! The fix is to check again: *while* is `while not ready: cond.wait()`, and *wait-while* its ready-made
//! form, `wait_for` in Python and `wait_while` in Rust. The same loop also fixes *mesa-if*.
//!
//! Raddle's own engines see it: they try one spurious wakeup per thread, as part of their budgets. Loom
//! cannot see this bug, because its condition variables never wake up spuriously (loom#1); it can verify
//! the fixes without them. Native threads hardly ever show it.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::engine::Kind;
use crate::sync::{Arc, Condvar, Mutex, MutexGuard};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "spurious-wakeup",
    summary: "a wait returns without a notification, and the flag is not looked at again",
    variants: &[
        buggy("buggy", || wait_until_ready(with_if), FailureKind::Panic)
            .except(&[skip(Kind::Loom, "loom#1: its condition variables never wake up spuriously")]),
        fixed("while", || wait_until_ready(with_while)),
        fixed("wait-while", || wait_until_ready(with_wait_while)),
    ],
    source: include_str!("spurious_wakeup.rs"),
};

type Wait = for<'a> fn(&Condvar, MutexGuard<'a, bool>) -> MutexGuard<'a, bool>;

fn wait_until_ready(wait: Wait) {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = Arc::clone(&pair);
    let setter = thread::spawn(move || {
        *other.0.lock().expect("the setter comes first or is waited for") = true;
        other.1.notify_one();
    });
    let ready = wait(&pair.1, pair.0.lock().expect("the setter does not panic"));
    assert!(*ready, "it goes on though nothing is ready");
    drop(ready);
    setter.join().expect("the setter does not panic");
}

fn with_if<'a>(condvar: &Condvar, mut ready: MutexGuard<'a, bool>) -> MutexGuard<'a, bool> {
    if !*ready {
        ready = condvar.wait(ready).expect("the setter does not panic");
    }
    ready
}

fn with_while<'a>(condvar: &Condvar, mut ready: MutexGuard<'a, bool>) -> MutexGuard<'a, bool> {
    while !*ready {
        ready = condvar.wait(ready).expect("the setter does not panic");
    }
    ready
}

fn with_wait_while<'a>(condvar: &Condvar, ready: MutexGuard<'a, bool>) -> MutexGuard<'a, bool> {
    condvar.wait_while(ready, |ready| !*ready).expect("the setter does not panic")
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("while", "`while` becomes `if`", || wait_until_ready(with_if), FailureKind::Panic),
    mutant(
        "wait-while",
        "it waits once and takes it for granted",
        || wait_until_ready(once),
        FailureKind::Panic,
    ),
];

#[cfg(test)]
fn once<'a>(condvar: &Condvar, ready: MutexGuard<'a, bool>) -> MutexGuard<'a, bool> {
    let mut asked = false;
    condvar
        .wait_while(ready, |ready| !*ready && !std::mem::replace(&mut asked, true))
        .expect("no thread panics")
}
