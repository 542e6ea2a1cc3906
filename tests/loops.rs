//! Loops that wait: on generated programs with loops of every kind, the exhaustive engine sees
//! the outcomes that the search without reduction sees when every loop has a bounded number of
//! rounds, and the failures that it sees when every round yields.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/looping.rs"]
mod looping;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use looping::{Kind, Loop, Mode, Outcome, Pause, Program, Stmt};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use raddle::{Checker, FailureKind, Report, Verdict};

/// A program with more executions than this is skipped.
const MOST: u64 = 20_000;

fn explore(program: &Program, mode: Mode, checker: Checker) -> (Report, BTreeSet<Outcome>) {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let checker = checker.stop_on_failure(false).max_executions(MOST);
    let report = checker.check(program.model(mode, &outcomes));
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
    (report, outcomes)
}

fn kinds(report: &Report) -> BTreeSet<FailureKind> {
    report.failures.iter().map(|failure| failure.kind()).collect()
}

fn is_cut(report: &Report) -> bool {
    report.stats.executions >= MOST
}

/// Compares the engines; `false` if the program has too many schedules.
fn agree(program: &Program) -> Result<bool, TestCaseError> {
    let (exhaustive, seen) = explore(program, Mode::Plain, Checker::exhaustive());
    if is_cut(&exhaustive) {
        return Ok(false);
    }
    if let Verdict::Inconclusive(reason) = &exhaustive.verdict {
        return Err(TestCaseError::fail(format!("inconclusive: {reason}")));
    }
    let found = kinds(&exhaustive);
    if program.gives_up() {
        prop_assert!(found.is_empty(), "every loop gives up: {:?}", found);
    }
    let (bounded, few) = explore(program, Mode::Bounded(2), Checker::dfs());
    let missing: Vec<_> = few.difference(&seen).collect();
    prop_assert!(missing.is_empty(), "outcomes missing that two rounds reach: {:?}", missing);
    let mut compared = !is_cut(&bounded);
    let (reduced, many) = explore(program, Mode::Bounded(5), Checker::exhaustive());
    let missing: Vec<_> = many.difference(&seen).collect();
    prop_assert!(missing.is_empty(), "outcomes missing that five rounds reach: {:?}", missing);
    if !is_cut(&reduced) {
        compared = true;
        let extra: Vec<_> = seen.difference(&many).collect();
        prop_assert!(extra.is_empty(), "outcomes that five rounds do not reach: {:?}", extra);
    }
    if !program.heap() {
        let (dfs, all) = explore(program, Mode::Yields, Checker::dfs());
        let missing: Vec<_> = all.difference(&seen).collect();
        prop_assert!(missing.is_empty(), "outcomes missing that dfs reaches: {:?}", missing);
        let failed = kinds(&dfs);
        prop_assert!(failed.is_subset(&found), "failures: dfs {:?}, exhaustive {:?}", failed, found);
        if !is_cut(&dfs) && !matches!(dfs.verdict, Verdict::Inconclusive(_)) {
            compared = true;
            prop_assert_eq!(&found, &failed, "failures");
            prop_assert_eq!(&seen, &all, "outcomes");
        }
    }
    Ok(compared)
}

fn operand() -> impl Strategy<Value = u8> {
    0u8..3
}

fn a_loop() -> impl Strategy<Value = Loop> {
    let kind = proptest::sample::select(Kind::ALL);
    let pause = proptest::sample::select(&[Pause::Nothing, Pause::Hint, Pause::Yield][..]);
    let k = prop_oneof![6 => 1u8..4, 1 => Just(40u8)];
    (kind, pause, operand(), operand(), 1u8..3, k).prop_map(|(kind, pause, v, w, n, k)| Loop {
        kind,
        pause,
        v,
        w,
        n,
        k,
    })
}

fn statement() -> impl Strategy<Value = Stmt> {
    prop_oneof![
        2 => operand().prop_map(Stmt::Load),
        4 => (operand(), 0u8..3).prop_map(|(v, n)| Stmt::Store(v, n)),
        2 => operand().prop_map(Stmt::Add),
        1 => (operand(), 0u8..3).prop_map(|(v, n)| Stmt::Swap(v, n)),
        1 => (operand(), 0u8..2, 0u8..3).prop_map(|(v, o, n)| Stmt::Cas(v, o, n)),
        1 => operand().prop_map(Stmt::Locked),
        5 => a_loop().prop_map(Stmt::Loop),
    ]
}

fn program() -> impl Strategy<Value = Program> {
    let thread = || proptest::collection::vec(statement(), 1..4);
    let few = || proptest::collection::vec(statement(), 1..3);
    prop_oneof![
        3 => proptest::collection::vec(thread(), 2..3),
        1 => proptest::collection::vec(few(), 3..4),
    ]
    .prop_map(|threads| Program { threads })
}

/// How many programs are compared; CI sets more.
fn cases(default: u32) -> u32 {
    std::env::var("RADDLE_TEST_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

#[test]
#[cfg_attr(debug_assertions, ignore = "long without optimisation; CI runs it in release")]
fn loops_agree_with_the_search_without_reduction() {
    let cases = cases(150);
    let compared = Cell::new(0);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
        .run(&program(), |program| {
            compared.set(compared.get() + u32::from(agree(&program)?));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let compared = compared.get();
    assert!(compared * 10 >= cases * 7, "only {compared} of {cases} programs were small enough");
}
