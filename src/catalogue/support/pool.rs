//! Parts that pools and futures have in common: a future value, and a worker that runs jobs.

use std::sync::PoisonError;

use crate::catalogue::support::queue::Queue;
use crate::sync::{Condvar, Mutex};

/// A value that one thread sets and another waits for: `concurrent.futures.Future` at its smallest.
pub(in crate::catalogue) struct Promise<T> {
    value: Mutex<Option<T>>,
    set: Condvar,
}

impl<T> Promise<T> {
    pub(in crate::catalogue) fn new() -> Self {
        Promise { value: Mutex::new(None), set: Condvar::new() }
    }

    /// Sets the value and wakes the threads that wait for it.
    pub(in crate::catalogue) fn set(&self, value: T) {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        self.set.notify_all();
    }

    /// Waits for the value and takes it.
    pub(in crate::catalogue) fn result(&self) -> T {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.set.wait_while(value, |value| value.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).take().expect("it was waited for")
    }

    /// The value, if it is there now.
    pub(in crate::catalogue) fn try_result(&self) -> Option<T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A job of a pool. Its argument is the pool's queue, so that it can submit more.
pub(in crate::catalogue) struct Job(Run);

type Run = Box<dyn FnOnce(&Queue<Job>) + Send>;

impl Job {
    pub(in crate::catalogue) fn new(run: impl FnOnce(&Queue<Job>) + Send + 'static) -> Self {
        Job(Box::new(run))
    }

    pub(in crate::catalogue) fn run(self, jobs: &Queue<Job>) {
        (self.0)(jobs);
    }
}

/// What a worker does until its queue is closed.
pub(in crate::catalogue) fn work(jobs: &Queue<Job>) {
    while let Some(job) = jobs.get() {
        job.run(jobs);
    }
}
