//! The statistics of a check, and the decision when to stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::check::config::Settings;
use crate::check::watchdog::{Pulse, now};
use crate::engine::replay::portable;
use crate::failure::Reason;
use crate::op::ThreadId;
use crate::runtime::coroutines::Judge;
use crate::runtime::execution::{Cut, Execution, Failure};
use crate::runtime::lasso::Lasso;
use crate::runtime::session::Session;
use crate::runtime::sharing::Sharing;
use crate::schedule::Choice;
use crate::verdict::Stats;

pub(super) fn limit_reached(settings: &Settings, began: Instant, executions: u64) -> Option<Reason> {
    if let Some(bound) = settings.max_executions
        && executions >= bound
    {
        return Some(Reason::MaxExecutions { bound });
    }
    let late = settings.time_limit.is_some_and(|limit| now() - began >= limit);
    late.then_some(Reason::TimeLimit { executions })
}

/// A failure and the schedule that leads to it.
pub(super) struct Found {
    pub(super) failure: Failure,
    pub(super) schedule: Vec<Choice>,
    /// How many of its last choices repeat for ever.
    pub(super) repeat: usize,
}

/// Collects the statistics of a check.
pub(super) struct Collector {
    pub(super) stats: Stats,
    pub(super) settings: Settings,
    pub(super) began: Instant,
    pub(super) pulse: Arc<Pulse>,
    pub(super) failures: Vec<Found>,
    pub(super) cut: Option<Reason>,
    /// True if new knowledge about the model's loops restarts the search.
    pub(super) starts_over: bool,
    /// What was observed about sharing.
    pub(super) sharing: Sharing,
    /// A schedule up to the end of the first round of a cycle that it does not leave, or leaves late; and how
    /// many of its choices are that round.
    pub(super) spinning: Option<(Vec<Choice>, usize)>,
    pub(super) traces: Option<std::collections::BTreeSet<u128>>,
}

impl Collector {
    /// Adds the statistics of another worker of the same search.
    pub(super) fn add(&mut self, other: Collector) {
        self.stats.executions += other.stats.executions;
        self.stats.redundant += other.stats.redundant;
        self.stats.failures += other.stats.failures;
        self.stats.steps += other.stats.steps;
        self.failures.extend(other.failures);
        self.cut = self.cut.take().or(other.cut);
        self.starts_over |= other.starts_over;
        self.sharing.add(other.sharing);
        self.spinning = self.spinning.take().or(other.spinning);
        if let (Some(traces), Some(others)) = (&mut self.traces, other.traces) {
            traces.extend(others);
        }
    }
}

impl Judge for Collector {
    fn wants_another(&mut self) -> bool {
        if self.starts_over
            || self.cut.is_some()
            || self.settings.limits.stop_on_failure && self.stats.failures > 0
        {
            return false;
        }
        self.cut = limit_reached(&self.settings, self.began, self.stats.executions);
        self.cut.is_none()
    }

    fn saw(&mut self, execution: &Execution, problem: Option<Reason>) {
        self.stats.steps += execution.schedule.len() as u64;
        self.sharing.add(execution.sharing);
        self.sharing.took(execution.schedule.len());
        if problem.is_some() {
            self.cut = problem;
            return;
        }
        match &execution.cut {
            Some(Cut::Abandoned) => return,
            Some(Cut::StartOver) => {
                self.starts_over = true;
                return;
            }
            Some(Cut::Assumed) if execution.failure.is_none() => {
                self.stats.redundant += 1;
                return;
            }
            Some(Cut::Steps { thread, site, lasso }) => {
                let round = |lasso: Lasso| execution.schedule[..lasso.stem + lasso.cycle].to_vec();
                self.spinning = lasso.map(|lasso| (round(lasso), lasso.cycle));
                let place = site.map_or(String::new(), |s| format!(" at {}:{}", s.file(), s.line()));
                self.cut = Some(Reason::MaxSteps {
                    bound: self.settings.limits.max_steps,
                    place: format!("{}{place}", execution.describe(*thread)),
                });
                return;
            }
            Some(Cut::Limit { why }) => {
                self.cut = Some(Reason::EngineLimit { why: why.clone() });
                // A failure before the cut still counts.
                if execution.failure.is_none() {
                    return;
                }
            }
            Some(Cut::Assumed) | None => {}
        }
        self.stats.executions += 1;
        self.pulse.executions.fetch_add(1, Ordering::Relaxed);
        if let (Some(traces), Some(happens_before)) = (&mut self.traces, &execution.happens_before) {
            traces.insert(happens_before.fingerprint());
        }
        let Some(failure) = &execution.failure else { return };
        self.stats.failures += 1;
        let known = self
            .failures
            .iter()
            .any(|found| found.failure.kind == failure.kind && found.failure.message == failure.message);
        if !known {
            let mut schedule = portable(execution);
            let repeat = execution.lasso.map_or(0, |lasso| {
                schedule.truncate(lasso.stem + lasso.cycle);
                lasso.cycle
            });
            self.failures.push(Found { failure: failure.clone(), schedule, repeat });
        }
    }

    #[inline]
    fn beat(&mut self, session: &Session, thread: ThreadId) {
        let beats = self.pulse.beats.load(Ordering::Relaxed);
        self.pulse.beats.store(beats + 1, Ordering::Relaxed);
        self.pulse.thread.store(u64::from(thread.0), Ordering::Relaxed);
        if let Some(site) = session.execution.borrow().thread(thread).last_site {
            self.pulse.site.store(std::ptr::from_ref(site).cast_mut(), Ordering::Relaxed);
        }
    }
}
