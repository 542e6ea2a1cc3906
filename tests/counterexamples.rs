//! The promises of counterexamples, for every buggy variant of the catalogue: the token replays to the
//! same failure, the schedule has the fewest preemptions, the report names what it must.

use std::fmt::Write as _;

use raddle::catalogue::{Expected, HAZARDS, Variant};
use raddle::{Checker, FailureKind, Verdict};

/// The buggy variants that the exhaustive engine refutes, each with its full name.
fn buggy() -> impl Iterator<Item = (String, &'static Variant, FailureKind)> {
    HAZARDS.iter().flat_map(|hazard| {
        hazard.variants.iter().filter_map(move |variant| match variant.expected_of("exhaustive") {
            Ok(Expected::Refuted(kind)) => Some((format!("{}/{}", hazard.name, variant.name), variant, kind)),
            _ => None,
        })
    })
}

#[test]
fn every_token_replays_to_the_same_failure_ten_times_out_of_ten() {
    for (name, variant, kind) in buggy() {
        let report = Checker::exhaustive().name(&name).check(|| variant.run());
        let first = report.expect_failure(kind);
        for _ in 0..10 {
            let replay = Checker::replay(first.token()).expect("the token is whole").name(&name);
            let again = replay.check(|| variant.run());
            let again = again.expect_failure(kind);
            assert_eq!((again.message(), again.token()), (first.message(), first.token()), "{name}");
        }
    }
}

/// The preemptions that a report says its schedule has; none where its end repeats for ever.
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
    for (name, variant, kind) in buggy() {
        let report = Checker::exhaustive().name(&name).check(|| variant.run());
        let text = report.expect_failure(kind).to_string();
        // The schedule of a livelock that repeats for ever has no number of preemptions.
        let Some(found) = preemptions(&text) else {
            assert_eq!(kind, FailureKind::Livelock, "{name}\n{text}");
            continue;
        };
        let refutes = |bound: &usize| {
            let bounded = Checker::exhaustive().preemption_bound(*bound).max_executions(200_000);
            matches!(bounded.check(|| variant.run()).verdict, Verdict::Refuted(_))
        };
        // Below what was found nothing may fail.
        if let Some(fewer) = (0..found).find(refutes) {
            let _ = writeln!(failures, "{name}: {found} preemptions, {fewer} are enough");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
