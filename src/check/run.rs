//! One exploration: the loop that all engines share.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::check::Model;
use crate::check::checker::Method;
use crate::check::config::Settings;
use crate::check::parallel::Parallel;
use crate::check::stats::Collector;
use crate::check::twice;
use crate::check::watchdog::Pulse;
use crate::counterexample::Counterexample;
use crate::engine::bytes::Bytes;
use crate::engine::dfs::Dfs;
use crate::engine::dpor::Dpor;
use crate::engine::fair_continuation::FairContinuation;
use crate::engine::{Kind, diverged};
use crate::failure::Reason;
use crate::runtime::coroutines::Coroutines;
use crate::runtime::execution::{Execution, Failure, Scheduler};
use crate::runtime::happens_before::HappensBefore;
use crate::runtime::local_state;
use crate::runtime::panic_hook::SilencedPanics;
use crate::runtime::session::Session;
use crate::runtime::sharing::Sharing;
use crate::runtime::spinloop::Shared;
use crate::verdict::{Report, Stats, Verdict, assumptions};

/// One exploration.
pub(super) struct Run {
    pub(super) plan: Method,
    pub(super) kind: Kind,
    pub(super) settings: Settings,
    pub(super) model: Model,
    pub(super) name: String,
    /// The test that started the check, if its thread belongs to one.
    pub(super) asked_by: Option<String>,
    pub(super) began: Instant,
    pub(super) pulse: Arc<Pulse>,
    /// The knowledge about the model's loops.
    pub(super) loops: Shared,
}

impl Run {
    pub(super) fn explore(mut self) -> Report {
        let _quiet = SilencedPanics::begin();
        // For other engines every round of a loop is in the schedules.
        self.settings.spin_assume &= self.explores_traces() && local_state::SEEN;
        match (self.kind, &self.plan) {
            (_, Method::Replay(token)) => {
                let token = token.clone();
                self.replay(&token)
            }
            (_, Method::Bytes(bytes)) => {
                let collector = self.on_coroutines(&mut Bytes::new(Arc::clone(bytes)));
                self.conclude(collector, true)
            }
            #[cfg(feature = "loom")]
            (Kind::Loom, _) => self.loom(),
            (Kind::Native, Method::Sample(_, executions)) => {
                let executions = *executions;
                self.native(executions)
            }
            (Kind::Exhaustive, _) if self.settings.preemption_bound.is_none() => {
                let collector = self.exhaust();
                self.conclude(collector, false)
            }
            (Kind::Exhaustive | Kind::Dfs, _) => self.bounded(),
            #[cfg(feature = "shuttle")]
            (Kind::Random | Kind::Pct | Kind::Urw, _) => self.sample(),
            (kind, _) => unreachable!("a check by {kind} says what it is, and is part of this build"),
        }
    }

    pub(super) fn finish(&self, verdict: Verdict, stats: Stats, failures: Vec<Counterexample>) -> Report {
        report(self.kind, &self.settings, &self.name, verdict, stats, failures)
    }

    /// Explores every trace. If the search with waiting loops as one step each does not terminate, because
    /// what a loop does in a round depends on unobserved state, it is repeated with every round of every loop
    /// explored.
    fn exhaust(&mut self) -> Collector {
        let collector = self.exhaust_as_set();
        let stays_open = matches!(&collector.cut, Some(Reason::Diverged { .. } | Reason::MaxSteps { .. }));
        if !stays_open || !collector.failures.is_empty() || !self.loops.wait() {
            return collector;
        }
        self.settings.spin_assume = false;
        self.loops = Shared::default();
        let mut rounds = self.exhaust_as_set();
        rounds.stats.redundant += collector.stats.redundant + collector.stats.executions;
        rounds.stats.steps += collector.stats.steps;
        rounds
    }

    /// Explores every trace. New knowledge about the model's loops restarts the search.
    fn exhaust_as_set(&self) -> Collector {
        let (mut redundant, mut steps) = (0, 0);
        loop {
            // The knowledge about the values that loops wait for is not shared between workers.
            let together =
                if self.loops.wait() { Parallel::Open { failed: None } } else { self.explore_in_parallel() };
            let mut collector = match together {
                Parallel::Settled(collector) => *collector,
                Parallel::Open { failed } => self.explore_alone(failed),
            };
            collector.stats.redundant += redundant;
            collector.stats.steps += steps;
            let settled = self.settings.limits.stop_on_failure && !collector.failures.is_empty();
            if !collector.starts_over || settled || collector.cut.is_some() {
                return collector;
            }
            redundant = collector.stats.redundant + collector.stats.executions + 1;
            steps = collector.stats.steps;
        }
    }

    /// The exhaustive search by one worker, perhaps for a failure that several workers found.
    fn explore_alone(&self, failed: Option<Failure>) -> Collector {
        let mut dpor = Dpor::new();
        let mut collector = self.on_coroutines(&mut dpor);
        collector.stats.redundant += dpor.redundant;
        if let Some(failure) = failed.filter(|_| collector.failures.is_empty() && !collector.starts_over) {
            let reason = diverged::not_found_again(failure.kind, &failure.message);
            collector.cut = Some(collector.cut.unwrap_or(reason));
        }
        collector
    }

    /// Every schedule, or those within a preemption bound, the smallest bound first.
    fn bounded(&mut self) -> Report {
        let Some(bound) = self.settings.preemption_bound else {
            let collector = self.on_coroutines(&mut Dfs::new(None));
            return self.conclude(collector, false);
        };
        for within in 0..=bound {
            let mut dfs = Dfs::new(Some(within));
            let mut collector = self.on_coroutines(&mut dfs);
            if collector.cut.is_none() && dfs.left_out {
                if collector.failures.is_empty() && within < bound {
                    continue;
                }
                collector.cut = Some(Reason::PreemptionBound { bound: within });
            }
            let failed = !collector.failures.is_empty();
            let mut report = self.conclude(collector, false);
            if failed {
                report.bounds[0] = format!("{}, the fewest that show the failure", preemptions(within));
            }
            return report;
        }
        unreachable!("the last bound is concluded upon")
    }

    pub(super) fn collector(&self) -> Collector {
        Collector {
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

    /// Whether the engine is the search that explores one execution of each trace.
    fn explores_traces(&self) -> bool {
        let exhaustive = self.kind == Kind::Exhaustive && matches!(self.plan, Method::Whole(_));
        exhaustive && self.settings.preemption_bound.is_none()
    }

    pub(super) fn execution(&self) -> Execution {
        let mut execution = Execution::new(self.settings.limits);
        let exhaustive = self.explores_traces();
        if exhaustive || self.settings.count_traces {
            execution.happens_before = Some(HappensBefore::new());
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

    /// Explores on the model backend's coroutines.
    pub(super) fn on_coroutines(&self, scheduler: &mut dyn Scheduler) -> Collector {
        let mut collector = self.collector();
        let coroutines = Coroutines::new();
        let session = Session::new(self.execution(), coroutines.clone());
        if matches!(self.plan, Method::Replay(_) | Method::Bytes(_)) {
            coroutines.explore(&session, scheduler, &self.body(), &mut collector);
        } else {
            twice::explore(&coroutines, &session, scheduler, &self.body(), &mut collector);
        }
        self.continue_fairly(&coroutines, &session, &mut collector);
        collector
    }

    /// Tries fair continuations of a schedule that did not end.
    fn continue_fairly(&self, coroutines: &Coroutines, session: &Session, collector: &mut Collector) {
        let Some((spinning, period)) = collector.spinning.take() else { return };
        for mut continue_fairly in FairContinuation::all(&spinning, period) {
            let mut seen = self.collector();
            coroutines.explore(session, &mut continue_fairly, &self.body(), &mut seen);
            collector.stats.steps += seen.stats.steps;
            if !seen.failures.is_empty() {
                collector.stats.executions += 1;
                collector.stats.failures += 1;
                collector.failures.append(&mut seen.failures);
                return;
            }
        }
    }

    /// Turns the statistics into a verdict.
    pub(super) fn conclude(&self, mut collector: Collector, sampled: bool) -> Report {
        collector.stats.traces = collector.traces.as_ref().map(|traces| traces.len() as u64);
        let failures: Vec<Counterexample> = std::mem::take(&mut collector.failures)
            .into_iter()
            .enumerate()
            .map(|(at, found)| self.show(found, at == 0))
            .collect();
        let cut = collector.cut.clone().filter(|_| !self.settings.limits.stop_on_failure);
        let verdict = match (failures.first(), collector.cut) {
            (Some(first), _) => match failures.iter().find(|failure| failure.trace.is_none()) {
                Some(lost) => Verdict::Inconclusive(diverged::not_found_again(lost.kind, &lost.message)),
                None => Verdict::Refuted(Box::new(first.clone())),
            },
            (None, Some(reason)) => Verdict::Inconclusive(reason),
            (None, None) if sampled => {
                Verdict::Inconclusive(Reason::Sampled { executions: collector.stats.executions })
            }
            (None, None) => verified_if(collector.sharing),
        };
        let report = self.finish(verdict, collector.stats, failures).cut_by(cut);
        let mut report = with_caution(report, collector.sharing);
        if self.loops.used() {
            report.assumptions.push(LOOPS.to_owned());
        }
        report
    }
}

/// The assumption of a verdict where waiting loops were one step each.
const LOOPS: &str = "loops that wait: a round that looks only, with the same stack and registers, is without \
                     effect; one that counts to over 100 in the heap is taken for one that waits";

/// The verdict if no execution failed.
pub(super) fn verified_if(sharing: Sharing) -> Verdict {
    match sharing.suspicion().or_else(|| sharing.unseen_end()) {
        Some(why) => Verdict::Inconclusive(Reason::Unseen { why }),
        None => Verdict::Verified,
    }
}

/// Adds the caution, if there is one, before the assumptions that every verdict has.
pub(super) fn with_caution(mut report: Report, sharing: Sharing) -> Report {
    let caution = sharing.caution().filter(|_| matches!(report.verdict, Verdict::Verified));
    report.assumptions.splice(0..0, caution.map(str::to_owned));
    if sharing.looked_at_clock() {
        report.assumptions.push(VIRTUAL_TIME.to_owned());
    }
    report
}

/// The assumption of a verdict about a model that reads the clock.
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
        assumptions: assumptions(kind, &settings.limits.budgets),
        failures,
        model: name.to_owned(),
        elapsed: Duration::ZERO,
    }
}

fn preemptions(n: usize) -> String {
    if n == 1 { "1 preemption".to_owned() } else { format!("{n} preemptions") }
}
