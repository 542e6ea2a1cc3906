//! `std::sync::Mutex`, with poisoning.

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::backend::guarded::Guarded;
use crate::backend::loom_crate as loom;
use crate::backend::loom_limits::{self, Limit};
use crate::backend::loom_recorder::Recorded;
use crate::op::Site;
use crate::runtime::context::{self, Backend};
use crate::sync::commands::{HELD, LOCK, TRY_LOCK, UNLOCK};
use crate::sync::poison::{self, Flag};
use crate::sync::{LockResult, TryLockError, TryLockResult};

/// A mutual exclusion lock with std's interface; see [`std::sync::Mutex`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::{Arc, Mutex}, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let n = Arc::new(Mutex::new(0));
///     let other = Arc::clone(&n);
///     let child = thread::spawn(move || *other.lock().unwrap() += 1);
///     *n.lock().unwrap() += 1;
///     child.join().unwrap();
///     assert_eq!(*n.lock().unwrap(), 2);
/// });
/// report.expect_verified();
/// ```
pub struct Mutex<T: ?Sized> {
    raw: Raw,
    data: UnsafeCell<T>,
}

/// The lock itself.
#[derive(Debug)]
enum Raw {
    Guarded(Guarded),
    Loom(Box<loom::sync::Mutex<()>>, Recorded, Flag),
}

impl Raw {
    /// Whether the lock is poisoned, for a caller with exclusive access.
    fn poisoned(&self) -> bool {
        match self {
            Raw::Guarded(guarded) => poison::is_in(guarded.peek()),
            Raw::Loom(.., poison) => poison.get(),
        }
    }

    /// Whether the lock is used in the execution that made it: outside that, it has no state.
    fn can_be_seen(&self) -> bool {
        !matches!(self, Raw::Guarded(guarded) if guarded.model().is_some_and(|object| !object.is_here()))
    }
}

// SAFETY: as for std's mutex: a thread that accesses the data holds the lock, which one thread does at a
// time.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
impl<T: ?Sized> UnwindSafe for Mutex<T> {}
impl<T: ?Sized> RefUnwindSafe for Mutex<T> {}

/// Unlocks its mutex when dropped; see [`std::sync::MutexGuard`].
///
/// # Examples
/// ```
/// use raddle::sync::{Mutex, MutexGuard};
/// let lock = Mutex::new(6);
/// let mut guard: MutexGuard<'_, i32> = lock.lock().unwrap();
/// *guard += 1;
/// drop(guard);
/// assert_eq!(lock.into_inner().unwrap(), 7);
/// ```
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    lock: &'a Mutex<T>,
    /// True if its thread was panicking when it took the lock.
    panicking: bool,
    /// True if the lock was poisoned when it was last taken.
    poisoned: AtomicBool,
    /// Loom's own guard; nothing in the other backends.
    loom: Option<loom::sync::MutexGuard<'a, ()>>,
    site: Site,
    /// Like std's, a guard stays on its thread.
    not_send: std::marker::PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the data, which is what `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T> Mutex<T> {
    /// Makes an unlocked mutex.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(*raddle::sync::Mutex::new(7).lock().unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn new(data: T) -> Self {
        let site = Location::caller();
        let raw = match context::backend() {
            Backend::Loom => {
                let recorded = Recorded::new("Mutex", 0, site);
                Raw::Loom(Box::new(loom::sync::Mutex::new(())), recorded, Flag::new())
            }
            _ => Raw::Guarded(Guarded::new("Mutex", 0, site)),
        };
        Mutex { raw, data: UnsafeCell::new(data) }
    }

    /// The data; takes the mutex by value.
    ///
    /// # Errors
    /// If a thread panicked while it held the lock.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::sync::Mutex::new(7).into_inner().unwrap(), 7);
    /// ```
    pub fn into_inner(self) -> LockResult<T> {
        poison::result(self.raw.poisoned(), self.data.into_inner())
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until the lock is free and takes it.
    ///
    /// # Errors
    /// If a thread panicked while it held the lock; the guard is inside.
    ///
    /// # Examples
    /// ```
    /// *raddle::sync::Mutex::new(0).lock().unwrap() += 1;
    /// ```
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let site = Location::caller();
        let (loom, poisoned) = match &self.raw {
            Raw::Guarded(guarded) => {
                let before = guarded.perform(&LOCK, [0; 2], site);
                (None, poison::found(guarded, before, site))
            }
            Raw::Loom(lock, recorded, poison) => {
                recorded.check(site);
                recorded.awaits(&LOCK, [0; 2], site);
                let guard = lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                recorded.did(&LOCK, [0; 2], 0, LOCK.synchronization, site);
                (Some(guard), poison.get())
            }
        };
        poison::result(poisoned, self.guard(loom, poisoned, site))
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// If it is not, or if a thread panicked while it held it.
    ///
    /// # Examples
    /// ```
    /// let lock = raddle::sync::Mutex::new(());
    /// let held = lock.try_lock().unwrap();
    /// assert!(lock.try_lock().is_err());
    /// # drop(held);
    /// ```
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let site = Location::caller();
        let (loom, poisoned) = match &self.raw {
            Raw::Guarded(guarded) => {
                let before = guarded.perform(&TRY_LOCK, [0; 2], site);
                if before & HELD != 0 {
                    return Err(TryLockError::WouldBlock);
                }
                (None, poison::found(guarded, before, site))
            }
            Raw::Loom(lock, recorded, poison) => {
                recorded.check(site);
                loom_limits::meet(Limit::TryLock);
                let tried = lock.try_lock();
                let held = matches!(tried, Err(std::sync::TryLockError::WouldBlock));
                recorded.did(&TRY_LOCK, [0; 2], held.into(), TRY_LOCK.synchronization, site);
                let guard = match tried {
                    Ok(guard) => guard,
                    Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                    Err(std::sync::TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
                };
                (Some(guard), poison.get())
            }
        };
        poison::result(poisoned, self.guard(loom, poisoned, site)).map_err(TryLockError::Poisoned)
    }

    fn guard<'a>(
        &'a self,
        loom: Option<loom::sync::MutexGuard<'a, ()>>,
        poisoned: bool,
        site: Site,
    ) -> MutexGuard<'a, T> {
        let (panicking, poisoned) = (std::thread::panicking(), AtomicBool::new(poisoned));
        MutexGuard { lock: self, panicking, poisoned, loom, site, not_send: std::marker::PhantomData }
    }

    /// Whether a thread panicked while it held the lock.
    ///
    /// # Examples
    /// ```
    /// assert!(!raddle::sync::Mutex::new(()).is_poisoned());
    /// ```
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        match &self.raw {
            Raw::Guarded(guarded) => poison::look(guarded, Location::caller()),
            Raw::Loom(.., poison) => poison.get(),
        }
    }

    /// Clears the poison.
    ///
    /// # Examples
    /// ```
    /// raddle::sync::Mutex::new(()).clear_poison();
    /// ```
    #[track_caller]
    pub fn clear_poison(&self) {
        match &self.raw {
            Raw::Guarded(guarded) => poison::clear(guarded, Location::caller()),
            Raw::Loom(.., poison) => poison.clear(),
        }
    }

    /// The data, by exclusive borrow, without locking.
    ///
    /// # Errors
    /// If a thread panicked while it held the lock.
    ///
    /// # Examples
    /// ```
    /// let mut lock = raddle::sync::Mutex::new(1);
    /// *lock.get_mut().unwrap() = 2;
    /// ```
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        poison::result(self.raw.poisoned(), self.data.get_mut())
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Loom's guard, for loom's condition variable.
    pub(super) fn take_loom(&mut self) -> Option<loom::sync::MutexGuard<'a, ()>> {
        self.loom.take()
    }

    /// The lock, unless it is loom's.
    pub(super) fn guarded(&self) -> Option<&Guarded> {
        match &self.lock.raw {
            Raw::Guarded(guarded) => Some(guarded),
            Raw::Loom(..) => None,
        }
    }

    /// Puts loom's guard back.
    pub(super) fn put_loom(&mut self, guard: loom::sync::MutexGuard<'a, ()>) {
        self.loom = Some(guard);
    }

    /// Unlocks for the duration of a wait.
    pub(super) fn unlock_to_wait(&self, site: Site) {
        match &self.lock.raw {
            Raw::Guarded(guarded) => _ = guarded.perform(&UNLOCK, [0; 2], site),
            // Loom's condition variable does that.
            Raw::Loom(_, recorded, _) => recorded.did(&UNLOCK, [0; 2], 1, UNLOCK.synchronization, site),
        }
    }

    /// Locks again after a wait.
    pub(super) fn lock_again(&self, site: Site) {
        let poisoned = match &self.lock.raw {
            Raw::Guarded(guarded) => {
                let before = guarded.perform(&LOCK, [0; 2], site);
                poison::found(guarded, before, site)
            }
            Raw::Loom(_, recorded, poison) => {
                recorded.did(&LOCK, [0; 2], 0, LOCK.synchronization, site);
                poison.get()
            }
        };
        self.poisoned.store(poisoned, Ordering::Relaxed);
    }

    /// Whether the mutex was poisoned when it was last taken.
    pub(super) fn poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Relaxed)
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        match &self.lock.raw {
            Raw::Guarded(guarded) => poison::unlock(guarded, &UNLOCK, self.panicking, self.site),
            Raw::Loom(_, recorded, poison) => {
                poison.done(self.panicking);
                drop(self.loom.take());
                recorded.did(&UNLOCK, [0; 2], 1, UNLOCK.synchronization, self.site);
            }
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard stands for the lock, so no other thread has access.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and this guard is borrowed exclusively.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    // Reading the data would be a visible operation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        if self.raw.can_be_seen() {
            shown.field("poisoned", &self.raw.poisoned());
        }
        shown.finish_non_exhaustive()
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(data: T) -> Self {
        Mutex::new(data)
    }
}
