//! The guarantees of counterexamples, for every buggy variant of the catalogue: the token replays to the
//! same failure, the schedule has the fewest preemptions, the report has its required parts.
#![cfg(feature = "check")]

use std::fmt::Write as _;

use raddle::catalogue::{Expected, HAZARDS, Variant};
use raddle::{Checker, FailureKind, Reason, Verdict};

/// The buggy variants that an engine refutes, each with its full name.
fn buggy(engine: &str) -> impl Iterator<Item = (String, &'static Variant, FailureKind)> {
    HAZARDS.iter().flat_map(move |hazard| {
        hazard.variants.iter().filter_map(move |variant| match variant.expected_of(engine) {
            Ok(Expected::Refuted(kind)) => Some((format!("{}/{}", hazard.name, variant.name), variant, kind)),
            _ => None,
        })
    })
}

/// Whether the tokens of this engine's counterexamples lead to the same failure, ten times out of ten each.
fn replays(engine: &str, checker: &Checker) {
    let mut replayed = 0;
    for (name, variant, kind) in buggy(engine) {
        let report = checker.clone().name(&name).check(|| variant.run());
        let first = report.expect_failure(kind);
        for _ in 0..10 {
            let replay = Checker::replay(first.token()).expect("the token is whole").name(&name);
            let again = replay.check(|| variant.run());
            let again = again.expect_failure(kind);
            assert_eq!((again.message(), again.token()), (first.message(), first.token()), "{name}");
        }
        replayed += 1;
    }
    assert!(replayed > 20, "{engine} refutes but {replayed} variants");
}

#[test]
fn every_token_of_exhaustive_replays_to_the_same_failure_ten_times_out_of_ten() {
    replays("exhaustive", &Checker::exhaustive());
}

#[test]
fn every_token_of_dfs_replays_to_the_same_failure_ten_times_out_of_ten() {
    replays("dfs", &Checker::dfs());
}

#[test]
fn every_token_of_random_replays_to_the_same_failure_ten_times_out_of_ten() {
    replays("random", &Checker::random(10_000));
}

#[test]
fn every_token_of_pct_replays_to_the_same_failure_ten_times_out_of_ten() {
    replays("pct", &Checker::pct(10_000, 3));
}

#[test]
fn every_token_of_urw_replays_to_the_same_failure_ten_times_out_of_ten() {
    replays("urw", &Checker::urw(10_000));
}

/// The number of preemptions in the report; none for a schedule whose end repeats for ever.
fn preemptions(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("minimised"))?;
    if line.ends_with("that repeat") {
        return None;
    }
    line.split(';').next()?.split_whitespace().filter_map(|word| word.parse().ok()).next_back()
}

#[test]
fn no_schedule_has_more_preemptions_than_the_smallest_bound_that_refutes() {
    let mut failures = String::new();
    let mut counted = 0;
    for (name, variant, kind) in buggy("exhaustive") {
        let report = Checker::exhaustive().name(&name).check(|| variant.run());
        let text = report.expect_failure(kind).to_string();
        // The schedule of a livelock that repeats for ever has no number of preemptions.
        let Some(found) = preemptions(&text) else {
            assert_eq!(kind, FailureKind::Livelock, "{name}\n{text}");
            continue;
        };
        // With a lower bound nothing may fail, and the check must report the bound as its limit.
        for bound in 0..found {
            let report = Checker::exhaustive().preemption_bound(bound).check(|| variant.run());
            if !matches!(report.verdict, Verdict::Inconclusive(Reason::PreemptionBound { .. })) {
                let _ = writeln!(failures, "{name}: {found} preemptions, and with {bound}: {report}");
            }
        }
        counted += 1;
    }
    assert!(counted > 20, "only {counted} schedules were counted");
    assert!(failures.is_empty(), "{failures}");
}
