//! Guarded commands under loom: loom's mutex and condition variable, and a loop.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::backend::loom_crate as loom;
use crate::backend::loom_recorder::Recorded;
use crate::op::{Args, Command, Site, State};

/// The state is kept beside loom's mutex and not inside it, for threads that unwind: loom must not switch
/// threads then. Loom runs all threads on one, so the orderings do not matter.
#[derive(Debug)]
pub(super) struct OnLoom {
    recorded: Recorded,
    state: AtomicU64,
    mutex: loom::sync::Mutex<()>,
    changed: loom::sync::Condvar,
    /// The waiting threads, each with the command that it waits to perform.
    waiting: parking_lot::Mutex<Vec<(loom::thread::ThreadId, &'static Command, Args)>>,
}

impl OnLoom {
    /// Makes an object in loom's execution.
    pub(super) fn new(kind: &'static str, state: State, site: Site) -> Self {
        OnLoom {
            recorded: Recorded::new(kind, state, site),
            state: AtomicU64::new(state),
            mutex: loom::sync::Mutex::new(()),
            changed: loom::sync::Condvar::new(),
            waiting: parking_lot::Mutex::default(),
        }
    }

    /// The present state.
    pub(super) fn peek(&self) -> State {
        self.state.load(Relaxed)
    }

    /// Calls `and` with the state before, as part of the same step.
    pub(super) fn perform<R>(
        &self,
        command: &'static Command,
        args: Args,
        site: Site,
        and: impl FnOnce(State) -> R,
    ) -> R {
        if std::thread::panicking() {
            return and(self.perform_unwinding(command, args, site));
        }
        self.recorded.awaits(command, args, site);
        let mut held = self.mutex.lock().expect("loom's mutexes are not poisoned");
        while !(command.guard)(self.state.load(Relaxed), args) {
            let me = (loom::thread::current().id(), command, args);
            self.waiting.lock().push(me);
            held = self.changed.wait(held).expect("loom's mutexes are not poisoned");
            self.waiting.lock().retain(|(thread, ..)| *thread != me.0);
        }
        let before = self.take_effect(command, args, site);
        // A notification that enables no waiter would only add interleavings.
        if self.helps_somebody() {
            self.changed.notify_all();
        }
        and(before)
    }

    /// True if the guard of a waiting command holds now.
    fn helps_somebody(&self) -> bool {
        let state = self.state.load(Relaxed);
        self.waiting.lock().iter().any(|(_, command, args)| (command.guard)(state, *args))
    }

    fn take_effect(&self, command: &'static Command, args: Args, site: Site) -> State {
        let before = self.state.load(Relaxed);
        self.state.store((command.effect)(before, args), Relaxed);
        self.recorded.did(command, args, before, command.synchronization, site);
        before
    }

    /// A release by a destructor while its thread unwinds: part of the step before, as in the model backend.
    /// Its waiters cannot be woken, which is reported to the engine.
    #[cold]
    fn perform_unwinding(&self, command: &'static Command, args: Args, site: Site) -> State {
        let waits = !(command.guard)(self.state.load(Relaxed), args);
        let before = self.take_effect(command, args, site);
        if waits || self.helps_somebody() {
            crate::backend::loom::could_not_wake();
        }
        before
    }
}
