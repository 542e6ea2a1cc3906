//! The registry's invariants, and every variant under every engine.

use std::collections::BTreeSet;

use super::*;
use crate::engine::{Kind, REGISTRY};
use crate::{Checker, FailureKind, Report, Verdict};

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
fn every_story_names_its_variants_and_says_which_engines_see_the_bug() {
    // As they stand in a story, among other words.
    const SEES: &[&str] = &["see it", "sees it", "sees both", "sees the bug", "see the bug"];
    for hazard in HAZARDS {
        let story = hazard.story();
        let says = |words: &[&str]| words.iter().any(|words| story.contains(words));
        for buggy in [true, false] {
            let variants: Vec<_> = hazard.variants.iter().filter(|v| v.is_buggy() == buggy).collect();
            for variant in &variants {
                // The only one needs no name: there is *the* bug, and there is *the* fix.
                let named = says(&[&format!("*{}*", variant.name)]);
                let only = variants.len() == 1 && (buggy || says(&["The fix"]));
                assert!(named || only, "{} tells nothing of {}", hazard.name, variant.name);
            }
        }
        assert!(says(&["```text"]), "{} draws no interleaving", hazard.name);
        assert!(says(SEES), "{} does not say which engine sees it", hazard.name);
        let real = says(&["ative", "operating system"]);
        assert!(real, "{} does not say whether real threads show it", hazard.name);
    }
}

#[test]
fn at_most_six_hazards_have_no_loom_row() {
    let without = HAZARDS.iter().filter(|hazard| {
        hazard.variants.iter().all(|v| matches!(v.expected(Kind::Loom), Expected::Skipped(_)))
    });
    assert!(without.count() <= 6);
}

#[test]
fn every_skip_says_which_limit_of_the_engine_it_is() {
    for hazard in HAZARDS {
        for variant in hazard.variants {
            for engine in REGISTRY {
                let kind: Kind = engine.name.parse().expect("it is registered");
                let Expected::Skipped(reason) = variant.expected(kind) else { continue };
                let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
                let good = match kind {
                    // An issue number for a fault or a limit, or a count that can be checked.
                    Kind::Loom => says(&["loom#"]) || says(&["too many"]) && says(&[" executions"]),
                    Kind::Dfs => says(&["too many schedules"]) && says(&["traces"]),
                    Kind::Random | Kind::Urw => says(&["leaves every cycle"]),
                    Kind::Pct => says(&["not fair"]),
                    Kind::Native => says(&["undefined behaviour"]),
                    Kind::Exhaustive => false,
                };
                assert!(good, "{}/{} under {kind}: {reason}", hazard.name, variant.name);
            }
        }
    }
}

/// Checks every variant with one engine.
fn all_agree(kind: Kind, checker: impl Fn(&Variant) -> Checker) {
    for hazard in HAZARDS {
        for variant in hazard.variants {
            let expected = variant.expected(kind);
            if matches!(expected, Expected::Skipped(_)) {
                continue;
            }
            let report = variant.check(hazard, checker(variant));
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
    all_agree(Kind::Exhaustive, |_| Checker::exhaustive());
}

#[test]
fn every_variant_is_as_declared_under_dfs() {
    all_agree(Kind::Dfs, |_| Checker::dfs());
}

#[test]
fn every_variant_is_as_declared_under_loom() {
    all_agree(Kind::Loom, |_| Checker::loom());
}

#[test]
fn every_variant_is_as_declared_under_the_samplers() {
    for kind in [Kind::Random, Kind::Pct, Kind::Urw] {
        // Where there is nothing to be found, a tenth of the sample is enough for a test.
        all_agree(kind, |variant| {
            let checker = Checker::of(kind);
            if variant.is_buggy() { checker } else { checker.max_executions(1_000) }
        });
    }
}

#[test]
fn two_changes_of_priority_are_what_some_bugs_take_and_no_bug_takes_more() {
    // That three is enough for every bug is what the samplers' test says of pct.
    let refuted = |name: &str, depth: usize| {
        let hazard = find(name).expect("it is in the catalogue");
        let report = hazard.variants[0].check(hazard, Checker::pct(2_000, depth));
        matches!(report.verdict, Verdict::Refuted(_))
    };
    for name in ["over-release", "mesa-if"] {
        assert_eq!([2, 3].map(|depth| refuted(name, depth)), [false, true], "{name}");
    }
    assert_eq!([1, 2].map(|depth| refuted("lost-update", depth)), [false, true]);
}

#[test]
fn every_variant_is_as_declared_natively() {
    all_agree(Kind::Native, |_| Checker::native(20));
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

#[test]
fn sampling_until_it_is_saturated_fails_in_the_ways_in_which_all_schedules_do() {
    let kinds = |report: &Report| -> BTreeSet<FailureKind> {
        report.failures.iter().map(crate::counterexample::Counterexample::kind).collect()
    };
    let mut compared = 0;
    for hazard in HAZARDS {
        for variant in hazard.variants {
            if [Kind::Dfs, Kind::Random].iter().any(|&k| matches!(variant.expected(k), Expected::Skipped(_)))
            {
                continue;
            }
            let dfs = Checker::dfs().stop_on_failure(false).max_executions(20_000);
            let dfs = variant.check(hazard, dfs);
            if dfs.stats.executions >= 20_000 {
                continue;
            }
            compared += 1;
            let (all, mut seen) = (kinds(&dfs), BTreeSet::new());
            for seed in 0..10 {
                let random = Checker::random(1_000).seed(seed).stop_on_failure(false);
                seen.extend(kinds(&variant.check(hazard, random)));
                if seen == all {
                    break;
                }
            }
            assert_eq!(seen, all, "{}/{}", hazard.name, variant.name);
        }
    }
    assert!(compared * 10 >= 8 * HAZARDS.len(), "only {compared} variants have few enough schedules");
}

#[test]
fn a_larger_size_of_a_model_fails_and_is_right_as_the_small_one_is() {
    let mut sized = 0;
    for hazard in HAZARDS {
        for variant in hazard.variants {
            let Some((model, size)) = variant.sized() else { continue };
            sized += 1;
            let report = Checker::exhaustive().check(move || model(size + 1));
            let expected = variant.expected(Kind::Exhaustive);
            assert!(expected.agrees("exhaustive", &report.verdict), "{}: {report}", hazard.name);
        }
    }
    assert!(sized >= 8, "only {sized} variants have a size");
}
