//! The worker waits for a job that only the worker could do.
//!
//! A job in a thread pool needs part of its work done in parallel. It submits that part to the same pool
//! and waits for the result. All workers of the pool (here there is one) do the same:
//!
//! ```text
//!   main                worker
//!   submit outer
//!                       take outer
//!                       submit inner            queue: inner
//!                       wait for inner  ✗ no worker is left to take it
//!   wait for outer  ✗
//! ```
//!
//! It is Python's own example: the documentation of `concurrent.futures.ThreadPoolExecutor` shows this
//! program with `max_workers=1`. With ten workers it takes ten such jobs at once, which happens on the
//! first busy day. `asyncio.to_thread` and a database's connection pool have it as well.
//!
//! *no-blocking* does not wait inside the pool: outer submits inner and returns, and the caller that
//! wants the result waits outside. *help* lets a waiting worker run other jobs from the queue meanwhile,
//! as Java's fork/join pool and rayon do; then a wait does not cost the pool a worker.
//!
//! Every engine sees it, native threads too: one worker and one such job are enough under every
//! schedule. Verifying the fixes takes dfs too long, because it tries every order of independent
//! steps; the exhaustive engine tries one of them.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::pool::{Job, Promise, work};
use crate::catalogue::support::queue::Queue;
use crate::catalogue::{Exception, Hazard, buggy, fixed, skip};
use crate::engine::Kind;
use crate::sync::{Arc, Condvar};
use crate::thread;

/// The main thread's puts and the worker's gets are many, and few of them are dependent.
const TOO_MANY: &[Exception] = &[skip(
    Kind::Dfs,
    "too many schedules for a search without reduction: 80 traces, over 200,000 schedules",
)];

pub(crate) const HAZARD: Hazard = Hazard {
    name: "pool-waits-for-itself",
    summary: "a job waits for another of the same pool, and all workers are busy waiting",
    variants: &[
        buggy("buggy", || run(wait_inside), FailureKind::Deadlock),
        fixed("no-blocking", || run(pass_it_on)).except(TOO_MANY),
        fixed("help", || run(help_meanwhile)).except(TOO_MANY),
    ],
    source: include_str!("pool_waits_for_itself.rs"),
};

type Answer = Arc<Promise<u32>>;

/// A pool of one worker, and one job, which submits another.
fn run(outer: fn(&Queue<Job>, &Answer)) {
    let jobs = Arc::new(Queue::new([]));
    let others = Arc::clone(&jobs);
    let worker = thread::spawn(move || work(&others));
    let answer = Answer::new(Promise::new());
    let promise = Arc::clone(&answer);
    jobs.put(Job::new(move |jobs| outer(jobs, &promise)));
    assert_eq!(answer.result(), 42, "the answer is wrong");
    jobs.close(Condvar::notify_all);
    worker.join().expect("workers do not panic");
}

/// Submits the inner job, which returns the answer.
fn submit_inner(jobs: &Queue<Job>, answer: &Answer) {
    let answer = Arc::clone(answer);
    jobs.put(Job::new(move |_| answer.set(42)));
}

fn wait_inside(jobs: &Queue<Job>, answer: &Answer) {
    let inner = Answer::new(Promise::new());
    submit_inner(jobs, &inner);
    answer.set(inner.result());
}

fn pass_it_on(jobs: &Queue<Job>, answer: &Answer) {
    submit_inner(jobs, answer);
}

fn help_meanwhile(jobs: &Queue<Job>, answer: &Answer) {
    let inner = Answer::new(Promise::new());
    submit_inner(jobs, &inner);
    help(jobs);
    answer.set(inner.result());
}

/// Runs the queued jobs. Once the queue is empty the inner job is done, or another worker runs it.
fn help(jobs: &Queue<Job>) {
    while let Some(job) = jobs.try_get() {
        job.run(jobs);
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("no-blocking", "it waits for the inner job", || run(wait_inside), FailureKind::Deadlock),
    mutant(
        "no-blocking",
        "it does not wait and takes what is there",
        || {
            run(|jobs, answer| {
                let inner = Answer::new(Promise::new());
                submit_inner(jobs, &inner);
                answer.set(inner.try_result().unwrap_or_default());
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "help",
        "it helps before it has submitted",
        || {
            run(|jobs, answer| {
                help(jobs);
                wait_inside(jobs, answer);
            });
        },
        FailureKind::Deadlock,
    ),
];
