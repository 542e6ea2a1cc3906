//! Statics whose values are made afresh in each execution.
//!
//! A static keeps its value from one execution to the next, and a model must not depend on that. So
//! [`statics!`](crate::statics) declares one whose value is made when an execution first uses it, from the
//! initializer that is the static's in production. Making it is no step, and orders nothing: in production
//! the value exists before the program begins. (A [`LazyLock`](crate::sync::LazyLock) is made by a thread,
//! which is a step that others wait for.) Objects inside are named by the static and not by the thread that
//! used it first, which differs between equivalent executions.
//!
//! A static is never dropped, and the value of each execution stays in memory: a reference to it may still
//! exist. Under loom it is loom's own lazy static, which does order the events of its first user.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;

use crate::backend;
use crate::backend::loom_crate as loom;
use crate::runtime::context::{self, Backend};

/// A value that each execution has anew. Made by [`statics!`](crate::statics), and used as the static.
///
/// # Examples
/// ```
/// raddle::statics! { static N: raddle::sync::Mutex<i32> = raddle::sync::Mutex::new(7); }
/// let declared: &raddle::Static<raddle::sync::Mutex<i32>> = &N;
/// assert_eq!(*declared.lock().unwrap(), 7);
/// ```
pub struct Static<T: 'static> {
    init: fn() -> T,
    /// One for each present execution, on any thread of the system, and one for the process outside any.
    made: Mutex<Vec<Made<T>>>,
    loom: OnceLock<&'static loom::lazy_static::Lazy<T>>,
}

/// The value of one execution.
struct Made<T: 'static> {
    execution: u64,
    /// The system's thread that explores. Its next execution no longer needs this value.
    explorer: ThreadId,
    value: &'static T,
}

// SAFETY: as a static: the value is shared, and made by one thread for all.
unsafe impl<T: Send + Sync> Sync for Static<T> {}
impl<T: RefUnwindSafe> UnwindSafe for Static<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for Static<T> {}

impl<T: 'static> Static<T> {
    /// For the macro.
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> Self {
        Static { init, made: Mutex::new(Vec::new()), loom: OnceLock::new() }
    }

    #[allow(clippy::disallowed_methods)] // Explorers are threads of the system.
    fn value(&self) -> &T {
        if context::backend() == Backend::Loom {
            let lazy = || &*Box::leak(Box::new(loom::lazy_static::Lazy { init: self.init, _p: PhantomData }));
            return self.loom.get_or_init(lazy).get();
        }
        let execution = backend::stamp();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.iter().rev().find(|made| made.execution == execution) {
            return known.value;
        }
        let value = match context::backend() {
            Backend::Model => {
                let place = std::ptr::from_ref(self).addr();
                let _declaring = context::session(|session| session.declare(place));
                (self.init)()
            }
            _ => (self.init)(),
        };
        let value: &'static T = Box::leak(Box::new(value));
        let explorer = std::thread::current().id();
        made.retain(|made| made.execution == 0 || made.explorer != explorer);
        made.push(Made { execution, explorer, value });
        value
    }
}

impl<T: 'static> Deref for Static<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value()
    }
}

impl<T: 'static> fmt::Debug for Static<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Static").finish_non_exhaustive()
    }
}

/// Declares statics that a model may use: each execution has them anew. Without the feature `check` they
/// are plain statics, so an initializer must be `const` there.
///
/// # Examples
/// ```
/// use raddle::sync::{Mutex, atomic::{AtomicUsize, Ordering}};
/// use raddle::{Checker, thread};
///
/// raddle::statics! {
///     static COUNT: AtomicUsize = AtomicUsize::new(0);
///     /// What was heard.
///     pub static HEARD: Mutex<Vec<i32>> = Mutex::new(Vec::new());
/// }
///
/// let report = Checker::exhaustive().check(|| {
///     let child = thread::spawn(|| COUNT.fetch_add(1, Ordering::Relaxed));
///     COUNT.fetch_add(1, Ordering::Relaxed);
///     child.join().unwrap();
///     assert_eq!(COUNT.load(Ordering::Relaxed), 2);
///     HEARD.lock().unwrap().push(1);
///     assert_eq!(HEARD.lock().unwrap().len(), 1);
/// });
/// report.expect_verified();
/// ```
#[macro_export]
macro_rules! statics {
    ($($(#[$attribute:meta])* $visible:vis static $name:ident: $of:ty = $init:expr;)*) => { $(
        $(#[$attribute])*
        $visible static $name: $crate::Static<$of> = $crate::Static::new(|| $init);
    )* };
}
