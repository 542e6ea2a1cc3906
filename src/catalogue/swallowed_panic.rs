//! It failed, and nobody has asked.
//!
//! A pool catches what its jobs throw, so that its workers survive, and puts it into the job's future.
//! There it stays:
//!
//! ```text
//!   main                    worker
//!   submit
//!                           run the job  ✗ panic, caught
//!                           store it in the future
//!   shut down               end
//!   "all done"  ✗ nobody has looked into the future
//! ```
//!
//! In Python it is `executor.submit(f)` without a `result()`: the exception is never printed, not even at
//! exit. `executor.map` tells the first one only, and only to those who iterate; `asyncio` at least logs
//! "Task exception was never retrieved". Rust's `JoinHandle::join` gives the panic back as an `Err`, and
//! a handle that is dropped gives it to nobody.
//!
//! *buggy* asks nobody. *result* asks each future. *join* asks the thread itself. *collect-all* is a
//! map over several jobs that waits for all of them and hands over every failure;
//! *stops-at-the-first* is its buggy sibling, which returns at the first failure and forgets the
//! second (Python's `map` and `gather` do so).
//!
//! Every engine sees it, native threads too, for it happens under every schedule. Loom cannot check
//! *join*: a child's panic ends its whole model (loom#417). The other panics are caught inside the
//! worker, as a pool does.

use std::panic::catch_unwind;

#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::pool::Promise;
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::engine::Kind;
use crate::sync::Arc;
use crate::thread::{self, JoinHandle};
use crate::verdict::FailureKind;

pub(super) const HAZARD: Hazard = Hazard {
    name: "swallowed-panic",
    summary: "a job's panic is kept in a future that nobody asks",
    variants: &[
        buggy("buggy", || check(1, |_| 0), FailureKind::Panic),
        buggy("stops-at-the-first", || check(2, stop_at_the_first), FailureKind::Panic),
        fixed("result", || check(1, collect)),
        fixed("join", || ask_the_thread(|worker| worker.join().is_err())).except(&[skip(
            Kind::Loom,
            "loom#417: its join never returns an error, a child's panic ends the whole model",
        )]),
        fixed("collect-all", || check(2, collect)),
    ],
    source: include_str!("swallowed_panic.rs"),
};

/// What a job leaves in its future.
type Outcome = thread::Result<()>;

/// Every job fails.
fn job() {
    panic!("this job fails");
}

/// Runs jobs in threads that survive them, and counts the failures that `ask` is told.
fn check(jobs: usize, ask: fn(&[Arc<Promise<Outcome>>]) -> usize) {
    let futures: Vec<_> = (0..jobs).map(|_| Arc::new(Promise::new())).collect();
    let submit = |future: &Arc<Promise<Outcome>>| {
        let future = Arc::clone(future);
        thread::spawn(move || future.set(catch_unwind(job)))
    };
    let workers: Vec<JoinHandle<()>> = futures.iter().map(submit).collect();
    let reported = ask(&futures);
    for worker in workers {
        worker.join().expect("workers survive their jobs");
    }
    assert_eq!(reported, jobs, "a job failed, and nobody was told");
}

fn stop_at_the_first(futures: &[Arc<Promise<Outcome>>]) -> usize {
    usize::from(futures.iter().any(|future| future.result().is_err()))
}

fn collect(futures: &[Arc<Promise<Outcome>>]) -> usize {
    futures.iter().filter(|future| future.result().is_err()).count()
}

/// A thread that is not caught, beside one that does its work.
fn ask_the_thread(ask: fn(JoinHandle<()>) -> bool) {
    let done = Arc::new(Promise::new());
    let other = Arc::clone(&done);
    let worker = thread::spawn(move || {
        other.set(());
        job();
    });
    done.result();
    assert!(ask(worker), "a job failed, and nobody was told");
}

#[cfg(test)]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant("result", "nobody asks", || check(1, |_| 0), FailureKind::Panic),
    mutant("join", "the handle is dropped", || ask_the_thread(drop_it), FailureKind::Panic),
    mutant("join", "what join says is not passed on", || ask_the_thread(join_only), FailureKind::Panic),
    mutant("collect-all", "it stops at the first", || check(2, stop_at_the_first), FailureKind::Panic),
];

#[cfg(test)]
fn drop_it(worker: JoinHandle<()>) -> bool {
    drop(worker);
    true
}

#[cfg(test)]
fn join_only(worker: JoinHandle<()>) -> bool {
    let _ = worker.join();
    false
}
