//! Fair continuations of a schedule that got nowhere.
//!
//! An engine that meets an execution without an end has usually let one thread spin while the
//! others could have moved. Before that is called inconclusive, a few fair schedules are tried from
//! the point where the cycle began: threads in turn, some steps each. They prove nothing when they
//! end well, and show a livelock, or any other failure, when there is one.

use crate::op::{ThreadId, ThreadSet};
use crate::rt::execution::{Execution, Scheduler};
use crate::schedule::Choice;
use crate::verdict::Reason;

/// How many steps a thread takes before the next one's turn.
pub(crate) const TURNS: std::ops::RangeInclusive<usize> = 1..=3;
/// From how many points of the cycle's first round the turns begin.
pub(crate) const POINTS: usize = 12;

/// A schedule, and then turns.
#[derive(Debug)]
pub(crate) struct Probe {
    /// With the numbers of this check's threads.
    prefix: Vec<Choice>,
    turn: usize,
    at: usize,
    taken: usize,
    last: ThreadId,
    started: bool,
}

impl Probe {
    /// The prefix, and then turns of so many steps.
    pub(crate) fn new(prefix: Vec<Choice>, turn: usize) -> Self {
        Probe { prefix, turn, at: 0, taken: 0, last: ThreadId::MAIN, started: false }
    }
}

impl Scheduler for Probe {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    fn choose(&mut self, execution: &Execution, enabled: ThreadSet) -> Option<Choice> {
        if let Some(&choice) = self.prefix.get(self.at) {
            self.at += 1;
            let fits = enabled.contains(choice.thread)
                && execution.alternatives(choice.thread).contains(choice.alternative);
            self.last = choice.thread;
            return fits.then_some(choice);
        }
        let next = |after: ThreadId| {
            let later = ThreadSet(enabled.0 & !((2u64 << after.0) - 1));
            later.first().or(enabled.first())
        };
        let thread = match execution.choosing(enabled) {
            Some(choosing) => choosing,
            None if enabled.contains(self.last) && self.taken < self.turn => self.last,
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
