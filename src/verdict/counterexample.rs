//! What refutes a model.

use std::fmt;

use super::FailureKind;
use crate::minimize::Minimised;
use crate::trace::Trace;
use crate::turning::Turning;

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
    /// The test that asked for the check, where libtest says which.
    pub(crate) asked_by: Option<String>,
    /// What is to be known about the way in which it was found.
    pub(crate) note: Option<String>,
    /// How much smaller its schedule is than the one that was found.
    pub(crate) minimised: Option<Minimised>,
    /// What the failure turns on, where that was found.
    pub(crate) turning: Option<Turning>,
    /// Where the trace is an execution of loom's, with stale reads and without a schedule: which one.
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

    /// The line that replays it, or an empty string where the engine has none (loom, native).
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

    /// What happened, a line for each step: the thread, what it did and where. Empty where no engine
    /// of the Model arm and not loom saw it.
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

    /// What went wrong, in a sentence.
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
