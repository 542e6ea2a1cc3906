//! `std::sync::OnceLock`.

use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sync::Once;

/// A cell that is written once; see [`std::sync::OnceLock`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::{Arc, OnceLock}, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let cell = Arc::new(OnceLock::new());
///     let other = Arc::clone(&cell);
///     let child = thread::spawn(move || *other.get_or_init(|| 1));
///     let mine = *cell.get_or_init(|| 2);
///     assert_eq!(mine, child.join().unwrap());
/// });
/// report.expect_verified();
/// ```
pub struct OnceLock<T> {
    once: Once,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value is written by the thread that runs the once, and read only after that.
unsafe impl<T: Send> Send for OnceLock<T> {}
// SAFETY: as above; readers share the value and a writer may pass it between threads.
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// An empty cell.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::sync::OnceLock::<i32>::new().get(), None);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        OnceLock { once: Once::new(), value: UnsafeCell::new(None) }
    }

    /// The value, if there is one.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::sync::OnceLock::<i32>::new().get(), None);
    /// ```
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        if !self.once.is_completed() {
            return None;
        }
        // SAFETY: the once is done, so the value is not written any more.
        unsafe { (*self.value.get()).as_ref() }
    }

    /// The value, by exclusive borrow.
    ///
    /// # Examples
    /// ```
    /// let mut cell = raddle::sync::OnceLock::from(1);
    /// *cell.get_mut().unwrap() += 1;
    /// assert_eq!(cell.into_inner(), Some(2));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// Writes the value if there is none.
    ///
    /// # Errors
    /// Returns the value as an error if there is one already.
    ///
    /// # Examples
    /// ```
    /// let cell = raddle::sync::OnceLock::new();
    /// assert_eq!((cell.set(1), cell.set(2)), (Ok(()), Err(2)));
    /// ```
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().unwrap_or_else(|| unreachable!("a once runs one closure")));
        value.map_or(Ok(()), Err)
    }

    /// The value, made by the closure if there is none. Other threads wait meanwhile.
    ///
    /// # Examples
    /// ```
    /// let cell = raddle::sync::OnceLock::new();
    /// assert_eq!((*cell.get_or_init(|| 1), *cell.get_or_init(|| 2)), (1, 1));
    /// ```
    #[track_caller]
    pub fn get_or_init<F: FnOnce() -> T>(&self, f: F) -> &T {
        // A closure that panicked wrote no value, so the next one may try, as in std.
        self.once.call_once_force(|_| {
            let value = f();
            // SAFETY: the once lets one thread in, and readers only after it is done.
            unsafe { *self.value.get() = Some(value) };
        });
        // SAFETY: the once is done, so the value exists and is not written any more.
        unsafe { (*self.value.get()).as_ref() }.unwrap_or_else(|| unreachable!("the once is done"))
    }

    /// Waits until the value is written and returns it.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Arc, OnceLock};
    /// let cell = Arc::new(OnceLock::new());
    /// let other = Arc::clone(&cell);
    /// let child = raddle::thread::spawn(move || other.set(7));
    /// assert_eq!(*cell.wait(), 7);
    /// child.join().unwrap().unwrap();
    /// ```
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        // SAFETY: the once is done, so the value exists and is not written any more.
        unsafe { (*self.value.get()).as_ref() }.unwrap_or_else(|| unreachable!("the once is done"))
    }

    /// The value, taken out of the cell.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::sync::OnceLock::from(1).into_inner(), Some(1));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// The value, taken out of the cell, which is empty again.
    ///
    /// # Examples
    /// ```
    /// let mut cell = raddle::sync::OnceLock::from(1);
    /// assert_eq!((cell.take(), cell.take()), (Some(1), None));
    /// ```
    #[track_caller]
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        let cell = OnceLock::new();
        let _ = cell.set(value);
        cell
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        match self.get() {
            Some(value) => OnceLock::from(value.clone()),
            None => OnceLock::new(),
        }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceLock").finish_non_exhaustive()
    }
}
