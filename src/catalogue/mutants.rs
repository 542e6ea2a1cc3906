//! Each fix is needed: every fixed variant without one of its lines is refuted.
//!
//! A hazard's file keeps its mutants beside what they mutate, in `MUTANTS`.

use super::*;
use crate::engine::Kind;
use crate::{Checker, FailureKind, Report};

/// A fixed variant with one change that undoes the fix.
#[derive(Clone, Copy)]
pub(super) struct Mutant {
    /// The fixed variant's name.
    fixed: &'static str,
    /// What was changed.
    change: &'static str,
    model: fn(),
    failure: FailureKind,
    engine: Kind,
}

/// The variant `fixed` with the change `change`, and how it fails.
pub(super) const fn mutant(
    fixed: &'static str,
    change: &'static str,
    model: fn(),
    failure: FailureKind,
) -> Mutant {
    Mutant { fixed, change, model, failure, engine: Kind::Exhaustive }
}

impl Mutant {
    /// The mutant, refuted by another engine: the exhaustive one cannot see stale reads.
    pub(super) const fn under(mut self, engine: Kind) -> Self {
        self.engine = engine;
        self
    }

    /// Checks it, until its first failure or for all of them.
    pub(super) fn check(&self, all_failures: bool) -> Report {
        Checker::of(self.engine).stop_on_failure(!all_failures).max_steps(MAX_STEPS).check(self.model)
    }
}

/// Many rounds of any loop here, so that a cycle is recognised, and soon.
const MAX_STEPS: usize = 1_000;

/// The mutants of each hazard.
pub(super) fn all_mutants() -> &'static [(&'static str, &'static [Mutant])] {
    MUTANTS
}

/// Fixed variants without a mutant, each as `hazard/variant` with the reason.
const WITHOUT: &[(&str, &str)] = &[];

#[test]
fn without_its_fix_every_fixed_variant_is_refuted() {
    for (hazard, mutants) in MUTANTS {
        for mutant @ Mutant { fixed, change, failure, engine, .. } in *mutants {
            let report = mutant.check(false);
            let expected = Expected::Refuted(*failure);
            assert!(
                expected.agrees(engine.name(), &report.verdict),
                "{hazard}/{fixed}, {change}: expected {expected:?}, but: {report}"
            );
        }
    }
}

#[test]
fn every_fixed_variant_has_a_mutant_and_every_mutant_a_fixed_variant() {
    let fixed: Vec<String> = HAZARDS
        .iter()
        .flat_map(|hazard| {
            let fixed = hazard.variants.iter().filter(|variant| !variant.is_buggy());
            fixed.map(|variant| format!("{}/{}", hazard.name, variant.name))
        })
        .collect();
    let mutated: Vec<String> = MUTANTS
        .iter()
        .flat_map(|(hazard, mutants)| mutants.iter().map(move |mutant| format!("{hazard}/{}", mutant.fixed)))
        .chain(WITHOUT.iter().map(|(variant, _)| (*variant).to_owned()))
        .collect();
    for variant in &fixed {
        assert!(mutated.contains(variant), "{variant} has no mutant");
    }
    for variant in &mutated {
        assert!(fixed.contains(variant), "there is no fixed variant {variant} to be mutated");
    }
}
