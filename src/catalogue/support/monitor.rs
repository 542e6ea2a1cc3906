//! A monitor with one condition, in both disciplines.
//!
//! They differ in which thread runs after a signal. In Hoare's (1974) the signaller blocks and hands the
//! monitor to the waiter, so what it signalled still holds. In Mesa's (Lampson and Redell, 1980), which
//! is what Python, Java, POSIX and Rust have, the signaller keeps the monitor and the waiter has to enter
//! again like any other thread. Neither has spurious wakeups, unlike the [`crate::sync::Condvar`] that
//! they are made of: signals are counted, so that a failure can only come from the discipline.

use crate::sync::{Condvar, Mutex, MutexGuard};

/// Which thread runs after a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::catalogue) enum Discipline {
    /// The waiter, at once.
    Hoare,
    /// The signaller; the waiter has to queue for entry again.
    Mesa,
}

/// Data under mutual exclusion, and a condition to wait for.
pub(in crate::catalogue) struct Monitor<T> {
    discipline: Discipline,
    state: Mutex<State<T>>,
    /// Threads that wait for a signal.
    signalled: Condvar,
    /// Threads that wait for entry, and signallers that wait, while the monitor is handed over.
    handed_over: Condvar,
}

struct State<T> {
    data: T,
    waiting: usize,
    /// Signals that were given and that no waiter has taken yet.
    signals: usize,
    /// A waiter has been handed the monitor, and has not left it yet.
    handing_over: bool,
}

/// The right to access the data; leaves the monitor when dropped.
pub(in crate::catalogue) struct Inside<'a, T> {
    monitor: &'a Monitor<T>,
    state: Option<MutexGuard<'a, State<T>>>,
    /// Whether a signaller waits until this thread leaves.
    by_hand: bool,
}

impl<T> Monitor<T> {
    pub(in crate::catalogue) fn new(discipline: Discipline, data: T) -> Self {
        Monitor {
            discipline,
            state: Mutex::new(State { data, waiting: 0, signals: 0, handing_over: false }),
            signalled: Condvar::new(),
            handed_over: Condvar::new(),
        }
    }

    /// Waits for entry.
    pub(in crate::catalogue) fn enter(&self) -> Inside<'_, T> {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut inside = Inside { monitor: self, state: Some(state), by_hand: false };
        inside.wait_on(&self.handed_over, |state| state.handing_over);
        inside
    }
}

impl<T> Inside<'_, T> {
    /// The data.
    pub(in crate::catalogue) fn data(&mut self) -> &mut T {
        &mut self.state().data
    }

    /// Leaves the monitor until a signal.
    pub(in crate::catalogue) fn wait(&mut self) {
        self.state().waiting += 1;
        self.hand_back();
        self.wait_on(&self.monitor.signalled, |state| state.signals == 0);
        self.state().signals -= 1;
        self.by_hand = self.monitor.discipline == Discipline::Hoare;
    }

    /// Wakes one waiter, if there is one.
    pub(in crate::catalogue) fn signal(&mut self) {
        if self.state().waiting == 0 {
            return;
        }
        self.state().waiting -= 1;
        self.state().signals += 1;
        self.monitor.signalled.notify_one();
        if self.monitor.discipline == Discipline::Hoare {
            self.state().handing_over = true;
            self.wait_on(&self.monitor.handed_over, |state| state.handing_over);
        }
    }

    fn state(&mut self) -> &mut State<T> {
        self.state.as_mut().expect("it is given up only within a wait")
    }

    fn wait_on(&mut self, condvar: &Condvar, wait: fn(&mut State<T>) -> bool) {
        let state = self.state.take().expect("it is given up only within a wait");
        let state = condvar.wait_while(state, wait);
        self.state = Some(state.unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// Lets the waiting threads continue, if the monitor was handed over to this thread.
    fn hand_back(&mut self) {
        if std::mem::take(&mut self.by_hand) {
            self.state().handing_over = false;
            self.monitor.handed_over.notify_all();
        }
    }
}

impl<T> Drop for Inside<'_, T> {
    fn drop(&mut self) {
        if self.state.is_some() {
            self.hand_back();
        }
    }
}
