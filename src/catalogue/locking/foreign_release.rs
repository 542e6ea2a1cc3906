//! A thread releases a lock that it does not hold.
//!
//! A third thread only tries the lock, and releases it at the end in any case. The release is meant for
//! its own acquisition; when the attempt has failed, it releases another thread's:
//!
//! ```text
//!   visitor 1          stranger               visitor 2
//!   acquire
//!   is inside
//!                      try_acquire → False
//!                      release
//!                                             acquire
//!                                             is inside too
//! ```
//!
//! A plain lock records only whether it is taken, not by which thread. Python's `threading.Lock`
//! is like that: the documentation says that `release()` "can be called from any thread". The
//! usual way to get there is `lock.acquire(timeout=1)` with `lock.release()` in the `finally`,
//! whatever `acquire` has returned.
//!
//! A lock with an owner (`threading.RLock`, a POSIX mutex of the error-checking kind) detects it: the
//! same call is an error there, which is *not-owner*. *owned-lock* handles that error: the release is
//! refused and the lock stays held. *guards* makes the mistake impossible to write: only the thread that
//! took the lock has the guard, and only the guard releases it. `with lock:` is Python's form of it.
//!
//! Every engine that chooses its schedules sees both. *not-owner* is refused under every
//! schedule, so native threads show it each time; *buggy* needs the stranger to come while one
//! visitor is inside and the other waits, which natively does not happen. Three threads are
//! needed; with two the stranger's release does no harm.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::locks::Held;
use crate::catalogue::locks::{Lock, RLock};
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "foreign-release",
    summary: "a thread that does not hold a lock releases it",
    variants: &[
        buggy("buggy", || two_visitors_and(releases_in_any_case), FailureKind::Panic),
        buggy("not-owner", || two_visitors_of_an_owned_lock(|lock| lock.release()), FailureKind::NotOwner),
        fixed("guards", || two_visitors_and(|lock| drop(lock.try_hold()))),
        fixed("owned-lock", || two_visitors_of_an_owned_lock(|lock| drop(lock.try_release()))),
    ],
    source: include_str!("foreign_release.rs"),
};

/// Main and a second thread go in; the stranger has a thread of its own.
fn two_visitors<L: Send + Sync + 'static>(lock: L, visit: fn(&L, &AtomicUsize), stranger: fn(&L)) {
    let room = Arc::new((lock, AtomicUsize::new(0)));
    let (second, third) = (Arc::clone(&room), Arc::clone(&room));
    let visitor = thread::spawn(move || visit(&second.0, &second.1));
    let stranger = thread::spawn(move || stranger(&third.0));
    visit(&room.0, &room.1);
    joined(visitor);
    joined(stranger);
}

fn is_inside(inside: &AtomicUsize) {
    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
    inside.fetch_sub(1, Ordering::SeqCst);
}

fn two_visitors_and(stranger: fn(&Lock)) {
    let visit = |lock: &Lock, inside: &AtomicUsize| {
        lock.acquire();
        is_inside(inside);
        // The stranger may have released it already; that error is not what this model is about.
        let _ = lock.release();
    };
    two_visitors(Lock::new(), visit, stranger);
}

fn two_visitors_of_an_owned_lock(stranger: fn(&RLock)) {
    let visit = |lock: &RLock, inside: &AtomicUsize| {
        lock.acquire();
        is_inside(inside);
        lock.release();
    };
    two_visitors(RLock::new(), visit, stranger);
}

fn releases_in_any_case(lock: &Lock) {
    lock.try_acquire();
    let _ = lock.release();
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "guards",
        "a guard whether or not the lock was taken",
        || {
            two_visitors_and(|lock| {
                lock.try_acquire();
                drop(Held(lock));
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "owned-lock",
        "without an owner",
        || {
            two_visitors_and(|lock| {
                let _ = lock.release();
            });
        },
        FailureKind::Panic,
    ),
];
