//! The guards of a reader-writer lock.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use super::{Raw, RwLock};
use crate::backend::loom_crate as loom;
use crate::op::Site;
use crate::sync::commands::{DOWNGRADE, READ_UNLOCK, WRITE_UNLOCK, WRITER};
use crate::sync::poison;

/// Shared access until it is dropped; see [`std::sync::RwLockReadGuard`].
///
/// # Examples
/// ```
/// use raddle::sync::RwLock;
/// let lock = RwLock::new(7);
/// let guard: raddle::sync::RwLockReadGuard<'_, i32> = lock.read().unwrap();
/// assert_eq!(*guard, 7);
/// ```
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    pub(super) lock: &'a RwLock<T>,
    pub(super) loom: Option<loom::sync::RwLockReadGuard<'a, ()>>,
    pub(super) site: Site,
    pub(super) not_send: PhantomData<*const ()>,
}

/// Exclusive access until it is dropped; see [`std::sync::RwLockWriteGuard`].
///
/// # Examples
/// ```
/// use raddle::sync::RwLock;
/// let lock = RwLock::new(7);
/// let mut guard: raddle::sync::RwLockWriteGuard<'_, i32> = lock.write().unwrap();
/// *guard += 1;
/// assert_eq!(*guard, 8);
/// ```
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    pub(super) lock: &'a RwLock<T>,
    pub(super) panicking: bool,
    pub(super) loom: Option<loom::sync::RwLockWriteGuard<'a, ()>>,
    pub(super) site: Site,
    pub(super) not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the data, which is what `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Converts the exclusive lock into a shared one, without another writer in between.
    ///
    /// # Panics
    /// Under loom, whose lock does not support it.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{RwLock, RwLockWriteGuard};
    /// let lock = RwLock::new(7);
    /// let reader = RwLockWriteGuard::downgrade(lock.write().unwrap());
    /// assert!(*reader == 7 && lock.try_read().is_ok());
    /// ```
    #[must_use = "if unused the RwLock will immediately unlock"]
    pub fn downgrade(writer: Self) -> RwLockReadGuard<'a, T> {
        let (lock, site) = (writer.lock, writer.site);
        match &lock.raw {
            Raw::Guarded(guarded) => {
                // The lock is not released.
                std::mem::forget(writer);
                guarded.perform(&DOWNGRADE, [0; 2], site);
            }
            Raw::Loom(..) => panic!("{}", crate::backend::loom::NO_DOWNGRADE),
        }
        RwLockReadGuard { lock, loom: None, site, not_send: PhantomData }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        match &self.lock.raw {
            Raw::Guarded(guarded) => {
                guarded.release(&READ_UNLOCK, [0; 2], self.site);
            }
            Raw::Loom(_, recorded, _) => {
                drop(self.loom.take());
                recorded.did(&READ_UNLOCK, [0; 2], 1, READ_UNLOCK.synchronization, self.site);
            }
        }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        match &self.lock.raw {
            Raw::Guarded(guarded) => poison::unlock(guarded, &WRITE_UNLOCK, self.panicking, self.site),
            Raw::Loom(_, recorded, poison) => {
                poison.done(self.panicking);
                drop(self.loom.take());
                recorded.did(&WRITE_UNLOCK, [0; 2], WRITER, WRITE_UNLOCK.synchronization, self.site);
            }
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard stands for a shared lock, so the data is not written.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard stands for the exclusive lock, so no other thread has access.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and this guard is borrowed exclusively.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
