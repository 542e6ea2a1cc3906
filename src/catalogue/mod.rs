//! The catalogue of hazards: each a small model with a buggy and one or more fixed variants.
//!
//! A new hazard is one file, which opens with its story and declares a [`Hazard`], and one line in
//! the list below. Every variant says what each engine must find. By default a buggy one is refuted by
//! every engine with the failure that it names, and a fixed one is verified by the engines that can
//! conclude and not refuted by the others; an exception is declared with its reason.

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

/// Declares the modules of the hazards, by chapters, which are folders; and lists them.
macro_rules! hazards {
    ($($chapter:ident { $($hazard:ident)* })*) => {
        $(mod $chapter { $(pub(super) mod $hazard;)* })*

        /// Every hazard, in the order of the chapters.
        pub const HAZARDS: &[Hazard] = &[$($($chapter::$hazard::HAZARD,)*)*];

        /// The mutants of each hazard.
        #[cfg(test)]
        const MUTANTS: &[(&str, &[mutants::Mutant])] =
            &[$($(($chapter::$hazard::HAZARD.name, $chapter::$hazard::MUTANTS),)*)*];
    };
}

// A new hazard is a line here, and a file in the chapter's folder.
hazards! {
    shared_state {
        lost_update
        interpreter_lock
        reference_count
        check_then_act
        shared_iterator
        request_context
    }
    locking {
        lock_order
        dining_philosophers
        account_transfer
        self_deadlock
        unbalanced_reentrant
        foreign_release
        try_lock_livelock
        upgrade_deadlock
        writer_starvation
    }
    semaphores {
        semaphore_has_no_owner
        mutex_as_signal
        over_release
        permit_leak
    }
    monitors {
        lost_wakeup
        mesa_if
        spurious_wakeup
        wrong_waiter
        semaphore_vs_monitor
        event_pulse
        barrier_reuse
        barrier_party_missing
    }
    queues {
        empty_then_get
        task_done_missing
        task_done_twice
        one_sentinel
    }
    pools {
        pool_waits_for_itself
        completion_order
        swallowed_panic
        submit_after_shutdown
        lost_callback
        async_bridge
        late_timer
        abandoned_result
        daemon_torn_write
    }
    processes {
        terminated_holder
        recursive_spawn
    }
    memory_ordering {
        relaxed_publication
        store_buffering
        arc_drop
        relaxed_spinlock
        double_checked_init
        treiber_aba
    }
}

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

/// Joins a thread of a model and resumes its panic in the caller, so that the report shows the message.
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
    [locks::families(), locking::upgrade_deadlock::families(), locking::writer_starvation::families()]
        .into_iter()
        .flatten()
        .collect()
}
