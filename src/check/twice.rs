//! The first schedule of a search is run once more after it, and again at the end of the search.
//!
//! An engine compares what its executions share ([`crate::engine::taken`]). What it never repeats is the end
//! of an execution, and a model with one execution repeats nothing. The repetitions of the first schedule find
//! what changes from one execution to the next there, or slowly over the search. They are no executions of the
//! search and are not counted, unless one fails that passed the first time: if its schedule fails whenever it
//! is replayed, then that is a counterexample, and else the model has diverged.

use std::rc::Rc;

use crate::check::tally::Tally;
use crate::engine::diverged::{self, Ending};
use crate::engine::taken::Taken;
use crate::op::{ThreadId, ThreadSet};
use crate::rt::execution::{Cut, Execution, Scheduler};
use crate::rt::host::{Coroutines, Judge};
use crate::rt::session::Session;
use crate::schedule::Choice;
use crate::verdict::Reason;

/// Explores with a scheduler, and runs its first schedule three times.
pub(super) fn explore(
    host: &Coroutines,
    session: &Session,
    scheduler: &mut dyn Scheduler,
    model: &Rc<dyn Fn()>,
    tally: &mut Tally,
) {
    let mut first = First { inner: scheduler, began: false, steps: Vec::new(), ending: None };
    host.explore(session, &mut first, model, tally);
    let First { steps, ending, .. } = first;
    let repeat = |tally: &mut Tally| {
        let Some(ending) = &ending else { return };
        let mut again = Again { steps: &steps, ending, at: None, free: false, problem: None };
        host.explore(session, &mut again, model, &mut Unseen { tally, passed: ending.passed() });
        if let Some(problem) = again.problem {
            tally.failures.clear();
            tally.stats.failures = 0;
            tally.cut = Some(problem);
        }
    };
    repeat(tally);
    if tally.cut.is_some() || tally.starts_over {
        return;
    }
    host.explore(session, scheduler, model, tally);
    if tally.starts_over {
        // The loops of the model are known better now than they were in the first execution.
        return;
    }
    // Other workers may have run what came after the first execution.
    let more = tally.stats.executions > 1 || tally.settings.workers > 1;
    if tally.cut.is_none() && tally.stats.failures == 0 && more {
        repeat(tally);
    }
}

/// Whether the execution ended because something was learned of the model's loops.
fn learns(execution: &Execution) -> bool {
    matches!(execution.cut, Some(Cut::StartOver))
}

/// The first execution of another scheduler, noted.
struct First<'a> {
    inner: &'a mut dyn Scheduler,
    began: bool,
    steps: Vec<(Choice, Taken)>,
    /// How it ended, if it was run to its end.
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

/// The same schedule once more, compared.
struct Again<'a> {
    steps: &'a [(Choice, Taken)],
    ending: &'a Ending,
    /// The next step, once the execution has begun.
    at: Option<usize>,
    /// Whether the last choice was none of the steps.
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
            // A thread that waits is asked again whether it does.
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
        // More is known of the model's loops now than the first time, so more can be learned.
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

/// Counts nothing but a failure of what passed the first time.
struct Unseen<'a> {
    tally: &'a mut Tally,
    passed: bool,
}

impl Judge for Unseen<'_> {
    fn wants_another(&mut self) -> bool {
        true
    }

    fn saw(&mut self, execution: &Execution, problem: Option<Reason>) {
        if learns(execution) || self.passed && execution.failure.is_some() && problem.is_none() {
            self.tally.saw(execution, None);
        }
    }

    fn beat(&mut self, session: &Session, thread: ThreadId) {
        self.tally.beat(session, thread);
    }
}
