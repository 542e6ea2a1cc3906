//! Woken by nobody.
//!
//! A thread waits until another has set a flag, and goes on when `wait` returns:
//!
//! ```text
//!   waiter              setter
//!   lock
//!   not ready: wait
//!   woken by nobody
//!   go on  ✗ not ready
//!                       lock, ready = true, notify
//! ```
//!
//! `wait` may return though nobody has notified: POSIX allows it, because forbidding it would make
//! condition variables slower on many machines, and so Rust's std and Java allow it too. Python's
//! `threading.Condition` is made of plain locks and does not do it of its own accord, but its
//! documentation asks for the loop all the same, and `wait(timeout)` returns early by design.
//!
//! The fix is to look again: *while* is `while not ready: cond.wait()`, and *wait-while* its
//! ready-made form, `wait_for` in Python and `wait_while` in Rust. The same loop also cures the thief
//! of *mesa-if*.
//!
//! Raddle's own engines see it: they try one spurious wakeup per thread, as part of their budgets.
//! Loom cannot see this bug, for its condition variables never wake up spuriously (loom#1); it can
//! see that the fixes are right without them. Threads of the operating system hardly ever show it.

#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::engine::Kind;
use crate::sync::{Arc, Condvar, Mutex, MutexGuard};
use crate::thread;
use crate::verdict::FailureKind;

pub(super) const HAZARD: Hazard = Hazard {
    name: "spurious-wakeup",
    summary: "a wait returns though nobody notified, and the flag is not looked at again",
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
pub(super) const MUTANTS: &[Mutant] = &[
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
    condvar.wait_while(ready, |ready| !*ready && !std::mem::replace(&mut asked, true)).expect("nobody panics")
}
