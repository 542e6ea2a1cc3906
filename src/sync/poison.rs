//! Poisoning, as in std: a bit of a lock's state.
//!
//! As in std it is set by a step of its own before the lock is given back, and looked at by one after the lock
//! is taken. Between the two another thread may look, or take the poison back; but while the lock is held none
//! can poison it, so the second look is left out where the first step has found no poison.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::op::{Command, Site, State};
use crate::rt::guarded::Guarded;
use crate::sync::commands::{CLEAR_POISON, IS_POISONED, POISON, POISONED};
use crate::sync::{LockResult, PoisonError};

/// Whether the state of a lock is that of a poisoned one.
pub(super) fn is_in(state: State) -> bool {
    state & POISONED != 0
}

/// Whether a lock is poisoned, as a step.
pub(super) fn look(lock: &Guarded, site: Site) -> bool {
    is_in(lock.perform(&IS_POISONED, [0; 2], site))
}

/// Takes a lock's poison back, as a step.
pub(super) fn clear(lock: &Guarded, site: Site) {
    lock.perform(&CLEAR_POISON, [0; 2], site);
}

/// Whether a lock is poisoned that was taken in this state.
pub(super) fn found(lock: &Guarded, before: State, site: Site) -> bool {
    is_in(before) && look(lock, site)
}

/// Gives a lock back, which is poisoned if the holder has begun to panic since it took the lock; `panicking` is
/// whether it panicked then.
pub(super) fn unlock(lock: &Guarded, command: &'static Command, panicking: bool, site: Site) {
    if has_panicked_since(panicking) {
        lock.give_back(&POISON, [0; 2], site);
    }
    lock.give_back(command, [0; 2], site);
}

/// Whether the thread has begun to panic since it took a lock; `panicking` is whether it panicked then.
fn has_panicked_since(panicking: bool) -> bool {
    !panicking && std::thread::panicking()
}

/// Whether a lock of loom's is poisoned: loom's own do not tell. It is looked at and set by the thread that
/// holds the lock.
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

    /// The lock is given back; `panicking` is whether its holder panicked when it took it.
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
