//! `std::cell::UnsafeCell`, whose accesses are checked for data races.
//!
//! Accesses go through [`UnsafeCell::with`] and [`UnsafeCell::with_mut`], as in loom, which tells reads from
//! writes. They are not visible operations: if a program's accesses are all ordered, it cannot notice when
//! they happen, and if they are not, it is refuted.

use std::panic::Location;

use crate::backend::loom_crate as loom;
use crate::backend::loom_recorder::Recorded;
use crate::op::Site;
use crate::runtime::context::{self, Backend};
use crate::runtime::object::{ModelObject, check_backend};

/// Plain shared data; see [`std::cell::UnsafeCell`].
///
/// # Examples
/// ```
/// use raddle::{Checker, FailureKind, cell::UnsafeCell, thread};
///
/// struct Shared(UnsafeCell<i32>);
/// unsafe impl Sync for Shared {}
///
/// let report = Checker::exhaustive().check(|| {
///     let shared = raddle::sync::Arc::new(Shared(UnsafeCell::new(0)));
///     let other = shared.clone();
///     let child = thread::spawn(move || other.0.with_mut(|n| unsafe { *n = 1 }));
///     shared.0.with(|n| unsafe { *n });
///     child.join().unwrap();
/// });
/// report.expect_failure(FailureKind::DataRace);
/// ```
#[derive(Debug)]
pub struct UnsafeCell<T: ?Sized> {
    site: Site,
    of: Of,
    data: std::cell::UnsafeCell<T>,
}

#[derive(Debug)]
enum Of {
    Native,
    /// Loom checks accesses to a cell of its own, which stands in for this one.
    Loom(Box<loom::cell::UnsafeCell<()>>, Recorded),
    Model(ModelObject),
}

// SAFETY: the data is sent along; the other fields belong to the execution, whose threads all run on one
// thread of the system. Like std's, the cell is not `Sync`.
unsafe impl<T: ?Sized + Send> Send for UnsafeCell<T> {}

impl<T> UnsafeCell<T> {
    /// Makes a cell. Every access must be ordered after this.
    ///
    /// # Examples
    /// ```
    /// raddle::cell::UnsafeCell::new(7).with(|n| assert_eq!(unsafe { *n }, 7));
    /// ```
    #[track_caller]
    pub fn new(data: T) -> Self {
        let site = Location::caller();
        let of = match context::backend() {
            Backend::Native => Of::Native,
            Backend::Loom => {
                let recorded = Recorded::new("UnsafeCell", 0, site);
                Of::Loom(Box::new(loom::cell::UnsafeCell::new(())), recorded)
            }
            Backend::Model => {
                let object = ModelObject::new("UnsafeCell", 0, site);
                context::session(|session| session.make_cell(object.id, site));
                Of::Model(object)
            }
        };
        UnsafeCell { site, of, data: std::cell::UnsafeCell::new(data) }
    }

    /// The data; takes the cell by value.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::cell::UnsafeCell::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.data.into_inner()
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
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        let site = Location::caller();
        match &self.of {
            Of::Native => {
                check_backend(Backend::Native, self.site, site);
                f(self.data.get())
            }
            Of::Loom(cell, recorded) => {
                recorded.check(site);
                recorded.touched(false, site);
                cell.with(|_| f(self.data.get()))
            }
            Of::Model(object) => {
                object.with(site, |session| session.touch_cell(object.id, false, site));
                f(self.data.get())
            }
        }
    }

    /// Calls `f` with a pointer to write to.
    ///
    /// # Examples
    /// ```
    /// let cell = raddle::cell::UnsafeCell::new(7);
    /// cell.with_mut(|n| unsafe { *n += 1 });
    /// assert_eq!(cell.into_inner(), 8);
    /// ```
    #[track_caller]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        let site = Location::caller();
        match &self.of {
            Of::Native => {
                check_backend(Backend::Native, self.site, site);
                f(self.data.get())
            }
            Of::Loom(cell, recorded) => {
                recorded.check(site);
                recorded.touched(true, site);
                cell.with_mut(|_| f(self.data.get()))
            }
            Of::Model(object) => {
                object.with(site, |session| session.touch_cell(object.id, true, site));
                f(self.data.get())
            }
        }
    }

    /// A pointer to the data. Accesses through it are not observed, so this counts as a write; use
    /// [`with`](Self::with) to read.
    ///
    /// # Examples
    /// ```
    /// let cell = raddle::cell::UnsafeCell::new(7);
    /// assert_eq!(unsafe { *cell.get() }, 7);
    /// ```
    #[track_caller]
    pub fn get(&self) -> *mut T {
        self.with_mut(|data| data)
    }

    /// The data, by exclusive borrow.
    ///
    /// # Examples
    /// ```
    /// let mut cell = raddle::cell::UnsafeCell::new(7);
    /// *cell.get_mut() += 1;
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> Self {
        UnsafeCell::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    #[track_caller]
    fn from(data: T) -> Self {
        UnsafeCell::new(data)
    }
}
