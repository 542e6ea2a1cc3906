//! Accepted, and never run.
//!
//! A pool is shut down: it accepts no more jobs, and the worker finishes the queue and ends. A
//! client submits at the same moment:
//!
//! ```text
//!   client              main                worker
//!   shut down? no
//!                       shut down = yes
//!                                           queue is empty, shut down: end
//!   put the job
//!   wait for its result  ✗ for ever
//! ```
//!
//! The client's job was accepted and is never run. In Python `ThreadPoolExecutor.submit` raises "cannot
//! schedule new futures after shutdown", and makes the check and the put under one lock for just this
//! reason; hand-written pools over `queue.Queue` with a `stopping` flag do not.
//!
//! *refused* checks under the lock under which the job is put and the shutdown is declared: then a job is
//! either put before, and run, or refused. *cancel-pending* does not finish what is in the queue, but
//! completes the pending futures as cancelled: `shutdown(cancel_futures=True)`. Every future is completed.
//!
//! Every engine that chooses its schedules sees it; natively the shutdown would have to come
//! between the client's check and its put. Verifying the fixes takes dfs too long, because it
//! tries every order of independent steps.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::pool::Promise;
use crate::catalogue::{Exception, Hazard, buggy, fixed, skip};
use crate::engine::Kind;
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread;

/// Three threads, two locks and two kinds of waiting.
const TOO_MANY: &[Exception] = &[skip(
    Kind::Dfs,
    "too many schedules for a search without reduction: 120 traces, over 200,000 schedules",
)];

pub(crate) const HAZARD: Hazard = Hazard {
    name: "submit-after-shutdown",
    summary: "a job is accepted while the pool shuts down, and is never run",
    variants: &[
        buggy("buggy", || run(check_then_put, finish_pending), FailureKind::Deadlock),
        fixed("refused", || run(put_or_refuse, finish_pending)).except(TOO_MANY),
        fixed("cancel-pending", || run(put_or_refuse, cancel_pending)).except(TOO_MANY),
    ],
    source: include_str!("submit_after_shutdown.rs"),
};

/// How a job ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Cancelled,
}

type Future = Arc<Promise<Outcome>>;

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// A job only completes its future, which therefore represents it.
    jobs: Vec<Future>,
    shut_down: bool,
}

/// One worker, one client, and the main thread, which shuts down.
fn run(submit: fn(&Pool, Future) -> bool, shut_down: fn(&mut State)) {
    let pool = Arc::new(Pool::default());
    let others = Arc::clone(&pool);
    let worker = thread::spawn(move || work(&others));
    let others = Arc::clone(&pool);
    let client = thread::spawn(move || {
        let future = Future::new(Promise::new());
        submit(&others, Arc::clone(&future)).then(|| future.result())
    });
    shut_down(&mut pool.state.lock().expect("no thread panics"));
    pool.changed.notify_all();
    worker.join().expect("workers do not panic");
    // Refused, or cancelled, or done: each of them is an end.
    client.join().expect("clients do not panic");
}

fn work(pool: &Pool) {
    loop {
        let state = pool.state.lock().expect("no thread panics");
        let nothing_yet = |state: &mut State| state.jobs.is_empty() && !state.shut_down;
        let mut state = pool.changed.wait_while(state, nothing_yet).expect("no thread panics");
        let Some(job) = state.jobs.pop() else { return };
        drop(state);
        job.set(Outcome::Done);
    }
}

fn check_then_put(pool: &Pool, job: Future) -> bool {
    if pool.state.lock().expect("no thread panics").shut_down {
        return false;
    }
    pool.state.lock().expect("no thread panics").jobs.push(job);
    pool.changed.notify_all();
    true
}

fn put_or_refuse(pool: &Pool, job: Future) -> bool {
    let mut state = pool.state.lock().expect("no thread panics");
    if state.shut_down {
        return false;
    }
    state.jobs.push(job);
    pool.changed.notify_all();
    true
}

fn finish_pending(state: &mut State) {
    state.shut_down = true;
}

fn cancel_pending(state: &mut State) {
    state.shut_down = true;
    for job in state.jobs.drain(..) {
        job.set(Outcome::Cancelled);
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "refused",
        "the lock is released in between",
        || run(check_then_put, finish_pending),
        FailureKind::Deadlock,
    ),
    mutant(
        "cancel-pending",
        "pending jobs are dropped without telling",
        || {
            run(put_or_refuse, |state| {
                state.shut_down = true;
                state.jobs.clear();
            });
        },
        FailureKind::Deadlock,
    ),
];
