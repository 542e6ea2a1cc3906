//! What was seen so far, and whether that is enough.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::check::watch::{Pulse, now};
use crate::config::Settings;
use crate::engine::replay::portable;
use crate::op::ThreadId;
use crate::rt::cycles::Cycle;
use crate::rt::execution::{Cut, Execution, Failure};
use crate::rt::host::Judge;
use crate::rt::session::Session;
use crate::rt::sharing::Sharing;
use crate::schedule::Choice;
use crate::verdict::{Reason, Stats};

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

/// What was seen so far.
pub(super) struct Tally {
    pub(super) stats: Stats,
    pub(super) settings: Settings,
    pub(super) began: Instant,
    pub(super) pulse: Arc<Pulse>,
    pub(super) failures: Vec<Found>,
    pub(super) cut: Option<Reason>,
    /// Whether something was learned of the model's loops with which the search begins anew.
    pub(super) starts_over: bool,
    /// What was seen of sharing.
    pub(super) sharing: Sharing,
    /// A schedule up to the end of the first round of a cycle that it does not leave, or late; and how many
    /// of its choices are that round.
    pub(super) spinning: Option<(Vec<Choice>, usize)>,
    pub(super) traces: Option<std::collections::BTreeSet<u128>>,
}

impl Tally {
    /// Adds what another worker at the same search saw.
    pub(super) fn add(&mut self, other: Tally) {
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

impl Judge for Tally {
    fn wants_another(&mut self) -> bool {
        if self.starts_over || self.cut.is_some() || self.settings.stop_on_failure && self.stats.failures > 0
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
            Some(Cut::Steps { thread, site, cycle }) => {
                let round = |cycle: Cycle| execution.schedule[..cycle.start + cycle.period].to_vec();
                self.spinning = cycle.map(|cycle| (round(cycle), cycle.period));
                let place = site.map_or(String::new(), |s| format!(" at {}:{}", s.file(), s.line()));
                self.cut = Some(Reason::MaxSteps {
                    bound: self.settings.max_steps,
                    place: format!("{}{place}", execution.describe(*thread)),
                });
                return;
            }
            Some(Cut::Limit { why }) => {
                self.cut = Some(Reason::EngineLimit { why: why.clone() });
                // A failure that came before it is one all the same.
                if execution.failure.is_none() {
                    return;
                }
            }
            Some(Cut::Assumed) | None => {}
        }
        self.stats.executions += 1;
        self.pulse.executions.fetch_add(1, Ordering::Relaxed);
        if let (Some(traces), Some(history)) = (&mut self.traces, &execution.history) {
            traces.insert(history.fingerprint());
        }
        let Some(failure) = &execution.failure else { return };
        self.stats.failures += 1;
        let known = self
            .failures
            .iter()
            .any(|found| found.failure.kind == failure.kind && found.failure.message == failure.message);
        if !known {
            let mut schedule = portable(execution);
            let repeat = execution.cycle.map_or(0, |cycle| {
                schedule.truncate(cycle.start + cycle.period);
                cycle.period
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
