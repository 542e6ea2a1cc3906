//! The catalogue of hazards: each a small model with a buggy and one or more fixed variants.
//!
//! A new hazard is one file, which opens with its story and declares a [`Hazard`], and one line in
//! [`HAZARDS`]. Every variant says what each engine must find. By default a buggy one is refuted by
//! every engine with the failure that it names, and a fixed one is verified by the engines that can
//! conclude and not refuted by the others; an exception is declared with its reason.

// 1 Shared state
mod check_then_act;
mod interpreter_lock;
mod lost_update;
mod reference_count;
mod request_context;
mod shared_iterator;
// 2 Locks
mod account_transfer;
mod dining_philosophers;
mod foreign_release;
mod lock_order;
mod self_deadlock;
mod try_lock_livelock;
mod unbalanced_reentrant;
mod upgrade_deadlock;
mod writer_starvation;
// 3 Semaphores
mod mutex_as_signal;
mod over_release;
mod permit_leak;
mod semaphore_has_no_owner;
// 4 Monitors and conditions
mod barrier_party_missing;
mod barrier_reuse;
mod event_pulse;
mod lost_wakeup;
mod mesa_if;
mod semaphore_vs_monitor;
mod spurious_wakeup;
mod wrong_waiter;
// 5 Queues
mod empty_then_get;
mod one_sentinel;
mod task_done_missing;
mod task_done_twice;
// 6 Pools, futures, timers
mod abandoned_result;
mod async_bridge;
mod completion_order;
mod daemon_torn_write;
mod late_timer;
mod lost_callback;
mod pool_waits_for_itself;
mod submit_after_shutdown;
mod swallowed_panic;
// 7 Processes
mod recursive_spawn;
mod terminated_holder;
// 8 Memory ordering
mod arc_drop;
mod double_checked_init;
mod relaxed_publication;
mod relaxed_spinlock;
mod store_buffering;
mod treiber_aba;

// What several of them share
mod locks;
mod support;
mod variant;

#[cfg(test)]
mod assertions;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod registry_tests;

use std::fmt;

use crate::thread;
pub(crate) use variant::{Exception, buggy, buggy_of, expect, fixed, fixed_of, skip};
pub use variant::{Expected, Variant};

/// Every hazard, in the order of the chapters.
pub const HAZARDS: &[Hazard] = &[
    // 1 Shared state
    lost_update::HAZARD,
    interpreter_lock::HAZARD,
    reference_count::HAZARD,
    check_then_act::HAZARD,
    shared_iterator::HAZARD,
    request_context::HAZARD,
    // 2 Locks
    lock_order::HAZARD,
    dining_philosophers::HAZARD,
    account_transfer::HAZARD,
    self_deadlock::HAZARD,
    unbalanced_reentrant::HAZARD,
    foreign_release::HAZARD,
    try_lock_livelock::HAZARD,
    upgrade_deadlock::HAZARD,
    writer_starvation::HAZARD,
    // 3 Semaphores
    semaphore_has_no_owner::HAZARD,
    mutex_as_signal::HAZARD,
    over_release::HAZARD,
    permit_leak::HAZARD,
    // 4 Monitors and conditions
    lost_wakeup::HAZARD,
    mesa_if::HAZARD,
    spurious_wakeup::HAZARD,
    wrong_waiter::HAZARD,
    semaphore_vs_monitor::HAZARD,
    event_pulse::HAZARD,
    barrier_reuse::HAZARD,
    barrier_party_missing::HAZARD,
    // 5 Queues
    empty_then_get::HAZARD,
    task_done_missing::HAZARD,
    task_done_twice::HAZARD,
    one_sentinel::HAZARD,
    // 6 Pools, futures, timers
    pool_waits_for_itself::HAZARD,
    completion_order::HAZARD,
    swallowed_panic::HAZARD,
    submit_after_shutdown::HAZARD,
    lost_callback::HAZARD,
    async_bridge::HAZARD,
    late_timer::HAZARD,
    abandoned_result::HAZARD,
    daemon_torn_write::HAZARD,
    // 7 Processes
    terminated_holder::HAZARD,
    recursive_spawn::HAZARD,
    // 8 Memory ordering
    relaxed_publication::HAZARD,
    store_buffering::HAZARD,
    arc_drop::HAZARD,
    relaxed_spinlock::HAZARD,
    double_checked_init::HAZARD,
    treiber_aba::HAZARD,
];

/// A documented concurrency hazard.
///
/// # Examples
/// ```
/// let hazard = raddle::catalogue::find("lost-update").unwrap();
/// assert!(hazard.story().contains("counter"));
/// assert!(hazard.variants.iter().any(|variant| variant.is_buggy()));
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Hazard {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// What goes wrong, in a line.
    pub summary: &'static str,
    /// The buggy variants, and then the fixed ones.
    pub variants: &'static [Variant],
    /// The text of its file, which opens with the story.
    source: &'static str,
}

/// Waits for a thread of a model, whose panic becomes the caller's: so the report shows what it said.
#[track_caller]
pub(crate) fn joined<T>(handle: thread::JoinHandle<T>) -> T {
    handle.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}

impl Hazard {
    /// The story that opens the hazard's file: what was meant, what breaks it, why the fix closes it.
    ///
    /// # Examples
    /// See [`Hazard`].
    pub fn story(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        lines.join("\n")
    }

    /// The variant of this name.
    ///
    /// # Examples
    /// ```
    /// let hazard = raddle::catalogue::find("lock-order").unwrap();
    /// assert!(hazard.variant("buggy").unwrap().is_buggy());
    /// ```
    pub fn variant(&self, name: &str) -> Option<&'static Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

/// The hazard of this name.
///
/// # Examples
/// ```
/// assert!(raddle::catalogue::find("lost-update").is_some());
/// assert!(raddle::catalogue::find("found-update").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static Hazard> {
    HAZARDS.iter().find(|hazard| hazard.name == name)
}

impl fmt::Debug for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hazard")
            .field("name", &self.name)
            .field("variants", &self.variants)
            .finish_non_exhaustive()
    }
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    [locks::families(), upgrade_deadlock::families(), writer_starvation::families()]
        .into_iter()
        .flatten()
        .collect()
}
