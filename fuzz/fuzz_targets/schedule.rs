//! Bytes choose a model of the catalogue and its schedule. A fixed variant never fails; a buggy one
//! fails in the way that it declares or not at all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use raddle::catalogue::{Expected, HAZARDS};
use raddle::{Checker, Verdict};

fuzz_target!(|bytes: &[u8]| {
    let [which, variant, schedule @ ..] = bytes else { return };
    let hazard = &HAZARDS[usize::from(*which) % HAZARDS.len()];
    let variant = hazard.variants[usize::from(*variant) % hazard.variants.len()];
    let Ok(expected) = variant.expected_of("dfs") else { return };
    let report = Checker::bytes(schedule).max_steps(2_000).check(move || variant.run());
    if let Verdict::Refuted(counterexample) = &report.verdict {
        match expected {
            Expected::Refuted(kind) | Expected::Perhaps(kind) if kind == counterexample.kind() => {}
            // A variant that dfs does not run is checked by the exhaustive engine.
            Expected::Skipped(_) if variant.is_buggy() => {}
            _ => panic!("{}/{}: expected {expected:?}, but: {report}", hazard.name, variant.name),
        }
    }
});
