//! A mutex is not a signal.
//!
//! Main wants to wait until a job is done. It takes a mutex beforehand, and waits by taking it once
//! more; the worker is to unlock it when the job is done:
//!
//! ```text
//!   main                         worker
//!   lock
//!   spawn the worker
//!   lock again  (waits)          does the job
//!                                unlock  ✗ main's lock, not the worker's
//! ```
//!
//! A mutex is unlocked by the thread that locked it. What happens otherwise depends on the mutex:
//! with a POSIX mutex it is undefined behaviour, or an error if it was made to check; Java
//! throws; in Rust it cannot be written, because a guard stays on its thread. Python's
//! `threading.Lock` has no owner and permits it, so this idiom works there until the lock is
//! replaced by an `RLock`: then main does not wait at all, since the owner of that lock may take
//! it again, and the worker's release raises `RuntimeError: cannot release un-acquired lock`.
//! Here main's wait is done by a thread of its own, so that it does wait.
//!
//! *binary-semaphore* uses the primitive for this purpose. A permit has no owner (see
//! semaphore-has-no-owner, where the same is the hazard): the worker releases one when the job
//! is done, main acquires it. The worker has two jobs here, and main may acquire the first
//! permit before, after or while the second job is done.
//!
//! Every engine sees it, native threads too: whatever the schedule, the worker is not the owner.

use crate::FailureKind;
use crate::catalogue::locks::RLock;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Semaphore};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "mutex-as-signal",
    summary: "a thread unlocks another's mutex to signal that it is done",
    variants: &[
        buggy("buggy", unlocked_by_the_worker, FailureKind::NotOwner),
        fixed("binary-semaphore", || released_by_the_worker(does_then_releases)),
    ],
    source: include_str!("mutex_as_signal.rs"),
};

fn unlocked_by_the_worker() {
    let done = Arc::new(RLock::new());
    done.acquire();
    let (waits, signals) = (Arc::clone(&done), Arc::clone(&done));
    let waiter = thread::spawn(move || waits.acquire());
    let worker = thread::spawn(move || signals.release());
    joined(waiter);
    joined(worker);
}

struct Job {
    done: Semaphore,
    result: AtomicUsize,
}

fn released_by_the_worker(work: fn(&Job)) {
    let job = Arc::new(Job { done: Semaphore::new(0), result: AtomicUsize::new(0) });
    let other = Arc::clone(&job);
    let worker = thread::spawn(move || (0..2).for_each(|_| work(&other)));
    for done in 1..=2 {
        job.done.acquire();
        assert!(job.result.load(Ordering::Relaxed) >= done, "signalled before it was done");
    }
    joined(worker);
}

fn does_then_releases(job: &Job) {
    job.result.fetch_add(1, Ordering::Relaxed);
    job.done.release();
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "binary-semaphore",
        "the release comes before the work",
        || {
            released_by_the_worker(|job| {
                job.done.release();
                job.result.fetch_add(1, Ordering::Relaxed);
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "binary-semaphore",
        "one release for both jobs",
        || {
            released_by_the_worker(|job| {
                if job.result.fetch_add(1, Ordering::Relaxed) == 1 {
                    job.done.release();
                }
            });
        },
        FailureKind::Deadlock,
    ),
];
