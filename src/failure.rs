//! How a model fails, and why a check is inconclusive.

use std::fmt;

/// Why a check is inconclusive.
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
        /// The limit, and how to avoid it.
        why: String,
    },
    /// The model did something else on the same schedule.
    Diverged {
        /// The first step that differed, from 1.
        step: usize,
        /// The usual causes, and what was expected there.
        why: String,
    },
    /// A replayed schedule did not fail.
    Replayed,
    /// The model's threads share no state that raddle observes, though they were given something to share.
    Unseen {
        /// The thread, and how to fix that.
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
            Reason::Replayed => f.write_str(
                "the schedule of the token was replayed and did not fail; the code may have been mended",
            ),
            Reason::EngineLimit { why } | Reason::Unseen { why } | Reason::NoProgress { place: why } => {
                f.write_str(why)
            }
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
    /// A thread panicked and was not joined, or the main thread panicked.
    Panic,
    /// Some thread is unfinished and none can move.
    Deadlock,
    /// Threads move for ever and none makes progress.
    Livelock,
    /// Two accesses to the same plain data, at least one a write, that are not ordered by happens-before.
    DataRace,
    /// A thread released what it does not hold.
    NotOwner,
    /// A resource was never released.
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

    /// The kind in one lowercase word, as in JSON.
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
