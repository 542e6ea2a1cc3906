//! A reentrant lock that is taken twice and released once.
//!
//! A reentrant lock counts how often its owner has acquired it, and is free when it has been released as
//! often. A thread takes it, calls a method that takes it again, and leaves that method early:
//!
//! ```text
//!   thread 1                         thread 2
//!   acquire       (has it once)
//!     acquire     (has it twice)
//!     return early, without release
//!   release       (has it once)
//!   ends
//!                                    acquire  ✗ held, by a thread that is gone
//! ```
//!
//! The thread that makes the mistake is not affected: the owner of a reentrant lock can always take it
//! again. The next thread hangs. In Python it is a `threading.RLock` with `acquire()` and `release()`
//! written out, and a `return`, a `continue` or an exception between them.
//!
//! The fix lets a scope release what it acquired: `with lock:` in Python, a guard in Rust. On every way
//! out of the scope, there are as many releases as acquisitions.
//!
//! Every engine sees it, native threads mostly, provided that a thread takes the lock
//! afterwards: a model that ends before would pass.

use crate::FailureKind;
use crate::catalogue::locks::RLock;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::{Arc, ReentrantMutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "unbalanced-reentrant",
    summary: "a reentrant lock is taken twice and released once",
    variants: &[
        buggy("buggy", by_hand, FailureKind::Deadlock),
        fixed("guard-scopes", || by_guards(leaves_early)),
    ],
    source: include_str!("unbalanced_reentrant.rs"),
};

fn by_hand() {
    let lock = Arc::new(RLock::new());
    let other = Arc::clone(&lock);
    let child = thread::spawn(move || {
        other.acquire();
        leaves_early_by_hand(&other, true);
        other.release();
    });
    lock.acquire();
    lock.release();
    joined(child);
}

fn leaves_early_by_hand(lock: &RLock, nothing_to_do: bool) {
    lock.acquire();
    if nothing_to_do {
        return;
    }
    lock.release();
}

fn by_guards(inner: fn(&ReentrantMutex<()>, bool)) {
    let lock = Arc::new(ReentrantMutex::new(()));
    let other = Arc::clone(&lock);
    let child = thread::spawn(move || {
        let _once = other.lock();
        inner(&other, true);
    });
    drop(lock.lock());
    joined(child);
}

fn leaves_early(lock: &ReentrantMutex<()>, nothing_to_do: bool) {
    let twice = lock.lock();
    if nothing_to_do {
        return;
    }
    drop(twice);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[mutant(
    "guard-scopes",
    "the inner guard is forgotten",
    || by_guards(|lock, _| std::mem::forget(lock.lock())),
    FailureKind::Deadlock,
)];
