//! A mutex that its owner may lock again, which stable std does not have.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::Location;

use super::commands::{DEEPEST, REENTER, REENTER_UNLOCK, TRY_REENTER, is_deepest, is_mine};
use crate::guarded::{Guarded, owner_key};
use crate::op::{Site, State};

/// A reentrant mutex, as Python's `threading.RLock`. Since its owner may hold several guards, they
/// give shared access only.
///
/// # Examples
/// ```
/// let lock = raddle::sync::ReentrantMutex::new(7);
/// let (once, twice) = (lock.lock(), lock.lock());
/// assert_eq!(*once + *twice, 14);
/// ```
pub struct ReentrantMutex<T: ?Sized> {
    state: Guarded,
    data: T,
}

// SAFETY: guards give shared access, and only to the thread that holds the lock, so threads take turns.
unsafe impl<T: ?Sized + Send> Sync for ReentrantMutex<T> {}

/// Unlocks once when dropped.
///
/// # Examples
/// ```
/// let lock = raddle::sync::ReentrantMutex::new(7);
/// let guard: raddle::sync::ReentrantMutexGuard<'_, i32> = lock.lock();
/// assert_eq!(*guard, 7);
/// ```
#[must_use = "if unused the ReentrantMutex will immediately unlock"]
pub struct ReentrantMutexGuard<'a, T: ?Sized> {
    lock: &'a ReentrantMutex<T>,
    site: Site,
    not_send: PhantomData<*const ()>,
}

impl<T> ReentrantMutex<T> {
    /// Makes an unlocked mutex.
    ///
    /// # Examples
    /// ```
    /// let lock = raddle::sync::ReentrantMutex::new(7);
    /// assert_eq!(*lock.lock(), 7);
    /// ```
    #[track_caller]
    pub fn new(data: T) -> Self {
        ReentrantMutex { state: Guarded::new("ReentrantMutex", 0, Location::caller()), data }
    }

    /// The data; takes the mutex by value.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::sync::ReentrantMutex::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.data
    }
}

impl<T: ?Sized> ReentrantMutex<T> {
    /// Waits until no other thread holds the lock and takes it once more.
    ///
    /// # Panics
    /// If the calling thread holds it 65,535 times already.
    ///
    /// # Examples
    /// ```
    /// let lock = raddle::sync::ReentrantMutex::new(7);
    /// let (once, twice) = (lock.lock(), lock.lock());
    /// assert_eq!(*once + *twice, 14);
    /// ```
    #[track_caller]
    pub fn lock(&self) -> ReentrantMutexGuard<'_, T> {
        let site = Location::caller();
        let before = self.state.perform(&REENTER, [owner_key(), 0], site);
        not_too_deep(before);
        ReentrantMutexGuard { lock: self, site, not_send: PhantomData }
    }

    /// Takes the lock once more if no other thread holds it.
    ///
    /// # Panics
    /// If the calling thread holds it 65,535 times already.
    ///
    /// # Examples
    /// ```
    /// let lock = raddle::sync::ReentrantMutex::new(());
    /// let held = lock.lock();
    /// assert!(lock.try_lock().is_some());
    /// # drop(held);
    /// ```
    #[track_caller]
    pub fn try_lock(&self) -> Option<ReentrantMutexGuard<'_, T>> {
        let site = Location::caller();
        let args = [owner_key(), 0];
        let before = self.state.perform(&TRY_REENTER, args, site);
        let locked = is_mine(before, args);
        if locked {
            not_too_deep(before);
        }
        // Lazily: a guard that is made and dropped would release another thread's lock.
        locked.then(|| ReentrantMutexGuard { lock: self, site, not_send: PhantomData })
    }
}

/// Panics if its owner takes the lock more often than the state can count.
fn not_too_deep(before: State) {
    assert!(!is_deepest(before), "a reentrant mutex can be held {DEEPEST} times at once");
}

impl<T: ?Sized> Drop for ReentrantMutexGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.state.release(&REENTER_UNLOCK, [0; 2], self.site);
    }
}

impl<T: ?Sized> Deref for ReentrantMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.lock.data
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Debug for ReentrantMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReentrantMutex").finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::*;
    use crate::{Checker, sync::Arc, thread};

    #[test]
    fn an_attempt_that_fails_does_not_release_the_owners_lock() {
        for checker in [Checker::exhaustive(), Checker::loom()] {
            let report = checker.check(|| {
                let lock = Arc::new(ReentrantMutex::new(()));
                let other = Arc::clone(&lock);
                let held = lock.lock();
                let tries = move || other.try_lock().is_some() || other.try_lock().is_some();
                assert!(!thread::spawn(tries).join().unwrap_or(true), "it was taken from its owner");
                drop(held);
            });
            report.expect_verified();
        }
    }
}
