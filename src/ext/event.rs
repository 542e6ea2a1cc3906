//! An event: a flag that threads wait for, as Python's `threading.Event`.

use std::panic::Location;
use std::time::Duration;

use super::commands::{CLEAR, IS_SET, SET, WAIT};
use crate::guarded::Guarded;

/// A flag that threads wait for until another sets it.
///
/// # Examples
/// ```
/// use raddle::sync::{Arc, Event};
///
/// let ready = Arc::new(Event::new());
/// let other = Arc::clone(&ready);
/// let child = raddle::thread::spawn(move || other.set());
/// ready.wait();
/// assert!(ready.is_set());
/// child.join().unwrap();
/// ```
#[derive(Debug)]
pub struct Event {
    set: Guarded,
}

impl Event {
    /// An event that is not set.
    ///
    /// # Examples
    /// ```
    /// let event = raddle::sync::Event::new();
    /// assert!(!event.is_set());
    /// ```
    #[track_caller]
    #[must_use]
    #[allow(clippy::new_without_default)] // An object belongs to the place that makes it.
    pub fn new() -> Self {
        Event { set: Guarded::new("Event", 0, Location::caller()) }
    }

    /// Sets the event and wakes all threads that wait for it.
    ///
    /// # Examples
    /// ```
    /// let event = raddle::sync::Event::new();
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    #[track_caller]
    pub fn set(&self) {
        self.set.perform(&SET, [0; 2], Location::caller());
    }

    /// Clears the event, so that later waits block.
    ///
    /// # Examples
    /// ```
    /// let event = raddle::sync::Event::new();
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set());
    /// ```
    #[track_caller]
    pub fn clear(&self) {
        self.set.perform(&CLEAR, [0; 2], Location::caller());
    }

    /// Whether the event is set.
    ///
    /// # Examples
    /// ```
    /// let event = raddle::sync::Event::new();
    /// assert!(!event.is_set());
    /// ```
    #[track_caller]
    pub fn is_set(&self) -> bool {
        self.set.perform(&IS_SET, [0; 2], Location::caller()) == 1
    }

    /// Waits until the event is set.
    ///
    /// # Examples
    /// ```
    /// let event = raddle::sync::Event::new();
    /// event.set();
    /// event.wait();
    /// ```
    #[track_caller]
    pub fn wait(&self) {
        self.set.perform(&WAIT, [0; 2], Location::caller());
    }

    /// Waits until the event is set, for no longer than `timeout`; returns whether it is set.
    ///
    /// # Examples
    /// ```
    /// let event = raddle::sync::Event::new();
    /// assert!(!event.wait_timeout(std::time::Duration::from_millis(1)));
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.set.perform_within((&WAIT, &IS_SET), [0; 2], timeout, Location::caller(), |set| set == 1)
    }
}
