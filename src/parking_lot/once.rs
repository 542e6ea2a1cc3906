//! `parking_lot::Once`.

use super::OnceState;
use crate::sync;
use std::fmt;

/// Runs something once, in the first thread that calls it; see [`::parking_lot::Once`].
///
/// # Examples
/// ```
/// let once = raddle::parking_lot::Once::new();
/// let mut n = 0;
/// once.call_once(|| n += 1);
/// once.call_once(|| n += 1);
/// assert_eq!(n, 1);
/// ```
pub struct Once(sync::Once);

impl fmt::Debug for Once {
    /// As std's: what it holds differs from one execution to the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl Once {
    /// One that has not run anything.
    ///
    /// # Examples
    /// ```
    /// assert!(!raddle::parking_lot::Once::new().state().done());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        Once(sync::Once::new())
    }

    /// Runs the closure unless one has run; waits for one that is running.
    ///
    /// # Panics
    /// If an earlier closure panicked.
    ///
    /// # Examples
    /// ```
    /// let once = raddle::parking_lot::Once::new();
    /// once.call_once(|| ());
    /// assert!(once.state().done());
    /// ```
    #[track_caller]
    pub fn call_once<F: FnOnce()>(&self, f: F) {
        self.0.call_once(f);
    }

    /// Like [`call_once`](Self::call_once), but runs also if an earlier closure panicked.
    ///
    /// # Examples
    /// ```
    /// raddle::parking_lot::Once::new().call_once_force(|state| assert!(!state.poisoned()));
    /// ```
    #[track_caller]
    pub fn call_once_force<F: FnOnce(OnceState)>(&self, f: F) {
        self.0.call_once_force(|state| {
            f(if state.is_poisoned() { OnceState::Poisoned } else { OnceState::New });
        });
    }

    /// Its state.
    ///
    /// # Examples
    /// ```
    /// assert!(!raddle::parking_lot::Once::new().state().done());
    /// ```
    #[track_caller]
    pub fn state(&self) -> OnceState {
        self.0.state()
    }
}

impl Default for Once {
    #[track_caller]
    fn default() -> Self {
        Once::new()
    }
}
