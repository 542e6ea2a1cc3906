//! Values that belong to a task and not to its thread, as tokio's `task_local!`.
//!
//! The value is kept with the future. While the future is polled, the value is in the polling thread's slot,
//! so code that the future calls finds it there; afterwards it is taken out again.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::thread;

#[doc(inline)]
pub use crate::__raddle_task_local as task_local;

/// A value that each task has for itself. Made by [`task_local!`](crate::future::task_local).
///
/// # Examples
/// ```
/// use raddle::future::{block_on, spawn, task_local, yield_now};
///
/// task_local! {
///     static REQUEST: u32;
/// }
///
/// async fn handle() -> u32 {
///     yield_now().await;
///     REQUEST.get()
/// }
///
/// let other = spawn(REQUEST.scope(1, handle()));
/// assert_eq!(block_on(REQUEST.scope(2, handle())), 2);
/// assert_eq!(block_on(other).unwrap(), 1);
/// ```
pub struct TaskLocal<T: 'static> {
    slot: &'static thread::LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> fmt::Debug for TaskLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocal").finish_non_exhaustive()
    }
}

/// The error if there is no value: none was set for this task.
///
/// # Examples
/// ```
/// raddle::future::task_local! { static REQUEST: u32; }
/// assert_eq!(REQUEST.try_with(|_| ()).unwrap_err().to_string(), "no value was set for this task");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NotInScope;

impl fmt::Display for NotInScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no value was set for this task")
    }
}

impl std::error::Error for NotInScope {}

impl<T: 'static> TaskLocal<T> {
    /// For the macro.
    #[doc(hidden)]
    pub const fn new(slot: &'static thread::LocalKey<RefCell<Option<T>>>) -> Self {
        TaskLocal { slot }
    }

    /// Runs a future with a value of its own.
    ///
    /// # Examples
    /// ```
    /// raddle::future::task_local! { static REQUEST: u32; }
    /// let found = raddle::future::block_on(REQUEST.scope(7, async { REQUEST.get() }));
    /// assert_eq!(found, 7);
    /// ```
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture { local: self, value: Some(value), future: Some(future), _pinned: PhantomPinned }
    }

    /// Calls `f` with a value of its own.
    ///
    /// # Examples
    /// ```
    /// raddle::future::task_local! { static REQUEST: u32; }
    /// assert_eq!(REQUEST.sync_scope(7, || REQUEST.get()), 7);
    /// ```
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        let _inside = Inside::begin(self, &mut value);
        f()
    }

    /// Calls `f` with the task's value.
    ///
    /// # Panics
    /// If there is none.
    ///
    /// # Examples
    /// ```
    /// raddle::future::task_local! { static NAME: String; }
    /// assert_eq!(NAME.sync_scope("warp".to_owned(), || NAME.with(String::len)), 4);
    /// ```
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => panic!("cannot access a task-local value: {error}"),
        }
    }

    /// Calls `f` with the task's value, if there is one.
    ///
    /// # Errors
    /// If there is none.
    ///
    /// # Examples
    /// ```
    /// raddle::future::task_local! { static REQUEST: u32; }
    /// assert!(REQUEST.try_with(|_| ()).is_err());
    /// ```
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, NotInScope> {
        let result = self.slot.try_with(|slot| slot.borrow().as_ref().map(f));
        result.ok().flatten().ok_or(NotInScope)
    }

    /// A copy of the task's value.
    ///
    /// # Panics
    /// If there is none.
    ///
    /// # Examples
    /// ```
    /// raddle::future::task_local! { static REQUEST: u32; }
    /// assert_eq!(REQUEST.sync_scope(7, || REQUEST.get()), 7);
    /// ```
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    fn exchange(&'static self, value: &mut Option<T>) {
        // If the thread has dropped its slot already, the value is not needed there either.
        let _ = self.slot.try_with(|slot| std::mem::swap(&mut *slot.borrow_mut(), value));
    }

    /// Whether the slot is borrowed.
    fn is_looked_at(&'static self) -> bool {
        self.slot.try_with(|slot| slot.try_borrow_mut().is_err()).unwrap_or(false)
    }
}

/// While this guard exists the value is in the thread's slot, and the previous content of the slot in the
/// value's place.
struct Inside<'a, T: 'static> {
    local: &'static TaskLocal<T>,
    value: &'a mut Option<T>,
}

impl<'a, T: 'static> Inside<'a, T> {
    fn begin(local: &'static TaskLocal<T>, value: &'a mut Option<T>) -> Self {
        local.exchange(value);
        Inside { local, value }
    }
}

impl<T: 'static> Drop for Inside<'_, T> {
    fn drop(&mut self) {
        self.local.exchange(self.value);
    }
}

/// A future with a value of its own; see [`TaskLocal::scope`].
///
/// # Examples
/// ```
/// raddle::future::task_local! { static REQUEST: u32; }
/// let task: raddle::future::TaskLocalFuture<u32, _> = REQUEST.scope(7, async { REQUEST.get() });
/// assert_eq!(raddle::future::block_on(task), 7);
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct TaskLocalFuture<T: 'static, F> {
    local: &'static TaskLocal<T>,
    value: Option<T>,
    /// `Some` until it is dropped.
    future: Option<F>,
    _pinned: PhantomPinned,
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// The future, and the guard that keeps its value in the slot.
    fn parts(self: Pin<&mut Self>) -> (Pin<&mut Option<F>>, Inside<'_, T>) {
        // SAFETY: the future is not moved out of here, and is dropped where it is: `Self` is never `Unpin`,
        // and the value, which is moved, was never pinned.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let future = unsafe { Pin::new_unchecked(&mut this.future) };
        (future, Inside::begin(this.local, &mut this.value))
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let (future, _inside) = self.parts();
        match future.as_pin_mut() {
            Some(future) => future.poll(context),
            None => unreachable!("the future is there until it is dropped"),
        }
    }
}

impl<T: 'static, F> Drop for TaskLocalFuture<T, F> {
    fn drop(&mut self) {
        // The future is dropped where it still has the value, unless a closure borrows the value of the task
        // that drops it.
        if self.local.is_looked_at() {
            return;
        }
        // SAFETY: whether or not the future has been pinned, it is dropped in place and not moved from here
        // on.
        let (mut future, _inside) = unsafe { Pin::new_unchecked(self) }.parts();
        future.set(None);
    }
}

impl<T: 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").finish_non_exhaustive()
    }
}

/// Declares values that each task has for itself.
///
/// # Examples
/// See [`TaskLocal`](crate::future::TaskLocal).
#[doc(hidden)]
#[macro_export]
macro_rules! __raddle_task_local {
    () => {};
    ($(#[$attribute:meta])* $visible:vis static $name:ident: $of:ty $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $visible static $name: $crate::future::TaskLocal<$of> = {
            $crate::thread_local! {
                static SLOT: ::core::cell::RefCell<::core::option::Option<$of>> =
                    const { ::core::cell::RefCell::new(::core::option::Option::None) };
            }
            $crate::future::TaskLocal::new(&SLOT)
        };
        $( $crate::__raddle_task_local!($($rest)*); )?
    };
}
