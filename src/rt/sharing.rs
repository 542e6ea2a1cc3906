//! Whether the threads of a check share anything that raddle sees.
//!
//! Raddle sees the objects of its facade. A model written with std's own locks and atomics runs as well, but
//! nothing in it is a step, so there is one order to run and nothing to find: a lost update would be verified.
//! That such types were used cannot be noticed. What can be noticed is what it leads to: threads are
//! spawned, and none of them uses an object that another one made or used.
//!
//! The same is true of threads that have nothing in common but their results, whose only order is that of
//! spawn and join, and one execution is then all there is to check. The two are told apart by what a thread was
//! given. State can be shared by a value with a destructor, such as an `Arc`; by a reference, if the
//! thread may borrow; and by a reference to a static or to leaked memory, which looks like any plain value
//! but makes no sense to give to a thread that returns nothing. A thread that was given any of these and shared
//! nothing that was seen is *suspect*, and one suspect thread makes the check inconclusive. Without one, the
//! verdict stands and is accompanied by a caution.
//!
//! What it can miss: std's types beside the facade's, where the threads share one object that is seen; statics of
//! std's types that a thread finds by itself; threads spawned by `std::thread`, which run beside the
//! execution and are not noticed unless they use the facade's objects, which panics. What it can suspect
//! wrongly: a thread that owns something with a destructor, such as a `Vec`, and shares nothing.

use crate::op::{Site, ThreadId};

/// What was seen of sharing in all executions of a check.
#[allow(clippy::struct_excessive_bools)] // Each answers a question of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sharing {
    /// Whether an object was used by another thread than the one that made it.
    seen: bool,
    /// Whether any thread was spawned.
    spawned: bool,
    /// Where the first suspect thread was spawned.
    suspect: Option<Site>,
    /// Whether there was any step at all.
    steps: bool,
    /// Whether a thread looked at the clock.
    clock: bool,
}

/// Why a verdict of threads that share nothing is to be taken with caution. It stands among the assumptions.
const NOTHING_SHARED: &str = "the threads share nothing: none used an object of raddle's that another one made \
    or used; std's own types are not seen";
/// As above, for a model in which nothing happens.
const NOTHING_DONE: &str = "there is nothing to check: the model spawned no thread and used no object of \
    raddle's; std's own threads and types are not seen";

/// Whether an assumption is a caution, to be seen by those who do not read reports.
pub(crate) fn is_caution(assumption: &str) -> bool {
    [NOTHING_SHARED, NOTHING_DONE].contains(&assumption)
}

impl Sharing {
    /// A thread uses an object that `maker` made.
    #[inline]
    pub(crate) fn uses(&mut self, thread: ThreadId, maker: ThreadId) {
        self.seen |= thread != maker;
    }

    /// A thread looks at the clock.
    pub(crate) fn looks_at_clock(&mut self) {
        self.clock = true;
    }

    /// Whether one did.
    pub(crate) fn looked_at_clock(self) -> bool {
        self.clock
    }

    /// A thread does something to another that needs no object.
    pub(crate) fn meets(&mut self) {
        self.seen = true;
    }

    /// A thread is spawned; whether it was given something by which it could share state.
    pub(crate) fn spawns(&mut self, given: bool, site: Site) {
        self.spawned = true;
        self.suspect = self.suspect.or(given.then_some(site));
    }

    /// An execution took so many steps.
    pub(crate) fn took(&mut self, steps: usize) {
        self.steps |= steps > 0;
    }

    /// Adds what was seen in other executions.
    pub(crate) fn add(&mut self, other: Sharing) {
        self.seen |= other.seen;
        self.spawned |= other.spawned;
        self.suspect = self.suspect.or(other.suspect);
        self.steps |= other.steps;
        self.clock |= other.clock;
    }

    /// Why nothing can be concluded, if a suspect thread shared nothing that was seen.
    pub(crate) fn suspicion(self) -> Option<String> {
        let site = self.suspect.filter(|_| !self.seen)?;
        Some(format!(
            "no two threads used the same object of raddle's, though the one spawned at {}:{} was given something \
             to share: raddle does not see std's own types, so use those of raddle::sync in the model; threads \
             that do share nothing need no check",
            site.file(),
            site.line()
        ))
    }

    /// What a verdict without suspicion takes for granted.
    pub(crate) fn caution(self) -> Option<&'static str> {
        match self {
            Sharing { seen: true, .. } => None,
            Sharing { spawned: true, .. } => Some(NOTHING_SHARED),
            Sharing { steps: false, .. } => Some(NOTHING_DONE),
            Sharing { .. } => None,
        }
    }
}

/// Whether a closure of type `F`, whose result is a `T`, was given something by which its thread could share
/// state with others.
pub(crate) fn given<F, T>(may_borrow: bool) -> bool {
    let plain = size_of::<F>() > 0;
    std::mem::needs_drop::<F>() || plain && (may_borrow || size_of::<T>() == 0)
}
