//! Waiting loops: which of their rounds are without effect, so that a thread waits instead of repeating them.
//!
//! A *round* lies between two arrivals of one thread at one place (the same call site, command, object and
//! operands) with the same local state ([`super::local_state`]), if in between the thread only *looked*: its
//! operations left their objects as they were. Such a round could as well not have happened. So the operation
//! that closes it is treated as disabled for as long as it would read a value with which the round is without
//! effect: the loop becomes the guarded command that it implements, `await`, as in Abdulla et al., "Awaiting
//! for Godot" (TACAS 2023), and Kokologiannakis, Ren, Vafeiadis, "Dynamic Partial Order Reductions for
//! Spinloops" (FMCAD 2021). These analyse the code of a loop; here its guard is found by *trying*: the thread
//! is given a value, without a step, and either comes back to where it was, or does something else. In the
//! first case nothing has happened, and the thread waits. In the second the look is a step, which it has
//! taken.
//!
//! Why it leaves nothing out: a thread's next action is determined by its local state and by what its
//! operations read. Every execution of the program is one without rounds of this kind, with such rounds
//! inserted. If a round has several looks, only the last of them is disabled. The thread may then wait there
//! although the value of an earlier look has changed; such an execution is cut when no thread can go on, and
//! the one in which the earlier look comes after that change is explored because these two are in a race.
//! Whether a value lets a thread come back is the same whenever the same events precede it, for a model is
//! deterministic; answers are cached by these events ([`Key`]), and not by local states, which do not include
//! the heap.
//!
//! A loop may have a counter in the heap, which is not part of the local state. So the first round of a
//! thread at each look, after each number of steps and with each value, is tried [`ROUNDS`] times in a row; if the
//! thread does anything else then, the loop is explored round by round.

mod knowledge;
mod trial;

pub(crate) use knowledge::{Knowledge, Loops, Shared};
pub(crate) use trial::{Arrival, Later, Trial, Tried};

use crc32fast::hash as crc32;

use crate::op::{Args, Command, ObjectId, Op, Site, State, ThreadId};
use crate::runtime::local_state::LocalState;

/// A place where a thread arrives: its operation, and the source line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookSite {
    command: &'static Command,
    pub(crate) object: ObjectId,
    args: Args,
    pub(crate) site: Site,
}

impl LookSite {
    /// The place of an operation.
    #[inline]
    pub(crate) fn of(op: &Op) -> Self {
        LookSite { command: op.command, object: op.object, args: op.args, site: op.site }
    }

    /// One of 64 bits: places with different bits differ.
    #[inline]
    pub(crate) fn bit(&self) -> u64 {
        1 << ((self.object.index() + self.site.line() as usize) % 64)
    }

    /// The address of the command, which is only compared.
    #[inline]
    fn command(&self) -> usize {
        std::ptr::from_ref(self.command).addr()
    }

    /// A hash of the call site and of the operation there, the same for every process.
    fn name(&self) -> u32 {
        let LookSite { command, site, .. } = self;
        crc32(format!("{} {site}", command.name).as_bytes())
    }
}

impl PartialEq for LookSite {
    #[inline]
    fn eq(&self, other: &LookSite) -> bool {
        self.object == other.object
            && std::ptr::eq(self.site, other.site)
            && std::ptr::eq(self.command, other.command)
            && self.args == other.args
    }
}

/// A step that left its object as it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) place: LookSite,
    /// The thread's local state when it arrived, if that was recorded.
    pub(crate) local: Option<LocalState>,
    /// The value that it read.
    pub(crate) met: State,
    /// The object's version that it read.
    pub(crate) version: u32,
}

/// The most looks in a row that are kept. A round that is longer is an ordinary part of the program.
pub(crate) const LONGEST: usize = 256;

/// How often the first round of a thread at a look is tried. Backoffs that give up do so after some ten
/// rounds; a loop that counts further than this in the heap is treated as one that waits, which the verdict's
/// assumptions state.
pub(crate) const ROUNDS: u32 = 100;

/// A look of a thread, by all events before it and by the value that it would read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Key {
    /// A hash of the events that the look follows, and of their order.
    pub(crate) follows: u128,
    pub(crate) thread: ThreadId,
    /// How often time has passed because no thread could go on.
    pub(crate) forced: u32,
    pub(crate) object: ObjectId,
    pub(crate) met: Met,
}

/// The value that a look reads, by a name that it has in all executions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Met {
    Word(State),
    /// A value that may be an address, which differs between executions: a hash of the event that wrote it.
    By(u128),
}

impl Met {
    /// The name of a value, if it has one.
    #[inline]
    pub(crate) fn of(value: State, source: impl FnOnce() -> Option<u128>) -> Option<Self> {
        if value < LOWEST_ADDRESS { Some(Met::Word(value)) } else { source().map(Met::By) }
    }
}

/// Addresses below this are numbers: no system maps them.
pub(crate) const LOWEST_ADDRESS: State = 1 << 16;
