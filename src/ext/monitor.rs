//! Monitors after Hoare (CACM 1974) and after Mesa (Lampson and Redell, CACM 1980).
//!
//! In Hoare's discipline a signal hands the monitor to a waiter at once, so what the signaller made true is
//! still true when the waiter goes on; the signaller waits for entry. In Mesa's a signal only lets a waiter
//! queue for entry again, so the waiter must check its condition once more. One word holds the entry, the
//! waiters of each condition and the signallers; which of several waiters goes on is unspecified.

pub(crate) mod commands;

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use crate::guarded::Guarded;
use crate::op::Site;
use commands::{
    ENTER, HAND_OVER, LEAVE, MAX_CONDITIONS, MOST, NOTIFY, NOTIFY_ALL, RESUME, RESUME_UNWOUND, TAKE_BACK,
    URGENT_MOST, WAIT, hands_over_too_often, hears, is_full, signals, waiters,
};

/// Which of the two disciplines a monitor follows.
///
/// # Examples
/// ```
/// use raddle::sync::{Condition, Discipline, Monitor};
/// let (mesa, hoare) = (Monitor::new(Discipline::Mesa, 1), Monitor::new(Discipline::Hoare, 2));
/// assert_eq!(*mesa.enter() + *hoare.enter(), 3);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discipline {
    /// A waiter that was signalled queues for entry: it must check its condition again.
    Mesa,
    /// A waiter that was signalled goes on at once: its condition holds.
    Hoare,
}

/// The number of a monitor's condition, 0 to 3.
///
/// # Examples
/// ```
/// use raddle::sync::{Condition, Discipline, Monitor};
/// const FILLED: Condition = Condition(0);
/// Monitor::new(Discipline::Mesa, ()).enter().signal(FILLED);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition(pub usize);

impl Condition {
    fn index(self) -> u64 {
        assert!(self.0 < MAX_CONDITIONS, "a monitor has {MAX_CONDITIONS} conditions");
        self.0 as u64
    }
}

/// Data that only one thread at a time can be inside of, and conditions to wait for there.
///
/// # Examples
/// ```
/// use raddle::sync::{Arc, Condition, Discipline, Monitor};
///
/// const READY: Condition = Condition(0);
/// let monitor = Arc::new(Monitor::new(Discipline::Hoare, 0));
/// let other = Arc::clone(&monitor);
/// let child = raddle::thread::spawn(move || {
///     let mut inside = other.enter();
///     *inside = 7;
///     inside.signal(READY);
/// });
/// let mut inside = monitor.enter();
/// if *inside == 0 {
///     inside.wait(READY);
/// }
/// assert_eq!(*inside, 7);
/// drop(inside);
/// child.join().unwrap();
/// ```
pub struct Monitor<T> {
    discipline: Discipline,
    state: Guarded,
    data: UnsafeCell<T>,
}

// SAFETY: a thread that accesses the data is inside the monitor, which one thread is at a time.
unsafe impl<T: Send> Send for Monitor<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Monitor<T> {}

/// Stands for being inside a monitor.
///
/// # Examples
/// ```
/// use raddle::sync::{Condition, Discipline, Monitor};
/// let monitor = Monitor::new(Discipline::Mesa, 1);
/// let mut inside = monitor.enter();
/// *inside += 1;
/// assert_eq!(*inside, 2);
/// ```
#[must_use = "if unused the monitor is left at once"]
pub struct MonitorGuard<'a, T> {
    monitor: &'a Monitor<T>,
    site: Site,
    not_send: PhantomData<*const ()>,
}

impl<T> Monitor<T> {
    /// A monitor without a thread inside.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Condition, Discipline, Monitor};
    /// assert_eq!(*Monitor::new(Discipline::Hoare, 7).enter(), 7);
    /// ```
    #[track_caller]
    pub fn new(discipline: Discipline, data: T) -> Self {
        let state = Guarded::new("Monitor", 0, Location::caller());
        Monitor { discipline, state, data: UnsafeCell::new(data) }
    }

    /// Waits until no thread is inside and enters.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Condition, Discipline, Monitor};
    /// let monitor = Monitor::new(Discipline::Mesa, 6);
    /// *monitor.enter() += 1;
    /// assert_eq!(*monitor.enter(), 7);
    /// ```
    #[track_caller]
    pub fn enter(&self) -> MonitorGuard<'_, T> {
        let site = Location::caller();
        self.state.perform(&ENTER, [0; 2], site);
        MonitorGuard { monitor: self, site, not_send: PhantomData }
    }
}

impl<T> MonitorGuard<'_, T> {
    /// Leaves the monitor, waits for the condition to be signalled, and enters again.
    ///
    /// # Panics
    /// If there is no such condition, or if 127 threads wait for it already.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Condition, Discipline, Monitor};
    /// use raddle::sync::Arc;
    /// let monitor = Arc::new(Monitor::new(Discipline::Mesa, 0));
    /// let other = Arc::clone(&monitor);
    /// let child = raddle::thread::spawn(move || {
    ///     let mut inside = other.enter();
    ///     *inside = 7;
    ///     inside.signal(Condition(0));
    /// });
    /// let mut inside = monitor.enter();
    /// while *inside == 0 {
    ///     inside.wait(Condition(0));
    /// }
    /// drop(inside);
    /// child.join().unwrap();
    /// ```
    #[track_caller]
    pub fn wait(&mut self, condition: Condition) {
        let (site, c) = (Location::caller(), condition.index());
        let hoare = u64::from(self.monitor.discipline == Discipline::Hoare);
        let before = self.monitor.state.perform(&WAIT, [c, 0], site);
        assert!(!is_full(before, c), "a condition of a monitor has room for {MOST} waiters");
        self.monitor.state.perform_again((&RESUME, &RESUME_UNWOUND), [c, hoare], site);
    }

    /// Lets one waiter of the condition go on; which one is unspecified.
    ///
    /// # Panics
    /// If there is no such condition, or if a waiter would have the monitor while 63 threads have signalled
    /// and wait to go on.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Condition, Discipline, Monitor};
    /// Monitor::new(Discipline::Hoare, ()).enter().signal(Condition(0));
    /// ```
    #[track_caller]
    pub fn signal(&mut self, condition: Condition) {
        let (site, c) = (Location::caller(), condition.index());
        match self.monitor.discipline {
            Discipline::Mesa => _ = self.monitor.state.perform(&NOTIFY, [c, 0], site),
            Discipline::Hoare => _ = self.hand_over(c, site),
        }
    }

    /// Lets as many threads go on as wait for the condition now, one after the other. One that waits for it again
    /// meanwhile is a waiter like the others: which of them go on is open.
    ///
    /// # Panics
    /// As [`signal`](Self::signal).
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Condition, Discipline, Monitor};
    /// Monitor::new(Discipline::Mesa, ()).enter().signal_all(Condition(0));
    /// ```
    #[track_caller]
    pub fn signal_all(&mut self, condition: Condition) {
        let (site, c) = (Location::caller(), condition.index());
        match self.monitor.discipline {
            Discipline::Mesa => _ = self.monitor.state.perform(&NOTIFY_ALL, [c, 0], site),
            Discipline::Hoare => {
                let waiting = self.hand_over(c, site);
                let mut left = waiting.saturating_sub(1);
                while left > 0 && self.hand_over(c, site) > 0 {
                    left -= 1;
                }
            }
        }
    }

    /// Hands the monitor to a waiter, if there is one, and waits to have it back; returns how many waiters there
    /// were.
    fn hand_over(&mut self, c: u64, site: Site) -> u64 {
        let before = self.monitor.state.perform(&HAND_OVER, [c, 0], site);
        assert!(
            !hands_over_too_often(before, c),
            "a monitor has room for {URGENT_MOST} threads that have signalled and wait to go on"
        );
        let handed = hears(before, c);
        let back = (&TAKE_BACK, &TAKE_BACK);
        self.monitor.state.perform_again(back, [c, u64::from(handed)], site);
        waiters(before, c) - signals(before, c)
    }
}

impl<T> Drop for MonitorGuard<'_, T> {
    fn drop(&mut self) {
        self.monitor.state.release(&LEAVE, [0; 2], self.site);
    }
}

impl<T> Deref for MonitorGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard stands for being inside, so no other thread has access.
        unsafe { &*self.monitor.data.get() }
    }
}

impl<T> DerefMut for MonitorGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and this guard is borrowed exclusively.
        unsafe { &mut *self.monitor.data.get() }
    }
}

impl<T> fmt::Debug for Monitor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("discipline", &self.discipline).finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for MonitorGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
