//! `std::cell::UnsafeCell` with `with` and `with_mut`.

/// Plain shared data: std's cell, whose accesses are spelled as the checked one needs them.
///
/// # Examples
/// ```
/// let cell = raddle::cell::UnsafeCell::new(7);
/// cell.with_mut(|n| unsafe { *n += 1 });
/// assert_eq!(cell.into_inner(), 8);
/// ```
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// Makes a cell.
    ///
    /// # Examples
    /// See [`UnsafeCell`].
    pub const fn new(data: T) -> Self {
        UnsafeCell(std::cell::UnsafeCell::new(data))
    }

    /// The data, once nobody else has the cell.
    ///
    /// # Examples
    /// See [`UnsafeCell`].
    #[inline]
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Calls `f` with a pointer to read from.
    ///
    /// # Examples
    /// See [`UnsafeCell`].
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Calls `f` with a pointer to write to.
    ///
    /// # Examples
    /// See [`UnsafeCell`].
    #[inline]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }

    /// A pointer to the data.
    ///
    /// # Examples
    /// See [`UnsafeCell`].
    #[inline]
    pub const fn get(&self) -> *mut T {
        self.0.get()
    }

    /// The data, exclusively.
    ///
    /// # Examples
    /// See [`UnsafeCell`].
    #[inline]
    pub const fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T> From<T> for UnsafeCell<T> {
    fn from(data: T) -> Self {
        UnsafeCell::new(data)
    }
}
