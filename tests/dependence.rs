//! The reduction leaves nothing out and does nothing twice: on generated programs the exhaustive
//! engine and the search without reduction see the same outcomes and the same failures, and the
//! former runs as many executions as the latter sees traces.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/generate.rs"]
mod generate;
#[path = "common/strategy.rs"]
mod strategy;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use generate::{Outcome, Program};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use raddle::{Checker, FailureKind, Report, Verdict};

/// More schedules than this, and a program is passed over.
const MOST: u64 = 60_000;

fn explore(program: &Program, checker: Checker) -> (Report, BTreeSet<Outcome>, BTreeSet<FailureKind>) {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let checker = checker.stop_on_failure(false).count_traces(true).max_executions(MOST);
    let report = checker.check(program.model(&outcomes));
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
    let kinds = report.failures.iter().map(|failure| failure.kind()).collect();
    (report, outcomes, kinds)
}

/// Compares the two engines; `false` if the program has too many schedules.
fn agree(program: &Program, budget: usize) -> Result<bool, TestCaseError> {
    let budgets = |checker: Checker| {
        checker.spurious_wakeups(budget).weak_failures(budget).timeouts(budget).fruitless_yields(budget)
    };
    let (dfs, all, kinds) = explore(program, budgets(Checker::dfs()));
    if matches!(dfs.verdict, Verdict::Inconclusive(_)) || dfs.stats.executions >= MOST {
        return Ok(false);
    }
    let (_, reduced, found) = explore(program, budgets(Checker::exhaustive()));
    prop_assert_eq!(&reduced, &all, "outcomes");
    prop_assert_eq!(&found, &kinds, "failures");
    let (exhaustive, reduced, found) = explore(program, budgets(Checker::exhaustive().spin_assume(false)));
    prop_assert_eq!(&reduced, &all, "outcomes round by round");
    prop_assert_eq!(&found, &kinds, "failures round by round");
    prop_assert_eq!(exhaustive.stats.redundant, 0, "redundant");
    prop_assert_eq!(exhaustive.stats.traces, Some(exhaustive.stats.executions), "an execution per trace");
    prop_assert_eq!(Some(exhaustive.stats.executions), dfs.stats.traces, "traces");
    Ok(true)
}

fn run(cases: u32, strategy: impl Strategy<Value = Program>, budget: usize) {
    let mut compared = 0;
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let compared_cell = std::cell::Cell::new(0);
    runner
        .run(&strategy, |program| {
            if agree(&program, budget)? {
                compared_cell.set(compared_cell.get() + 1);
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    compared += compared_cell.get();
    assert!(compared * 10 >= cases * 8, "only {compared} of {cases} programs were small enough");
}

/// How many programs each of the tests below compares; CI sets more.
fn cases(default: u32) -> u32 {
    std::env::var("RADDLE_TEST_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

#[test]
fn atomics_agree_with_the_search_without_reduction() {
    run(cases(300), strategy::program(strategy::atomic(), 8), 0);
}

#[test]
fn everything_agrees_with_the_search_without_reduction() {
    run(cases(300), strategy::program(strategy::instr(), 9), 0);
}

#[test]
fn everything_agrees_with_budgets_too() {
    run(cases(300), strategy::program(strategy::instr(), 7), 1);
}
