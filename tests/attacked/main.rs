//! Adversarial programs: each test is named after the symptom that it once had. [`programs`] has
//! some that found no fault.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

mod ends;
mod lazy;
mod programs;
mod times;
mod values;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Mutex as StdMutex;
use std::time::Duration;

use raddle::cell::UnsafeCell;
use raddle::{Checker, FailureKind, Verdict};

const SECOND: Duration = Duration::from_secs(1);

/// Plain data.
struct Plain(UnsafeCell<usize>);

// SAFETY: whether its accesses are ordered is what the models check.
unsafe impl Sync for Plain {}

impl Plain {
    fn new() -> Self {
        Plain(UnsafeCell::new(0))
    }

    fn set(&self, n: usize) {
        // SAFETY: raddle reports a race before it happens.
        self.0.with_mut(|data| unsafe { *data = n });
    }

    fn get(&self) -> usize {
        // SAFETY: as above.
        self.0.with(|data| unsafe { *data })
    }
}

/// What an engine found of a model.
#[derive(Debug, PartialEq, Eq)]
struct Found<T> {
    outcomes: BTreeSet<T>,
    failures: BTreeSet<FailureKind>,
    traces: Option<u64>,
}

fn explore<T: Ord + Send + 'static>(checker: Checker, model: fn() -> T) -> (Found<T>, u64) {
    let outcomes = std::sync::Arc::new(StdMutex::new(BTreeSet::new()));
    let noted = std::sync::Arc::clone(&outcomes);
    let report = checker.stop_on_failure(false).count_traces(true).check(move || {
        let outcome = model();
        noted.lock().unwrap().insert(outcome);
    });
    assert!(!matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
    let failures = report.failures.iter().map(|failure| failure.kind()).collect();
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
    (Found { outcomes, failures, traces: report.stats.traces }, report.stats.executions)
}

/// Checks that the exhaustive engine finds what dfs finds, in one execution per trace; returns
/// what they find.
#[track_caller]
fn agree<T: Ord + Debug + Send + 'static>(model: fn() -> T) -> Found<T> {
    let (every, _) = explore(Checker::dfs(), model);
    let (found, executions) = explore(Checker::exhaustive(), model);
    assert_eq!(found, every);
    assert_eq!(found.traces, Some(executions), "an execution per trace");
    found
}

/// Both engines find these outcomes and no failure.
#[track_caller]
fn ends_with<T: Ord + Debug + Send + 'static>(model: fn() -> T, outcomes: impl IntoIterator<Item = T>) {
    let found = agree(model);
    assert_eq!(found.outcomes, outcomes.into_iter().collect());
    assert_eq!(found.failures, BTreeSet::new());
}

/// Both engines refute the model; returns their messages.
#[track_caller]
fn fails(kind: FailureKind, model: fn()) -> String {
    let [dfs, exhaustive] = [Checker::dfs(), Checker::exhaustive()]
        .map(|checker| checker.check(model).expect_failure(kind).message().to_owned());
    assert!(!dfs.is_empty());
    exhaustive
}
