//! What a check says: a verdict about one model, one engine and its bounds.

use std::fmt;

use crate::engine::Kind;
use crate::minimize::Minimised;
use crate::schedule::Budgets;
use crate::trace::Trace;
use crate::turning::Turning;

/// The answer of a check.
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
    /// An execution fails, and here it is.
    Refuted(Box<Counterexample>),
    /// Neither: something was left out, for this reason.
    Inconclusive(Reason),
}

impl Verdict {
    /// The verdict in one lowercase word, as JSON has it.
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

/// Why a check could not conclude.
///
/// # Examples
/// ```
/// use raddle::{Checker, Reason, Verdict};
/// let report = Checker::random(10).check(|| {});
/// let Verdict::Inconclusive(Reason::Sampled { executions }) = report.verdict else { panic!() };
/// assert_eq!(executions, 10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A sampling engine found nothing, which proves nothing.
    Sampled {
        /// How many executions it ran.
        executions: u64,
    },
    /// `max_executions` was reached.
    MaxExecutions {
        /// The bound.
        bound: u64,
    },
    /// `time_limit` was reached.
    TimeLimit {
        /// How many executions were run within it.
        executions: u64,
    },
    /// An execution took `max_steps` steps.
    MaxSteps {
        /// The bound.
        bound: usize,
        /// The thread that took the last step and, if known, the line where it was.
        place: String,
    },
    /// The preemption bound left executions out.
    PreemptionBound {
        /// The bound.
        bound: usize,
    },
    /// The engine has a limit that the model exceeds.
    EngineLimit {
        /// Which limit, and what to do about it.
        why: String,
    },
    /// The model did something else on the same schedule.
    Diverged {
        /// The first step that differed, from 1.
        step: usize,
        /// What usually causes it, and what was expected there.
        why: String,
    },
    /// An execution reached no visible operation for too long.
    NoProgress {
        /// The thread and its last operation.
        place: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Sampled { executions } => {
                write!(f, "no failure in {} sampled executions", grouped(*executions))
            }
            Reason::MaxExecutions { bound } => write!(
                f,
                "stopped after {} executions (max_executions); raise it or try a smaller model",
                grouped(*bound)
            ),
            Reason::TimeLimit { executions } => write!(
                f,
                "the time limit was reached after {} executions; raise it or try a smaller model",
                grouped(*executions)
            ),
            Reason::MaxSteps { bound, place } => write!(
                f,
                "an execution took {} steps (max_steps), the last one by {place}; if this is a loop that \
                 waits, let it call thread::yield_now() or hint::spin_loop(), else raise max_steps",
                grouped(*bound as u64)
            ),
            Reason::PreemptionBound { bound } => {
                write!(f, "no failure with at most {bound} preemptions; schedules with more were left out")
            }
            Reason::EngineLimit { why } | Reason::NoProgress { place: why } => f.write_str(why),
            Reason::Diverged { step, why } => write!(f, "diverged at step {step}: {why}"),
        }
    }
}

/// How a model fails.
///
/// # Examples
/// ```
/// assert_eq!(raddle::FailureKind::DataRace.word(), "data-race");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FailureKind {
    /// A thread panicked and nobody asked for its result, or the main thread did.
    Panic,
    /// Some thread is unfinished and none can move.
    Deadlock,
    /// Threads move for ever and none gets anywhere.
    Livelock,
    /// Two accesses to the same plain data, one a write, that the program left unordered.
    DataRace,
    /// A thread released what it does not hold.
    NotOwner,
    /// A resource was never given back.
    Leak,
}

impl FailureKind {
    /// Every kind.
    ///
    /// # Examples
    /// ```
    /// assert!(raddle::FailureKind::ALL.contains(&raddle::FailureKind::Leak));
    /// ```
    pub const ALL: &'static [FailureKind] = &[
        FailureKind::Panic,
        FailureKind::Deadlock,
        FailureKind::Livelock,
        FailureKind::DataRace,
        FailureKind::NotOwner,
        FailureKind::Leak,
    ];

    /// The kind in one lowercase word, as JSON has it.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::FailureKind::NotOwner.word(), "not-owner");
    /// ```
    pub fn word(self) -> &'static str {
        match self {
            FailureKind::Panic => "panic",
            FailureKind::Deadlock => "deadlock",
            FailureKind::Livelock => "livelock",
            FailureKind::DataRace => "data-race",
            FailureKind::NotOwner => "not-owner",
            FailureKind::Leak => "leak",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

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

/// What a check did.
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
    /// Executions begun and abandoned because an equivalent one was explored already.
    pub redundant: u64,
    /// Executions that failed; more than one only with `stop_on_failure(false)`.
    pub failures: u64,
    /// Visible operations performed, over all executions.
    pub steps: u64,
    /// The number of different traces, where the check was asked to count them.
    pub traces: Option<u64>,
}

/// What a check says and what it did.
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
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// What was done.
    pub stats: Stats,
    /// The engine that explored.
    pub engine: &'static str,
    /// The bounds of the search, in words; empty if there were none.
    pub bounds: Vec<String>,
    /// What the verdict takes for granted, in words.
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

/// A number with its thousands set apart: `147,456`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The assumptions under which an engine of the given kind judges.
pub(crate) fn assumptions(kind: Kind, budgets: &Budgets) -> Vec<String> {
    match kind {
        Kind::Loom => vec!["loom 0.7's model of C11 memory (SeqCst accesses count as AcqRel)".to_owned()],
        Kind::Native => vec!["whatever this machine's scheduler and memory happened to do".to_owned()],
        _ => {
            let Budgets { spurious_wakeups, weak_failures, timeouts, fruitless_yields } = budgets;
            vec![
                "sequential consistency; data races judged by the orderings written".to_owned(),
                format!(
                    "per thread at most {spurious_wakeups} spurious wakeup, {weak_failures} weak failure and \
                     {timeouts} early timeout, and {fruitless_yields} fruitless yield per call site"
                ),
            ]
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
