//! What several hazards of a chapter share, over the facade's primitives.

pub(super) mod monitor;
pub(super) mod pool;
pub(super) mod queue;

use crate::thread::JoinHandle;

/// A thread's result. Its panic is resumed in the caller, with the same message.
#[track_caller]
pub(super) fn joined<T>(handle: JoinHandle<T>) -> T {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
