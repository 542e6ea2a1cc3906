//! The loom engine: `loom::model` over the facade's loom arm.
//!
//! Loom 0.7.2 explores stale reads that sequential consistency hides, and has limits that it passes
//! over in silence. Here each becomes a reason: more than five threads, more than 1,000 branches in
//! one execution, and the bounds on executions and time, which loom itself looks at every 20,000
//! executions only and then reports success.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::rt::context;
use crate::rt::execution::Failure;
use crate::rt::quiet;
use crate::verdict::{FailureKind, Reason};

/// What `thread::scope` says under loom.
pub(crate) const NO_SCOPE: &str = "thread::scope is not available under loom: it unwinds the threads of a \
    failed execution in an order in which borrowing would not be safe; share by Arc instead";

/// What `RwLockWriteGuard::downgrade` says under loom.
pub(crate) const NO_DOWNGRADE: &str = "RwLockWriteGuard::downgrade is not available under loom, whose lock \
    cannot be downgraded in one step";

/// How a run of loom ended.
pub(crate) enum Outcome {
    /// Every execution passed.
    Passed,
    /// An execution failed.
    Failed(Failure),
    /// Something was left out.
    LeftOut(Reason),
}

/// The payload with which a run is stopped.
struct Stopped;

/// Runs the model under loom. `wants_another` is asked before each execution.
pub(crate) fn explore(
    model: &Arc<dyn Fn() + Send + Sync>,
    preemption_bound: Option<usize>,
    wants_another: impl Fn() -> bool + Send + Sync + 'static,
) -> (Outcome, u64) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemption_bound;
    builder.max_duration = None;
    builder.max_permutations = None;
    builder.checkpoint_file = None;
    let max_threads = builder.max_threads;
    let max_branches = builder.max_branches;
    let begun = Arc::new(AtomicU64::new(0));
    let (model, count) = (Arc::clone(model), Arc::clone(&begun));
    let _inside = context::enter_loom();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            if !wants_another() {
                panic::panic_any(Stopped);
            }
            count.fetch_add(1, Ordering::Relaxed);
            context::begin_loom_execution();
            model();
        });
    }));
    let executions = begun.load(Ordering::Relaxed);
    let outcome = match outcome {
        Ok(()) => Outcome::Passed,
        Err(payload) if payload.is::<Stopped>() => Outcome::LeftOut(Reason::MaxExecutions { bound: executions }),
        Err(payload) => judge(&quiet::describe(&*payload), max_threads, max_branches),
    };
    (outcome, executions)
}

/// What a panic out of loom means.
fn judge(panicked: &crate::rt::thread::Panicked, max_threads: usize, max_branches: usize) -> Outcome {
    let message = panicked.message.trim();
    let inside_loom = panicked.place.as_deref().is_some_and(|place| {
        place.contains("/loom-0.") || place.contains("\\loom-0.")
    });
    let limit = |why: String| Outcome::LeftOut(Reason::EngineLimit { why });
    let failed = |kind| Outcome::Failed(Failure { kind, message: message.to_owned() });
    if message == NO_SCOPE || message == NO_DOWNGRADE {
        return limit(message.to_owned());
    }
    if !inside_loom {
        return failed(FailureKind::Panic);
    }
    if message.contains("Model exceeded maximum number of branches") {
        return limit(format!(
            "loom gives up on executions of more than {max_branches} branches: a loop that waits should \
             call thread::yield_now(), or LOOM_MAX_BRANCHES may be raised"
        ));
    }
    if message.contains("threads.len() < ") {
        return limit(format!("loom has room for {max_threads} threads, main included"));
    }
    if message.contains("[loom internal bug]") || message.contains("internal error: entered unreachable") {
        return limit(format!("loom failed itself: {message}"));
    }
    let lower = message.to_lowercase();
    if lower.starts_with("deadlock") {
        failed(FailureKind::Deadlock)
    } else if lower.contains("causality violation") || lower.contains("concurrent") {
        failed(FailureKind::DataRace)
    } else if lower.contains("leaked") {
        failed(FailureKind::Leak)
    } else {
        failed(FailureKind::Panic)
    }
}
