//! `thread_local!`: each thread of each execution has its own value.
//!
//! In the model backend the values are dropped when their thread ends, by that thread and the newest first,
//! and the operations of their destructors are part of the execution. Under loom they are loom's own,
//! natively std's.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use crate::backend::loom_crate as loom;
use crate::runtime::context::{self, Backend};
use crate::runtime::session::Found;

/// Calls something with std's value of the thread, and with the given value if std's was not made from that;
/// for the macro.
type Native<T> = fn(Option<T>, &mut dyn FnMut(&T, Option<T>)) -> Result<(), AccessError>;

/// A value that each thread has for itself; see [`std::thread::LocalKey`]. Made by
/// [`thread_local!`](crate::thread_local).
///
/// # Examples
/// ```
/// use std::cell::Cell;
///
/// raddle::thread_local! {
///     static N: Cell<i32> = const { Cell::new(1) };
/// }
///
/// raddle::Checker::exhaustive()
///     .check(|| {
///         N.set(N.get() + 1);
///         assert_eq!(N.get(), 2);
///         assert_eq!(raddle::thread::spawn(|| N.get()).join().unwrap(), 1);
///     })
///     .expect_verified();
/// ```
pub struct LocalKey<T: 'static> {
    init: fn() -> T,
    native: Native<T>,
    loom: loom::thread::LocalKey<T>,
}

/// The thread's value was dropped already; see [`std::thread::AccessError`].
///
/// # Examples
/// ```
/// use std::error::Error;
/// fn is_error<E: Error>() {}
/// is_error::<raddle::thread::AccessError>();
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AccessError;

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl std::error::Error for AccessError {}

impl AccessError {
    /// For the macro.
    #[doc(hidden)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        AccessError
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

impl<T: 'static> LocalKey<T> {
    /// For the macro.
    #[doc(hidden)]
    pub const fn new(init: fn() -> T, native: Native<T>) -> Self {
        LocalKey { init, native, loom: loom::thread::LocalKey { init, _p: PhantomData } }
    }

    /// Calls `f` with the thread's value, which is made on first use.
    ///
    /// # Panics
    /// If the value was dropped already.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// raddle::thread_local! { static N: Cell<i32> = const { Cell::new(1) }; }
    /// assert_eq!(N.with(Cell::get), 1);
    /// ```
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => panic!("cannot access a thread-local value: {error}"),
        }
    }

    /// Like [`with`](Self::with), but returns an error if the value was dropped already.
    ///
    /// # Errors
    /// If it was, or is being dropped.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// raddle::thread_local! { static N: Cell<i32> = const { Cell::new(1) }; }
    /// assert_eq!(N.try_with(Cell::get), Ok(1));
    /// ```
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        self.try_with_given(None, |value, _| f(value))
    }

    /// Calls `f` with the thread's value. If there is none yet, it is made from the given value; otherwise
    /// `f` gets the given value too. Loom makes its values by their initializers only.
    fn try_with_given<R>(
        &'static self,
        given: Option<T>,
        f: impl FnOnce(&T, Option<T>) -> R,
    ) -> Result<R, AccessError> {
        match context::backend() {
            Backend::Native => {
                let (mut f, mut result) = (Some(f), None);
                (self.native)(given, &mut |value, given| result = f.take().map(|f| f(value, given)))?;
                result.ok_or(AccessError)
            }
            Backend::Loom => self.loom.try_with(|value| f(value, given)).map_err(|_| AccessError),
            Backend::Model => self.with_in_model(given, f),
        }
    }

    fn with_in_model<R>(
        &'static self,
        mut given: Option<T>,
        f: impl FnOnce(&T, Option<T>) -> R,
    ) -> Result<R, AccessError> {
        let key = std::ptr::from_ref(self).addr();
        let value: Rc<T> = match context::session(|session| session.local(key)) {
            Found::Value(value) => value.downcast().map_err(|_| AccessError)?,
            Found::Gone => return Err(AccessError),
            Found::Nothing => {
                let value = Rc::new(given.take().unwrap_or_else(self.init));
                drop(context::session(|session| session.set_local(key, Rc::clone(&value))));
                value
            }
        };
        Ok(f(&value, given))
    }

    /// Stores a value, by `replace` if there is one already, and without the initializer if there is none.
    fn put(&'static self, value: T, replace: impl FnOnce(&T, T)) {
        let put = |present: &T, given| {
            if let Some(given) = given {
                replace(present, given);
            }
        };
        if let Err(error) = self.try_with_given(Some(value), put) {
            panic!("cannot access a thread-local value: {error}");
        }
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the thread's value, without its initializer if there is none yet.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// raddle::thread_local! { static N: Cell<i32> = const { Cell::new(1) }; }
    /// N.set(2);
    /// assert_eq!(N.get(), 2);
    /// ```
    pub fn set(&'static self, value: T) {
        self.put(Cell::new(value), |cell, value| cell.set(value.into_inner()));
    }

    /// The thread's value.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// raddle::thread_local! { static N: Cell<i32> = const { Cell::new(1) }; }
    /// assert_eq!(N.get(), 1);
    /// ```
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes the thread's value.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// raddle::thread_local! { static N: Cell<i32> = const { Cell::new(1) }; }
    /// assert_eq!((N.take(), N.get()), (1, 0));
    /// ```
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Exchanges the thread's value.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// raddle::thread_local! { static N: Cell<i32> = const { Cell::new(1) }; }
    /// assert_eq!((N.replace(2), N.get()), (1, 2));
    /// ```
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Calls `f` with the thread's value, borrowed.
    ///
    /// # Examples
    /// ```
    /// use std::cell::RefCell;
    /// raddle::thread_local! { static WORDS: RefCell<Vec<&'static str>> = RefCell::default(); }
    /// WORDS.with_borrow_mut(|words| words.push("warp"));
    /// assert_eq!(WORDS.with_borrow(Vec::len), 1);
    /// ```
    pub fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Calls `f` with the thread's value, borrowed exclusively.
    ///
    /// # Examples
    /// ```
    /// use std::cell::RefCell;
    /// raddle::thread_local! { static N: RefCell<i32> = const { RefCell::new(1) }; }
    /// N.with_borrow_mut(|n| *n += 1);
    /// assert_eq!(N.with_borrow(|n| *n), 2);
    /// ```
    pub fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets the thread's value, without its initializer if there is none yet.
    ///
    /// # Examples
    /// ```
    /// use std::cell::RefCell;
    /// raddle::thread_local! { static N: RefCell<i32> = panic!("it is set before it is asked for"); }
    /// N.set(2);
    /// assert_eq!(N.with_borrow(|n| *n), 2);
    /// ```
    pub fn set(&'static self, value: T) {
        self.put(RefCell::new(value), |cell, value| *cell.borrow_mut() = value.into_inner());
    }

    /// Takes the thread's value.
    ///
    /// # Examples
    /// ```
    /// use std::cell::RefCell;
    /// raddle::thread_local! { static N: RefCell<i32> = const { RefCell::new(1) }; }
    /// assert_eq!((N.take(), N.take()), (1, 0));
    /// ```
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Exchanges the thread's value.
    ///
    /// # Examples
    /// ```
    /// use std::cell::RefCell;
    /// raddle::thread_local! { static N: RefCell<i32> = const { RefCell::new(1) }; }
    /// assert_eq!((N.replace(2), N.replace(3)), (1, 2));
    /// ```
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

/// Declares values that each thread has for itself; see [`std::thread_local!`].
///
/// # Examples
/// See [`LocalKey`](crate::thread::LocalKey).
#[doc(hidden)]
#[macro_export]
macro_rules! __raddle_thread_local {
    () => {};
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $of:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::__raddle_thread_local!(@one $(#[$attribute])* $visible $name, $of, $init);
        $( $crate::__raddle_thread_local!($($rest)*); )?
    };
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $of:ty = $init:expr $(; $($rest:tt)*)?) => {
        $crate::__raddle_thread_local!(@one $(#[$attribute])* $visible $name, $of, $init);
        $( $crate::__raddle_thread_local!($($rest)*); )?
    };
    (@one $(#[$attribute:meta])* $visible:vis $name:ident, $of:ty, $init:expr) => {
        $(#[$attribute])*
        $visible static $name: $crate::thread::LocalKey<$of> = {
            fn init() -> $of {
                $init
            }
            fn native(
                given: ::core::option::Option<$of>,
                f: &mut dyn FnMut(&$of, ::core::option::Option<$of>),
            ) -> ::core::result::Result<(), $crate::thread::AccessError> {
                ::std::thread_local! {
                    // Without a destructor, so that it exists as long as the other.
                    static GIVEN: ::core::mem::ManuallyDrop<::core::cell::Cell<::core::option::Option<$of>>> =
                        const { ::core::mem::ManuallyDrop::new(::core::cell::Cell::new(::core::option::Option::None)) };
                    static NATIVE: $of = GIVEN.with(|given| given.take()).unwrap_or_else(init);
                }
                GIVEN.with(|slot| slot.set(given));
                let found = NATIVE.try_with(|value| f(value, GIVEN.with(|given| given.take())));
                GIVEN.with(|given| given.take());
                found.map_err(|_| $crate::thread::AccessError::new())
            }
            $crate::thread::LocalKey::new(init, native)
        };
    };
}
