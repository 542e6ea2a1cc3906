//! A slot for one waker between a task and the threads that wake it, as `futures::task::AtomicWaker`.

use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

use crate::guarded::Guarded;
use crate::op::{Access, Command, Role, Synchronization, always, plain, writes};

static REGISTER: Command = Command {
    name: "register",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: writes,
    synchronization: Synchronization::AcqRel,
    show: plain,
};

/// Takes the waker out. Even without one it acquires and releases, as the futures crate's does, so it
/// commutes with nothing.
static TAKE: Command = Command {
    name: "take",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 0,
    access: |_, _| Access::WRITE,
    synchronization: Synchronization::AcqRel,
    show: |there, _| if there == 1 { "() → a waker" } else { "() → none" }.to_owned(),
};

/// A waker that one task registers and others wake.
///
/// # Examples
/// ```
/// use std::task::Waker;
/// let waker = raddle::future::AtomicWaker::new();
/// waker.register(Waker::noop());
/// assert!(waker.take().is_some() && waker.take().is_none());
/// ```
#[derive(Debug)]
pub struct AtomicWaker {
    state: Guarded,
    waker: Mutex<Option<Waker>>,
}

impl AtomicWaker {
    /// A slot without a waker.
    ///
    /// # Examples
    /// ```
    /// let waker = raddle::future::AtomicWaker::new();
    /// assert!(waker.take().is_none());
    /// ```
    #[track_caller]
    #[must_use]
    #[allow(clippy::new_without_default)] // An object belongs to the place that makes it.
    pub fn new() -> Self {
        let state = Guarded::new("AtomicWaker", 0, Location::caller());
        AtomicWaker { state, waker: Mutex::new(None) }
    }

    fn exchange(&self, waker: Option<Waker>) -> Option<Waker> {
        std::mem::replace(&mut *self.waker.lock().unwrap_or_else(PoisonError::into_inner), waker)
    }

    /// Registers a waker, in place of the previous one.
    ///
    /// # Examples
    /// ```
    /// let waker = raddle::future::AtomicWaker::new();
    /// waker.register(std::task::Waker::noop());
    /// assert!(waker.take().is_some());
    /// ```
    #[track_caller]
    pub fn register(&self, waker: &Waker) {
        let waker = waker.clone();
        let before =
            self.state.perform_and(&REGISTER, [0; 2], Location::caller(), |_| self.exchange(Some(waker)));
        drop(before);
    }

    /// Wakes the registered waker, if there is one, and takes it out.
    ///
    /// # Examples
    /// ```
    /// raddle::future::AtomicWaker::new().wake();
    /// ```
    #[track_caller]
    pub fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }

    /// Takes the waker out.
    ///
    /// # Examples
    /// ```
    /// let waker = raddle::future::AtomicWaker::new();
    /// waker.register(std::task::Waker::noop());
    /// assert!(waker.take().is_some() && waker.take().is_none());
    /// ```
    #[track_caller]
    pub fn take(&self) -> Option<Waker> {
        self.state.perform_and(&TAKE, [0; 2], Location::caller(), |_| self.exchange(None))
    }
}

/// The commands above as a family.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    vec![Family::new("atomic waker", 0, [offer!(REGISTER), offer!(TAKE)])]
}
