//! A notification that nobody hears.
//!
//! One thread waits until another says that it is ready. The other says so once:
//!
//! ```text
//!   waiter              notifier
//!                       notify      nobody waits: nothing happens
//!   lock
//!   wait  ✗ for ever
//! ```
//!
//! A condition variable remembers nothing. A notification wakes whoever waits at that moment; if the
//! waiter comes a little later it is gone. In Python it is `cond.wait()` and `cond.notify()` of a
//! `threading.Condition` with no variable between them. It works for as long as the waiter is the
//! faster of the two, which on the developer's machine it is.
//!
//! The fix is a *predicate* under the same lock: the notifier sets a flag and then notifies, the
//! waiter waits only while the flag is not set. Since waiting gives the lock up and begins to wait in
//! one step, there is no moment between the look at the flag and the wait in which the notification
//! could be missed. Both sides need the lock: a flag that is set without it can be set in just that
//! moment.
//!
//! Every engine sees it. With threads of the operating system it needs the waiter to be late.

#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread;
use crate::verdict::FailureKind;

pub(super) const HAZARD: Hazard = Hazard {
    name: "lost-wakeup",
    summary: "a notification comes before the wait, and nothing remembers it",
    variants: &[buggy("buggy", notify_and_hope, FailureKind::Deadlock), fixed("predicate", set_and_notify)],
    source: include_str!("lost_wakeup.rs"),
};

fn notify_and_hope() {
    let pair = Arc::new((Mutex::new(()), Condvar::new()));
    let other = Arc::clone(&pair);
    let waiter = thread::spawn(move || {
        let guard = other.0.lock().expect("nobody panics");
        drop(other.1.wait(guard).expect("nobody panics"));
    });
    pair.1.notify_one();
    waiter.join().expect("waiting does not panic");
}

fn set_and_notify() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = Arc::clone(&pair);
    let waiter = thread::spawn(move || {
        let ready = other.0.lock().expect("nobody panics");
        drop(other.1.wait_while(ready, |ready| !*ready).expect("nobody panics"));
    });
    *pair.0.lock().expect("nobody panics") = true;
    pair.1.notify_one();
    waiter.join().expect("waiting does not panic");
}

#[cfg(test)]
pub(super) const MUTANTS: &[Mutant] =
    &[mutant("predicate", "the flag is set without the lock", flag_without_lock, FailureKind::Deadlock)];

#[cfg(test)]
fn flag_without_lock() {
    use crate::sync::atomic::{AtomicBool, Ordering};
    let shared = Arc::new((Mutex::new(()), Condvar::new(), AtomicBool::new(false)));
    let other = Arc::clone(&shared);
    let waiter = thread::spawn(move || {
        let mut guard = other.0.lock().expect("nobody panics");
        while !other.2.load(Ordering::SeqCst) {
            guard = other.1.wait(guard).expect("nobody panics");
        }
    });
    shared.2.store(true, Ordering::SeqCst);
    shared.1.notify_one();
    waiter.join().expect("waiting does not panic");
}
