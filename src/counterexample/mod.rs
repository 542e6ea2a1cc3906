//! A counterexample: a schedule that fails, minimised and explained.
//!
//! [`minimize`] minimises the schedule of a failure, with [`replay_runner`] to run candidates and [`lasso`]
//! for executions without an end; [`explain`] finds the race reversal that makes the model pass; a [`token`]
//! carries the schedule.

pub(crate) mod explain;
mod lasso;
pub(crate) mod minimize;
pub(crate) mod replay_runner;
pub(crate) mod token;

use std::fmt;

use crate::failure::FailureKind;
use crate::trace::Trace;
use explain::RaceReversal;
use minimize::Minimised;

/// An execution that fails.
///
/// Its `Display` is the timeline and the line that replays it.
///
/// # Examples
/// ```
/// use raddle::{Checker, FailureKind, Verdict};
/// let report = Checker::dfs().check(|| panic!("as always"));
/// let Verdict::Refuted(counterexample) = &report.verdict else { panic!() };
/// assert_eq!(counterexample.kind(), FailureKind::Panic);
/// assert!(counterexample.message().contains("as always"));
/// assert!(raddle::Checker::replay(counterexample.token()).is_ok());
/// ```
#[derive(Clone)]
pub struct Counterexample {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) token: String,
    pub(crate) trace: Option<Trace>,
    /// The model's name.
    pub(crate) model: String,
    /// The test that ran the check, if libtest names it.
    pub(crate) asked_by: Option<String>,
    /// A note about the way in which it was found.
    pub(crate) note: Option<String>,
    /// How much minimisation shortened its schedule.
    pub(crate) minimised: Option<Minimised>,
    /// The race reversal that makes the model pass, if one was found.
    pub(crate) race_reversal: Option<RaceReversal>,
    /// If the trace is an execution of loom's, with stale reads and without a schedule: the number of that
    /// execution.
    pub(crate) found_in: Option<u64>,
}

impl Counterexample {
    /// How it fails.
    ///
    /// # Examples
    /// ```
    /// let report = raddle::Checker::dfs().check(|| panic!("in vain"));
    /// let raddle::Verdict::Refuted(counterexample) = report.verdict else { panic!("it fails") };
    /// assert_eq!(counterexample.kind(), raddle::FailureKind::Panic);
    /// ```
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The line that replays it, or an empty string if the engine has no schedules (loom, native).
    ///
    /// # Examples
    /// ```
    /// let report = raddle::Checker::dfs().check(|| panic!("in vain"));
    /// let raddle::Verdict::Refuted(counterexample) = report.verdict else { panic!("it fails") };
    /// assert!(raddle::Checker::replay(counterexample.token()).is_ok());
    /// ```
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The events, a line for each step: the thread, what it did and where. Empty if the failure was found
    /// neither by an engine of the model backend nor by loom.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, FailureKind, sync::Mutex};
    /// let report = Checker::dfs().check(|| {
    ///     let lock = Mutex::new(());
    ///     let _held = lock.lock();
    ///     panic!("as always");
    /// });
    /// let steps = report.expect_failure(FailureKind::Panic).steps();
    /// assert!(steps[0].starts_with("main: Mutex#1.lock() at "));
    /// ```
    pub fn steps(&self) -> Vec<String> {
        self.trace.as_ref().map(Trace::lines).unwrap_or_default()
    }

    /// What failed, in a sentence.
    ///
    /// # Examples
    /// ```
    /// let report = raddle::Checker::dfs().check(|| panic!("in vain"));
    /// let raddle::Verdict::Refuted(counterexample) = report.verdict else { panic!("it fails") };
    /// assert!(counterexample.message().contains("in vain"));
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Debug for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counterexample")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
