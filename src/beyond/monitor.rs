//! Monitors after Hoare (CACM 1974) and after Mesa (Lampson and Redell, CACM 1980).
//!
//! In Hoare's discipline a signal hands the monitor to a waiter at once, so what the signaller made
//! true is still true when the waiter goes on; the signaller waits in front of the door. In Mesa's a
//! signal only lets a waiter queue for the door again, so it must look once more. One word holds the
//! door, the waiters of each condition and the signallers; which of several waiters goes on is open.

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use crate::guarded::Guarded;
use crate::op::{Access, Args, Command, Publish, Role, Site, State, always, plain, writes};

/// Somebody is inside, or the monitor is being handed over.
const BUSY: State = 1;
/// The monitor was handed back to a signaller.
const HANDED_BACK: State = 1 << 1;
/// How many signallers wait, 6 bits.
const URGENT: u32 = 2;
const URGENT_MOST: u64 = (1 << 6) - 1;
/// The waiters of the first condition, 7 bits, and after them its signals, 7 bits.
const CONDITIONS: u32 = 8;
const WIDTH: u32 = 7;
/// The most waiters of one condition.
const MOST: u64 = (1 << WIDTH) - 1;

/// The most conditions that one monitor has.
const MAX_CONDITIONS: usize = 4;

fn urgent(state: State) -> u64 {
    state >> URGENT & URGENT_MOST
}

/// One waiter more of condition `c`, as a summand of the word.
fn waiter(c: u64) -> State {
    1 << (u64::from(CONDITIONS) + 2 * u64::from(WIDTH) * c)
}

/// One signal more to condition `c`.
fn signal(c: u64) -> State {
    waiter(c) << WIDTH
}

fn waiters(state: State, c: u64) -> u64 {
    (state / waiter(c)) & MOST
}

fn signals(state: State, c: u64) -> u64 {
    (state / signal(c)) & MOST
}

/// Whether one more waiter would not be counted. Then the attempt changes nothing, and its caller panics.
fn is_full(state: State, c: u64) -> bool {
    waiters(state, c) == MOST
}

/// Whether a signal that hands the monitor over would not be counted.
fn hands_over_too_often(state: State, c: u64) -> bool {
    hears(state, c) && urgent(state) == URGENT_MOST
}

/// Whoever leaves the door gives it to a signaller first.
fn leave(state: State) -> State {
    if urgent(state) > 0 { state | HANDED_BACK } else { state & !BUSY }
}

static ENTER: Command = Command {
    name: "enter",
    role: Role::Acquire,
    guard: |s, _| s & BUSY == 0,
    effect: |s, _| s | BUSY,
    access: writes,
    publish: Publish::Acquire,
    show: plain,
};

static LEAVE: Command = Command {
    name: "leave",
    role: Role::Release,
    guard: always,
    effect: |s, _| leave(s),
    access: writes,
    publish: Publish::Release,
    show: plain,
};

/// Waits for the condition in the first operand: lets others in.
static WAIT: Command = Command {
    name: "wait",
    role: Role::Release,
    guard: always,
    effect: |s, [c, _]| if is_full(s, c) { s } else { leave(s + waiter(c)) },
    access: writes,
    publish: Publish::Release,
    show: |_, [c, _]| format!("(condition {c})"),
};

/// Goes on after a wait. In Hoare's discipline, the second operand 1, the signaller has left the
/// monitor to the waiter; in Mesa's the waiter needs the door to be free.
static RESUME: Command = Command {
    name: "wait",
    role: Role::Acquire,
    guard: |s, [c, hoare]| signals(s, c) > 0 && (hoare == 1 || s & BUSY == 0),
    effect: |s, [c, _]| (s | BUSY) - waiter(c) - signal(c),
    access: writes,
    publish: Publish::Acquire,
    show: |_, [c, _]| format!("(condition {c}) goes on"),
};

/// Goes on after a wait in which the thread is unwound: as above if it was signalled, and else through the door.
static RESUME_UNWOUND: Command = Command {
    guard: |s, args| (RESUME.guard)(s, args) || s & BUSY == 0,
    effect: |s, args| {
        if (RESUME.guard)(s, args) { (RESUME.effect)(s, args) } else { (s | BUSY) - waiter(args[0]) }
    },
    ..RESUME
};

fn hears(state: State, c: u64) -> bool {
    waiters(state, c) > signals(state, c)
}

fn signal_access(state: State, [c, _]: Args) -> Access {
    if hears(state, c) { Access::WRITE } else { Access::READ }
}

/// Mesa's signal to one waiter.
static NOTIFY: Command = Command {
    name: "signal",
    role: Role::Signal,
    guard: always,
    effect: |s, [c, _]| if hears(s, c) { s + signal(c) } else { s },
    access: signal_access,
    publish: Publish::Nothing,
    show: |_, [c, _]| format!("(condition {c})"),
};

/// Mesa's signal to all waiters.
static NOTIFY_ALL: Command = Command {
    name: "signal_all",
    role: Role::Signal,
    guard: always,
    effect: |s, [c, _]| s + (waiters(s, c) - signals(s, c)) * signal(c),
    access: signal_access,
    publish: Publish::Nothing,
    show: |_, [c, _]| format!("(condition {c})"),
};

/// Hoare's signal: the monitor goes to a waiter, if there is one.
static HAND_OVER: Command = Command {
    name: "signal",
    role: Role::Release,
    guard: always,
    effect: |s, [c, _]| {
        let heard = hears(s, c) && !hands_over_too_often(s, c);
        if heard { s + signal(c) + (1 << URGENT) } else { s }
    },
    access: signal_access,
    publish: Publish::Release,
    show: |_, [c, _]| format!("(condition {c})"),
};

/// The signaller goes on; the second operand says whether it had handed the monitor over at all.
static TAKE_BACK: Command = Command {
    name: "signal",
    role: Role::Acquire,
    guard: |s, [_, handed]| handed == 0 || s & HANDED_BACK != 0,
    effect: |s, [_, handed]| if handed == 0 { s } else { (s & !HANDED_BACK) - (1 << URGENT) },
    access: writes,
    publish: Publish::Acquire,
    show: |_, [c, _]| format!("(condition {c}) goes on"),
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
    /// A waiter that was signalled queues for the door: it must check its condition again.
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

/// Data that one thread at a time is inside of, and conditions to wait for there.
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

// SAFETY: whoever gets at the data is inside the monitor, which one thread is at a time.
unsafe impl<T: Send> Send for Monitor<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Monitor<T> {}

/// Being inside a monitor.
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
    /// A monitor that nobody is inside of.
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

    /// Waits until nobody is inside and enters.
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
    /// Leaves the monitor, waits for the condition to be signalled, and is inside again.
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

    /// Lets one waiter of the condition go on; which one is open.
    ///
    /// # Panics
    /// If there is no such condition, or if a waiter would have the monitor while 63 threads have signalled and
    /// wait to go on.
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

    /// Lets every waiter of the condition go on, one after the other.
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
            Discipline::Hoare => while self.hand_over(c, site) {},
        }
    }

    /// Hands the monitor to a waiter, if there is one, and waits to have it back; whether there was.
    fn hand_over(&mut self, c: u64, site: Site) -> bool {
        let before = self.monitor.state.perform(&HAND_OVER, [c, 0], site);
        assert!(
            !hands_over_too_often(before, c),
            "a monitor has room for {URGENT_MOST} threads that have signalled and wait to go on"
        );
        let handed = hears(before, c);
        let back = (&TAKE_BACK, &TAKE_BACK);
        self.monitor.state.perform_again(back, [c, u64::from(handed)], site);
        handed
    }
}

impl<T> Drop for MonitorGuard<'_, T> {
    fn drop(&mut self) {
        self.monitor.state.give_back(&LEAVE, [0; 2], self.site);
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

#[cfg(all(test, feature = "check"))]
pub(crate) mod families;
