//! A semaphore with one permit is not a mutex.
//!
//! It looks like one: acquire the permit, do the work, release it. But a permit has no owner,
//! and any thread's release creates a new one. One stray release, in an error path that never
//! acquired, and there are two:
//!
//! ```text
//!   visitor 1         clean-up            visitor 2
//!   acquire
//!   is inside
//!                     release  (1 permit)
//!                                         acquire
//!                                         is inside too
//! ```
//!
//! In Python it is `threading.Semaphore(1)` or `asyncio.Semaphore(1)` used as a lock, and a
//! `release()` in a `finally` that is reached although `acquire()` was cancelled or never
//! called. The semaphore raises no error, and at that moment nothing goes wrong either: two
//! threads must acquire at once afterwards.
//!
//! *mutex* uses a lock that has an owner. In Rust the stray release cannot even be written: without a
//! guard there is nothing to drop; the clean-up can only wait for its turn. *owned-lock* is a lock that
//! is released by hand, but checks its owner, as `threading.RLock` does: the stray release is refused
//! with an error (handled here; foreign-release shows what happens when it is not).
//!
//! Every engine that chooses its schedules sees it; natively the two visits are too short to
//! overlap, whatever the clean-up does.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::locks::Lock;
use crate::catalogue::locks::RLock;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, Semaphore};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "semaphore-has-no-owner",
    summary: "a stray release lets two into what a semaphore was to guard",
    variants: &[
        buggy("buggy", with_a_semaphore, FailureKind::Panic),
        fixed("mutex", with_a_mutex),
        fixed("owned-lock", || with_an_owned_lock(|lock| drop(lock.try_release()))),
    ],
    source: include_str!("semaphore_has_no_owner.rs"),
};

/// Main and a second thread go in; the clean-up has a thread of its own.
fn two_visitors<L: Send + Sync + 'static>(lock: L, visit: fn(&L, &AtomicUsize), clean_up: fn(&L)) {
    let room = Arc::new((lock, AtomicUsize::new(0)));
    let (second, third) = (Arc::clone(&room), Arc::clone(&room));
    let visitor = thread::spawn(move || visit(&second.0, &second.1));
    let cleaner = thread::spawn(move || clean_up(&third.0));
    visit(&room.0, &room.1);
    joined(visitor);
    joined(cleaner);
}

fn is_inside(inside: &AtomicUsize) {
    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
    inside.fetch_sub(1, Ordering::SeqCst);
}

fn with_a_semaphore() {
    let visit = |permits: &Semaphore, inside: &AtomicUsize| {
        permits.acquire();
        is_inside(inside);
        permits.release();
    };
    two_visitors(Semaphore::new(1), visit, |permits| permits.release());
}

fn with_a_mutex() {
    let visit = |lock: &Mutex<()>, inside: &AtomicUsize| {
        let _guard = lock.lock().expect("no thread panics");
        is_inside(inside);
    };
    two_visitors(Mutex::new(()), visit, |lock| drop(lock.lock()));
}

fn with_an_owned_lock(clean_up: fn(&RLock)) {
    let visit = |lock: &RLock, inside: &AtomicUsize| {
        lock.acquire();
        is_inside(inside);
        lock.release();
    };
    two_visitors(RLock::new(), visit, clean_up);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "mutex",
        "the guard is dropped where it is made",
        || {
            let visit = |lock: &Mutex<()>, inside: &AtomicUsize| {
                let _ = lock.lock().expect("no thread panics");
                is_inside(inside);
            };
            two_visitors(Mutex::new(()), visit, |lock| drop(lock.lock()));
        },
        FailureKind::Panic,
    ),
    mutant(
        "owned-lock",
        "the error is not heeded",
        || with_an_owned_lock(RLock::release),
        FailureKind::NotOwner,
    ),
    mutant(
        "owned-lock",
        "without an owner",
        || {
            let visit = |lock: &Lock, inside: &AtomicUsize| {
                lock.acquire();
                is_inside(inside);
                let _ = lock.release();
            };
            two_visitors(Lock::new(), visit, |lock| {
                let _ = lock.release();
            });
        },
        FailureKind::Panic,
    ),
];
