//! Repeats the first schedule of a search after its first run, and again at the end of the search.
//!
//! An engine compares the common prefixes of its executions ([`crate::engine::taken`]). It never repeats the
//! end of an execution, and a model with one execution repeats nothing. The repetitions of the first schedule
//! find state that changes from one execution to the next there, or slowly over the search. They are no
//! executions of the search and are not counted, unless one fails that passed the first time: if its schedule
//! fails whenever it is replayed, then that is a counterexample, and otherwise the model has diverged.

use std::rc::Rc;

use crate::check::stats::Collector;
use crate::engine::diverged::{self, Ending};
use crate::engine::taken::Taken;
use crate::failure::Reason;
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::coroutines::{Coroutines, Judge};
use crate::runtime::execution::{Cut, Execution, Scheduler};
use crate::runtime::session::Session;
use crate::schedule::Choice;

/// Explores with a scheduler, and runs its first schedule three times.
pub(super) fn explore(
    coroutines: &Coroutines,
    session: &Session,
    scheduler: &mut dyn Scheduler,
    model: &Rc<dyn Fn()>,
    collector: &mut Collector,
) {
    let mut first = First { inner: scheduler, began: false, steps: Vec::new(), ending: None };
    coroutines.explore(session, &mut first, model, collector);
    let First { steps, ending, .. } = first;
    let repeat = |collector: &mut Collector| {
        let Some(ending) = &ending else { return };
        let mut again = Again { steps: &steps, ending, at: None, free: false, problem: None };
        coroutines.explore(session, &mut again, model, &mut Unseen { collector, passed: ending.passed() });
        if let Some(problem) = again.problem {
            collector.failures.clear();
            collector.stats.failures = 0;
            collector.cut = Some(problem);
        }
    };
    repeat(collector);
    if collector.cut.is_some() || collector.starts_over {
        return;
    }
    coroutines.explore(session, scheduler, model, collector);
    if collector.starts_over {
        // More is known about the loops of the model now than in the first execution.
        return;
    }
    // Other workers may have run the executions after the first.
    let more = collector.stats.executions > 1 || collector.settings.workers > 1;
    if collector.cut.is_none() && collector.stats.failures == 0 && more {
        repeat(collector);
    }
}

/// Whether the execution ended because it added knowledge about the model's loops.
fn learns(execution: &Execution) -> bool {
    matches!(execution.cut, Some(Cut::StartOver))
}

/// Records the first execution of another scheduler.
struct First<'a> {
    inner: &'a mut dyn Scheduler,
    began: bool,
    steps: Vec<(Choice, Taken)>,
    /// The ending, if it ran to its end.
    ending: Option<Ending>,
}

impl Scheduler for First<'_> {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.began, true) && self.inner.begin()
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        let choice = self.inner.choose(execution, enabled)?;
        self.steps.push((choice, Taken::of(execution, choice.thread, enabled)));
        Some(choice)
    }

    fn races_matter_from(&self) -> usize {
        self.inner.races_matter_from()
    }

    fn repeats(&self) -> usize {
        self.inner.repeats()
    }

    fn is_free(&self) -> bool {
        self.inner.is_free()
    }

    fn take_back(&mut self) {
        self.steps.pop();
        self.inner.take_back();
    }

    fn end(&mut self, execution: &Execution) {
        self.inner.end(execution);
        let whole = execution.cut.is_none() && self.inner.problem().is_none();
        self.ending = whole.then(|| Ending::of(execution));
    }

    fn problem(&self) -> Option<Reason> {
        self.inner.problem()
    }
}

/// Runs the same schedule once more and compares.
struct Again<'a> {
    steps: &'a [(Choice, Taken)],
    ending: &'a Ending,
    /// The next step, once the execution has begun.
    at: Option<usize>,
    /// Whether the last choice was not one of the recorded steps.
    free: bool,
    problem: Option<Reason>,
}

impl Scheduler for Again<'_> {
    fn begin(&mut self) -> bool {
        self.at.replace(0).is_none()
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        let at = self.at?;
        let Some((choice, known)) = self.steps.get(at) else {
            // Whether a waiting thread still waits is tried again.
            if let Some(choice) = execution.to_be_tried(enabled) {
                self.free = true;
                return Some(choice);
            }
            self.problem = Some(self.ending.differs(execution));
            return None;
        };
        self.free = false;
        let able = enabled.contains(choice.thread);
        if !able && let Some(choice) = execution.to_be_tried(enabled) {
            self.free = true;
            return Some(choice);
        }
        if !able || !known.is(execution, choice.thread, enabled) {
            self.problem = Some(diverged::step(execution, at, choice.thread, known, enabled));
            return None;
        }
        self.at = Some(at + 1);
        Some(*choice)
    }

    fn is_free(&self) -> bool {
        self.free
    }

    fn end(&mut self, execution: &Execution) {
        let fails_now = self.ending.passed() && execution.failure.is_some();
        // More is known about the model's loops now than the first time, so more can be learned.
        if self.problem.is_some() || fails_now || learns(execution) {
            return;
        }
        if self.at.is_none_or(|at| at < self.steps.len()) {
            self.problem = Some(diverged::ended_early(execution, self.steps.len()));
        } else if Ending::of(execution) != *self.ending {
            self.problem = Some(self.ending.differs(execution));
        }
    }

    fn problem(&self) -> Option<Reason> {
        self.problem.clone()
    }
}

/// A visitor that counts only a failure of a schedule that passed the first time.
struct Unseen<'a> {
    collector: &'a mut Collector,
    passed: bool,
}

impl Judge for Unseen<'_> {
    fn wants_another(&mut self) -> bool {
        true
    }

    fn saw(&mut self, execution: &Execution, problem: Option<Reason>) {
        if learns(execution) || self.passed && execution.failure.is_some() && problem.is_none() {
            self.collector.saw(execution, None);
        }
    }

    fn beat(&mut self, session: &Session, thread: ThreadId) {
        self.collector.beat(session, thread);
    }
}
