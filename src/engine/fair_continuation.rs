//! Fair continuations of a schedule that made no progress.
//!
//! An engine that runs into an execution without an end has usually let one thread spin while the others
//! could have moved, or has left a fair cycle just before the bound on steps. Before that is called
//! inconclusive, a few schedules are tried: the cycle itself, repeated, and fair ones from points in its
//! first round, with the threads in turn, some steps each. They prove nothing when they terminate, and show a
//! livelock, or any other failure, when there is one.

use crate::failure::Reason;
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::execution::{Execution, Scheduler};
use crate::schedule::Choice;

/// How many steps a thread takes before the next one is scheduled: up to the length of a short loop.
const TURNS: std::ops::RangeInclusive<usize> = 1..=3;
/// From how many points of the cycle's first round the turns begin.
const POINTS: usize = 12;

/// What follows a probe's prefix.
#[derive(Clone, Copy, Debug)]
enum Rhythm {
    /// The last choices of the prefix, this many of them, repeatedly.
    Again(usize),
    /// Threads in turn, this many steps each.
    Turns(usize),
}

/// A prefix of a schedule, and then a rhythm.
#[derive(Debug)]
pub(crate) struct FairContinuation {
    /// With the thread ids of this check.
    prefix: Vec<Choice>,
    rhythm: Rhythm,
    at: usize,
    taken: usize,
    last: ThreadId,
    started: bool,
}

impl FairContinuation {
    /// The probes of a schedule that ends with the first round of a cycle of `period` choices.
    pub(crate) fn all(spinning: &[Choice], period: usize) -> impl Iterator<Item = FairContinuation> {
        let first = spinning.len().saturating_sub(POINTS);
        let turns = (first..=spinning.len())
            .flat_map(move |point| TURNS.map(move |turn| Self::new(&spinning[..point], Rhythm::Turns(turn))));
        std::iter::once(Self::new(spinning, Rhythm::Again(period))).chain(turns)
    }

    fn new(prefix: &[Choice], rhythm: Rhythm) -> Self {
        FairContinuation {
            prefix: prefix.to_vec(),
            rhythm,
            at: 0,
            taken: 0,
            last: ThreadId::MAIN,
            started: false,
        }
    }
}

impl Scheduler for FairContinuation {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        if let Rhythm::Again(period) = self.rhythm
            && self.at == self.prefix.len()
        {
            self.at -= period;
        }
        if let Some(&choice) = self.prefix.get(self.at) {
            self.at += 1;
            let fits = enabled.contains(choice.thread)
                && execution.alternatives(choice.thread).contains(choice.alternative);
            self.last = choice.thread;
            return fits.then_some(choice);
        }
        let Rhythm::Turns(turn) = self.rhythm else { return None };
        let next = |after: ThreadId| {
            let later = enabled.iter().find(|&thread| thread > after);
            later.or_else(|| enabled.first())
        };
        let thread = match execution.choosing(enabled) {
            Some(choosing) => choosing,
            None if enabled.contains(self.last) && self.taken < turn => self.last,
            None => next(self.last)?,
        };
        self.taken = if thread == self.last { self.taken + 1 } else { 1 };
        self.last = thread;
        let alternative = execution.alternatives(thread).iter().next()?;
        Some(Choice { thread, alternative })
    }

    fn end(&mut self, _: &Execution) {}

    fn problem(&self) -> Option<Reason> {
        None
    }
}
