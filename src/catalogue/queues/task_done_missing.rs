//! All jobs are over, and one is not done.
//!
//! The producer of a queue waits in `join()` until each job was reported as done. A job fails,
//! and the line that would have reported it is skipped:
//!
//! ```text
//!   main                worker
//!   put, put
//!                       get, work, task_done
//!                       get, work  ✗ error: the thread ends
//!   join  ✗ one is missing, for ever
//! ```
//!
//! In Python it is `item = q.get(); process(item); q.task_done()`, and an exception in `process` ends
//! the `threading.Thread` with a traceback while the main thread hangs in `q.join()`.
//!
//! The fix is to report from a place that every way out passes: `try: ... finally: q.task_done()` in
//! Python, a guard's destructor in Rust. "Done" means that the job is no longer being processed, not that
//! it succeeded; that is reported separately, here by the worker's result.
//!
//! Every engine sees it, native threads too: the job fails under every schedule. Its failure is an
//! `Err` that is passed up, and not a panic, because loom would end the whole model with a child's
//! panic (loom#417); the guard is dropped by either.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::queue::Queue;
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Condvar};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "task-done-missing",
    summary: "a job fails before it is reported as done, and join() waits for it",
    variants: &[
        buggy("buggy", || work_off(report_at_the_end), FailureKind::Deadlock),
        fixed("guard", || work_off(report_in_any_case)),
    ],
    source: include_str!("task_done_missing.rs"),
};

/// What became of a job that cannot be processed.
#[derive(Debug, PartialEq, Eq)]
struct Failed;

/// The second of two jobs fails.
fn process(job: u32) -> Result<(), Failed> {
    if job == 1 { Err(Failed) } else { Ok(()) }
}

fn work_off(work: fn(&Queue<u32>, u32) -> Result<(), Failed>) {
    let queue = Arc::new(Queue::new([]));
    let other = Arc::clone(&queue);
    let worker = thread::spawn(move || {
        while let Some(job) = other.get() {
            work(&other, job)?;
        }
        Ok(())
    });
    queue.put(0);
    queue.put(1);
    queue.join();
    queue.close(Condvar::notify_all);
    assert_eq!(worker.join().expect("workers do not panic"), Err(Failed), "the failure was not told");
}

fn report_at_the_end(queue: &Queue<u32>, job: u32) -> Result<(), Failed> {
    process(job)?;
    // Once per job, so it is not refused.
    let _ = queue.task_done();
    Ok(())
}

/// Reports when dropped, on every way out.
struct Taken<'a>(&'a Queue<u32>);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // A destructor must not panic; it is plain that this is called once per job.
        let _ = self.0.task_done();
    }
}

fn report_in_any_case(queue: &Queue<u32>, job: u32) -> Result<(), Failed> {
    let _taken = Taken(queue);
    process(job)
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "guard",
        "the guard is made after the job was processed",
        || {
            work_off(|queue, job| {
                process(job)?;
                let _taken = Taken(queue);
                Ok(())
            });
        },
        FailureKind::Deadlock,
    ),
    mutant(
        "guard",
        "done is taken for well done",
        || {
            work_off(|queue, job| {
                let _taken = Taken(queue);
                let _ = process(job);
                Ok(())
            });
        },
        FailureKind::Panic,
    ),
];
