//! All commands of the crate by family: the commands of one kind of object, which of them a thread may
//! announce, and the states in which an object begins.
//!
//! The families are next to their commands; [`families`] lists them. [`commute`] enumerates the states that
//! three threads can reach and checks the declared properties of the commands; [`listed`] reads the sources
//! and fails if a command is in no family.

mod commute;
mod listed;

use crate::op::{Args, Command, State};

/// How many threads use an object: two whose operations may commute, and a third that observes them.
pub(crate) const THREADS: usize = 3;

/// What a thread holds of the object: 0 is nothing, and other values are defined by the family.
pub(crate) type Hold = u64;

/// The commands of one kind of object.
pub(crate) struct Family {
    name: String,
    start: (State, [Hold; THREADS]),
    offers: Vec<Offer>,
    most: usize,
}

impl Family {
    /// A family whose object begins in a state in which no thread holds anything of it.
    pub(crate) fn new(name: impl Into<String>, state: State, offers: impl Into<Vec<Offer>>) -> Self {
        Family { name: name.into(), start: (state, [0; THREADS]), offers: offers.into(), most: 400 }
    }

    /// The bound on states to visit, those with the fewest steps first. A counter behaves at 30 as at 40.
    pub(crate) fn at_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// What the threads hold initially.
    pub(crate) fn holding(mut self, holds: [Hold; THREADS]) -> Self {
        self.start.1 = holds;
        self
    }
}

/// A thread and what it holds of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    /// The thread's number, below [`THREADS`].
    pub(crate) me: usize,
    pub(crate) hold: Hold,
    pub(crate) state: State,
    /// The operands of the offer.
    pub(crate) fixed: Args,
}

/// A command that was performed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) hold: Hold,
    pub(crate) before: State,
    pub(crate) after: State,
    pub(crate) args: Args,
}

/// A command that threads may announce.
#[derive(Clone, Copy)]
pub(crate) struct Offer {
    file: &'static str,
    ident: &'static str,
    command: &'static Command,
    fixed: Args,
    when: fn(&Seat) -> bool,
    args: fn(&Seat) -> Args,
    then: fn(&Step) -> Hold,
}

impl Offer {
    /// A command that every thread may announce at any time, and that leaves what it holds unchanged.
    pub(crate) fn of(file: &'static str, ident: &'static str, command: &'static Command) -> Self {
        Offer {
            file,
            ident,
            command,
            fixed: [0; 2],
            when: |_| true,
            args: |seat| seat.fixed,
            then: |step| step.hold,
        }
    }

    /// With these operands.
    pub(crate) fn with(mut self, fixed: Args) -> Self {
        self.fixed = fixed;
        self
    }

    /// With operands that depend on the thread.
    pub(crate) fn args(mut self, args: fn(&Seat) -> Args) -> Self {
        self.args = args;
        self
    }

    /// By threads that satisfy this condition.
    pub(crate) fn when(mut self, when: fn(&Seat) -> bool) -> Self {
        self.when = when;
        self
    }

    /// What the thread holds afterwards.
    pub(crate) fn then(mut self, then: fn(&Step) -> Hold) -> Self {
        self.then = then;
        self
    }
}

/// The offer of a command by its name: `offer!(LOCK)`, or `offer!(LOAD = Table::<u8>::LOAD)`.
macro_rules! offer {
    ($ident:ident) => {
        $crate::registry::Offer::of(file!(), stringify!($ident), &$ident)
    };
    ($ident:ident = $command:expr) => {
        $crate::registry::Offer::of(file!(), stringify!($ident), $command)
    };
}
pub(crate) use offer;

/// Every family of the crate.
pub(crate) fn families() -> Vec<Family> {
    let mut all = crate::sync::families();
    all.extend(crate::thread::families());
    all.extend(crate::parking_lot::families());
    all.extend(crate::ext::families());
    all.extend(crate::catalogue::families());
    all
}
