//! A verdict, and the work done to reach it.

use std::fmt;

use super::Verdict;
use crate::counterexample::Counterexample;
use crate::engine::Kind;
use crate::failure::{FailureKind, Reason, grouped};
use crate::runtime::local_state;
use crate::schedule::Budgets;

/// The statistics of a check.
///
/// # Examples
/// ```
/// let stats = raddle::Checker::dfs().check(|| {}).stats;
/// assert_eq!((stats.executions, stats.redundant, stats.failures), (1, 0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Maximal executions: finished, failed or deadlocked.
    pub executions: u64,
    /// Redundant executions, begun and abandoned: an equivalent one was explored already, or `is_finished`
    /// returned true for a thread that cannot end.
    pub redundant: u64,
    /// Executions that failed; more than one only with `stop_on_failure(false)`.
    pub failures: u64,
    /// Visible operations performed, over all executions.
    pub steps: u64,
    /// The number of different traces, if the check was configured to count them.
    pub traces: Option<u64>,
}

/// The result of a check, with its statistics.
///
/// # Examples
/// ```
/// let report = raddle::Checker::dfs().check(|| {});
/// report.expect_verified();
/// assert_eq!(report.engine, "dfs");
/// assert!(report.to_string().starts_with("verified by dfs"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// The statistics.
    pub stats: Stats,
    /// The engine that explored.
    pub engine: &'static str,
    /// The bounds of the search, in words; empty if there were none.
    pub bounds: Vec<String>,
    /// The assumptions of the verdict, in words.
    pub assumptions: Vec<String>,
    /// One counterexample for each failure that differs in kind or message, in the order found.
    pub failures: Vec<Counterexample>,
    /// The model's name.
    pub model: String,
    /// The wall-clock time that the check took.
    pub elapsed: std::time::Duration,
}

impl Report {
    /// Panics unless the model was verified.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().check(|| {}).expect_verified();
    /// ```
    #[track_caller]
    pub fn expect_verified(&self) {
        assert!(matches!(self.verdict, Verdict::Verified), "{self}");
    }

    /// Panics if the model was refuted: for checks that are sampled or bounded on purpose.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::random(100).check(|| {}).expect_no_failure();
    /// ```
    #[track_caller]
    pub fn expect_no_failure(&self) {
        assert!(!matches!(self.verdict, Verdict::Refuted(_)), "{self}");
    }

    /// Panics unless the model was refuted with this kind of failure; returns the counterexample.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, FailureKind};
    /// Checker::dfs().check(|| panic!()).expect_failure(FailureKind::Panic);
    /// ```
    #[track_caller]
    pub fn expect_failure(&self, kind: FailureKind) -> &Counterexample {
        match &self.verdict {
            Verdict::Refuted(counterexample) if counterexample.kind == kind => counterexample,
            _ => panic!("expected {kind}, but: {self}"),
        }
    }

    /// Names, beside failures, why there may be others that were not looked for. A preemption bound is among the
    /// bounds already.
    pub(crate) fn cut_by(mut self, cut: Option<Reason>) -> Self {
        let cut = cut.filter(|cut| !matches!(cut, Reason::PreemptionBound { .. }));
        if let (Verdict::Refuted(_), Some(reason)) = (&self.verdict, cut) {
            self.bounds.push(format!("the search is not complete: {reason}"));
        }
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.verdict.word(), self.engine)?;
        let Stats { executions, redundant, .. } = self.stats;
        let plural = if executions == 1 { "" } else { "s" };
        write!(f, " in {} execution{plural}", grouped(executions))?;
        if redundant > 0 {
            write!(f, " and {} redundant ones", grouped(redundant))?;
        }
        match &self.verdict {
            Verdict::Verified => {}
            Verdict::Inconclusive(reason) => write!(f, ": {reason}")?,
            Verdict::Refuted(counterexample) => write!(f, ": {}\n\n{counterexample}", counterexample.kind)?,
        }
        for bound in &self.bounds {
            write!(f, "\n  bound: {bound}")?;
        }
        for assumption in &self.assumptions {
            write!(f, "\n  assumes: {assumption}")?;
        }
        Ok(())
    }
}

/// The assumptions of a verdict of this kind of engine.
pub(crate) fn assumptions(kind: Kind, budgets: &Budgets) -> Vec<String> {
    match kind {
        Kind::Loom => vec!["loom 0.7's model of C11 memory (SeqCst accesses count as AcqRel)".to_owned()],
        Kind::Native => vec!["whatever this machine's scheduler and memory happened to do".to_owned()],
        _ => {
            let Budgets { spurious_wakeups, weak_failures, timeouts, fruitless_yields } = budgets;
            let unseen = "this processor's registers are not seen: a loop that counts its yields is taken for one \
                          that waits";
            let mut assumptions = vec![
                "sequential consistency; data races judged by the orderings written".to_owned(),
                format!(
                    "per thread at most {spurious_wakeups} spurious wakeup, {weak_failures} weak failure and \
                     {timeouts} early timeout, and {fruitless_yields} yield or poll of is_finished without progress per call \
                     site and local state"
                ),
                "std's Arc: its reference counts are no steps, nor is who drops the result of a detached thread"
                    .to_owned(),
            ];
            assumptions.extend((!local_state::SEEN).then(|| unseen.to_owned()));
            assumptions
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(super::grouped(7), "7");
        assert_eq!(super::grouped(999), "999");
        assert_eq!(super::grouped(147_456), "147,456");
        assert_eq!(super::grouped(1_000_000), "1,000,000");
    }
}
