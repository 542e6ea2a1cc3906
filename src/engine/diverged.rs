//! Why the executions of a model cannot be compared: it is not the same whenever it is scheduled the same.
//!
//! What differs is told as the step or the end that was, the one that is now, and what usually causes that.

use super::taken::{Point, Taken};
use crate::op::{ThreadId, ThreadSet};
use crate::rt::execution::Execution;
use crate::verdict::{FailureKind, Reason};

/// What usually causes it.
const CAUSES: &str = "the model depends on more than its schedule: HashMap order, real time, std's own \
                      primitives, statics or captured values that outlive an execution";

/// What a freed address may have to do with it.
const ADDRESSES: &str = "; or on addresses: memory that is freed and allocated again may have the address of an \
                         earlier value in one execution and not in another, so compare tags or indices \
                         instead of addresses, or free nothing before the end of the model";

#[cold]
fn at(step: usize, difference: &str, addresses: bool) -> Reason {
    let addresses = if addresses { ADDRESSES } else { "" };
    Reason::Diverged { step: step + 1, why: format!("{difference}; {CAUSES}{addresses}") }
}

/// A thread does not take the step that it took in an execution which began alike.
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

/// Other threads exist, or can move, than in an execution that began alike.
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

/// A thread cannot take the step that follows from what other executions did in another order.
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

/// An execution ended before it had taken the steps of the one that began alike.
#[cold]
pub(crate) fn ended_early(execution: &Execution, steps: usize) -> Reason {
    let ended = Ending::of(execution);
    let difference = format!("the execution {ended}, and one that began alike took at least {steps} steps");
    at(ended.steps, &difference, false)
}

/// A failure was met, and not again by the same schedule or the same search.
pub(crate) fn not_found_again(kind: FailureKind, message: &str) -> Reason {
    let message = message.lines().next().unwrap_or_default();
    at(0, &format!("an execution failed ({kind}: {message}), and does not when it is repeated"), false)
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    steps: usize,
    threads: usize,
    /// How many objects its threads made.
    objects: usize,
    failure: Option<FailureKind>,
}

impl Ending {
    /// How this one did.
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

    /// Another execution of the same schedule is not like the one that ended so.
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
