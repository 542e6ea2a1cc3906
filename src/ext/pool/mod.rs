//! A small pool of threads and the futures of what it runs, as Python's `concurrent.futures`.

mod future;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub use future::{TaskError, TaskFuture};

use super::queue::Queue;
use crate::thread::{self, JoinHandle};

/// The pool was shut down.
///
/// # Examples
/// ```
/// let pool = raddle::sync::ThreadPool::new(1);
/// pool.shutdown(true, false);
/// assert!(pool.submit(|| ()).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolClosed;

impl fmt::Display for PoolClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool was shut down")
    }
}

impl std::error::Error for PoolClosed {}

/// A task with its type erased.
struct Job {
    run: Box<dyn FnOnce() + Send>,
    cancel: Box<dyn FnOnce() + Send>,
}

/// Threads that run what is submitted, first come, first served.
///
/// # Examples
/// ```
/// let pool = raddle::sync::ThreadPool::new(2);
/// assert_eq!(pool.map(vec![1, 2, 3], |n| n * n), Ok(vec![1, 4, 9]));
/// pool.shutdown(true, false);
/// ```
pub struct ThreadPool {
    jobs: Arc<Queue<Job>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl ThreadPool {
    /// A pool of that many threads.
    ///
    /// # Panics
    /// If the number is 0.
    ///
    /// # Examples
    /// ```
    /// raddle::sync::ThreadPool::new(2).shutdown(true, false);
    /// ```
    #[track_caller]
    pub fn new(threads: usize) -> Self {
        assert!(threads > 0, "a pool without threads");
        let jobs: Arc<Queue<Job>> = Arc::new(Queue::unbounded());
        let worker = || {
            let jobs = Arc::clone(&jobs);
            thread::spawn(move || {
                while let Ok(job) = jobs.get() {
                    (job.run)();
                }
            })
        };
        let threads = Mutex::new((0..threads).map(|_| worker()).collect());
        ThreadPool { jobs, threads }
    }

    /// Lets a thread of the pool run `f`.
    ///
    /// # Errors
    /// If the pool was shut down.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// assert_eq!(pool.submit(|| 7).unwrap().result(), Ok(7));
    /// pool.shutdown(true, false);
    /// assert!(pool.submit(|| 7).is_err());
    /// ```
    #[track_caller]
    pub fn submit<T, F>(&self, f: F) -> Result<TaskFuture<T>, PoolClosed>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let task = TaskFuture::new();
        let (own, other) = (task.clone(), task.clone());
        let run = Box::new(move || own.run(f));
        let cancel = Box::new(move || _ = other.cancel());
        self.jobs.put(Job { run, cancel }).map_err(|_| PoolClosed)?;
        Ok(task)
    }

    /// Applies `f` to every item, on the threads of the pool, and returns the results in their order.
    ///
    /// # Errors
    /// If one of them panicked, or was cancelled because the pool was shut down.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(2);
    /// assert_eq!(pool.map([1, 2, 3], |n| n * n), Ok(vec![1, 4, 9]));
    /// ```
    #[track_caller]
    pub fn map<I, T, F>(&self, items: I, f: F) -> Result<Vec<T>, TaskError>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        T: Clone + Send + 'static,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
    {
        let f = Arc::new(f);
        let submit = |item| {
            let f = Arc::clone(&f);
            self.submit(move || f(item)).map_err(|PoolClosed| TaskError::Cancelled)
        };
        let tasks: Vec<_> = items.into_iter().map(submit).collect::<Result<_, _>>()?;
        tasks.iter().map(TaskFuture::result).collect()
    }

    /// Takes no more tasks. Those that have not begun are run, or cancelled if `cancel` is true; if `wait` is
    /// true, returns only when every thread of the pool has ended.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// pool.shutdown(true, true);
    /// assert!(pool.submit(|| ()).is_err());
    /// ```
    #[track_caller]
    pub fn shutdown(&self, wait: bool, cancel: bool) {
        if cancel {
            for job in self.jobs.shutdown_now() {
                (job.cancel)();
            }
        } else {
            self.jobs.shutdown();
        }
        if wait {
            let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
            for thread in threads {
                // A worker catches its tasks' panics, so the result is always `Ok`.
                let _ = thread.join();
            }
        }
    }
}

impl Drop for ThreadPool {
    /// Shuts the pool down and does not wait.
    fn drop(&mut self) {
        self.jobs.shutdown_at_the_end();
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").finish_non_exhaustive()
    }
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    future::families()
}
