//! The current request, kept with the thread instead of with the task.
//!
//! A server keeps the current request in a thread-local variable, so that logging and database
//! code find it without an argument. That is right as long as a thread serves one request from
//! beginning to end. Then the server becomes asynchronous: one worker thread has several tasks,
//! and at every `await` it switches to another.
//!
//! ```text
//!   task 1                      task 2                   worker's thread-local
//!   current = request 1                                  request 1
//!   await
//!                               current = request 2      request 2
//!                               await
//!   works for current → request 2, which is not its own
//! ```
//!
//! In Python this is `threading.local()` under asyncio: one user sees another's data. It needs two
//! requests at a time, so it passes every test that sends one after the other.
//!
//! The fix has the task carry its context, which is installed whenever the task resumes. That is what
//! `contextvars.ContextVar` does for asyncio tasks (PEP 567).
//!
//! In the model the worker is a lock with the thread-local variable inside. A task holds the lock
//! while it runs and releases it at its `await`, so every order of the tasks' steps is tried.
//! Every engine that chooses its schedules sees it; natively one task is over before the other
//! begins, as in a test that sends one request after the other.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::{Arc, Mutex, MutexGuard};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "request-context",
    summary: "a thread-local request leaks between the tasks of one worker",
    variants: &[
        buggy("buggy", || two_tasks(as_it_finds_it), FailureKind::Panic),
        fixed("carried-by-the-task", || two_tasks(with_its_own)),
    ],
    source: include_str!("request_context.rs"),
};

/// The one thread that runs all tasks.
#[derive(Default)]
struct Worker {
    /// Its thread-local variable.
    current_request: usize,
}

/// How a task resumes after its `await`.
type GoesOn = for<'a> fn(&'a Mutex<Worker>, usize) -> MutexGuard<'a, Worker>;

fn two_tasks(goes_on: GoesOn) {
    let worker = Arc::new(Mutex::new(Worker::default()));
    let other = Arc::clone(&worker);
    let child = thread::spawn(move || serve(&other, 2, goes_on));
    serve(&worker, 1, goes_on);
    joined(child);
}

/// The task runs until its next `await`, which is where the guard is dropped.
fn runs(worker: &Mutex<Worker>) -> MutexGuard<'_, Worker> {
    worker.lock().expect("no task panics while it has the worker")
}

fn serve(worker: &Mutex<Worker>, request: usize, goes_on: GoesOn) {
    runs(worker).current_request = request;
    let found = goes_on(worker, request).current_request;
    assert_eq!(found, request, "a task works for another's request");
}

fn as_it_finds_it(worker: &Mutex<Worker>, _: usize) -> MutexGuard<'_, Worker> {
    runs(worker)
}

fn with_its_own(worker: &Mutex<Worker>, request: usize) -> MutexGuard<'_, Worker> {
    let mut worker = runs(worker);
    worker.current_request = request;
    worker
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[mutant(
    "carried-by-the-task",
    "the worker turns to another task between putting the context in place and using it",
    || {
        two_tasks(|worker, request| {
            drop(with_its_own(worker, request));
            runs(worker)
        });
    },
    FailureKind::Panic,
)];
