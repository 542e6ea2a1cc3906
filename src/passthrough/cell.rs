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
    /// ```
    /// let cell = raddle::cell::UnsafeCell::new(7);
    /// assert_eq!(cell.into_inner(), 7);
    /// ```
    pub const fn new(data: T) -> Self {
        UnsafeCell(std::cell::UnsafeCell::new(data))
    }

    /// The data; takes the cell by value.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::cell::UnsafeCell::new(7).into_inner(), 7);
    /// ```
    #[inline]
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Calls `f` with a pointer to read from.
    ///
    /// # Examples
    /// ```
    /// let cell = raddle::cell::UnsafeCell::new(7);
    /// assert_eq!(cell.with(|n| unsafe { *n }), 7);
    /// ```
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Calls `f` with a pointer to write to.
    ///
    /// # Examples
    /// ```
    /// let cell = raddle::cell::UnsafeCell::new(7);
    /// cell.with_mut(|n| unsafe { *n += 1 });
    /// assert_eq!(cell.into_inner(), 8);
    /// ```
    #[inline]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }

    /// A pointer to the data.
    ///
    /// # Examples
    /// ```
    /// let cell = raddle::cell::UnsafeCell::new(7);
    /// assert_eq!(unsafe { *cell.get() }, 7);
    /// ```
    #[inline]
    pub const fn get(&self) -> *mut T {
        self.0.get()
    }

    /// The data, by exclusive borrow.
    ///
    /// # Examples
    /// ```
    /// let mut cell = raddle::cell::UnsafeCell::new(7);
    /// *cell.get_mut() += 1;
    /// assert_eq!(cell.into_inner(), 8);
    /// ```
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
