//! `std::sync::LazyLock`, made afresh in each execution.
//!
//! A lazy static is the one static that a model may have: its initializer runs again in each execution that
//! uses it, in any backend. So that it can run again it must be `Clone`, as functions and closures over plain
//! values are; std requires `FnOnce` only.
//!
//! The value of an execution stays in memory until the `LazyLock` is dropped, which a static never is: a
//! reference to it may still exist.

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

use super::lazy_once::LazyOnce;
use crate::backend;
use crate::op::Site;

/// A value made on first use; see [`std::sync::LazyLock`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::{LazyLock, Mutex}, thread};
///
/// static N: LazyLock<Mutex<i32>> = LazyLock::new(|| Mutex::new(0));
///
/// let report = Checker::exhaustive().check(|| {
///     let child = thread::spawn(|| *N.lock().unwrap() += 1);
///     *N.lock().unwrap() += 1;
///     child.join().unwrap();
///     assert_eq!(*N.lock().unwrap(), 2);
/// });
/// report.expect_verified();
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    /// Cloned by one thread at a time.
    init: Mutex<F>,
    site: Site,
    /// One for each present execution, on any thread of the system, and one for the process outside any.
    made: Mutex<Vec<Made<T>>>,
}

/// The value of one execution.
struct Made<T> {
    execution: u64,
    /// The system's thread that explores. Its next execution no longer needs this value.
    explorer: ThreadId,
    entry: NonNull<Entry<T>>,
}

struct Entry<T> {
    once: LazyOnce,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the values are sent along, and so is the initializer.
unsafe impl<T: Send, F: Send> Send for LazyLock<T, F> {}
// SAFETY: as std's: the initializer is cloned under a mutex; the value is written by the thread that runs the
// once and shared after that.
unsafe impl<T: Send + Sync, F: Send> Sync for LazyLock<T, F> {}
impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T + Clone> LazyLock<T, F> {
    /// A value that `init` will make, in each execution anew.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{LazyLock, Mutex};
    /// static N: LazyLock<Mutex<i32>> = LazyLock::new(|| Mutex::new(7));
    /// assert_eq!(*N.lock().unwrap(), 7);
    /// ```
    #[track_caller]
    pub const fn new(init: F) -> Self {
        LazyLock { init: Mutex::new(init), site: Location::caller(), made: Mutex::new(Vec::new()) }
    }

    /// The value, made now if it does not exist yet. Other threads wait meanwhile.
    ///
    /// # Panics
    /// If the initializer panics, or has panicked.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::LazyLock;
    /// assert_eq!(*LazyLock::force(&LazyLock::new(|| 7)), 7);
    /// ```
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        let entry = this.entry();
        entry.once.call_once(|| {
            let init = this.init.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let value = init();
            // SAFETY: the once lets one thread in, and readers only after it is done.
            unsafe { *entry.value.get() = Some(value) };
        });
        // SAFETY: the once is done, so the value exists and is not written any more.
        unsafe { (*entry.value.get()).as_ref() }.unwrap_or_else(|| unreachable!("the once is done"))
    }

    /// The value, by exclusive borrow, made now if it does not exist yet.
    ///
    /// # Panics
    /// If the initializer panics, or has panicked.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::LazyLock;
    /// let mut lazy = LazyLock::new(|| 7);
    /// *LazyLock::force_mut(&mut lazy) += 1;
    /// assert_eq!(*lazy, 8);
    /// ```
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        LazyLock::force(this);
        LazyLock::get_mut(this).unwrap_or_else(|| unreachable!("the once is done"))
    }
}

impl<T, F> LazyLock<T, F> {
    /// This execution's entry, made now if there is none.
    #[allow(clippy::disallowed_methods)] // Explorers are threads of the system.
    fn entry(&self) -> &Entry<T> {
        if let Some(known) = self.known() {
            return known;
        }
        let execution = backend::stamp();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        // Natively another thread may have made it meanwhile.
        let known = made.iter().rev().find(|made| made.execution == execution).map(|made| made.entry);
        let entry = known.unwrap_or_else(|| {
            let explorer = std::thread::current().id();
            let entry = Entry { once: LazyOnce::new(self.site), value: UnsafeCell::new(None) };
            let entry = NonNull::from(Box::leak(Box::new(entry)));
            // The entry of an execution that is over is removed but not freed: a reference to the value may
            // still exist.
            made.retain(|made| made.execution == 0 || made.explorer != explorer);
            made.push(Made { execution, explorer, entry });
            entry
        });
        // SAFETY: the entry lives until `self` is dropped, which is borrowed.
        unsafe { entry.as_ref() }
    }

    /// This execution's entry, if there is one already.
    fn known(&self) -> Option<&Entry<T>> {
        let execution = backend::stamp();
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.iter().rev().find(|made| made.execution == execution)?;
        // SAFETY: the entry lives until `self` is dropped, which is borrowed.
        Some(unsafe { known.entry.as_ref() })
    }

    /// The value, if it exists.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::LazyLock;
    /// let lazy = LazyLock::new(|| 7);
    /// assert_eq!(LazyLock::get(&lazy), None);
    /// assert_eq!(*lazy, 7);
    /// assert_eq!(LazyLock::get(&lazy), Some(&7));
    /// ```
    #[track_caller]
    pub fn get(this: &Self) -> Option<&T> {
        // Whether there is an entry does not matter to the model: the once decides whether there is a value.
        let entry = this.entry();
        if !entry.once.is_completed() {
            return None;
        }
        // SAFETY: the once is done, so the value is not written any more.
        unsafe { (*entry.value.get()).as_ref() }
    }

    /// The value, by exclusive borrow, if it exists.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::LazyLock;
    /// assert_eq!(LazyLock::get_mut(&mut LazyLock::new(|| 7)), None);
    /// ```
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        let entry = this.known()?;
        // SAFETY: the cell is borrowed exclusively for as long as the value is.
        unsafe { (*entry.value.get()).as_mut() }
    }
}

impl<T, F> Drop for LazyLock<T, F> {
    fn drop(&mut self) {
        for made in self.made.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // SAFETY: `entry` made it from a box, nothing else frees it, and no borrow from `self` is left.
            drop(unsafe { Box::from_raw(made.entry.as_ptr()) });
        }
    }
}

impl<T, F: FnOnce() -> T + Clone> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F: FnOnce() -> T + Clone> DerefMut for LazyLock<T, F> {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        LazyLock::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    #[track_caller]
    fn default() -> Self {
        LazyLock::new(T::default)
    }
}

impl<T, F> fmt::Debug for LazyLock<T, F> {
    // Reading whether the value exists would be a visible operation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyLock").finish_non_exhaustive()
    }
}
