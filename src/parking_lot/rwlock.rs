//! `parking_lot::RwLock`.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::lock_api;
use super::mutex::lock;
use super::raw_rwlock::RawRwLock;

/// A guard that gives shared access; see [`::parking_lot::RwLockReadGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{RwLockReadGuard, RwLock};
/// let lock = RwLock::new(7);
/// let guard: RwLockReadGuard<'_, i32> = lock.read();
/// assert_eq!(*guard, 7);
/// ```
pub type RwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;
/// A guard that gives exclusive access; see [`::parking_lot::RwLockWriteGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{RwLockWriteGuard, RwLock};
/// let lock = RwLock::new(7);
/// let guard: RwLockWriteGuard<'_, i32> = lock.write();
/// assert_eq!(*guard, 7);
/// ```
pub type RwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLock, T>;
/// A guard that gives shared access and may become the writer; see
/// [`::parking_lot::RwLockUpgradableReadGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{RwLockUpgradableReadGuard, RwLock};
/// let lock = RwLock::new(7);
/// let guard: RwLockUpgradableReadGuard<'_, i32> = lock.upgradable_read();
/// assert_eq!(*guard, 7);
/// ```
pub type RwLockUpgradableReadGuard<'a, T> = lock_api::RwLockUpgradableReadGuard<'a, RawRwLock, T>;
/// A guard of a part of the data; see [`::parking_lot::MappedRwLockReadGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
/// let lock = RwLock::new((6, 7));
/// let guard: MappedRwLockReadGuard<'_, i32> = RwLockReadGuard::map(lock.read(), |pair| &pair.1);
/// assert_eq!(*guard, 7);
/// ```
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;
/// A guard of a part of the data; see [`::parking_lot::MappedRwLockWriteGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};
/// let lock = RwLock::new((6, 7));
/// let guard: MappedRwLockWriteGuard<'_, i32> = RwLockWriteGuard::map(lock.write(), |pair| &mut pair.1);
/// assert_eq!(*guard, 7);
/// ```
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;

lock! {
    /// A reader-writer lock; see [`::parking_lot::RwLock`]. Its methods are those of
    /// [`lock_api::RwLock`].
    ///
    /// # Examples
    /// ```
    /// use raddle::parking_lot::{RwLock, RwLockUpgradableReadGuard};
    /// let lock = RwLock::new(7);
    /// let (reader, upgradable) = (lock.read(), lock.upgradable_read());
    /// assert_eq!(*reader + *upgradable, 14);
    /// drop(reader);
    /// *RwLockUpgradableReadGuard::upgrade(upgradable) += 1;
    /// assert_eq!(lock.into_inner(), 8);
    /// ```
    RwLock, const_rwlock, "read" = lock_api::RwLock<RawRwLock, T>,
    |data, site| lock_api::RwLock::from_raw(RawRwLock::new(site), data)
}
