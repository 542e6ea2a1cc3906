//! The registry's invariants, and every variant under every engine.

use std::collections::BTreeSet;

use super::*;

fn is_kebab(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[test]
fn names_are_unique_and_kebab_case() {
    let names: BTreeSet<&str> = HAZARDS.iter().map(|hazard| hazard.name).collect();
    assert_eq!(names.len(), HAZARDS.len());
    for hazard in HAZARDS {
        assert!(is_kebab(hazard.name), "{}", hazard.name);
        let variants: BTreeSet<&str> = hazard.variants.iter().map(|variant| variant.name).collect();
        assert_eq!(variants.len(), hazard.variants.len(), "{}", hazard.name);
        assert!(variants.iter().all(|name| is_kebab(name)), "{}: {variants:?}", hazard.name);
    }
}

#[test]
fn every_hazard_has_a_bug_a_fix_and_a_story() {
    for hazard in HAZARDS {
        assert!(hazard.variants.iter().any(Variant::is_buggy), "{} has no bug", hazard.name);
        assert!(!hazard.variants.iter().all(Variant::is_buggy), "{} has no fix", hazard.name);
        assert!(!hazard.summary.contains('\n') && hazard.summary.len() < 80, "{}", hazard.name);
        let story = hazard.story();
        assert!(story.lines().count() >= 10, "{} has no story", hazard.name);
        assert!(story.contains("Python"), "{} does not say where people meet it", hazard.name);
    }
}

#[test]
fn at_most_six_hazards_have_no_loom_row() {
    let without = HAZARDS.iter().filter(|hazard| {
        hazard.variants.iter().all(|v| matches!(v.expected(Kind::Loom), Expected::Skipped(_)))
    });
    assert!(without.count() <= 6);
}

/// Checks every variant with one engine.
fn all_agree(kind: Kind, checker: impl Fn() -> Checker) {
    for hazard in HAZARDS {
        for variant in hazard.variants {
            let expected = variant.expected(kind);
            if matches!(expected, Expected::Skipped(_)) {
                continue;
            }
            let report = variant.check(hazard, checker());
            assert!(
                expected.agrees(kind.name(), &report.verdict),
                "{}/{} under {kind}: expected {expected:?}, but: {report}",
                hazard.name,
                variant.name
            );
        }
    }
}

#[test]
fn every_variant_is_as_declared_under_exhaustive() {
    all_agree(Kind::Exhaustive, Checker::exhaustive);
}

#[test]
fn every_variant_is_as_declared_under_dfs() {
    all_agree(Kind::Dfs, Checker::dfs);
}

#[test]
fn every_variant_is_as_declared_under_loom() {
    all_agree(Kind::Loom, Checker::loom);
}

#[test]
fn every_variant_is_as_declared_under_the_samplers() {
    for kind in [Kind::Random, Kind::Pct, Kind::Urw] {
        all_agree(kind, || Checker::of(kind));
    }
}

#[test]
fn every_variant_is_as_declared_natively() {
    all_agree(Kind::Native, || Checker::native(20));
}

#[test]
fn every_fixed_variant_has_more_than_one_execution() {
    for hazard in HAZARDS {
        for variant in hazard.variants.iter().filter(|variant| !variant.is_buggy()) {
            if matches!(variant.expected(Kind::Exhaustive), Expected::Verified) {
                let report = variant.check(hazard, Checker::exhaustive());
                assert!(report.stats.executions > 1, "{}/{}: {report}", hazard.name, variant.name);
            }
        }
    }
}
