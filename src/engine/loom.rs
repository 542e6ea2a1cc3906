//! The loom engine: `loom::model` over the facade's loom backend.
//!
//! Loom 0.7.2 explores stale reads that sequential consistency hides, and has limits that it does not report.
//! Here each becomes a reason: more than five threads, more than 1,000 branches in one execution, and the
//! bounds on executions and time, which loom itself checks every 20,000 executions only and then reports
//! success.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::backend;
use crate::backend::clones;
use crate::backend::fail::Declared;
use crate::backend::loom::{NO_DOWNGRADE, NO_SCOPE};
use crate::backend::loom_limits;
use crate::backend::loom_recorder;
use crate::failure::{FailureKind, Reason};
use crate::runtime::context;
use crate::runtime::execution::Failure;
use crate::runtime::panic_hook;
use crate::trace::Trace;

/// How a run of loom ended.
pub(crate) enum Outcome {
    /// Every execution passed.
    Passed,
    /// An execution failed; the place of its panic, if it is known; and its trace.
    Failed(Failure, Option<String>, Box<Trace>),
    /// Something was left out.
    LeftOut(Reason),
}

/// The payload that stops a run.
struct Stopped;

/// Runs the model under loom. `wants_another` is called before each execution.
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
    let _ = loom_recorder::take_sharing();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            if !wants_another() {
                panic::panic_any(Stopped);
            }
            count.fetch_add(1, Ordering::Relaxed);
            backend::loom::begin_execution();
            loom_recorder::begin();
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
                let trace = trace(loom_recorder::Failed::Declared(kind, message.clone()));
                Outcome::Failed(Failure { kind, message }, None, Box::new(trace))
            }
            Err(payload) => {
                let judged = judge(&panic_hook::describe(&*payload), max_threads, max_branches);
                // Its destructor may use objects of the execution, which is over.
                std::mem::forget(payload);
                judged
            }
        },
    };
    (outcome, executions)
}

/// The trace of the execution up to its failure.
fn trace(failed: loom_recorder::Failed) -> Trace {
    let (log, cast) = loom_recorder::tell(failed);
    Trace::told(&log, &cast)
}

/// Parts of the messages of loom's own failures.
const INTERNAL: [&str; 3] = [
    "[loom internal bug]",
    "internal error: entered unreachable",
    // It reads the running thread where there is none, as after a deadlock.
    "called `Option::unwrap()` on a `None` value",
];

/// Classifies a panic out of loom.
fn judge(panicked: &crate::runtime::thread::Panicked, max_threads: usize, max_branches: usize) -> Outcome {
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
            FailureKind::Panic => loom_recorder::Failed::Panic(panicked.clone()),
            FailureKind::Deadlock => loom_recorder::Failed::Deadlock,
            _ => loom_recorder::Failed::Declared(kind, message.clone()),
        };
        Outcome::Failed(Failure { kind, message }, place, Box::new(trace(failed)))
    };
    if [NO_SCOPE, NO_DOWNGRADE, clones::WHY].contains(&message) {
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
    if message.contains("invalid internal loom state") {
        return limit(
            "loom counts the threads that read under its RwLock and not their guards, and fails itself where a thread \
             reads twice at once: use another engine"
                .to_owned(),
        );
    }
    if INTERNAL.iter().any(|internal| message.contains(internal)) {
        return limit(format!("loom failed itself: {message}"));
    }
    let lower = message.to_lowercase();
    if lower.starts_with("deadlock") && backend::loom::failed_to_wake() {
        limit(
            "loom cannot wake up a thread that waits for something that another releases while it unwinds"
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

    use crate::failure::{FailureKind, Reason};
    use crate::sync::{Arc, ReentrantMutex, Semaphore};
    use crate::verdict::Verdict;
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

    /// A job that panics with a permit, which its guard releases.
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
