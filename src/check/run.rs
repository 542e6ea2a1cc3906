//! One exploration: the loop that all engines share.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::check::Model;
use crate::check::checker::Plan;
use crate::check::failing::AsRun;
use crate::check::tally::{Tally, limit_reached};
use crate::check::together::Together;
use crate::check::twice;
use crate::check::watch::Pulse;
use crate::config::Settings;
use crate::engine::bytes::Bytes;
use crate::engine::dfs::Dfs;
use crate::engine::dpor::Dpor;
use crate::engine::probe::Probe;
use crate::engine::shuttle::Sampling;
use crate::engine::{Kind, diverged, loom, native, shuttle};
use crate::rt::execution::{Execution, Failure, Scheduler};
use crate::rt::helpers::on_another_thread;
use crate::rt::history::History;
use crate::rt::host::{Coroutines, Judge};
use crate::rt::local_state;
use crate::rt::loom_limits::{self, Limit};
use crate::rt::quiet::Quiet;
use crate::rt::session::Session;
use crate::rt::sharing::Sharing;
use crate::rt::spinloop::Shared;
use crate::rt::witness;
use crate::verdict::{Counterexample, Reason, Report, Stats, Verdict, assumptions};

/// One exploration.
pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) kind: Kind,
    pub(super) settings: Settings,
    pub(super) model: Model,
    pub(super) name: String,
    /// The test that asked, if the asking thread is one's.
    pub(super) asked_by: Option<String>,
    pub(super) began: Instant,
    pub(super) pulse: Arc<Pulse>,
    /// What is learned of the model's loops.
    pub(super) loops: Shared,
}

impl Run {
    pub(super) fn explore(mut self) -> Report {
        let _quiet = Quiet::begin();
        // Elsewhere every round of a loop is in the schedules.
        self.settings.spin_assume &= self.explores_traces() && local_state::SEEN;
        match (self.kind, &self.plan) {
            (_, Plan::Replay(token)) => {
                let token = token.clone();
                self.replay(&token)
            }
            (_, Plan::Bytes(bytes)) => {
                let tally = self.model_arm(&mut Bytes::new(Arc::clone(bytes)));
                self.conclude(tally, true)
            }
            (Kind::Loom, _) => self.loom(),
            (Kind::Native, Plan::Sample(_, executions)) => {
                let executions = *executions;
                self.native(executions)
            }
            (Kind::Exhaustive, _) if self.settings.preemption_bound.is_none() => {
                let tally = self.exhaust();
                self.conclude(tally, false)
            }
            (Kind::Exhaustive | Kind::Dfs, _) => self.bounded(),
            (kind, plan) => {
                let (executions, depth) = match plan {
                    Plan::Pct(executions, depth) => (*executions, *depth),
                    Plan::Sample(_, executions) => (*executions, 1),
                    _ => (0, 1),
                };
                let executions = usize::try_from(executions).unwrap_or(usize::MAX);
                let sampling = Sampling { kind, seed: self.settings.seed, executions, depth };
                let run = Rc::new(self);
                let tally = run.sample(sampling);
                run.conclude(tally, true)
            }
        }
    }

    pub(super) fn finish(&self, verdict: Verdict, stats: Stats, failures: Vec<Counterexample>) -> Report {
        report(self.kind, &self.settings, &self.name, verdict, stats, failures)
    }

    /// Every trace. Where the search with loops that wait as one step each leads to no end, because what a loop
    /// does in a round depends on more than is seen, it is made with every round of every loop.
    fn exhaust(&mut self) -> Tally {
        let tally = self.exhaust_as_set();
        let stays_open = matches!(&tally.cut, Some(Reason::Diverged { .. } | Reason::MaxSteps { .. }));
        if !stays_open || !tally.failures.is_empty() || !self.loops.wait() {
            return tally;
        }
        self.settings.spin_assume = false;
        self.loops = Shared::default();
        let mut rounds = self.exhaust_as_set();
        rounds.stats.redundant += tally.stats.redundant + tally.stats.executions;
        rounds.stats.steps += tally.stats.steps;
        rounds
    }

    /// Every trace. What is learned of the model's loops on the way begins the search anew.
    fn exhaust_as_set(&self) -> Tally {
        let (mut redundant, mut steps) = (0, 0);
        loop {
            // What is known of the values that loops wait for stays with one worker.
            let together =
                if self.loops.wait() { Together::Open { failed: None } } else { self.explore_together() };
            let mut tally = match together {
                Together::Settled(tally) => *tally,
                Together::Open { failed } => self.explore_alone(failed),
            };
            tally.stats.redundant += redundant;
            tally.stats.steps += steps;
            let settled = self.settings.stop_on_failure && !tally.failures.is_empty();
            if !tally.starts_over || settled || tally.cut.is_some() {
                return tally;
            }
            redundant = tally.stats.redundant + tally.stats.executions + 1;
            steps = tally.stats.steps;
        }
    }

    /// The exhaustive search by one worker, perhaps for a failure that several have met.
    fn explore_alone(&self, failed: Option<Failure>) -> Tally {
        let mut dpor = Dpor::new();
        let mut tally = self.model_arm(&mut dpor);
        tally.stats.redundant += dpor.redundant;
        if let Some(failure) = failed.filter(|_| tally.failures.is_empty() && !tally.starts_over) {
            let reason = diverged::not_found_again(failure.kind, &failure.message);
            tally.cut = Some(tally.cut.unwrap_or(reason));
        }
        tally
    }

    /// Every schedule, or those within a preemption bound, the smallest bound first.
    fn bounded(&mut self) -> Report {
        let Some(bound) = self.settings.preemption_bound else {
            let tally = self.model_arm(&mut Dfs::new(None));
            return self.conclude(tally, false);
        };
        for within in 0..=bound {
            let mut dfs = Dfs::new(Some(within));
            let mut tally = self.model_arm(&mut dfs);
            if tally.cut.is_none() && dfs.left_out {
                if tally.failures.is_empty() && within < bound {
                    continue;
                }
                tally.cut = Some(Reason::PreemptionBound { bound: within });
            }
            let failed = !tally.failures.is_empty();
            let mut report = self.conclude(tally, false);
            if failed {
                report.bounds = vec![format!("{}, the fewest that show the failure", preemptions(within))];
            }
            return report;
        }
        unreachable!("the last bound is concluded upon")
    }

    pub(super) fn tally(&self) -> Tally {
        Tally {
            stats: Stats::default(),
            settings: self.settings.clone(),
            began: self.began,
            pulse: Arc::clone(&self.pulse),
            failures: Vec::new(),
            cut: None,
            starts_over: false,
            sharing: Sharing::default(),
            spinning: None,
            traces: self.settings.count_traces.then(Default::default),
        }
    }

    /// Whether it is the search that explores one execution of each trace.
    fn explores_traces(&self) -> bool {
        let exhaustive = self.kind == Kind::Exhaustive && matches!(self.plan, Plan::Whole(_));
        exhaustive && self.settings.preemption_bound.is_none()
    }

    pub(super) fn execution(&self) -> Execution {
        let mut execution = Execution::new(self.settings.clone());
        let exhaustive = self.explores_traces();
        if exhaustive || self.settings.count_traces {
            execution.history = Some(History::new());
        }
        if exhaustive && self.settings.spin_assume {
            execution.treat_loops_as_awaits(self.loops.clone(), false);
        }
        execution
    }

    pub(super) fn body(&self) -> Rc<dyn Fn()> {
        let model = Arc::clone(&self.model);
        Rc::new(move || model())
    }

    /// Explores on coroutines of our own.
    fn model_arm(&self, scheduler: &mut dyn Scheduler) -> Tally {
        let mut tally = self.tally();
        let host = Coroutines::new();
        let session = Session::new(self.execution(), host.clone());
        if matches!(self.plan, Plan::Replay(_) | Plan::Bytes(_)) {
            host.explore(&session, scheduler, &self.body(), &mut tally);
        } else {
            twice::explore(&host, &session, scheduler, &self.body(), &mut tally);
        }
        self.probe(&host, &session, &mut tally);
        tally
    }

    /// Tries fair continuations of a schedule that did not end.
    fn probe(&self, host: &Coroutines, session: &Session, tally: &mut Tally) {
        let Some((spinning, period)) = tally.spinning.take() else { return };
        for mut probe in Probe::all(&spinning, period) {
            let mut seen = self.tally();
            host.explore(session, &mut probe, &self.body(), &mut seen);
            tally.stats.steps += seen.stats.steps;
            if !seen.failures.is_empty() {
                tally.stats.executions += 1;
                tally.stats.failures += 1;
                tally.failures.append(&mut seen.failures);
                return;
            }
        }
    }

    /// Explores by one of shuttle's schedulers.
    fn sample(self: &Rc<Self>, sampling: Sampling) -> Tally {
        let result: Rc<RefCell<Option<Tally>>> = Rc::default();
        let (run, into) = (Rc::clone(self), Rc::clone(&result));
        shuttle::with_scheduler(sampling, move |scheduler| {
            // Shuttle asks whether the system's thread panics, which it does for ever after some executions.
            *into.borrow_mut() = Some(on_another_thread(|| run.model_arm(scheduler)));
        });
        let tally = result.borrow_mut().take();
        tally.unwrap_or_else(|| self.tally())
    }

    fn native(&self, executions: u64) -> Report {
        let mut stats = Stats::default();
        let mut failures: Vec<Counterexample> = Vec::new();
        let mut tally = self.tally();
        while stats.executions < executions && tally.wants_another() {
            stats.executions += 1;
            tally.stats.executions += 1;
            match native::run_once(&self.model) {
                native::Ending::Passed => {}
                native::Ending::Failed(failure) => {
                    stats.failures += 1;
                    if failures.iter().all(|known| known.kind != failure.kind) {
                        failures.push(self.show_foreign(failure, None));
                    }
                    if self.settings.stop_on_failure {
                        break;
                    }
                }
                native::Ending::Lost => {
                    let place = "an execution did not end for 10 s, though not every thread waits for \
                                 an object of raddle's; its threads were left behind";
                    let reason = Reason::NoProgress { place: place.to_owned() };
                    tally.cut = Some(reason);
                    break;
                }
            }
        }
        let verdict = match (failures.first(), tally.cut) {
            (Some(first), _) => Verdict::Refuted(Box::new(first.clone())),
            (None, Some(reason)) => Verdict::Inconclusive(reason),
            (None, None) => Verdict::Inconclusive(Reason::Sampled { executions: stats.executions }),
        };
        self.finish(verdict, stats, failures)
    }

    fn loom(&self) -> Report {
        let (settings, began, pulse) = (self.settings.clone(), self.began, Arc::clone(&self.pulse));
        let limit = Arc::new(std::sync::Mutex::new(None));
        let reached = Arc::clone(&limit);
        let wants_another = move || {
            let executions = pulse.executions.fetch_add(1, Ordering::Relaxed);
            let reason = limit_reached(&settings, began, executions);
            let more = reason.is_none();
            *reached.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = reason;
            more
        };
        let (outcome, executions) = loom::explore(&self.model, self.settings.preemption_bound, wants_another);
        let (limits, mut sharing) = (loom_limits::met(), witness::take_sharing());
        // To choose is a step.
        sharing.took(usize::from(limits.contains(&Limit::Choice)));
        let mut stats = Stats { executions, ..Stats::default() };
        let reached = limit.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let mut failures = Vec::new();
        let verdict = match (outcome, reached, self.settings.preemption_bound) {
            (loom::Outcome::Failed(failure, place, trace), ..) => {
                stats.failures = 1;
                let seen = AsRun { execution: executions, place, trace: *trace };
                failures.push(self.show_foreign(failure, Some(seen)));
                Verdict::Refuted(Box::new(failures[0].clone()))
            }
            (_, Some(reason), _) | (loom::Outcome::LeftOut(reason), ..) => Verdict::Inconclusive(reason),
            (loom::Outcome::Passed, None, Some(bound)) => {
                Verdict::Inconclusive(Reason::PreemptionBound { bound })
            }
            (loom::Outcome::Passed, None, None) if limits.contains(&Limit::Choice) => {
                let why = "loom takes the first alternative of every raddle::choose, and no other was checked: use \
                           the exhaustive engine for models that choose";
                Verdict::Inconclusive(Reason::EngineLimit { why: why.to_owned() })
            }
            (loom::Outcome::Passed, None, None) => verified_if(sharing),
        };
        let mut report = with_caution(self.finish(verdict, stats, failures), sharing);
        report.assumptions.extend(limits.iter().map(|limit| limit.assumption().to_owned()));
        report
    }

    /// Turns what was seen into a verdict.
    fn conclude(&self, mut tally: Tally, sampled: bool) -> Report {
        tally.stats.traces = tally.traces.as_ref().map(|traces| traces.len() as u64);
        let failures: Vec<Counterexample> = std::mem::take(&mut tally.failures)
            .into_iter()
            .enumerate()
            .map(|(at, found)| self.show(found, at == 0))
            .collect();
        let verdict = match (failures.first(), tally.cut) {
            (Some(first), _) => match failures.iter().find(|failure| failure.trace.is_none()) {
                Some(lost) => Verdict::Inconclusive(diverged::not_found_again(lost.kind, &lost.message)),
                None => Verdict::Refuted(Box::new(first.clone())),
            },
            (None, Some(reason)) => Verdict::Inconclusive(reason),
            (None, None) if sampled => {
                Verdict::Inconclusive(Reason::Sampled { executions: tally.stats.executions })
            }
            (None, None) => verified_if(tally.sharing),
        };
        let mut report = with_caution(self.finish(verdict, tally.stats, failures), tally.sharing);
        if self.loops.used() {
            report.assumptions.push(LOOPS.to_owned());
        }
        report
    }
}

/// What a verdict takes for granted where loops that wait were one step each.
const LOOPS: &str = "loops that wait: a round that looks only, with the same stack and registers, is without \
                     effect; one that counts to over 100 in the heap is taken for one that waits";

/// What no failure in any execution means.
fn verified_if(sharing: Sharing) -> Verdict {
    match sharing.suspicion() {
        Some(why) => Verdict::Inconclusive(Reason::Unseen { why }),
        None => Verdict::Verified,
    }
}

/// A report whose caution, if there is one, stands before what every verdict takes for granted.
fn with_caution(mut report: Report, sharing: Sharing) -> Report {
    let caution = sharing.caution().filter(|_| matches!(report.verdict, Verdict::Verified));
    report.assumptions.splice(0..0, caution.map(str::to_owned));
    if sharing.looked_at_clock() {
        report.assumptions.push(VIRTUAL_TIME.to_owned());
    }
    report
}

/// What a verdict about a model takes for granted that looks at the clock.
const VIRTUAL_TIME: &str = "time is virtual: it passes while a thread sleeps or waits for so long, and nothing else takes \
    any";

pub(super) fn report(
    kind: Kind,
    settings: &Settings,
    name: &str,
    verdict: Verdict,
    stats: Stats,
    failures: Vec<Counterexample>,
) -> Report {
    let mut bounds = Vec::new();
    if let Some(bound) = settings.preemption_bound {
        bounds.push(format!("at most {}", preemptions(bound)));
    }
    Report {
        verdict,
        stats,
        engine: kind.name(),
        bounds,
        assumptions: assumptions(kind, &settings.budgets),
        failures,
        model: name.to_owned(),
        elapsed: Duration::ZERO,
    }
}

fn preemptions(n: usize) -> String {
    if n == 1 { "1 preemption".to_owned() } else { format!("{n} preemptions") }
}
