//! Engines agree: saturated sampling sees all outcomes that the search without reduction sees,
//! and loom differs only in its known ways.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/generate.rs"]
mod generate;
#[path = "common/strategy.rs"]
mod strategy;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use generate::{Instr, Outcome, Program};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use raddle::{Checker, Reason, Verdict};

/// No failure; a generated program may also have no visible operations.
fn passes(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Verified | Verdict::Inconclusive(Reason::Unseen { .. }))
}

fn outcomes(program: &Program, checker: &Checker) -> (Verdict, BTreeSet<Outcome>) {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let report = checker.check(program.model(&seen));
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (report.verdict, seen)
}

fn programs(
    cases: u32,
    instr: impl Strategy<Value = Instr> + 'static,
    size: usize,
    test: impl Fn(Program) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&strategy::program(instr, size), test).unwrap_or_else(|error| panic!("{error}"));
}

/// Atomics, and locks around them.
fn atomics_and_locks() -> impl Strategy<Value = Instr> {
    prop_oneof![
        4 => strategy::atomic(),
        1 => (0..2u8, prop::collection::vec(strategy::atomic(), 0..2)).prop_map(|(l, b)| Instr::Lock(l, b)),
    ]
}

#[test]
fn sampling_until_it_is_saturated_sees_every_outcome() {
    programs(200, atomics_and_locks(), 6, |program| {
        let (verdict, all) = outcomes(&program, &Checker::dfs());
        prop_assert!(passes(&verdict));
        let mut seen = BTreeSet::new();
        // A rare outcome of so small a program has a probability of one in some hundreds.
        for seed in 0..20 {
            let (_, more) = outcomes(&program, &Checker::random(1_000).seed(seed));
            prop_assert!(more.is_subset(&all), "sampling saw what cannot be: {:?}", more.difference(&all));
            seen.extend(more);
            if seen.len() == all.len() {
                return Ok(());
            }
        }
        prop_assert_eq!(seen, all);
        Ok(())
    });
}

/// Threads that lock, read and write: no atomics, because loom shows stale values of them and
/// misses outcomes.
fn locked() -> impl Strategy<Value = Instr> {
    let inside =
        prop_oneof![(0..1u8).prop_map(Instr::Load), (0..1u8, 1..3u8).prop_map(|(v, n)| Instr::Store(v, n)),];
    prop::collection::vec(inside, 1..3).prop_map(|block| Instr::Lock(0, block))
}

#[test]
fn loom_agrees_where_everything_is_under_one_lock() {
    programs(60, locked(), 12, |mut program| {
        // The variables are read at the end without a lock, but after every join.
        program.threads.truncate(3);
        program.threads[0].clear();
        let (verdict, all) = outcomes(&program, &Checker::exhaustive());
        prop_assert!(passes(&verdict));
        let (verdict, seen) = outcomes(&program, &Checker::loom());
        prop_assert!(passes(&verdict), "{:?}", verdict);
        prop_assert_eq!(seen, all);
        Ok(())
    });
}

/// On loads and stores loom may see more (stale values, because SeqCst counts as AcqRel: loom#180) and
/// may see less (loom#392). Both happen, and no other difference does.
#[test]
fn loom_differs_on_plain_loads_and_stores_in_both_known_ways() {
    let instr =
        prop_oneof![(0..2u8).prop_map(Instr::Load), (0..2u8, 1..3u8).prop_map(|(v, n)| Instr::Store(v, n)),];
    let (less, more) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    programs(200, instr, 6, |mut program| {
        program.threads.truncate(2);
        let (_, all) = outcomes(&program, &Checker::exhaustive());
        let (verdict, seen) = outcomes(&program, &Checker::loom());
        prop_assert!(passes(&verdict), "{:?}", verdict);
        less.set(less.get() + u32::from(!all.is_subset(&seen)));
        more.set(more.get() + u32::from(!seen.is_subset(&all)));
        Ok(())
    });
    assert!(less.get() > 0, "loom no longer misses outcomes: let it vouch for more");
    assert!(more.get() > 0, "loom no longer shows stale values: what is it for?");
    assert!(less.get() < 40, "loom misses far more than was known: {}", less.get());
}
