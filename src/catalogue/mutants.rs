//! Each fix is needed: every fixed variant without one of its lines is refuted.
//!
//! A hazard's file keeps its mutants beside what they mutate, in `MUTANTS`; they are listed here by
//! the hazard's name.

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

/// What is left of the variant `fixed` after `change`, and how it fails.
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

/// Many rounds of any loop here, so that a circle is seen for one, and soon.
const MAX_STEPS: usize = 1_000;

/// The mutants of each hazard.
pub(super) fn all_mutants() -> &'static [(&'static str, &'static [Mutant])] {
    MUTANTS
}

/// The mutants of each hazard, in the order of the chapters.
const MUTANTS: &[(&str, &[Mutant])] = &[
    // 1 Shared state
    ("lost-update", lost_update::MUTANTS),
    ("interpreter-lock", interpreter_lock::MUTANTS),
    ("reference-count", reference_count::MUTANTS),
    ("check-then-act", check_then_act::MUTANTS),
    ("shared-iterator", shared_iterator::MUTANTS),
    ("request-context", request_context::MUTANTS),
    // 2 Locks
    ("lock-order", lock_order::MUTANTS),
    ("dining-philosophers", dining_philosophers::MUTANTS),
    ("account-transfer", account_transfer::MUTANTS),
    ("self-deadlock", self_deadlock::MUTANTS),
    ("unbalanced-reentrant", unbalanced_reentrant::MUTANTS),
    ("foreign-release", foreign_release::MUTANTS),
    ("try-lock-livelock", try_lock_livelock::MUTANTS),
    ("upgrade-deadlock", upgrade_deadlock::MUTANTS),
    ("writer-starvation", writer_starvation::MUTANTS),
    // 3 Semaphores
    ("semaphore-has-no-owner", semaphore_has_no_owner::MUTANTS),
    ("mutex-as-signal", mutex_as_signal::MUTANTS),
    ("over-release", over_release::MUTANTS),
    ("permit-leak", permit_leak::MUTANTS),
    // 4 Monitors and conditions
    ("lost-wakeup", lost_wakeup::MUTANTS),
    ("mesa-if", mesa_if::MUTANTS),
    ("spurious-wakeup", spurious_wakeup::MUTANTS),
    ("wrong-waiter", wrong_waiter::MUTANTS),
    ("semaphore-vs-monitor", semaphore_vs_monitor::MUTANTS),
    ("event-pulse", event_pulse::MUTANTS),
    ("barrier-reuse", barrier_reuse::MUTANTS),
    ("barrier-party-missing", barrier_party_missing::MUTANTS),
    // 5 Queues
    ("empty-then-get", empty_then_get::MUTANTS),
    ("task-done-missing", task_done_missing::MUTANTS),
    ("task-done-twice", task_done_twice::MUTANTS),
    ("one-sentinel", one_sentinel::MUTANTS),
    // 6 Pools, futures, timers
    ("pool-waits-for-itself", pool_waits_for_itself::MUTANTS),
    ("completion-order", completion_order::MUTANTS),
    ("swallowed-panic", swallowed_panic::MUTANTS),
    ("submit-after-shutdown", submit_after_shutdown::MUTANTS),
    ("lost-callback", lost_callback::MUTANTS),
    ("async-bridge", async_bridge::MUTANTS),
    ("late-timer", late_timer::MUTANTS),
    ("abandoned-result", abandoned_result::MUTANTS),
    ("daemon-torn-write", daemon_torn_write::MUTANTS),
    // 7 Processes
    ("terminated-holder", terminated_holder::MUTANTS),
    ("recursive-spawn", recursive_spawn::MUTANTS),
    // 8 Memory ordering
    ("relaxed-publication", relaxed_publication::MUTANTS),
    ("store-buffering", store_buffering::MUTANTS),
    ("arc-drop", arc_drop::MUTANTS),
    ("relaxed-spinlock", relaxed_spinlock::MUTANTS),
    ("double-checked-init", double_checked_init::MUTANTS),
    ("treiber-aba", treiber_aba::MUTANTS),
];

/// Fixed variants that no mutant stands for, each as `hazard/variant` with the reason.
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
