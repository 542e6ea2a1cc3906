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

#[cfg(test)]
mod assertions;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod registry_tests;

use std::fmt;

#[cfg(any(test, feature = "cli"))]
use crate::Checker;
use crate::engine::{Kind, REGISTRY};
use crate::thread;
use crate::verdict::FailureKind;
#[cfg(any(test, feature = "cli"))]
use crate::verdict::Report;
use crate::verdict::Verdict;

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

/// One model of a hazard.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Variant {
    /// Its name, in kebab case.
    pub name: &'static str,
    model: Model,
    expected: Expected,
    exceptions: &'static [Exception],
    max_steps: Option<usize>,
}

/// What a variant runs.
#[derive(Clone, Copy)]
enum Model {
    /// A program of one size.
    Whole(fn()),
    /// A program of any size, and the one that the catalogue checks.
    Of(fn(usize), usize),
}

/// What an engine must say of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// It is refuted with this failure.
    Refuted(FailureKind),
    /// It is verified, or not refuted by an engine that samples.
    Verified,
    /// It may or may not fail there, and if so in this way: an engine that takes what comes.
    Perhaps(FailureKind),
    /// It is not run, for this reason.
    Skipped(&'static str),
}

/// Waits for a thread of a model, whose panic becomes the caller's: so the report shows what it said.
#[track_caller]
pub(crate) fn joined<T>(handle: thread::JoinHandle<T>) -> T {
    handle.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}

/// What one engine must say, against the rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception {
    engine: Kind,
    expected: Expected,
}

/// `engine` cannot see what the variant shows, for this reason.
pub(crate) const fn skip(engine: Kind, reason: &'static str) -> Exception {
    Exception { engine, expected: Expected::Skipped(reason) }
}

/// `engine` says something else than the rule, which is declared here.
pub(crate) const fn expect(engine: Kind, expected: Expected) -> Exception {
    Exception { engine, expected }
}

/// A variant that must fail in this way.
pub(crate) const fn buggy(name: &'static str, model: fn(), failure: FailureKind) -> Variant {
    variant(name, Model::Whole(model), Expected::Refuted(failure))
}

/// A variant that must fail in this way, of a size that can be another.
pub(crate) const fn buggy_of(
    name: &'static str,
    model: fn(usize),
    size: usize,
    failure: FailureKind,
) -> Variant {
    variant(name, Model::Of(model, size), Expected::Refuted(failure))
}

/// A variant that must be right.
pub(crate) const fn fixed(name: &'static str, model: fn()) -> Variant {
    variant(name, Model::Whole(model), Expected::Verified)
}

/// A variant that must be right, of a size that can be another.
pub(crate) const fn fixed_of(name: &'static str, model: fn(usize), size: usize) -> Variant {
    variant(name, Model::Of(model, size), Expected::Verified)
}

const fn variant(name: &'static str, model: Model, expected: Expected) -> Variant {
    Variant { name, model, expected, exceptions: &[], max_steps: None }
}

impl Variant {
    /// The variant with its exceptions.
    pub(crate) const fn except(mut self, exceptions: &'static [Exception]) -> Self {
        self.exceptions = exceptions;
        self
    }

    /// The variant with another bound on the steps of an execution.
    pub(crate) const fn max_steps(mut self, steps: usize) -> Self {
        self.max_steps = Some(steps);
        self
    }

    /// Whether the variant shows the bug.
    pub fn is_buggy(&self) -> bool {
        matches!(self.expected, Expected::Refuted(_))
    }

    /// What the engine of this name must say.
    ///
    /// # Errors
    /// If there is no such engine.
    ///
    /// # Examples
    /// ```
    /// use raddle::{FailureKind, catalogue::{self, Expected}};
    /// let buggy = &catalogue::find("lock-order").unwrap().variants[0];
    /// assert_eq!(buggy.expected_of("dfs")?, Expected::Refuted(FailureKind::Deadlock));
    /// # Ok::<(), raddle::Error>(())
    /// ```
    pub fn expected_of(&self, engine: &str) -> Result<Expected, crate::Error> {
        engine.parse().map(|kind| self.expected(kind))
    }

    /// What an engine must say.
    pub(crate) fn expected(&self, kind: Kind) -> Expected {
        let exception = self.exceptions.iter().find(|exception| exception.engine == kind);
        match (exception, self.expected, kind) {
            (Some(exception), ..) => exception.expected,
            // Threads of the operating system seldom meet in the one bad order.
            (None, Expected::Refuted(failure), Kind::Native) => Expected::Perhaps(failure),
            (None, expected, _) => expected,
        }
    }

    /// Runs the model once, in the arm of the calling thread.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, catalogue};
    /// let fixed = catalogue::find("lock-order").unwrap().variants[1];
    /// Checker::dfs().check(move || fixed.run()).expect_verified();
    /// ```
    pub fn run(&self) {
        match self.model {
            Model::Whole(model) => model(),
            Model::Of(model, size) => model(size),
        }
    }

    /// The model as a function of its size, where it has one, and the size that the catalogue checks:
    /// the number of threads, as a rule. A larger one is for measurements.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, catalogue};
    /// let dinner = catalogue::find("dining-philosophers").unwrap();
    /// let (dine, three) = dinner.variant("asymmetric").unwrap().sized().unwrap();
    /// assert_eq!(three, 3);
    /// Checker::exhaustive().check(move || dine(4)).expect_verified();
    /// ```
    pub fn sized(&self) -> Option<(fn(usize), usize)> {
        match self.model {
            Model::Whole(_) => None,
            Model::Of(model, size) => Some((model, size)),
        }
    }

    /// Checks the variant with a checker, under the name `hazard/variant`.
    #[cfg(any(test, feature = "cli"))]
    pub(crate) fn check(&self, hazard: &Hazard, mut checker: Checker) -> Report {
        if let Some(steps) = self.max_steps {
            checker = checker.max_steps(steps);
        }
        let variant = *self;
        checker.check_named(
            std::sync::Arc::new(move || variant.run()),
            &format!("{}/{}", hazard.name, self.name),
        )
    }
}

impl Expected {
    /// Whether a verdict is what was expected.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Verdict, catalogue::Expected};
    /// assert!(Expected::Verified.agrees("dfs", &Verdict::Verified));
    /// ```
    pub fn agrees(&self, engine: &str, verdict: &Verdict) -> bool {
        let concludes = REGISTRY.iter().any(|known| known.name == engine && known.concludes);
        match (self, verdict) {
            (Expected::Refuted(kind) | Expected::Perhaps(kind), Verdict::Refuted(counterexample)) => {
                counterexample.kind() == *kind
            }
            (Expected::Verified, Verdict::Inconclusive(_)) => !concludes,
            (Expected::Verified, Verdict::Verified)
            | (Expected::Perhaps(_), Verdict::Verified | Verdict::Inconclusive(_)) => true,
            _ => false,
        }
    }

    /// The expectation in a word, as JSON has it.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::catalogue::Expected::Verified.word(), "verified");
    /// ```
    pub fn word(&self) -> &'static str {
        match self {
            Expected::Refuted(_) => "refuted",
            Expected::Verified => "verified",
            Expected::Perhaps(_) => "perhaps",
            Expected::Skipped(_) => "skipped",
        }
    }
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

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variant")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}
