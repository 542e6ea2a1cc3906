//! All commands of the crate by family: the commands of one kind of object, which of them a thread may
//! announce, and the states in which an object begins.
//!
//! The families stand beside their commands; [`families`] lists them. [`commute`] walks the states that
//! three threads can reach and checks what the commands say of themselves; [`listed`] reads the sources
//! and fails if a command is in no family.

mod commute;
mod listed;

use crate::op::{Args, Command, State};

/// How many threads use an object: two whose operations may commute, and a third that notices.
pub(crate) const THREADS: usize = 3;

/// What a thread has of the object: nothing is 0, and the rest is the family's own matter.
pub(crate) type Hold = u64;

/// The commands of one kind of object.
pub(crate) struct Family {
    name: String,
    start: (State, [Hold; THREADS]),
    offers: Vec<Offer>,
    most: usize,
}

impl Family {
    /// A family whose object begins in a state in which no thread has anything of it.
    pub(crate) fn new(name: impl Into<String>, state: State, offers: impl Into<Vec<Offer>>) -> Self {
        Family { name: name.into(), start: (state, [0; THREADS]), offers: offers.into(), most: 400 }
    }

    /// The most situations that are looked at, those with the fewest steps first. What a count does at 30
    /// it does at 40.
    pub(crate) fn at_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// What the threads have in the beginning.
    pub(crate) fn holding(mut self, holds: [Hold; THREADS]) -> Self {
        self.start.1 = holds;
        self
    }
}

/// A thread at an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    /// The thread's number, below [`THREADS`].
    pub(crate) me: usize,
    pub(crate) hold: Hold,
    pub(crate) state: State,
    /// The operands that the offer was made with.
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
    /// A command that every thread may announce at any time, and that leaves it with what it had.
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

    /// By threads of which this holds.
    pub(crate) fn when(mut self, when: fn(&Seat) -> bool) -> Self {
        self.when = when;
        self
    }

    /// What the thread has afterwards.
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
    all.extend(crate::beyond::families());
    all.extend(crate::catalogue::families());
    all
}
