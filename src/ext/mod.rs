//! Types that std lacks: Python's `threading`, `queue` and `concurrent.futures`, and a little async.
//!
//! Each type is a word and a few guarded commands, so the same code serves with and without the feature
//! `check`: [`crate::guarded`] is the checked form of commands in one and the plain one in the other.

pub(crate) mod commands;
mod event;
mod monitor;
mod pool;
mod queue;
mod reentrant;
mod semaphore;
mod task;
mod task_local;
mod timer;
mod waker;

/// What [`crate::sync`] re-exports of it.
pub(crate) mod sync {
    pub use super::event::Event;
    pub use super::monitor::{Condition, Discipline, Monitor, MonitorGuard};
    pub use super::pool::{PoolClosed, TaskError, TaskFuture, ThreadPool};
    pub use super::queue::{GetError, PutError, Queue, TooManyDone};
    pub use super::reentrant::{ReentrantMutex, ReentrantMutexGuard};
    pub use super::semaphore::{BoundedSemaphore, OverRelease, Permit, Semaphore};
    pub use super::timer::Timer;
}

/// Futures on threads of the facade: enough to check hand-written futures, wakers, and a bridge
/// between threads and async code.
pub mod future {
    pub use super::task::{JoinHandle, YieldNow, block_on, spawn, yield_now};
    pub use super::task_local::{NotInScope, TaskLocal, TaskLocalFuture, task_local};
    pub use super::waker::AtomicWaker;
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    [
        commands::families(),
        queue::families(),
        monitor::commands::families::families(),
        waker::families(),
        pool::families(),
        task::families(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
