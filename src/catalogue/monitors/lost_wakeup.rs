//! A notification that comes too early.
//!
//! One thread waits until another says that it is ready. The other says so once:
//!
//! ```text
//!   waiter              notifier
//!                       notify      no waiter: nothing happens
//!   lock
//!   wait  ✗ for ever
//! ```
//!
//! A condition variable has no memory. A notification wakes only a thread that waits at that moment; if
//! the waiter comes a little later it is lost. In Python it is `cond.wait()` and `cond.notify()` of a
//! `threading.Condition` with no variable between them. It works for as long as the waiter is the
//! faster of the two, which on the developer's machine it is.
//!
//! The fix is a *predicate* under the same lock: the notifier sets a flag and then notifies, the waiter
//! waits only while the flag is not set. Since a wait releases the lock and begins to wait in one step,
//! no notification can come between the check of the flag and the wait. Both sides need the lock: a
//! flag that is set without it can be set in just that moment.
//!
//! Every engine sees it, and the native one about every second time: which of the two is first
//! depends on how fast a thread starts. With the fix, raddle's own engines also try one spurious
//! wakeup per thread, and it holds.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy_of, fixed_of};
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "lost-wakeup",
    summary: "a notification comes before the wait, and nothing remembers it",
    variants: &[
        buggy_of("buggy", notify_and_hope, WAITERS, FailureKind::Deadlock),
        fixed_of("predicate", set_and_notify, WAITERS),
    ],
    source: include_str!("lost_wakeup.rs"),
};

/// One waiter suffices to come too late.
const WAITERS: usize = 1;

/// Starts the waiters, notifies, and joins them.
fn with_waiters<S: Send + Sync + 'static>(waiters: usize, shared: S, wait: fn(&S), notify: fn(&S)) {
    let shared = Arc::new(shared);
    let waiters: Vec<_> = (0..waiters)
        .map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || wait(&shared))
        })
        .collect();
    notify(&shared);
    for waiter in waiters {
        waiter.join().expect("waiting does not panic");
    }
}

fn notify_and_hope(waiters: usize) {
    let wait = |pair: &(Mutex<()>, Condvar)| {
        let guard = pair.0.lock().expect("no thread panics");
        drop(pair.1.wait(guard).expect("no thread panics"));
    };
    with_waiters(waiters, (Mutex::new(()), Condvar::new()), wait, |pair| pair.1.notify_all());
}

fn set_and_notify(waiters: usize) {
    let wait = |pair: &(Mutex<bool>, Condvar)| {
        let ready = pair.0.lock().expect("no thread panics");
        drop(pair.1.wait_while(ready, |ready| !*ready).expect("no thread panics"));
    };
    let notify = |pair: &(Mutex<bool>, Condvar)| {
        *pair.0.lock().expect("no thread panics") = true;
        pair.1.notify_all();
    };
    with_waiters(waiters, (Mutex::new(false), Condvar::new()), wait, notify);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] =
    &[mutant("predicate", "the flag is set without the lock", flag_without_lock, FailureKind::Deadlock)];

#[cfg(test)]
fn flag_without_lock() {
    use crate::sync::atomic::{AtomicBool, Ordering};
    type Shared = (Mutex<()>, Condvar, AtomicBool);
    let wait = |shared: &Shared| {
        let mut guard = shared.0.lock().expect("no thread panics");
        while !shared.2.load(Ordering::SeqCst) {
            guard = shared.1.wait(guard).expect("no thread panics");
        }
    };
    let notify = |shared: &Shared| {
        shared.2.store(true, Ordering::SeqCst);
        shared.1.notify_all();
    };
    with_waiters(WAITERS, (Mutex::new(()), Condvar::new(), AtomicBool::new(false)), wait, notify);
}
