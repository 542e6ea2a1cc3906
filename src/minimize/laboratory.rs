//! Where a model is run again and again on schedules of our own, within a budget.

use std::cell::RefCell;
use std::rc::Rc;

use super::Size;
use super::rounds::Endless;
use crate::config::Settings;
use crate::engine::forgiving::Forgiving;
use crate::engine::replay::{Replay, portable};
use crate::op::{ThreadId, ThreadSet};
use crate::rt::execution::{Execution, Failure, Scheduler};
use crate::rt::host::{Coroutines, Judge};
use crate::rt::log::Log;
use crate::rt::session::Session;
use crate::rt::spinloop::Shared;
use crate::schedule::Choice;
use crate::trace::Trace;
use crate::verdict::Reason;

/// Enough for every model of the catalogue, and well under a second for the largest of them.
const EXECUTIONS: usize = 4_000;
/// A bound on the work where executions are long.
const STEPS: usize = 400_000;

/// An execution, as far as minimisation looks at it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) failure: Option<Failure>,
    /// Where the panic began that is the failure, if it is one.
    pub(super) place: Option<String>,
    pub(crate) schedule: Vec<Choice>,
    pub(crate) size: Size,
    /// Whether it was run to its end.
    pub(crate) whole: bool,
    /// The fair cycle in which it was when it reached its bound on steps.
    pub(super) endless: Option<Endless>,
}

/// Runs a model again and again on schedules of our own.
pub(crate) struct Laboratory<'a> {
    pub(super) session: Session,
    host: Coroutines,
    body: Rc<dyn Fn()>,
    /// Shows whoever watches that something moves.
    beat: &'a dyn Fn(),
    pub(super) executions: usize,
    pub(super) steps: usize,
}

impl<'a> Laboratory<'a> {
    /// A laboratory with a full budget, and what is known of the model's loops. A failure ends an execution in it, whatever the settings say.
    pub(crate) fn new(settings: &Settings, loops: &Shared, body: Rc<dyn Fn()>, beat: &'a dyn Fn()) -> Self {
        let mut settings = settings.clone();
        settings.stop_on_failure = true;
        let host = Coroutines::new();
        let spin_assume = settings.spin_assume;
        let mut execution = Execution::new(settings);
        if spin_assume {
            execution.treat_loops_as_awaits(loops.clone(), true);
        }
        let session = Session::new(execution, host.clone());
        Laboratory { session, host, body, beat, executions: EXECUTIONS, steps: STEPS }
    }

    /// Grants so many more executions.
    pub(crate) fn grant(&mut self, executions: usize) {
        self.executions = executions;
        self.steps = STEPS;
    }

    /// Whether the budget is spent.
    pub(crate) fn spent(&self) -> bool {
        self.executions == 0 || self.steps == 0
    }

    /// Lets a scheduler run executions until it, the visitor, or the budget has had enough.
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
        self.host.explore(&self.session, &mut counting, &self.body, &mut visitor);
    }

    /// Runs one schedule, as closely as the model allows; its last choices again and again, if any repeat.
    pub(crate) fn try_schedule(&mut self, schedule: Vec<Choice>, repeat: usize) -> Option<Seen> {
        let mut seen = None;
        self.explore(&mut Forgiving::new(schedule, repeat), 0, &mut |s| {
            seen = Some(s);
            false
        });
        seen
    }

    /// Runs one schedule exactly, and tells what happened in it.
    pub(crate) fn tell(&mut self, schedule: Vec<Choice>, repeat: usize) -> Option<(Failure, Trace)> {
        self.session.execution.borrow_mut().log = Some(Log::default());
        let mut last = Last { told: None, beat: self.beat };
        self.host.explore(&self.session, &mut Replay::new(schedule, repeat), &self.body, &mut last);
        self.session.execution.borrow_mut().log = None;
        last.told
    }

    /// Like [`tell`](Self::tell), but of an execution that follows the schedule as closely as it can
    /// and may pass.
    pub(crate) fn tell_whatever(&mut self, schedule: Vec<Choice>) -> Trace {
        self.session.execution.borrow_mut().log = Some(Log::default());
        let mut trace = Trace::default();
        self.host.explore(
            &self.session,
            &mut Forgiving::new(schedule, 0),
            &self.body,
            &mut Whatever(&mut trace),
        );
        self.session.execution.borrow_mut().log = None;
        trace
    }
}

/// Hands what it sees to a closure, within a budget.
struct Visitor<'a> {
    visit: &'a mut dyn FnMut(Seen) -> bool,
    more: bool,
    executions: &'a mut usize,
    steps: &'a mut usize,
    /// How many executions to leave for others.
    reserve: usize,
    /// The steps that preempted somebody.
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
        let whole = execution.cut.is_none() && execution.cycle.is_none() && problem.is_none();
        let schedule = portable(execution);
        let endless = execution.cycle.map(|cycle| Endless::of(cycle, schedule.clone(), &preempted));
        // A cycle has no end to be brought nearer.
        let failure = failure.filter(|_| problem.is_none() && execution.cycle.is_none());
        let seen = Seen { failure, place, schedule, size, whole, endless };
        self.more = (self.visit)(seen) && problem.is_none();
    }

    fn beat(&mut self, _: &Session, _: ThreadId) {
        (self.beat)();
    }
}

/// Keeps the trace of the one failing execution that it sees.
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

/// Keeps the trace of whatever happens.
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
    /// The same before the last choice, and whether that preempted.
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
