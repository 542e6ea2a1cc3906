//! Guarded commands in all arms: the ground on which every blocking primitive stands.
//!
//! A blocking object is one word and a table of commands: `when(permits > 0, permits - 1)`. In the
//! Model arm a command is one visible operation that is enabled when its guard holds. Natively and
//! under loom the same table is run by a mutex, a condition variable and a loop.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::engine::native::{self, GLANCE};
use crate::op::{Args, Command, Site, State};
use crate::rt::context::{self, Arm};
use crate::rt::object::{ModelObject, check_arm};

/// A blocking object.
#[derive(Debug)]
pub(crate) struct Guarded {
    kind: &'static str,
    site: Site,
    of: Of,
}

#[derive(Debug)]
enum Of {
    Native(Box<(parking_lot::Mutex<State>, parking_lot::Condvar)>),
    Loom(Box<OnLoom>),
    Model(ModelObject),
}

/// The state stands beside loom's mutex rather than inside it, for a thread that unwinds: there loom
/// must not be asked to switch. Loom runs all threads on one, so the orderings do not matter.
#[derive(Debug)]
struct OnLoom {
    state: AtomicU64,
    mutex: loom::sync::Mutex<()>,
    changed: loom::sync::Condvar,
    /// Who waits, and for what.
    waiting: parking_lot::Mutex<Vec<(loom::thread::ThreadId, &'static Command, Args)>>,
}

impl Guarded {
    /// Makes an object in the arm of the calling thread.
    pub(crate) fn new(kind: &'static str, state: State, site: Site) -> Self {
        let of = match context::arm() {
            Arm::Native => {
                Of::Native(Box::new((parking_lot::Mutex::new(state), parking_lot::Condvar::new())))
            }
            Arm::Loom => Of::Loom(Box::new(OnLoom {
                state: AtomicU64::new(state),
                mutex: loom::sync::Mutex::new(()),
                changed: loom::sync::Condvar::new(),
                waiting: parking_lot::Mutex::default(),
            })),
            Arm::Model => Of::Model(ModelObject::new(kind, state, site)),
        };
        Guarded { kind, site, of }
    }

    /// Waits until the command's guard holds and performs it; the state before.
    pub(crate) fn perform(&self, command: &'static Command, args: Args, site: Site) -> State {
        match &self.of {
            Of::Model(object) => object.perform(command, args, command.publish, site),
            Of::Native(native) => {
                check_arm(Arm::Native, self.site, site);
                self.perform_natively(native, command, args, site)
            }
            Of::Loom(loom) => {
                check_arm(Arm::Loom, self.site, site);
                loom.perform(command, args, |before| before)
            }
        }
    }

    fn perform_natively(
        &self,
        (state, changed): &(parking_lot::Mutex<State>, parking_lot::Condvar),
        command: &'static Command,
        args: Args,
        site: Site,
    ) -> State {
        let run = context::native_run();
        let mut ticket = None;
        let mut state = state.lock();
        loop {
            let seen = run.as_ref().map(|run| run.seen());
            if (command.guard)(*state, args) {
                break;
            }
            match (&run, seen) {
                (Some(run), Some(seen)) => {
                    let waits_for = || {
                        format!("{} waits in {} at {}:{}", self.kind, command.name, site.file(), site.line())
                    };
                    run.looked_in_vain(&mut ticket, seen, &waits_for());
                    if run.cancelled() {
                        run.looked_with_success(ticket);
                        drop(state);
                        native::leave_if_cancelled(run);
                        // Unwinding already: the destructor that waits goes on as if it had not to.
                        return 0;
                    }
                    changed.wait_for(&mut state, GLANCE);
                }
                _ => changed.wait(&mut state),
            }
        }
        let before = *state;
        *state = (command.effect)(before, args);
        if *state != before {
            changed.notify_all();
            if let Some(run) = &run {
                run.progress();
            }
        }
        if let Some(run) = &run {
            run.looked_with_success(ticket);
        }
        before
    }
}

impl OnLoom {
    /// Calls `and` with the state before, as part of the same step.
    fn perform<R>(&self, command: &'static Command, args: Args, and: impl FnOnce(State) -> R) -> R {
        if std::thread::panicking() {
            return and(self.perform_unwinding(command, args));
        }
        let mut held = self.mutex.lock().expect("loom's mutexes are not poisoned");
        while !(command.guard)(self.state.load(Relaxed), args) {
            let me = (loom::thread::current().id(), command, args);
            self.waiting.lock().push(me);
            held = self.changed.wait(held).expect("loom's mutexes are not poisoned");
            self.waiting.lock().retain(|(thread, ..)| *thread != me.0);
        }
        let before = self.take_effect(command, args);
        // A notification that helps nobody would only be one more thing to interleave.
        if self.helps_somebody() {
            self.changed.notify_all();
        }
        and(before)
    }

    /// Whether somebody waits for what has now come about.
    fn helps_somebody(&self) -> bool {
        let state = self.state.load(Relaxed);
        self.waiting.lock().iter().any(|(_, command, args)| (command.guard)(state, *args))
    }

    fn take_effect(&self, command: &'static Command, args: Args) -> State {
        let before = self.state.load(Relaxed);
        self.state.store((command.effect)(before, args), Relaxed);
        before
    }

    /// A destructor that runs while its thread unwinds: part of the step before, as in the Model arm.
    /// Whoever waits for it cannot be woken, which the engine is told.
    #[cold]
    fn perform_unwinding(&self, command: &'static Command, args: Args) -> State {
        let waits = !(command.guard)(self.state.load(Relaxed), args);
        let before = self.take_effect(command, args);
        if waits || self.helps_somebody() {
            crate::engine::loom::could_not_wake();
        }
        before
    }
}
