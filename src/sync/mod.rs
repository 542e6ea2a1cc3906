//! `std::sync`, and what Python's `threading` has beyond it.
//!
//! Every type chooses its arm when it is made: inside a raddle execution every operation is a step
//! that the engine schedules, inside `loom::model` it is loom's, elsewhere it is the real thing.
//!
//! The methods are std's, which `tests/parity.rs` holds them to. What differs, and in which arm:
//!
//! | type | differs | Native | Loom | Model |
//! |---|---|---|---|---|
//! | all | `new` is not `const`: an object belongs to the execution that makes it | x | x | x |
//! | atomics | no `get_mut`, `as_ptr`, `from_ptr`: the value lies with the execution | x | x | x |
//! | all | `Debug` does not show the data: to look would be a visible operation | x | x | x |
//! | [`LazyLock`] | the initializer is `Clone`, and runs anew in each execution | x | x | x |
//! | [`Condvar`] | may wake spuriously, within a budget | | | x |
//! | timed waits | may be over early, within a budget, and are when nothing else can move | | | x |
//! | timed waits | are never over | | x | |
//! | [`RwLockWriteGuard`] | `downgrade` is a limit of the engine | | x | |
//! | [`thread::scope`](crate::thread::scope) | is a limit of the engine | | x | |
//! | `is_finished` | is a choice within a budget; under loom always false | | x | x |

pub mod atomic;
mod barrier;
pub(crate) mod commands;
#[cfg(test)]
mod commute_tests;
mod condvar;
mod lazy_lock;
pub mod mpsc;
mod mutex;
mod once;
mod once_lock;
mod poison;
mod rwlock;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use crate::beyond::sync::*;
pub use barrier::{Barrier, BarrierWaitResult};
pub(crate) use commands::{PARK, PARK_IN_VAIN, UNPARK};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
