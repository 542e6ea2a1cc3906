//! The result of a check: a verdict about one model, one engine and its bounds. A [`report`] contains it
//! together with statistics.

mod report;

pub(crate) use report::assumptions;
pub use report::{Report, Stats};

use crate::counterexample::Counterexample;
use crate::failure::Reason;

/// The verdict of a check.
///
/// # Examples
/// ```
/// use raddle::{Checker, Verdict};
/// let report = Checker::dfs().check(|| assert_eq!(1 + 1, 2));
/// assert!(matches!(report.verdict, Verdict::Verified));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub enum Verdict {
    /// No execution within the bounds fails, and nothing was left out.
    Verified,
    /// An execution fails; this is its counterexample.
    Refuted(Box<Counterexample>),
    /// Neither: something was left out, for this reason.
    Inconclusive(Reason),
}

impl Verdict {
    /// The verdict in one lowercase word, as in JSON.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::Verdict::Verified.word(), "verified");
    /// ```
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::Refuted(_) => "refuted",
            Verdict::Inconclusive(_) => "inconclusive",
        }
    }
}
