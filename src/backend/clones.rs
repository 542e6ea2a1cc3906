//! The clones that threads make of one result, which stays where it is.
//!
//! The program's `Clone` may perform operations, which is explored if one thread clones only. Natively the clones of
//! several threads exclude each other. A lock in the model would be a step of every program that reads a result, and
//! without a step a deadlock that contains this wait would be verified. So if two threads of one execution read the
//! result, and a clone performs operations, in either order, the check ends. Both facts are the same in all executions
//! of a trace, so it does not matter which of them is run.

use std::sync::{Mutex, PoisonError};

use crate::backend::loom_recorder;
use crate::backend::owner_key;
use crate::runtime::context::{self, Backend};

/// What the check says then.
pub(crate) const WHY: &str = "the result of a task performs operations when it is cloned, and several threads ask for \
    it, which is not explored: let the task return an Arc";

/// What is known of the clones of one result.
#[derive(Debug, Default)]
pub(crate) struct Clones(Mutex<Known>);

#[derive(Debug, Default, Clone, Copy)]
struct Known {
    /// The first thread that asked.
    asked: Option<u64>,
    /// Whether another one did.
    several: bool,
    /// Whether a clone performed an operation.
    acted: bool,
}

impl Clones {
    /// The running thread clones the result.
    pub(crate) fn make<R>(&self, clone: impl FnOnce() -> R) -> R {
        if context::backend() == Backend::Native {
            return clone();
        }
        let me = owner_key();
        self.learn(|known| known.several |= *known.asked.get_or_insert(me) != me);
        let before = steps();
        let cloned = clone();
        if steps() != before {
            self.learn(|known| known.acted = true);
        }
        cloned
    }

    /// Two threads are about to clone at once.
    pub(crate) fn meet() {
        if context::backend() != Backend::Native {
            context::no_room(WHY.to_owned());
        }
    }

    fn learn(&self, what: impl FnOnce(&mut Known)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        what(&mut known);
        let Known { several, acted, .. } = *known;
        drop(known);
        if several && acted {
            context::no_room(WHY.to_owned());
        }
    }
}

/// How many steps this execution has taken.
fn steps() -> usize {
    match context::backend() {
        Backend::Model => context::session(|session| session.execution.borrow().schedule.len()),
        Backend::Loom => loom_recorder::noted(),
        Backend::Native => 0,
    }
}
