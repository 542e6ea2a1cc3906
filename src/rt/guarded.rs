//! Guarded commands in all arms: the ground on which every blocking primitive stands.
//!
//! A blocking object is one word and a table of commands: `when(permits > 0, permits - 1)`. In the
//! Model arm a command is one visible operation that is enabled when its guard holds. Natively and
//! under loom the same table is run by a mutex, a condition variable and a loop.

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
    Loom(Box<(loom::sync::Mutex<State>, loom::sync::Condvar)>),
    Model(ModelObject),
}

impl Guarded {
    /// Makes an object in the arm of the calling thread.
    pub(crate) fn new(kind: &'static str, state: State, site: Site) -> Self {
        let of = match context::arm() {
            Arm::Native => {
                Of::Native(Box::new((parking_lot::Mutex::new(state), parking_lot::Condvar::new())))
            }
            Arm::Loom => Of::Loom(Box::new((loom::sync::Mutex::new(state), loom::sync::Condvar::new()))),
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
                let (state, changed) = &**loom;
                let mut state = state.lock().expect("loom's mutexes are not poisoned");
                while !(command.guard)(*state, args) {
                    state = changed.wait(state).expect("loom's mutexes are not poisoned");
                }
                let before = *state;
                *state = (command.effect)(before, args);
                if *state != before {
                    changed.notify_all();
                }
                before
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
