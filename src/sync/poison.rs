//! Poisoning, as in std.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::sync::{LockResult, PoisonError};

/// Whether a thread panicked while it held a lock. Not a visible operation: it is looked at and set
/// by whoever holds the lock.
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

    /// The lock is given back; `panicking` is whether its holder panicked when it took it. Being
    /// unwound at an execution's end is no panic of the model's, but nobody looks at the flag then.
    pub(super) fn done(&self, panicking: bool) {
        if !panicking && std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// `value`, as an error if the lock is poisoned.
pub(super) fn result<T>(poisoned: bool, value: T) -> LockResult<T> {
    if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
}
