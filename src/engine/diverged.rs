//! Divergence: executions of a model cannot be compared, because it does not behave alike on the same
//! schedule.
//!
//! The message names the step or the end in the earlier execution, the one in this execution, and the usual
//! causes.

use super::taken::{Point, Taken};
use crate::failure::{FailureKind, Reason};
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::execution::Execution;

/// The usual causes.
const CAUSES: &str = "the model depends on more than its schedule: HashMap order, real time, std's own \
                      primitives, statics or captured values that outlive an execution";

/// The hint about addresses that are used again.
const ADDRESSES: &str = "; or on addresses: memory that is freed and allocated again may have the address of an \
                         earlier value in one execution and not in another, so compare tags or indices \
                         instead of addresses, or free nothing before the end of the model";

#[cold]
fn at(step: usize, difference: &str, addresses: bool) -> Reason {
    let addresses = if addresses { ADDRESSES } else { "" };
    Reason::Diverged { step: step + 1, why: format!("{difference}; {CAUSES}{addresses}") }
}

/// A thread does not take the step that it took in an execution with the same prefix.
#[cold]
pub(crate) fn step(
    execution: &Execution,
    step: usize,
    thread: ThreadId,
    known: &Taken,
    enabled: &ThreadSet,
) -> Reason {
    let before = known.describe(execution);
    if !execution.born().contains(&thread) {
        let missing =
            format!("the thread that took {before} in an execution that began alike does not exist");
        return at(step, &missing, false);
    }
    let who = execution.describe(thread);
    let now = Taken::of(execution, thread, enabled);
    let after = now.describe(execution);
    if before == after && known.point() != now.point() {
        return point(execution, step, known.point(), enabled);
    }
    let difference = if before == after {
        format!("{who} takes {after} with other values than in an execution that began alike")
    } else {
        format!("{who} took {before} in an execution that began alike, and is about to take {after} now")
    };
    at(step, &difference, known.differs_by_addresses(&now))
}

/// Other threads exist, or are enabled, than in an execution with the same prefix.
#[cold]
pub(crate) fn point(execution: &Execution, step: usize, known: &Point, enabled: &ThreadSet) -> Reason {
    let now = Point::of(execution, enabled);
    let difference = if known.born == now.born {
        let able = |set: &ThreadSet| {
            let threads = execution.born().iter().filter(|&&thread| set.contains(thread));
            let names: Vec<_> = threads.map(|&thread| execution.describe(thread)).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let (before, after) = (able(&known.enabled), able(enabled));
        format!("other threads could move in an execution that began alike ({before}) than now ({after})")
    } else {
        format!(
            "there were {} threads in an execution that began alike, and now there are {}",
            known.born, now.born
        )
    };
    at(step, &difference, false)
}

/// A thread cannot take the step that was computed from executions with another order.
#[cold]
pub(crate) fn unforeseen(execution: &Execution, step: usize, thread: ThreadId) -> Reason {
    let difference = if execution.born().contains(&thread) {
        let next = Taken::of(execution, thread, &ThreadSet::default()).describe(execution);
        let waits = if execution.enabled(thread) { "" } else { " and has to wait" };
        let who = execution.describe(thread);
        format!(
            "{who} is about to take {next}{waits}, where other orders of the same steps led to another one"
        )
    } else {
        "a thread that exists after other orders of the same steps does not exist".to_owned()
    };
    at(step, &difference, true)
}

/// An execution ended before it had taken the steps of an earlier one with the same prefix.
#[cold]
pub(crate) fn ended_early(execution: &Execution, steps: usize) -> Reason {
    let ended = Ending::of(execution);
    let difference = format!("the execution {ended}, and one that began alike took at least {steps} steps");
    at(ended.steps, &difference, false)
}

/// A failure was found, but not again by the same schedule or the same search.
pub(crate) fn not_found_again(kind: FailureKind, message: &str) -> Reason {
    let message = message.lines().next().unwrap_or_default();
    at(0, &format!("an execution failed ({kind}: {message}), and does not when it is repeated"), false)
}

/// How an execution ended, for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    steps: usize,
    threads: usize,
    /// How many objects its threads made.
    objects: usize,
    failure: Option<FailureKind>,
}

impl Ending {
    /// The ending of this execution.
    pub(crate) fn of(execution: &Execution) -> Self {
        Ending {
            steps: execution.schedule.len(),
            threads: execution.born().len(),
            objects: execution.born().iter().map(|&t| execution.thread(t).objects).sum(),
            failure: execution.failure.as_ref().map(|failure| failure.kind),
        }
    }

    /// Whether nothing failed.
    pub(crate) fn passed(&self) -> bool {
        self.failure.is_none()
    }

    /// The reason if another execution of the same schedule ended differently.
    #[cold]
    pub(crate) fn differs(&self, other: &Execution) -> Reason {
        let now = Ending::of(other);
        let over = other.finished() || other.failure.is_some();
        let after = if over { now.to_string() } else { format!("goes on after {} steps", now.steps) };
        let difference = format!("one execution of a schedule {self}, and another {after}");
        at(self.steps.min(now.steps), &difference, false)
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ending { steps, threads, objects, failure } = self;
        let count = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let (steps, threads, objects) =
            (count(*steps, "step"), count(*threads, "thread"), count(*objects, "object"));
        write!(f, "ended after {steps} with {threads} and {objects}")?;
        match failure {
            Some(kind) => write!(f, " by a failure ({kind})"),
            None => Ok(()),
        }
    }
}
