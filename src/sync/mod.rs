//! `std::sync`, and what Python's `threading` has beyond it.
//!
//! Every type chooses its backend when it is made: inside a raddle execution every operation is a step that
//! the engine schedules, inside `loom::model` it is loom's, elsewhere it is that of std or `parking_lot`.
//!
//! The methods are std's, which `tests/parity` checks.
#![doc = include_str!("../parity.md")]

pub mod atomic;
mod barrier;
pub(crate) mod commands;
mod condvar;
mod lazy_lock;
mod lazy_once;
pub mod mpsc;
mod mutex;
mod once;
mod once_lock;
mod poison;
mod rwlock;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use crate::ext::sync::*;
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    let locks = [commands::families::families(), condvar::families::families(), lazy_once::families()];
    locks.into_iter().chain([mpsc::families(), atomic::families()]).flatten().collect()
}
