//! Poisoning, as in std: a bit of a lock's state.
//!
//! As in std it is set by a step of its own before the lock is released, and read by one after the lock is
//! taken. Between the two another thread may read it, or clear it; but while the lock is held none can poison
//! it, so the second read is skipped if the first step has found no poison.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::backend::guarded::Guarded;
use crate::op::{Command, Site, State};
use crate::sync::commands::{CLEAR_POISON, IS_POISONED, POISON, POISONED};
use crate::sync::{LockResult, PoisonError};

/// Whether the state is that of a poisoned lock.
pub(super) fn is_in(state: State) -> bool {
    state & POISONED != 0
}

/// Reads whether a lock is poisoned, as a step.
pub(super) fn look(lock: &Guarded, site: Site) -> bool {
    is_in(lock.perform(&IS_POISONED, [0; 2], site))
}

/// Clears a lock's poison, as a step.
pub(super) fn clear(lock: &Guarded, site: Site) {
    lock.perform(&CLEAR_POISON, [0; 2], site);
}

/// Whether a lock is poisoned that was taken in this state.
pub(super) fn found(lock: &Guarded, before: State, site: Site) -> bool {
    is_in(before) && look(lock, site)
}

/// Releases a lock, which is poisoned if the holder has begun to panic since it took the lock; `panicking` is
/// whether it was panicking then.
pub(super) fn unlock(lock: &Guarded, command: &'static Command, panicking: bool, site: Site) {
    if has_panicked_since(panicking) {
        lock.release(&POISON, [0; 2], site);
    }
    lock.release(command, [0; 2], site);
}

/// Whether the thread has begun to panic since it took a lock; `panicking` is whether it was panicking then.
fn has_panicked_since(panicking: bool) -> bool {
    !panicking && std::thread::panicking()
}

/// Whether a lock of loom's is poisoned, which loom's own do not report. It is read and set by the thread
/// that holds the lock.
#[derive(Debug)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    pub(super) fn new() -> Self {
        Flag(AtomicBool::new(false))
    }

    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// The lock is released; `panicking` is whether its holder was panicking when it took it.
    pub(super) fn done(&self, panicking: bool) {
        if has_panicked_since(panicking) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// `value`, as an error if the lock is poisoned.
pub(super) fn result<T>(poisoned: bool, value: T) -> LockResult<T> {
    if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
}
