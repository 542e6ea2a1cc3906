//! A check by loom.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::backend::loom_limits::{self, Limit};
use crate::backend::loom_recorder;
use crate::check::counterexample::AsRun;
use crate::check::run::{Run, verified_if, with_caution};
use crate::check::stats::limit_reached;
use crate::engine::loom;
use crate::failure::Reason;
use crate::verdict::{Report, Stats, Verdict};

impl Run {
    /// Explores under loom.
    pub(super) fn loom(&self) -> Report {
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
        let (limits, mut sharing) = (loom_limits::met(), loom_recorder::take_sharing());
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
}
