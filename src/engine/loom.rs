//! The loom engine: `loom::model` over the facade's loom arm.
//!
//! Loom 0.7.2 explores stale reads that sequential consistency hides, and has limits that it passes
//! over in silence. Here each becomes a reason: more than five threads, more than 1,000 branches in
//! one execution, and the bounds on executions and time, which loom itself looks at every 20,000
//! executions only and then reports success.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::rt::context;
use crate::rt::execution::Failure;
use crate::rt::fail::Declared;
use crate::rt::loom_limits;
use crate::rt::quiet;
use crate::rt::witness;
use crate::trace::Trace;
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
    /// An execution failed, by a panic that began here if it is known; and this is what happened in it.
    Failed(Failure, Option<String>, Box<Trace>),
    /// Something was left out.
    LeftOut(Reason),
}

/// The payload with which a run is stopped.
struct Stopped;

thread_local! {
    /// Whether a thread of this execution gave something back while it unwound, and others waited for it.
    static COULD_NOT_WAKE: Cell<bool> = const { Cell::new(false) };
}

/// A thread that unwinds would have to wake others up, or to wait, which loom cannot do then.
pub(crate) fn could_not_wake() {
    // Loom has no running thread any more once it has found a deadlock, and panics when asked for it.
    let goes_on = panic::catch_unwind(loom::thread::current).is_ok();
    COULD_NOT_WAKE.set(COULD_NOT_WAKE.get() || goes_on);
}

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
    loom_limits::begin();
    let _ = witness::take_sharing();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            if !wants_another() {
                panic::panic_any(Stopped);
            }
            count.fetch_add(1, Ordering::Relaxed);
            COULD_NOT_WAKE.set(false);
            context::begin_loom_execution();
            witness::begin();
            model();
        });
    }));
    let executions = begun.load(Ordering::Relaxed);
    let outcome = match outcome {
        Ok(()) => Outcome::Passed,
        Err(payload) if payload.is::<Stopped>() => {
            Outcome::LeftOut(Reason::MaxExecutions { bound: executions })
        }
        Err(payload) => match payload.downcast::<Declared>() {
            Ok(declared) => {
                let Declared { kind, message } = *declared;
                let trace = witness::tell(witness::Failed::Declared(kind, message.clone()));
                Outcome::Failed(Failure { kind, message }, None, Box::new(trace))
            }
            Err(payload) => judge(&quiet::describe(&*payload), max_threads, max_branches),
        },
    };
    (outcome, executions)
}

/// What a panic out of loom means.
fn judge(panicked: &crate::rt::thread::Panicked, max_threads: usize, max_branches: usize) -> Outcome {
    let message = panicked.message.trim();
    let inside_loom = panicked
        .place
        .as_deref()
        .is_some_and(|place| place.contains("/loom-0.") || place.contains("\\loom-0."));
    let limit = |why: String| Outcome::LeftOut(Reason::EngineLimit { why });
    let place = panicked.place.clone().filter(|_| !inside_loom);
    let failed = |kind| {
        let message = message.to_owned();
        let failed = match kind {
            FailureKind::Panic => witness::Failed::Panic(panicked.clone()),
            FailureKind::Deadlock => witness::Failed::Deadlock,
            _ => witness::Failed::Declared(kind, message.clone()),
        };
        Outcome::Failed(Failure { kind, message }, place, Box::new(witness::tell(failed)))
    };
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
    if message.contains("state.notified") {
        return limit(
            "loom#249: it fails itself when a thread is unparked that waits for something else; let it wait \
             on a condition variable instead"
                .to_owned(),
        );
    }
    if message.contains("[loom internal bug]") || message.contains("internal error: entered unreachable") {
        return limit(format!("loom failed itself: {message}"));
    }
    let lower = message.to_lowercase();
    if lower.starts_with("deadlock") && COULD_NOT_WAKE.get() {
        limit(
            "loom cannot wake up a thread that waits for something that another gives back while it unwinds"
                .to_owned(),
        )
    } else if lower.starts_with("deadlock") {
        failed(FailureKind::Deadlock)
    } else if lower.contains("causality violation") || lower.contains("concurrent") {
        failed(FailureKind::DataRace)
    } else if lower.contains("leaked") {
        failed(FailureKind::Leak)
    } else {
        failed(FailureKind::Panic)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::sync::{Arc, ReentrantMutex, Semaphore};
    use crate::verdict::{FailureKind, Reason, Verdict};
    use crate::{Checker, thread};

    #[test]
    fn a_deadlock_of_threads_that_hold_guards_is_reported_and_does_not_abort() {
        let report = Checker::loom().check(|| {
            let locks = Arc::new([ReentrantMutex::new(()), ReentrantMutex::new(())]);
            let other = Arc::clone(&locks);
            let child = thread::spawn(move || {
                let _held = other[1].lock();
                let _both = other[0].lock();
            });
            let held = locks[0].lock();
            let both = locks[1].lock();
            drop((held, both));
            let _ = child.join();
        });
        report.expect_failure(FailureKind::Deadlock);
    }

    #[test]
    fn a_model_that_fails_before_it_does_anything_is_refuted() {
        Checker::loom().check(|| panic!("at once")).expect_failure(FailureKind::Panic);
    }

    /// A job that panics with a permit, which its guard gives back.
    fn panics(permits: &Semaphore) {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _permit = permits.permit();
            thread::yield_now();
            panic!("the job fails");
        }));
    }

    #[test]
    fn a_permit_given_back_while_unwinding_is_there_for_whoever_comes_later() {
        let report = Checker::loom().check(|| {
            let permits = Arc::new(Semaphore::new(1));
            let other = Arc::clone(&permits);
            let joined = thread::spawn(move || panics(&other)).join();
            permits.acquire();
            drop(joined);
        });
        report.expect_verified();
    }

    #[test]
    fn a_permit_given_back_while_unwinding_to_somebody_who_waits_is_beyond_loom() {
        let report = Checker::loom().check(|| {
            let permits = Arc::new(Semaphore::new(1));
            let other = Arc::clone(&permits);
            let child = thread::spawn(move || panics(&other));
            permits.acquire();
            permits.release();
            let _ = child.join();
        });
        let Verdict::Inconclusive(Reason::EngineLimit { why }) = &report.verdict else { panic!("{report}") };
        assert!(why.contains("while it unwinds"), "{why}");
    }
}
