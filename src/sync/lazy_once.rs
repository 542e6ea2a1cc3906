//! The state of a lazy value: a once, and in a model two bits of a word.
//!
//! A lazy value is named by the source line that makes it, and exists for an execution from its first use on.
//! A line may make several, such as those of an array. Which of them is used first depends on the schedule,
//! and there is no stable name for each: `new` is `const`, so no thread makes them, and the address of one
//! that is not a static differs from execution to execution. So those of one line are one object, whose word
//! has two bits for each in the order of their first use. That order may differ between equivalent
//! executions; but engines compare of such executions only which object a step accesses and how, and that is
//! the same. The price is that the beginnings and ends of their initializers count as dependent.
//!
//! The clock that an initializer publishes is kept beside each value, so that only the users of that value
//! acquire it.

use std::sync::{Mutex, PoisonError};

use super::Once;
use super::commands::once;
use crate::backend::guarded::Guarded;
use crate::op::{
    Access, Args, Command, Role, Site, State, Synchronization, always, reads, unchanged, writes,
};
use crate::runtime::context::{self, Backend};
use crate::runtime::object::ModelObject;
use crate::runtime::race_detector::Handed;

/// How many bits the state of a once has.
const WIDTH: u64 = 2;
/// The most values of one line.
const MOST: u64 = State::BITS as u64 / WIDTH;

/// The state of the value whose index is the second operand.
fn of(state: State, [_, place]: Args) -> u64 {
    state >> (WIDTH * place) & ((1 << WIDTH) - 1)
}

/// The word with another state of that value.
fn with(state: State, args: Args, now: u64) -> State {
    state ^ (of(state, args) ^ now) << (WIDTH * args[1])
}

/// Begins to make a value, or returns that it is made.
pub(super) static BEGIN: Command = Command {
    name: "call_once",
    role: Role::Await,
    guard: |state, args| of(state, args) != once::RUNNING,
    effect: |state, args| {
        if of(state, args) == once::NEW { with(state, args, once::RUNNING) } else { state }
    },
    access: |state, args| if of(state, args) == once::DONE { Access::READ } else { Access::WRITE },
    synchronization: Synchronization::Nothing,
    show: |state, args| {
        if of(state, args) == once::DONE { "() is done already" } else { "() begins" }.to_owned()
    },
};

/// Ends it, with the state in the first operand.
pub(super) static END: Command = Command {
    name: "call_once",
    role: Role::Release,
    guard: always,
    effect: |state, args| with(state, args, args[0]),
    access: writes,
    synchronization: Synchronization::Nothing,
    show: |_, [end, _]| if end == once::DONE { "() ends" } else { "() is poisoned" }.to_owned(),
};

/// Reads whether it is made.
pub(super) static IS_DONE: Command = Command {
    name: "is_completed",
    role: Role::Signal,
    guard: always,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Nothing,
    show: |state, args| format!("() → {}", of(state, args) == once::DONE),
};

/// The commands above as a family: two values of one line, and for each its maker.
#[cfg(test)]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, Seat, Step, offer};

    let makes = |step: &Step| {
        let [before, after] = [step.before, step.after].map(|state| of(state, step.args));
        let begins = before != once::RUNNING && after == once::RUNNING;
        if begins { step.hold | 1 << step.args[1] } else { step.hold }
    };
    let made = |step: &Step| step.hold & !(1 << step.args[1]);
    let runs = |seat: &Seat| seat.hold >> seat.fixed[1] & 1 == 1;
    let idle = |seat: &Seat| seat.hold >> seat.fixed[1] & 1 == 0;
    let offers = [0, 1].into_iter().flat_map(|place| {
        [
            offer!(BEGIN).with([0, place]).when(idle).then(makes),
            offer!(END).with([once::DONE, place]).when(runs).then(made),
            offer!(END).with([once::POISONED, place]).when(runs).then(made),
            offer!(IS_DONE).with([0, place]),
        ]
    });
    vec![Family::new("lazy values of one line", 0, offers.collect::<Vec<_>>())]
}

/// The state of one lazy value in one execution.
#[derive(Debug)]
pub(super) enum LazyOnce {
    /// Outside the model backend.
    Alone(Once),
    /// With others of the same line, in one word.
    Among {
        word: Guarded,
        place: u64,
        /// The clock of the thread that made the value.
        handed: Mutex<Option<Handed>>,
    },
}

impl LazyOnce {
    /// The state of a value that the line `site` makes, on its first use.
    pub(super) fn new(site: Site) -> Self {
        if context::backend() != Backend::Model {
            return LazyOnce::Alone(Once::of_lazy_value(site));
        }
        let (object, place) = ModelObject::declared("LazyLock", once::NEW, site);
        if place as u64 >= MOST {
            context::no_room(format!(
                "raddle has room for {MOST} lazy values that {}:{} makes in one execution",
                site.file(),
                site.line()
            ));
        }
        let word = Guarded::of_model("LazyLock", object, site);
        LazyOnce::Among { word, place: place as u64, handed: Mutex::default() }
    }

    /// Runs the closure unless one has run; waits for one that is running.
    #[track_caller]
    pub(super) fn call_once(&self, f: impl FnOnce()) {
        let (word, place) = match self {
            LazyOnce::Alone(once) => return once.call_once(f),
            LazyOnce::Among { word, place, .. } => (word, *place),
        };
        let (site, args) = (std::panic::Location::caller(), [0, place]);
        let before = word.perform_and(&BEGIN, args, site, |before| self.learns(of(before, args)));
        match before {
            once::DONE => return,
            once::POISONED => panic!("LazyLock instance has previously been poisoned"),
            _ => {}
        }
        let mut end = End(self, site, once::POISONED);
        f();
        end.2 = once::DONE;
    }

    /// Whether a closure has run to its end.
    #[track_caller]
    pub(super) fn is_completed(&self) -> bool {
        match self {
            LazyOnce::Alone(once) => once.is_completed(),
            LazyOnce::Among { word, place, .. } => {
                let (site, args) = (std::panic::Location::caller(), [0, *place]);
                word.perform_and(&IS_DONE, args, site, |before| self.learns(of(before, args))) == once::DONE
            }
        }
    }

    /// The running thread finds the value in this state, and acquires its maker's clock.
    fn learns(&self, state: u64) -> u64 {
        if let (LazyOnce::Among { word, handed, .. }, once::DONE) = (self, state) {
            word.take(*handed.lock().unwrap_or_else(PoisonError::into_inner));
        }
        state
    }
}

/// Stores how the closure ended when dropped, also by a panic.
struct End<'a>(&'a LazyOnce, Site, u64);

impl Drop for End<'_> {
    fn drop(&mut self) {
        if let LazyOnce::Among { word, place, handed } = self.0 {
            // No other thread reads this before the state is that of a finished value.
            *handed.lock().unwrap_or_else(PoisonError::into_inner) = word.hand_over();
            word.release(&END, [self.2, *place], self.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_a_state_of_its_own() {
        let mut state = 0;
        for place in 0..MOST {
            state = (BEGIN.effect)(state, [0, place]);
            assert_eq!(of(state, [0, place]), once::RUNNING);
            state = (END.effect)(state, [if place % 2 == 0 { once::DONE } else { once::POISONED }, place]);
        }
        for place in 0..MOST {
            let expected = if place % 2 == 0 { once::DONE } else { once::POISONED };
            assert_eq!(of(state, [0, place]), expected);
            assert_eq!((BEGIN.effect)(state, [0, place]), state);
        }
    }
}
