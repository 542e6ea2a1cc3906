//! The facade without the feature `check`: std's own types, and `parking_lot`'s.
//!
//! Nothing is added to std: the modules re-export it, so the types are the same types. Two things std lacks
//! are made here: a cell with `with` and `with_mut`, and the small native form of the guarded commands on
//! which [`crate::ext`] is built.

/// Declares statics that a model may use: without the feature `check` they are plain statics.
///
/// # Examples
/// ```
/// use raddle::sync::atomic::{AtomicUsize, Ordering};
/// raddle::statics! { static COUNT: AtomicUsize = AtomicUsize::new(7); }
/// assert_eq!(COUNT.load(Ordering::Relaxed), 7);
/// ```
#[macro_export]
macro_rules! statics {
    ($($(#[$attribute:meta])* $visible:vis static $name:ident: $of:ty = $init:expr;)*) => { $(
        $(#[$attribute])*
        $visible static $name: $of = $init;
    )* };
}

pub(crate) mod guarded;

pub mod cell;

/// Calls `make`; with the feature `check`, what it makes has this name in timelines.
///
/// # Examples
/// ```
/// let lock = raddle::named("account", || raddle::sync::Mutex::new(0));
/// assert_eq!(*lock.lock().unwrap(), 0);
/// ```
#[inline]
pub fn named<R>(_name: &str, make: impl FnOnce() -> R) -> R {
    make()
}

/// `std::sync`, and what Python's `threading` has beyond it.
pub mod sync {
    pub use std::sync::*;

    pub use crate::ext::sync::*;
}

/// `std::thread`.
pub mod thread {
    pub use std::thread::*;
    pub use std::thread_local;
}

/// `std::hint`.
pub mod hint {
    pub use std::hint::*;
}

/// `std::time`.
pub mod time {
    pub use std::time::*;
}

/// The crate `parking_lot`.
pub mod parking_lot {
    pub use ::parking_lot::*;
}
