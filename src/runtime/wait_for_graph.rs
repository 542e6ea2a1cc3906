//! The wait-for graph: early deadlocks, and messages for threads that are stuck.

use std::fmt::Write as _;

use crate::op::{Role, ThreadId, ThreadSet};
use crate::runtime::execution::Execution;
use crate::runtime::lasso::Lasso;
use crate::runtime::thread::Pending;

/// A cycle of threads each of which waits for a lock that the next one holds. Such a lock is released by its
/// holders only, so no other thread can resolve the cycle.
pub(crate) fn cycle(execution: &Execution) -> Option<Vec<ThreadId>> {
    let stuck: ThreadSet = execution.holding_and_waiting().collect();
    execution.born().iter().copied().filter(|&t| stuck.contains(t)).find_map(|start| {
        let mut path = vec![start];
        closes(execution, start, start, &mut path).then_some(path)
    })
}

/// Whether `at` waits, directly or through others, for a lock that `start` holds; `path` names them.
fn closes(execution: &Execution, start: ThreadId, at: ThreadId, path: &mut Vec<ThreadId>) -> bool {
    let Pending::Op(op) = &execution.thread(at).pending else { return false };
    // A thread with a deadline closes no cycle.
    let gives_up = execution.thread(at).deadline.is_some();
    if !op.command.role.waits_for_owners() || gives_up || execution.enabled(at) {
        return false;
    }
    let holds = |t: ThreadId| {
        let held = execution.thread(t).held.iter().filter(|held| held.object == op.object).count();
        // A thread's own registration as the next owner is not what it waits for.
        held > usize::from(t == at && op.command.role == Role::Succeed)
    };
    for &holder in execution.born() {
        if !holds(holder) {
            continue;
        }
        if holder == start {
            return true;
        }
        if !path.contains(&holder) {
            path.push(holder);
            if closes(execution, start, holder, path) {
                return true;
            }
            path.pop();
        }
    }
    false
}

/// The message for a wait-for cycle.
pub(crate) fn describe_cycle(execution: &Execution, cycle: &[ThreadId]) -> String {
    let mut text = String::from("deadlock: ");
    for (index, &thread) in cycle.iter().enumerate() {
        if index > 0 {
            text.push_str("; ");
        }
        text.push_str(&describe_wait(execution, thread));
    }
    text
}

/// Every stuck thread, with what it waits for.
pub(crate) fn describe_stuck(execution: &Execution) -> String {
    let mut text = String::new();
    for &thread in execution.born() {
        if matches!(execution.thread(thread).pending, Pending::Finished) {
            continue;
        }
        text.push_str(if text.is_empty() { "no thread can make progress: " } else { "; " });
        text.push_str(&describe_wait(execution, thread));
    }
    for &thread in execution.born() {
        if let Some(panicked) = &execution.thread(thread).panicked {
            let _ = write!(text, "; {} had panicked: {}", execution.describe(thread), panicked.message);
        }
    }
    text
}

/// The message for a livelock.
pub(crate) fn describe_livelock(execution: &Execution, lasso: Lasso) -> String {
    let Lasso { cycle, rounds, .. } = lasso;
    let mut text = format!("livelock: the same {cycle} steps repeat ({rounds} rounds seen)");
    for &thread in execution.born() {
        if matches!(execution.thread(thread).pending, Pending::Finished) {
            continue;
        }
        let place = execution.thread(thread).pending.site();
        let place = place.map_or(String::new(), |s| format!(" at {}:{}", s.file(), s.line()));
        let does = if execution.moves_in(lasso, thread) { "repeats its steps" } else { "is never scheduled" };
        let _ = write!(text, "; {} {does}{place}", execution.describe(thread));
    }
    text
}

fn describe_wait(execution: &Execution, thread: ThreadId) -> String {
    let who = execution.describe(thread);
    let state = execution.thread(thread);
    let place = state.pending.site().map_or(String::new(), |s| format!(" at {}:{}", s.file(), s.line()));
    match &state.pending {
        Pending::Op(_) if execution.awaits_value(thread) => {
            format!("{who} spins{place} on a value that no other thread is left to write")
        }
        Pending::Op(op) => {
            let what = execution.describe_object(op.object);
            let holder = execution.holder(thread, op).map_or(String::new(), |holder| {
                let (by, site) = (execution.describe(holder.thread), holder.site);
                let (file, line) = (site.file(), site.line());
                if holder.waits {
                    format!(" behind {by}, which waits at {file}:{line} for the readers to leave")
                } else if holder.thread == thread {
                    format!(", which it took itself at {file}:{line}")
                } else {
                    format!(", held by {by} since {file}:{line}")
                }
            });
            format!("{who} waits in {}{place} for {what}{holder}", op.command.name)
        }
        Pending::Join { thread: other, .. } => {
            format!("{who} waits in join{place} for {}", execution.describe(*other))
        }
        Pending::Wake { object, .. } => {
            format!("{who} waits{place} to be notified by {}", execution.describe_object(*object))
        }
        Pending::Yield { .. } => {
            format!("{who} spins{place} on a value that no other thread is left to write")
        }
        _ => format!("{who} is about to go on{place}"),
    }
}
