//! A job panics between acquire and release.
//!
//! A worker runs jobs and survives their panics, as workers should. A job acquires a permit, does its
//! work and releases the permit; but this one panics in the middle:
//!
//! ```text
//!   worker                           main
//!   job: acquire  (0 permits left)
//!   job: panics
//!   catches it, goes on
//!                                    acquire  ✗ none will be released
//! ```
//!
//! The permit is gone for good. With several, the pool shrinks by one at every such panic, and the
//! program gets slower for days before it stops. In Python it is `sem.acquire()`, work,
//! `sem.release()` without `try` and `finally`, in a job of a `ThreadPoolExecutor`, which catches the
//! exception and keeps it in the future; or an asyncio task that is cancelled at an `await` between
//! the two.
//!
//! The fix hands the permit to a guard, which releases it on every way out of the scope, a panic
//! included: `with sem:` or `async with sem:` in Python.
//!
//! Every engine sees the bug, and native threads mostly do: it passes only if main acquires before the
//! job does. (Under loom a guard that is dropped by a panic cannot wake up a waiting thread; the job
//! performs no visible operation between the two, so no thread waits at that moment here.)

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::{Arc, Semaphore};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "permit-leak",
    summary: "a panic between acquire and release takes the permit along",
    variants: &[
        buggy("buggy", || a_job_panics(acquires_then_panics), FailureKind::Deadlock),
        fixed("permit-guard", || a_job_panics(panics_with_a_guard)),
    ],
    source: include_str!("permit_leak.rs"),
};

fn a_job_panics(job: fn(&Semaphore)) {
    let permits = Arc::new(Semaphore::new(1));
    let other = Arc::clone(&permits);
    let worker = thread::spawn(move || {
        // The worker goes on to its next job; this model has none.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&other)));
    });
    permits.acquire();
    permits.release();
    joined(worker);
}

fn acquires_then_panics(permits: &Semaphore) {
    permits.acquire();
    panic!("the job fails before it gives the permit back");
}

fn panics_with_a_guard(permits: &Semaphore) {
    let _permit = permits.permit();
    panic!("the job fails while it has the permit");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[mutant(
    "permit-guard",
    "the guard is taken apart",
    || {
        a_job_panics(|permits| {
            std::mem::forget(permits.permit());
            panic!("the job fails while it has the permit");
        });
    },
    FailureKind::Deadlock,
)];
