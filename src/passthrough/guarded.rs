//! Guarded commands over `parking_lot`: a word, a mutex, a condition variable and a loop.

use std::any::Any;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::op::{Args, Command, Site, State};

/// A blocking object.
#[derive(Debug)]
pub(crate) struct Guarded {
    state: Mutex<State>,
    changed: Condvar,
}

impl Guarded {
    /// Makes an object. Its kind and place are used by the checked form only.
    pub(crate) fn new(_kind: &'static str, state: State, _site: Site) -> Self {
        Guarded { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits until the command's guard holds and performs it; returns the state before.
    pub(crate) fn perform(&self, command: &'static Command, args: Args, site: Site) -> State {
        self.perform_and(command, args, site, |before| before)
    }

    /// Performs the first command; the second is used by the checked form only.
    pub(crate) fn perform_unless_in_vain(
        &self,
        (command, _): (&'static Command, &'static Command),
        args: Args,
        site: Site,
    ) -> State {
        self.perform(command, args, site)
    }

    /// Performs the first command; the second is used by the checked form only.
    pub(crate) fn perform_again(
        &self,
        (command, _): (&'static Command, &'static Command),
        args: Args,
        site: Site,
    ) -> State {
        self.perform(command, args, site)
    }

    /// Performs a command that releases something and has no result.
    pub(crate) fn release(&self, command: &'static Command, args: Args, site: Site) {
        self.perform(command, args, site);
    }

    /// Performs the command, and calls `and` with the state before, while no other command can be performed.
    pub(crate) fn perform_and<R>(
        &self,
        command: &'static Command,
        args: Args,
        _site: Site,
        and: impl FnOnce(State) -> R,
    ) -> R {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| !(command.guard)(*state, args));
        self.take_effect(&mut state, command, args, and)
    }

    /// Performs the first command if its guard holds within the time, and otherwise the second, whose
    /// guard always holds.
    pub(crate) fn perform_within<R>(
        &self,
        (command, attempt): (&'static Command, &'static Command),
        args: Args,
        timeout: Duration,
        site: Site,
        and: impl FnOnce(State) -> R,
    ) -> R {
        let Some(deadline) = Instant::now().checked_add(timeout) else {
            return self.perform_and(command, args, site, and);
        };
        let mut state = self.state.lock();
        let waits = |state: &mut State| !(command.guard)(*state, args);
        let result = self.changed.wait_while_until(&mut state, waits, deadline);
        self.take_effect(&mut state, if result.timed_out() { attempt } else { command }, args, and)
    }

    fn take_effect<R>(
        &self,
        state: &mut State,
        command: &'static Command,
        args: Args,
        and: impl FnOnce(State) -> R,
    ) -> R {
        let before = *state;
        *state = (command.effect)(before, args);
        if *state != before {
            self.changed.notify_all();
        }
        and(before)
    }
}

/// A nonzero number by which a lock identifies its owner.
pub(crate) use crate::owner::number as owner_key;

/// Does nothing: the panic of a task that is no longer awaited fails a check only.
pub(crate) fn panicked_unseen(_payload: &(dyn Any + Send)) {}

/// The clones that threads make of one result; a checker watches them.
#[derive(Debug, Default)]
pub(crate) struct Clones(());

impl Clones {
    /// The running thread clones the result.
    #[allow(clippy::unused_self)] // A checker keeps something here.
    pub(crate) fn make<R>(&self, clone: impl FnOnce() -> R) -> R {
        clone()
    }

    /// Two threads are about to clone at once, and wait for each other.
    pub(crate) fn meet() {}
}

/// Resumes unwinding unless the panic is the program's own; without a checker it always is.
pub(crate) fn let_cancellation_pass(payload: Box<dyn Any + Send>) -> Box<dyn Any + Send> {
    payload
}
