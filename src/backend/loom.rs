//! The state that the facade keeps for an execution of loom's.

use std::cell::{Cell, RefCell};
use std::panic;

use crate::backend::loom_crate;

/// The message of `thread::scope` under loom.
pub(crate) const NO_SCOPE: &str = "thread::scope is not available under loom: it unwinds the threads of a \
    failed execution in an order in which borrowing would not be safe; share by Arc instead";

/// The message of `RwLockWriteGuard::downgrade` under loom.
pub(crate) const NO_DOWNGRADE: &str = "RwLockWriteGuard::downgrade is not available under loom, whose lock \
    cannot be downgraded in one step";

thread_local! {
    static STAMP: Cell<u64> = const { Cell::new(0) };
    /// The threads of the execution whose index was requested.
    static THREADS: RefCell<Vec<loom_crate::thread::ThreadId>> = const { RefCell::new(Vec::new()) };
    /// True if a thread of this execution released something while it unwound, and others waited for it.
    static COULD_NOT_WAKE: Cell<bool> = const { Cell::new(false) };
}

/// Records that a thread that unwinds would have to wake others or to wait, which loom cannot do then.
pub(crate) fn could_not_wake() {
    // Loom has no running thread any more once it has found a deadlock, and `current` panics then.
    let goes_on = panic::catch_unwind(loom_crate::thread::current).is_ok();
    COULD_NOT_WAKE.set(COULD_NOT_WAKE.get() || goes_on);
}

/// Returns whether that happened in this execution.
pub(crate) fn failed_to_wake() -> bool {
    COULD_NOT_WAKE.get()
}

/// Loom begins an execution on this thread.
pub(crate) fn begin_execution() {
    COULD_NOT_WAKE.set(false);
    STAMP.set(crate::runtime::session::new_stamp());
    THREADS.with_borrow_mut(Vec::clear);
}

/// The number of the execution.
pub(super) fn stamp() -> u64 {
    STAMP.get()
}

/// The index of a thread among those of the execution whose index was requested. All of them run on one
/// thread of the operating system.
pub(crate) fn place_in_execution(thread: loom_crate::thread::ThreadId) -> usize {
    THREADS.with_borrow_mut(|threads| {
        threads.iter().position(|&known| known == thread).unwrap_or_else(|| {
            threads.push(thread);
            threads.len() - 1
        })
    })
}
