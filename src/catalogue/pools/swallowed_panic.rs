//! It failed, and the result was never read.
//!
//! A pool catches the panics of its jobs, so that its workers survive, and stores each in the
//! job's future. There it stays:
//!
//! ```text
//!   main                    worker
//!   submit
//!                           run the job  ✗ panic, caught
//!                           store it in the future
//!   shut down               end
//!   "all done"  ✗ the future was never read
//! ```
//!
//! In Python it is `executor.submit(f)` without a `result()`: the exception is never printed, not
//! even at exit. `executor.map` raises the first one only, and only when its results are iterated;
//! `asyncio` at least logs "Task exception was never retrieved". Rust's `JoinHandle::join` returns
//! the panic as an `Err`, and a dropped handle discards it.
//!
//! *buggy* reads no future. *result* reads each of them. *join* joins the thread itself.
//! *collect-all* is a map over several jobs that waits for all of them and returns every
//! failure; *stops-at-the-first* is its buggy sibling, which returns at the first failure and
//! drops the second (Python's `map` and `gather` do so).
//!
//! Every engine sees it, native threads too, because it happens under every schedule. Loom
//! cannot check *join*: a child's panic ends its whole model (loom#417). The other panics are
//! caught inside the worker, as a pool does.

use std::panic::catch_unwind;

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::pool::Promise;
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::engine::Kind;
use crate::sync::Arc;
use crate::thread::{self, JoinHandle};

pub(crate) const HAZARD: Hazard = Hazard {
    name: "swallowed-panic",
    summary: "a job's panic is kept in a future whose result is never read",
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

/// Runs jobs in threads that survive them; `ask` returns how many failures it found.
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
    assert_eq!(reported, jobs, "a job failed, and no report said so");
}

fn stop_at_the_first(futures: &[Arc<Promise<Outcome>>]) -> usize {
    usize::from(futures.iter().any(|future| future.result().is_err()))
}

fn collect(futures: &[Arc<Promise<Outcome>>]) -> usize {
    futures.iter().filter(|future| future.result().is_err()).count()
}

/// A thread with an uncaught panic, after its work is done.
fn ask_the_thread(ask: fn(JoinHandle<()>) -> bool) {
    let done = Arc::new(Promise::new());
    let other = Arc::clone(&done);
    let worker = thread::spawn(move || {
        other.set(());
        job();
    });
    done.result();
    assert!(ask(worker), "a job failed, and no report said so");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("result", "no result is read", || check(1, |_| 0), FailureKind::Panic),
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
