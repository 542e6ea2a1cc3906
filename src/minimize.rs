//! The failing schedule, reduced to the fewest preemptions and then the fewest steps that still fail
//! in the same way.
//!
//! People understand an interleaving by its switches: nearly every concurrency bug needs one or two
//! (Musuvathi and Qadeer, PLDI 2007), and an engine that found it by chance or by reduction
//! shows many more. First a depth-first search looks below the schedule's number of preemptions,
//! smallest bound first; then edits of the schedule (two runs of a thread joined, a run or a step
//! dropped) are kept as long as they help, as in delta debugging (Zeller, TSE 2002). All of it is
//! deterministic and within a budget of executions and steps, so large models may keep more
//! preemptions than they need; what is printed is what was replayed.

mod rounds;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::config::Settings;
use crate::engine::dfs::Dfs;
use crate::engine::forgiving::Forgiving;
use crate::engine::replay::{Replay, portable};
use crate::op::{ThreadId, ThreadSet};
use crate::rt::execution::{Execution, Failure, Scheduler};
use crate::rt::host::{Coroutines, Judge};
use crate::rt::log::Log;
use crate::rt::session::Session;
use crate::schedule::Choice;
use crate::trace::Trace;
use crate::verdict::{FailureKind, Reason};
use rounds::Endless;

/// Enough for every model of the catalogue, and well under a second for the largest of them.
const EXECUTIONS: usize = 4_000;
/// A bound on the work where executions are long.
const STEPS: usize = 400_000;
/// How many preemptions a failure of another engine is looked for with: two show nearly all of them.
pub(crate) const FEW_PREEMPTIONS: usize = 2;
/// What the search by edits may use of the budget even where the search by bounds finds no end.
const FOR_EDITS: usize = 500;

/// A schedule's length in the two measures that matter to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    pub(crate) preemptions: usize,
    pub(crate) steps: usize,
}

/// What minimisation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minimised {
    pub(crate) before: Size,
    pub(crate) after: Size,
    /// How many steps repeat for ever after these, if any do.
    pub(crate) round: Option<usize>,
}

impl fmt::Display for Minimised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |before: usize, after: usize, word: &str| {
            let s = if before == 1 && after == 1 { "" } else { "s" };
            if before == after {
                format!("{before} {word}{s}")
            } else {
                format!("{before} {word}{s} → {after}")
            }
        };
        let Minimised { before, after, round } = self;
        let preemptions = part(before.preemptions, after.preemptions, "preemption");
        write!(f, "{preemptions}; {}", part(before.steps, after.steps, "step"))?;
        if let Some(round) = round {
            write!(f, " before the {round} that repeat")?;
        }
        Ok(())
    }
}

/// An execution, as far as minimisation looks at it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) failure: Option<Failure>,
    /// Where the panic began that is the failure, if it is one.
    place: Option<String>,
    pub(crate) schedule: Vec<Choice>,
    pub(crate) size: Size,
    /// Whether it was run to its end.
    pub(crate) whole: bool,
    /// The fair cycle in which it was when it reached its bound on steps.
    endless: Option<Endless>,
}

/// Runs a model again and again on schedules of our own.
pub(crate) struct Laboratory<'a> {
    session: Session,
    host: Coroutines,
    body: Rc<dyn Fn()>,
    /// Shows whoever watches that something moves.
    beat: &'a dyn Fn(),
    executions: usize,
    steps: usize,
}

impl<'a> Laboratory<'a> {
    /// A laboratory with a full budget. A failure ends an execution in it, whatever the settings say.
    pub(crate) fn new(settings: &Settings, body: Rc<dyn Fn()>, beat: &'a dyn Fn()) -> Self {
        let mut settings = settings.clone();
        settings.stop_on_failure = true;
        let host = Coroutines::new();
        let session = Session::new(Execution::new(settings), host.clone());
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
    fn explore(
        &mut self,
        scheduler: &mut dyn Scheduler,
        reserve: usize,
        visit: &mut dyn FnMut(Seen) -> bool,
    ) {
        let mut counting = Counting { inner: scheduler, last: None, preempted: Rc::default() };
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

    /// The smallest schedule found that fails like the given one, and the one given as it was replayed;
    /// nothing if it does not fail again. `exactly`: with the same message, because other messages
    /// are other counterexamples.
    ///
    /// An execution that was run to its end may have `found` more than one failure, and another one of
    /// them may be noticed first when the first one ends it. Then a schedule is looked for that fails as
    /// was found.
    pub(crate) fn minimise(
        &mut self,
        schedule: Vec<Choice>,
        found: &Failure,
        exactly: bool,
    ) -> Option<(Seen, Minimised)> {
        let mut original = None;
        self.explore(&mut Replay::new(schedule, 0), 0, &mut |seen| {
            original = Some(seen);
            false
        });
        let mut original = original?;
        if original.failure.as_ref().is_some_and(|failure| failure.kind != found.kind)
            && let Some(as_found) = self.search(found)
        {
            original = as_found;
        }
        let failure = original.failure.clone()?;
        let alike = |seen: &Seen| {
            seen.failure.as_ref().is_some_and(|other| {
                let message = !exactly || other.message == failure.message;
                let place = failure.kind != FailureKind::Panic || seen.place == original.place;
                other.kind == failure.kind && message && place
            })
        };
        let mut best = original.clone();
        let mut proven = false;
        for bound in 0..=original.size.preemptions {
            let at_last = bound >= best.size.preemptions;
            let mut dfs = Dfs::new(Some(bound));
            let mut found = false;
            self.explore(&mut dfs, FOR_EDITS, &mut |seen| {
                if alike(&seen) {
                    found = true;
                    if seen.size < best.size {
                        best = seen;
                    }
                }
                true
            });
            if found || at_last || self.executions <= FOR_EDITS {
                // The search came to its end, so nothing smaller fails.
                proven = self.executions > FOR_EDITS && self.steps > 0;
                break;
            }
        }
        while !proven && let Some(better) = self.improve(&best, &alike) {
            best = better;
        }
        let minimised = Minimised { before: original.size, after: best.size, round: None };
        Some((best, minimised))
    }

    /// A failure of this kind, for engines whose schedules are their own; of a panic with this message.
    pub(crate) fn search(&mut self, failure: &Failure) -> Option<Seen> {
        let mut found = None;
        for bound in 0..=FEW_PREEMPTIONS {
            self.explore(&mut Dfs::new(Some(bound)), 0, &mut |seen| {
                let alike = seen.failure.as_ref().is_some_and(|other| {
                    let said = failure.kind != FailureKind::Panic || other.message == failure.message;
                    other.kind == failure.kind && said
                });
                if alike {
                    found = Some(seen);
                }
                !alike
            });
            if found.is_some() {
                break;
            }
        }
        found
    }

    /// The first edit of a schedule that is smaller and fails alike.
    fn improve(&mut self, best: &Seen, alike: &dyn Fn(&Seen) -> bool) -> Option<Seen> {
        for edited in edits(&best.schedule) {
            if self.spent() {
                return None;
            }
            let seen = self.try_schedule(edited, 0)?;
            if seen.size < best.size && alike(&seen) {
                return Some(seen);
            }
        }
        None
    }
}

/// The edits of a schedule that may make it smaller, those that save most first.
fn edits(schedule: &[Choice]) -> impl Iterator<Item = Vec<Choice>> {
    let mut runs: Vec<Vec<Choice>> = Vec::new();
    for &choice in schedule {
        match runs.last_mut() {
            Some(run) if run[0].thread == choice.thread => run.push(choice),
            _ => runs.push(vec![choice]),
        }
    }
    let runs = Rc::new(runs);
    let (a, b, c) = (Rc::clone(&runs), Rc::clone(&runs), Rc::clone(&runs));
    // A run is moved up to an earlier run, or down to a later run, of its thread.
    let joined = (0..runs.len()).rev().flat_map(move |from| {
        let runs = Rc::clone(&a);
        let thread = runs[from][0].thread;
        let others: Vec<usize> =
            (0..runs.len()).filter(|&to| to != from && runs[to][0].thread == thread).collect();
        others.into_iter().map(move |to| {
            let mut edited = (*runs).clone();
            let moved = std::mem::take(&mut edited[from]);
            if to < from {
                edited[to].extend(moved);
            } else {
                edited[to].splice(0..0, moved);
            }
            edited.concat()
        })
    });
    let dropped = (0..runs.len()).rev().map(move |at| {
        let mut edited = (*b).clone();
        edited.remove(at);
        edited.concat()
    });
    let length = schedule.len();
    let stepped = (0..length).rev().map(move |at| {
        let mut edited = c.concat();
        edited.remove(at);
        edited
    });
    let plain = schedule.to_vec();
    let usual = (0..length).filter_map(move |at| {
        let mut edited = plain.clone();
        (edited[at].alternative != 0).then(|| {
            edited[at].alternative = 0;
            edited
        })
    });
    joined.chain(dropped).chain(stepped).chain(usual)
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
    preempted: Rc<RefCell<Vec<usize>>>,
}

impl Scheduler for Counting<'_> {
    fn begin(&mut self) -> bool {
        self.last = None;
        self.preempted.borrow_mut().clear();
        self.inner.begin()
    }

    fn choose(&mut self, execution: &Execution, enabled: ThreadSet) -> Option<Choice> {
        let choice = self.inner.choose(execution, enabled)?;
        let free = execution.choosing(enabled).map_or(enabled, ThreadSet::one);
        let preempts = self.last.is_some_and(|last| last != choice.thread && free.contains(last));
        if preempts {
            self.preempted.borrow_mut().push(execution.schedule.len());
        }
        self.last = Some(choice.thread);
        Some(choice)
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
