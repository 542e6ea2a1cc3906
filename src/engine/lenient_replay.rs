//! Follows an edited schedule as closely as the model allows: the scheduler of
//! [`crate::counterexample::minimize`] and [`crate::counterexample::explain`], which try schedules that no
//! execution has followed before.

use crate::failure::Reason;
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::execution::{Execution, Scheduler};
use crate::schedule::Choice;

/// Follows a schedule as closely as the model allows: choices that cannot be made are skipped. After its end
/// its last choices are repeated, if any repeat, and otherwise every thread runs for as long as it can.
#[derive(Debug)]
pub(crate) struct LenientReplay {
    schedule: Vec<Choice>,
    /// How many of the last choices repeat.
    repeat: usize,
    at: usize,
    started: bool,
    last: Option<ThreadId>,
    /// True if the last choice was the schedule's.
    scheduled: bool,
}

impl LenientReplay {
    /// A scheduler that runs once.
    pub(crate) fn new(schedule: Vec<Choice>, repeat: usize) -> Self {
        LenientReplay { schedule, repeat, at: 0, started: false, last: None, scheduled: false }
    }

    /// The next choice of the schedule.
    fn next(&mut self) -> Option<Choice> {
        if self.at == self.schedule.len() {
            self.at -= self.repeat;
        }
        self.schedule.get(self.at).copied()
    }
}

impl Scheduler for LenientReplay {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        let choosing = execution.choosing(enabled);
        let threads = choosing.map_or_else(|| enabled.clone(), ThreadSet::one);
        let schedulable = choosing.map_or_else(|| execution.able(enabled).into_owned(), ThreadSet::one);
        let able = |choice: Choice| {
            let thread = execution.born().get(choice.thread.index()).copied();
            thread.filter(|&t| schedulable.contains(t))
        };
        // A thread that must choose at once comes before the schedule's next choice, which is kept.
        let forced = choosing.is_some() && self.next().is_some_and(|next| able(next).is_none());
        // It may be that no thread can move in a whole round.
        let mut left = self.schedule.len() + self.repeat;
        while !forced
            && left > 0
            && let Some(next) = self.next()
        {
            self.at += 1;
            left -= 1;
            if let Some(thread) = able(next) {
                let alternatives = execution.alternatives(thread);
                let alternative = execution.alternative_of(thread, next.alternative);
                let alternative = alternative.or(alternatives.iter().next()).unwrap_or(0);
                (self.last, self.scheduled) = (Some(thread), true);
                return Some(Choice { thread, alternative });
            }
        }
        let thread = self.last.filter(|&t| threads.contains(t)).or(threads.first())?;
        (self.last, self.scheduled) = (Some(thread), false);
        Some(Choice { thread, alternative: execution.alternatives(thread).iter().next().unwrap_or(0) })
    }

    fn is_free(&self) -> bool {
        !self.scheduled
    }

    fn end(&mut self, _: &Execution) {}

    fn problem(&self) -> Option<Reason> {
        None
    }
}
