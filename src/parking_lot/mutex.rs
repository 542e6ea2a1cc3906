//! `parking_lot::Mutex`, `FairMutex` and `ReentrantMutex`.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::lock_api;
use super::raw_mutex::{RawFairMutex, RawMutex};
use crate::backend::guarded::owner_key;

/// A guard that gives exclusive access; see [`::parking_lot::MutexGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{MutexGuard, Mutex};
/// let lock = Mutex::new(7);
/// let guard: MutexGuard<'_, i32> = lock.lock();
/// assert_eq!(*guard, 7);
/// ```
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;
/// A guard of a part of the data; see [`::parking_lot::MappedMutexGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
/// let lock = Mutex::new((6, 7));
/// let guard: MappedMutexGuard<'_, i32> = MutexGuard::map(lock.lock(), |pair| &mut pair.1);
/// assert_eq!(*guard, 7);
/// ```
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;
/// A guard that gives exclusive access; see [`::parking_lot::FairMutexGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{FairMutexGuard, FairMutex};
/// let lock = FairMutex::new(7);
/// let guard: FairMutexGuard<'_, i32> = lock.lock();
/// assert_eq!(*guard, 7);
/// ```
pub type FairMutexGuard<'a, T> = lock_api::MutexGuard<'a, RawFairMutex, T>;
/// A guard of a part of the data; see [`::parking_lot::MappedFairMutexGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{MappedFairMutexGuard, FairMutex, FairMutexGuard};
/// let lock = FairMutex::new((6, 7));
/// let guard: MappedFairMutexGuard<'_, i32> = FairMutexGuard::map(lock.lock(), |pair| &mut pair.1);
/// assert_eq!(*guard, 7);
/// ```
pub type MappedFairMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawFairMutex, T>;
/// A guard that gives shared access; see [`::parking_lot::ReentrantMutexGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{ReentrantMutexGuard, ReentrantMutex};
/// let lock = ReentrantMutex::new(7);
/// let guard: ReentrantMutexGuard<'_, i32> = lock.lock();
/// assert_eq!(*guard, 7);
/// ```
pub type ReentrantMutexGuard<'a, T> = lock_api::ReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;
/// A guard of a part of the data; see [`::parking_lot::MappedReentrantMutexGuard`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{MappedReentrantMutexGuard, ReentrantMutex, ReentrantMutexGuard};
/// let lock = ReentrantMutex::new((6, 7));
/// let guard: MappedReentrantMutexGuard<'_, i32> = ReentrantMutexGuard::map(lock.lock(), |pair| &pair.1);
/// assert_eq!(*guard, 7);
/// ```
pub type MappedReentrantMutexGuard<'a, T> = lock_api::MappedReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;

/// Numbers the threads for a [`ReentrantMutex`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{RawThreadId, lock_api::GetThreadId};
/// assert_eq!(RawThreadId.nonzero_thread_id(), RawThreadId.nonzero_thread_id());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RawThreadId;

// SAFETY: the key is the same throughout a thread's life and differs from every other thread's.
unsafe impl lock_api::GetThreadId for RawThreadId {
    const INIT: Self = RawThreadId;

    fn nonzero_thread_id(&self) -> NonZeroUsize {
        let key = usize::try_from(owner_key()).ok().and_then(NonZeroUsize::new);
        key.expect("a process has fewer threads than bytes")
    }
}

/// A lock around `lock_api`'s, made where the program makes it.
macro_rules! lock {
    ($(#[$doc:meta])* $name:ident, $const_name:ident, $lock:literal = $inner:ty, |$data:ident, $site:ident| $make:expr) => {
        #[doc = concat!("Makes an unlocked lock, as [`", stringify!($name), "::new`] does; see [`::parking_lot::",
            stringify!($const_name), "`]. It is not `const`: a static is declared in \
            [`statics!`](crate::statics).")]
        ///
        /// # Examples
        /// ```
        #[doc = concat!("use raddle::parking_lot::{", stringify!($name), ", ", stringify!($const_name), "};")]
        #[doc = concat!("raddle::statics! { static N: ", stringify!($name), "<i32> = ", stringify!($const_name),
            "(7); }")]
        #[doc = concat!("assert_eq!(*N.", $lock, "(), 7);")]
        /// ```
        #[track_caller]
        pub fn $const_name<T>(data: T) -> $name<T> {
            $name::new(data)
        }

        $(#[$doc])*
        #[repr(transparent)]
        pub struct $name<T: ?Sized>($inner);

        impl<T> $name<T> {
            /// Makes an unlocked lock.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("assert_eq!(raddle::parking_lot::", stringify!($name), "::new(7).into_inner(), 7);")]
            /// ```
            #[track_caller]
            pub fn new($data: T) -> Self {
                let $site = Location::caller();
                $name($make)
            }

            /// The data; takes the lock by value.
            ///
            /// # Examples
            /// ```
            #[doc = concat!("assert_eq!(raddle::parking_lot::", stringify!($name), "::new(7).into_inner(), 7);")]
            /// ```
            pub fn into_inner(self) -> T {
                self.0.into_inner()
            }
        }

        impl<T: ?Sized> Deref for $name<T> {
            type Target = $inner;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<T: ?Sized> DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }

        impl<T: Default> Default for $name<T> {
            #[track_caller]
            fn default() -> Self {
                $name::new(T::default())
            }
        }

        impl<T> From<T> for $name<T> {
            #[track_caller]
            fn from(data: T) -> Self {
                $name::new(data)
            }
        }

        impl<T: ?Sized> fmt::Debug for $name<T> {
            // Reading the data would be a visible operation.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}
pub(super) use lock;

lock! {
    /// A mutual exclusion lock; see [`::parking_lot::Mutex`]. Its methods are those of
    /// [`lock_api::Mutex`].
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, parking_lot::Mutex, sync::Arc, thread};
    ///
    /// let report = Checker::exhaustive().check(|| {
    ///     let n = Arc::new(Mutex::new(0));
    ///     let other = Arc::clone(&n);
    ///     let child = thread::spawn(move || *other.lock() += 1);
    ///     *n.lock() += 1;
    ///     child.join().unwrap();
    ///     assert_eq!(*n.lock(), 2);
    /// });
    /// report.expect_verified();
    /// ```
    Mutex, const_mutex, "lock" = lock_api::Mutex<RawMutex, T>,
    |data, site| lock_api::Mutex::from_raw(RawMutex::new(site), data)
}

lock! {
    /// A mutual exclusion lock whose waiters are served in turn; see [`::parking_lot::FairMutex`].
    ///
    /// # Examples
    /// ```
    /// assert_eq!(*raddle::parking_lot::FairMutex::new(7).lock(), 7);
    /// ```
    FairMutex, const_fair_mutex, "lock" = lock_api::Mutex<RawFairMutex, T>,
    |data, site| lock_api::Mutex::from_raw(RawFairMutex::new(site), data)
}

lock! {
    /// A mutex that its owner may lock again; see [`::parking_lot::ReentrantMutex`].
    ///
    /// # Examples
    /// ```
    /// let lock = raddle::parking_lot::ReentrantMutex::new(7);
    /// let (once, twice) = (lock.lock(), lock.lock());
    /// assert_eq!(*once + *twice, 14);
    /// ```
    ReentrantMutex, const_reentrant_mutex, "lock" = lock_api::ReentrantMutex<RawMutex, RawThreadId, T>,
    |data, site| lock_api::ReentrantMutex::from_raw(RawMutex::new(site), RawThreadId, data)
}
