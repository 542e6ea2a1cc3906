//! Runs a model repeatedly on given schedules, within a budget.

use std::cell::RefCell;
use std::rc::Rc;

use super::lasso::LassoSchedule;
use super::minimize::Size;
use crate::engine::lenient_replay::LenientReplay;
use crate::engine::replay::{Replay, portable};
use crate::failure::Reason;
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::coroutines::{Coroutines, Judge};
use crate::runtime::execution::{Execution, Failure, Scheduler};
use crate::runtime::limits::Limits;
use crate::runtime::log::Log;
use crate::runtime::session::Session;
use crate::runtime::spinloop::Shared;
use crate::schedule::Choice;
use crate::trace::Trace;

/// Enough for every model of the catalogue, and well under a second for the largest of them.
const EXECUTIONS: usize = 4_000;
/// A bound on the total number of steps, for long executions.
const STEPS: usize = 400_000;

/// The result of an execution, as far as minimisation needs it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) failure: Option<Failure>,
    /// The place of the panic that is the failure, if it is one.
    pub(super) place: Option<String>,
    pub(crate) schedule: Vec<Choice>,
    pub(crate) size: Size,
    /// True if it was run to its end.
    pub(crate) whole: bool,
    /// The fair cycle in which it was when it reached its bound on steps.
    pub(super) lasso: Option<LassoSchedule>,
}

/// Runs a model repeatedly on given schedules.
pub(crate) struct ReplayRunner<'a> {
    pub(super) session: Session,
    coroutines: Coroutines,
    body: Rc<dyn Fn()>,
    /// Signals progress to the watchdog.
    beat: &'a dyn Fn(),
    pub(super) executions: usize,
    pub(super) steps: usize,
}

impl<'a> ReplayRunner<'a> {
    /// A replay runner with a full budget, and the knowledge about the model's loops. A failure ends an
    /// execution in it, regardless of the limits.
    pub(crate) fn new(
        limits: Limits,
        spin_assume: bool,
        loops: &Shared,
        body: Rc<dyn Fn()>,
        beat: &'a dyn Fn(),
    ) -> Self {
        let coroutines = Coroutines::new();
        let mut execution = Execution::new(Limits { stop_on_failure: true, ..limits });
        if spin_assume {
            execution.treat_loops_as_awaits(loops.clone(), true);
        }
        let session = Session::new(execution, coroutines.clone());
        ReplayRunner { session, coroutines, body, beat, executions: EXECUTIONS, steps: STEPS }
    }

    /// Adds that many executions to the budget.
    pub(crate) fn grant(&mut self, executions: usize) {
        self.executions = executions;
        self.steps = STEPS;
    }

    /// Whether the budget is spent.
    pub(crate) fn spent(&self) -> bool {
        self.executions == 0 || self.steps == 0
    }

    /// Lets a scheduler run executions until it, the visitor, or the budget ends the search.
    pub(super) fn explore(
        &mut self,
        scheduler: &mut dyn Scheduler,
        reserve: usize,
        visit: &mut dyn FnMut(Seen) -> bool,
    ) {
        let mut counting =
            Counting { inner: scheduler, last: None, before: (None, false), preempted: Rc::default() };
        let preempted = Rc::clone(&counting.preempted);
        let mut visitor = Visitor {
            visit,
            more: true,
            executions: &mut self.executions,
            steps: &mut self.steps,
            reserve,
            preempted,
            beat: self.beat,
        };
        self.coroutines.explore(&self.session, &mut counting, &self.body, &mut visitor);
    }

    /// Runs one schedule, as closely as the model allows; its last choices again and again, if any repeat.
    pub(crate) fn try_schedule(&mut self, schedule: Vec<Choice>, repeat: usize) -> Option<Seen> {
        let mut seen = None;
        self.explore(&mut LenientReplay::new(schedule, repeat), 0, &mut |s| {
            seen = Some(s);
            false
        });
        seen
    }

    /// Runs one schedule exactly, and returns its trace.
    pub(crate) fn tell(&mut self, schedule: Vec<Choice>, repeat: usize) -> Option<(Failure, Trace)> {
        self.session.execution.borrow_mut().log = Some(Log::default());
        let mut last = Last { told: None, beat: self.beat };
        self.coroutines.explore(&self.session, &mut Replay::new(schedule, repeat), &self.body, &mut last);
        self.session.execution.borrow_mut().log = None;
        last.told
    }

    /// Like [`tell`](Self::tell), but of an execution that follows the schedule as closely as it can and may
    /// pass.
    pub(crate) fn tell_whatever(&mut self, schedule: Vec<Choice>) -> Trace {
        self.session.execution.borrow_mut().log = Some(Log::default());
        let mut trace = Trace::default();
        self.coroutines.explore(
            &self.session,
            &mut LenientReplay::new(schedule, 0),
            &self.body,
            &mut Whatever(&mut trace),
        );
        self.session.execution.borrow_mut().log = None;
        trace
    }
}

/// Passes each execution's result to a closure, within a budget.
struct Visitor<'a> {
    visit: &'a mut dyn FnMut(Seen) -> bool,
    more: bool,
    executions: &'a mut usize,
    steps: &'a mut usize,
    /// How many executions of the budget to leave over.
    reserve: usize,
    /// The steps that were preemptions.
    preempted: Rc<RefCell<Vec<usize>>>,
    beat: &'a dyn Fn(),
}

impl Judge for Visitor<'_> {
    fn wants_another(&mut self) -> bool {
        self.more && *self.executions > self.reserve && *self.steps > 0
    }

    fn saw(&mut self, execution: &Execution, problem: Option<Reason>) {
        *self.executions = self.executions.saturating_sub(1);
        *self.steps = self.steps.saturating_sub(execution.schedule.len());
        let failure = execution.failure.clone();
        let said = failure.as_ref().map_or("", |failure| failure.message.as_str());
        let place = execution.born().iter().find_map(|&thread| {
            let panicked = execution.thread(thread).panicked.as_ref()?;
            said.contains(&panicked.message).then(|| panicked.place.clone())?
        });
        let preempted = self.preempted.borrow();
        let size = Size { preemptions: preempted.len(), steps: execution.schedule.len() };
        let whole = execution.cut.is_none() && execution.lasso.is_none() && problem.is_none();
        let schedule = portable(execution);
        let lasso = execution.lasso.map(|lasso| LassoSchedule::of(lasso, schedule.clone(), &preempted));
        // A cycle has no last step to minimise towards.
        let failure = failure.filter(|_| problem.is_none() && execution.lasso.is_none());
        let seen = Seen { failure, place, schedule, size, whole, lasso };
        self.more = (self.visit)(seen) && problem.is_none();
    }

    fn beat(&mut self, _: &Session, _: ThreadId) {
        (self.beat)();
    }
}

/// Keeps the trace of the one failing execution that it runs.
struct Last<'a> {
    told: Option<(Failure, Trace)>,
    beat: &'a dyn Fn(),
}

impl Judge for Last<'_> {
    fn wants_another(&mut self) -> bool {
        true
    }

    fn saw(&mut self, execution: &Execution, problem: Option<Reason>) {
        if let (None, Some(failure)) = (problem, &execution.failure) {
            self.told = Some((failure.clone(), Trace::of(execution)));
        }
    }

    fn beat(&mut self, _: &Session, _: ThreadId) {
        (self.beat)();
    }
}

/// Keeps the trace whether or not the execution fails.
struct Whatever<'a>(&'a mut Trace);

impl Judge for Whatever<'_> {
    fn wants_another(&mut self) -> bool {
        true
    }

    fn saw(&mut self, execution: &Execution, _: Option<Reason>) {
        *self.0 = Trace::of(execution);
    }

    fn beat(&mut self, _: &Session, _: ThreadId) {}
}

/// Counts the preemptions of another scheduler's executions.
struct Counting<'a> {
    inner: &'a mut dyn Scheduler,
    last: Option<ThreadId>,
    /// The same values before the last choice, and whether that choice was a preemption.
    before: (Option<ThreadId>, bool),
    preempted: Rc<RefCell<Vec<usize>>>,
}

impl Scheduler for Counting<'_> {
    fn begin(&mut self) -> bool {
        self.last = None;
        self.preempted.borrow_mut().clear();
        self.inner.begin()
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        let choice = self.inner.choose(execution, enabled)?;
        let free = execution.choosing(enabled).map_or_else(|| enabled.clone(), ThreadSet::one);
        let preempts = self.last.is_some_and(|last| last != choice.thread && free.contains(last));
        if preempts {
            self.preempted.borrow_mut().push(execution.schedule.len());
        }
        self.before = (self.last.replace(choice.thread), preempts);
        Some(choice)
    }

    fn is_free(&self) -> bool {
        self.inner.is_free()
    }

    fn take_back(&mut self) {
        self.inner.take_back();
        let (last, preempts) = self.before;
        self.last = last;
        if preempts {
            self.preempted.borrow_mut().pop();
        }
    }

    fn end(&mut self, execution: &Execution) {
        self.inner.end(execution);
    }

    fn problem(&self) -> Option<Reason> {
        self.inner.problem()
    }
}

/// Whether an execution ran to its end and nothing failed.
pub(crate) fn passes(seen: &Seen) -> bool {
    seen.failure.is_none() && seen.whole
}
