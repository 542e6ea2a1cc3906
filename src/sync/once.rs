//! `std::sync::Once`.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

use crate::backend::guarded::Guarded;
use crate::sync::commands::{BEGIN_ONCE, END_ONCE, IS_DONE, WAIT_ONCE, once};

/// Runs something once, in the first thread that calls it; see [`std::sync::Once`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::{Arc, Mutex, Once}, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let shared = Arc::new((Once::new(), Mutex::new(0)));
///     let other = Arc::clone(&shared);
///     let child = thread::spawn(move || other.0.call_once(|| *other.1.lock().unwrap() += 1));
///     shared.0.call_once(|| *shared.1.lock().unwrap() += 1);
///     child.join().unwrap();
///     assert_eq!(*shared.1.lock().unwrap(), 1);
/// });
/// report.expect_verified();
/// ```
pub struct Once {
    state: Guarded,
}

impl fmt::Debug for Once {
    /// As std's: what it holds differs from one execution to the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl UnwindSafe for Once {}
impl RefUnwindSafe for Once {}

/// The argument of [`Once::call_once_force`]'s closure.
///
/// # Examples
/// ```
/// raddle::sync::Once::new().call_once_force(|state| assert!(!state.is_poisoned()));
/// ```
#[derive(Debug)]
pub struct OnceState {
    poisoned: bool,
    /// Std's is not shared between threads.
    not_sync: PhantomData<Cell<()>>,
}

impl OnceState {
    /// Whether an earlier closure panicked.
    ///
    /// # Examples
    /// ```
    /// raddle::sync::Once::new().call_once_force(|state| assert!(!state.is_poisoned()));
    /// ```
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

impl Once {
    /// One that has not run anything.
    ///
    /// # Examples
    /// ```
    /// let once = raddle::sync::Once::new();
    /// assert!(!once.is_completed());
    /// ```
    #[track_caller]
    #[must_use]
    #[allow(clippy::new_without_default)] // As in std.
    pub fn new() -> Self {
        Once { state: Guarded::new("Once", once::NEW, Location::caller()) }
    }

    /// Waits until a closure has run to its end.
    ///
    /// # Panics
    /// If one panicked.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Arc, Once};
    /// let once = Arc::new(Once::new());
    /// let other = Arc::clone(&once);
    /// let child = raddle::thread::spawn(move || other.call_once(|| ()));
    /// once.wait();
    /// assert!(once.is_completed());
    /// child.join().unwrap();
    /// ```
    #[track_caller]
    pub fn wait(&self) {
        let ended = self.state.perform(&WAIT_ONCE, [1, 0], Location::caller());
        assert!(ended == once::DONE, "Once instance has previously been poisoned");
    }

    /// Like [`wait`](Self::wait), but keeps waiting if a closure panicked.
    ///
    /// # Examples
    /// ```
    /// let once = raddle::sync::Once::new();
    /// once.call_once(|| ());
    /// once.wait_force();
    /// ```
    #[track_caller]
    pub fn wait_force(&self) {
        self.state.perform(&WAIT_ONCE, [0; 2], Location::caller());
    }

    /// The once of a lazy value, outside the model backend.
    pub(super) fn of_lazy_value(site: crate::op::Site) -> Self {
        Once { state: Guarded::new("LazyLock", once::NEW, site) }
    }

    /// Runs the closure unless one has run; waits for one that is running.
    ///
    /// # Panics
    /// If an earlier closure panicked.
    ///
    /// # Examples
    /// ```
    /// let once = raddle::sync::Once::new();
    /// let mut n = 0;
    /// once.call_once(|| n += 1);
    /// once.call_once(|| n += 1);
    /// assert_eq!(n, 1);
    /// ```
    #[track_caller]
    pub fn call_once<F: FnOnce()>(&self, f: F) {
        self.run(false, |_| f());
    }

    /// Like [`call_once`](Self::call_once), but runs also if an earlier closure panicked.
    ///
    /// # Examples
    /// ```
    /// let once = raddle::sync::Once::new();
    /// once.call_once_force(|state| assert!(!state.is_poisoned()));
    /// assert!(once.is_completed());
    /// ```
    #[track_caller]
    pub fn call_once_force<F: FnOnce(&OnceState)>(&self, f: F) {
        self.run(true, f);
    }

    /// Whether a closure has run to its end.
    ///
    /// # Examples
    /// ```
    /// let once = raddle::sync::Once::new();
    /// assert!(!once.is_completed());
    /// once.call_once(|| ());
    /// assert!(once.is_completed());
    /// ```
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        self.state.perform(&IS_DONE, [0; 2], Location::caller()) == once::DONE
    }

    /// Its state, as `parking_lot`'s type.
    #[track_caller]
    pub(crate) fn state(&self) -> ::parking_lot::OnceState {
        use ::parking_lot::OnceState;
        match self.state.perform(&IS_DONE, [0; 2], Location::caller()) {
            once::NEW => OnceState::New,
            once::RUNNING => OnceState::InProgress,
            once::DONE => OnceState::Done,
            _ => OnceState::Poisoned,
        }
    }

    #[track_caller]
    fn run(&self, force: bool, f: impl FnOnce(&OnceState)) {
        let site = Location::caller();
        let before = self.state.perform(&BEGIN_ONCE, [u64::from(force), 0], site);
        match before {
            once::DONE => return,
            once::POISONED if !force => panic!("Once instance has previously been poisoned"),
            _ => {}
        }
        let mut end = End(self, site, once::POISONED);
        f(&OnceState { poisoned: before == once::POISONED, not_sync: PhantomData });
        end.2 = once::DONE;
    }
}

/// Stores how the closure ended when dropped, also by a panic.
struct End<'a>(&'a Once, crate::op::Site, u64);
impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.state.release(&END_ONCE, [self.2, 0], self.1);
    }
}
