//! Runs a given schedule, from a token or another engine, again.

use crate::failure::Reason;
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::execution::{Execution, Scheduler};
use crate::schedule::Choice;

/// A schedule to follow. Threads are identified by their index in the order of creation.
#[derive(Debug)]
pub(crate) struct Replay {
    schedule: Vec<Choice>,
    /// How many of the last choices repeat for ever.
    repeat: usize,
    at: usize,
    started: bool,
    problem: Option<Reason>,
    last: Option<ThreadId>,
    /// True if the last choice was the schedule's.
    scheduled: bool,
}

impl Replay {
    /// A scheduler that follows the schedule once, except for its last `repeat` choices.
    pub(crate) fn new(schedule: Vec<Choice>, repeat: usize) -> Self {
        Replay { schedule, repeat, at: 0, started: false, problem: None, last: None, scheduled: false }
    }
}

impl Scheduler for Replay {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        if self.at == self.schedule.len() {
            self.at -= self.repeat;
        }
        let Some(&Choice { thread, alternative }) = self.schedule.get(self.at) else {
            // What comes after the schedule does not matter: the shortest way to the end is taken.
            let threads = execution.choosing(enabled).map_or_else(|| enabled.clone(), ThreadSet::one);
            let thread = self.last.filter(|&t| threads.contains(t)).or(threads.first())?;
            (self.last, self.scheduled) = (Some(thread), false);
            let alternative = execution.alternatives(thread).iter().next().unwrap_or(0);
            return Some(Choice { thread, alternative });
        };
        let able = execution.able(enabled);
        let thread = execution.born().get(thread.index()).copied().filter(|&t| able.contains(t));
        if thread.is_none()
            && let Some(choice) = execution.to_be_tried(enabled)
        {
            // Time is to pass, which happens once the looks that close a round without effect are determined.
            self.scheduled = false;
            return Some(choice);
        }
        let step = thread.and_then(|t| Some((t, execution.alternative_of(t, alternative)?)));
        let Some((thread, alternative)) = step else {
            self.problem = Some(diverged(execution, self.at));
            return None;
        };
        self.at += 1;
        (self.last, self.scheduled) = (Some(thread), true);
        Some(Choice { thread, alternative })
    }

    fn is_free(&self) -> bool {
        !self.scheduled
    }

    fn end(&mut self, execution: &Execution) {
        // A failure may end an execution before all its steps are taken.
        let whole = execution.cut.is_none() && execution.failure.is_none();
        if self.problem.is_none() && whole && self.at < self.schedule.len() {
            self.problem = Some(diverged(execution, self.at));
        }
    }

    fn problem(&self) -> Option<Reason> {
        self.problem.clone()
    }
}

/// The model did something else than before on the same schedule.
pub(crate) fn diverged(execution: &Execution, step: usize) -> Reason {
    let able: Vec<String> = execution
        .born()
        .iter()
        .filter(|&&t| execution.enabled(t))
        .map(|&t| {
            let place = execution.thread(t).pending.site();
            let place = place.map_or(String::new(), |s| format!(" at {}:{}", s.file(), s.line()));
            format!("{}{place}", execution.describe(t))
        })
        .collect();
    let able = if able.is_empty() { "none".to_owned() } else { able.join(", ") };
    Reason::Diverged {
        step: step + 1,
        why: format!(
            "the schedule asks for a step that the model does not take there ({able} can move); the code \
             has changed, or the model depends on more than its schedule: HashMap order, real time, \
             std's own primitives, statics"
        ),
    }
}

/// A schedule whose threads, and the waiters that it notifies, are identified by their index in the order of
/// creation, as replay needs it.
pub(crate) fn portable(execution: &Execution) -> Vec<Choice> {
    let place = |thread: ThreadId| {
        let at = execution.born().iter().position(|&t| t == thread).unwrap_or_default();
        ThreadId(at as u32)
    };
    let mut schedule: Vec<Choice> = execution
        .schedule
        .iter()
        .map(|choice| Choice { thread: place(choice.thread), alternative: choice.alternative })
        .collect();
    for &(step, waiter) in &execution.chosen_waiters {
        schedule[step].alternative = place(waiter).0;
    }
    schedule
}
