//! Done, and done again.
//!
//! A worker reports each job as done in the place where it is processed, and once more in the
//! loop around it, where it had been added "to be safe":
//!
//! ```text
//!   main                worker
//!                       get the first, work
//!                       task_done     1 left
//!                       task_done     0 left  ✗ the second is not even begun
//!   join: all done?
//!                       get the second, work
//!                       task_done  ✗ error: there is nothing left to report
//! ```
//!
//! The count is short by one: `join()` may return too early, and at the latest the last report has
//! nothing to report. In Python that is `ValueError: task_done() called too many times` from
//! `queue.Queue` (and from `asyncio.Queue`), far from the line that is wrong. The queue refuses it and
//! loses nothing; a count that went below zero without an error would be worse.
//!
//! The fix is one report for one get, in one place.
//!
//! Every engine sees it, under every schedule, native threads too: the last report is always refused.
//! Whether `join()` returns too early depends on the schedule.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::joined;
use crate::catalogue::support::queue::Queue;
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "task-done-twice",
    summary: "a job is reported as done twice: join() is early, and the queue complains",
    variants: &[buggy("buggy", || work_off(2), FailureKind::Panic), fixed("once-per-get", || work_off(1))],
    source: include_str!("task_done_twice.rs"),
};

/// Two, so that the extra report can stand for a job that is not begun.
const JOBS: usize = 2;

fn work_off(reports: usize) {
    let shared = Arc::new((Queue::new([(); JOBS]), AtomicUsize::new(0)));
    let other = Arc::clone(&shared);
    let worker = thread::spawn(move || {
        for _ in 0..JOBS {
            other.0.get();
            other.1.fetch_add(1, Ordering::SeqCst);
            for _ in 0..reports {
                other.0.task_done().expect("task_done() called too many times");
            }
        }
    });
    shared.0.join();
    assert_eq!(shared.1.load(Ordering::SeqCst), JOBS, "join() returned before the work was done");
    joined(worker);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] =
    &[mutant("once-per-get", "each job is reported twice", || work_off(2), FailureKind::Panic)];
