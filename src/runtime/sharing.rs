//! Detects whether the threads of a check share anything that raddle observes.
//!
//! Raddle observes the objects of its facade. A model written with std's own locks and atomics runs as well,
//! but nothing in it is a step, so there is one order to run and nothing to find: a lost update would be
//! verified. The use of such types cannot be detected. What can be detected is the consequence: threads are
//! spawned, and none of them uses an object that another one made or used.
//!
//! The same is true of threads that have nothing in common but their results, whose only order is that of
//! spawn and join, and one execution is then all there is to check. The two are told apart by what a thread
//! was given. State can be shared by a value with a destructor, such as an `Arc`; by a reference, if the
//! thread may borrow; and by a reference to a static or to leaked memory, which looks like any plain value
//! but is useless to a thread that returns nothing. A thread that was given any of these and shared nothing
//! that was observed is *suspect*, and one suspect thread makes the check inconclusive. Without one, the
//! verdict stands, with a caution.
//!
//! What it can miss: std's types beside the facade's, if the threads share one observed object; statics of
//! std's types that a thread accesses by itself; threads spawned by `std::thread`, which run beside the
//! execution and are not noticed unless they use the facade's objects, which panics. False suspicion: a
//! thread that owns something with a destructor, such as a `Vec`, and shares nothing.

use crate::op::{Site, ThreadId};

/// What was observed about sharing in all executions of a check.
#[allow(clippy::struct_excessive_bools)] // Independent flags.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sharing {
    /// True if an object was used by another thread than the one that made it.
    seen: bool,
    /// True if any thread was spawned.
    spawned: bool,
    /// Where the first suspect thread was spawned.
    suspect: Option<Site>,
    /// True if there was any step at all.
    steps: bool,
    /// True if a thread read the clock.
    clock: bool,
    /// Where the first loop yields that ended by what is not seen.
    gives_up: Option<Site>,
    /// Where a loop polls whether a thread has finished, and changes something in each round.
    polls: Option<Site>,
}

/// The caution for threads that share nothing, printed among the assumptions.
const NOTHING_SHARED: &str = "the threads share nothing: none used an object of raddle's that another one made \
    or used; std's own types are not seen";
/// The caution for a model in which nothing happens.
const NOTHING_DONE: &str = "there is nothing to check: the model spawned no thread and used no object of \
    raddle's; std's own threads and types are not seen";

/// Whether an assumption is a caution, which is printed even without a report.
pub(crate) fn is_caution(assumption: &str) -> bool {
    [NOTHING_SHARED, NOTHING_DONE].contains(&assumption)
}

impl Sharing {
    /// A thread uses an object that `maker` made.
    #[inline]
    pub(crate) fn uses(&mut self, thread: ThreadId, maker: ThreadId) {
        self.seen |= thread != maker;
    }

    /// A thread reads the clock.
    pub(crate) fn looks_at_clock(&mut self) {
        self.clock = true;
    }

    /// Whether a thread did.
    pub(crate) fn looked_at_clock(self) -> bool {
        self.clock
    }

    /// A thread affects another without an object.
    pub(crate) fn meets(&mut self) {
        self.seen = true;
    }

    /// A thread is spawned; `given` is whether it was given something by which it could share state.
    pub(crate) fn spawns(&mut self, given: bool, site: Site) {
        self.spawned = true;
        self.suspect = self.suspect.or(given.then_some(site));
    }

    /// An execution took that many steps.
    pub(crate) fn took(&mut self, steps: usize) {
        self.steps |= steps > 0;
    }

    /// Adds the observations of other executions.
    pub(crate) fn add(&mut self, other: Sharing) {
        self.seen |= other.seen;
        self.spawned |= other.spawned;
        self.suspect = self.suspect.or(other.suspect);
        self.steps |= other.steps;
        self.clock |= other.clock;
        self.gives_up = self.gives_up.or(other.gives_up);
        self.polls = self.polls.or(other.polls);
    }

    /// A loop that yields, sleeps or polls at a site has ended, and not by what it saw.
    pub(crate) fn ends_by_itself(&mut self, site: Site) {
        self.gives_up = self.gives_up.or(Some(site));
    }

    /// A loop that polls whether a thread has finished changes something in each round.
    pub(crate) fn polls_by_itself(&mut self, site: Site) {
        self.polls = self.polls.or(Some(site));
    }

    /// Why nothing can be concluded, if a loop ended by what is not seen, or was not repeated often enough.
    pub(crate) fn unseen_end(self) -> Option<String> {
        if let Some(site) = self.polls {
            return Some(format!(
                "the loop that polls is_finished at {}:{} changes an object in its rounds and came back with the same \
                 stack and registers: what happens when it polls more often than that is not explored; count in a \
                 local variable, or raise fruitless_yields",
                site.file(),
                site.line()
            ));
        }
        let site = self.gives_up?;
        Some(format!(
            "the loop that yields, sleeps or polls at {}:{} came back with the same stack and registers, and then ended \
             though nothing that it read had changed: it counts in the heap or in its own objects, so what happens when \
             it repeats more often than that is not explored; count in a local variable, or raise fruitless_yields",
            site.file(),
            site.line()
        ))
    }

    /// The reason for an inconclusive verdict, if a suspect thread shared nothing that was observed.
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

    /// The caution of a verdict without suspicion.
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
