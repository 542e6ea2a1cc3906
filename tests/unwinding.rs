//! Destructors that run while a panic unwinds, and the ends of threads: explored like all other
//! code, with std's behaviour.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
#![allow(clippy::undocumented_unsafe_blocks)] // Models race on purpose.

#[path = "unwinding/destructors.rs"]
mod destructors;
#[path = "unwinding/endings.rs"]
mod endings;
#[path = "unwinding/finished.rs"]
mod finished;
#[path = "unwinding/generated.rs"]
mod generated;
#[path = "unwinding/locals.rs"]
mod locals;
#[path = "unwinding/poison.rs"]
mod poison;
#[path = "unwinding/processes.rs"]
mod processes;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use raddle::{Checker, FailureKind, Report, Verdict};

/// What the executions of a model returned, and how the failing ones failed.
#[derive(Debug, PartialEq, Eq)]
struct Seen<T> {
    outcomes: BTreeSet<T>,
    failures: BTreeSet<String>,
}

/// Explores to the end, under default budgets; the report is not inconclusive.
fn explore<T: Ord + Send + 'static>(checker: Checker, model: fn() -> T) -> (Report, Seen<T>) {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let into = Arc::clone(&outcomes);
    let report = checker.stop_on_failure(false).count_traces(true).check(move || {
        let outcome = model();
        into.lock().unwrap().insert(outcome);
    });
    assert!(!matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
    let failures = report.failures.iter().map(|failure| failure.kind().to_string()).collect();
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
    (report, Seen { outcomes, failures })
}

/// Explores with the exhaustive engine, and compares it with the search without reduction: the
/// outcomes, the failures, and one execution per trace.
fn explored<T: Ord + Send + std::fmt::Debug + 'static>(model: fn() -> T) -> Seen<T> {
    let (all, every) = explore(Checker::dfs(), model);
    let (report, seen) = explore(Checker::exhaustive(), model);
    assert_eq!(seen, every, "exhaustive, and dfs");
    assert_eq!(Some(report.stats.executions), all.stats.traces, "an execution for each trace");
    assert_eq!(report.stats.redundant, 0);
    seen
}

/// The model is verified by both searches; returns its outcomes.
fn verified<T: Ord + Send + std::fmt::Debug + 'static>(model: fn() -> T) -> BTreeSet<T> {
    let seen = explored(model);
    assert!(seen.failures.is_empty(), "{seen:?}");
    seen.outcomes
}

/// The model fails in this one way under both searches, and under the default settings.
fn fails<T: Ord + Send + std::fmt::Debug + 'static>(kind: FailureKind, model: fn() -> T) {
    assert_eq!(explored(model).failures, BTreeSet::from([kind.to_string()]));
    Checker::exhaustive().check(move || _ = model()).expect_failure(kind);
}

/// Calls a closure when it is dropped.
struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Shared data without any ordering of its own.
struct Racy(raddle::cell::UnsafeCell<u32>);

unsafe impl Sync for Racy {}
unsafe impl Send for Racy {}

impl Racy {
    fn new() -> Self {
        Racy(raddle::cell::UnsafeCell::new(0))
    }

    fn write(&self) {
        self.0.with_mut(|value| unsafe { *value += 1 });
    }

    fn read(&self) -> u32 {
        self.0.with(|value| unsafe { *value })
    }
}
