//! Raddle runs a small concurrent program under every schedule that matters, and answers *verified*,
//! *refuted, and here is the interleaving*, or *inconclusive, and here is why*.
//!
//! ```
//! # #[cfg(feature = "check")]
//! # {
//! use raddle::sync::atomic::{AtomicUsize, Ordering};
//! use raddle::{Checker, FailureKind, sync::Arc, thread};
//!
//! let report = Checker::exhaustive().check(|| {
//!     let n = Arc::new(AtomicUsize::new(0));
//!     let other = Arc::clone(&n);
//!     let child = thread::spawn(move || {
//!         let before = other.load(Ordering::SeqCst);
//!         other.store(before + 1, Ordering::SeqCst);
//!     });
//!     let before = n.load(Ordering::SeqCst);
//!     n.store(before + 1, Ordering::SeqCst);
//!     child.join().unwrap();
//!     assert_eq!(n.load(Ordering::SeqCst), 2, "an update was lost");
//! });
//! report.expect_failure(FailureKind::Panic);
//! # }
//! ```
//!
//! # What a verdict means
//!
//! [`Verdict::Verified`] is a claim about one model, one engine and its bounds: no execution within them
//! fails, and none was left out. Engines of the model backend are sequentially consistent and detect data
//! races on [`cell::UnsafeCell`] by the memory orderings that the program wrote; the loom engine adds stale
//! reads. If anything was left out, by a bound, a budget or a limit of an engine, the verdict is
//! [`Verdict::Inconclusive`] and names it. The budgets of behaviour that std merely allows (spurious wakeups,
//! weak failures, early timeouts, yields without progress) are printed as assumptions.
//!
//! # Map of the code
//!
//! From the bottom up; a layer uses only those above it in this list, which `tests/layers.rs` checks.
//!
//! * `op`: operations as guarded commands on one word, and when two of them commute. `registry`, for tests:
//!   all commands by the kind of their object. `schedule`: choices. `failure`, `error`: how a model fails,
//!   and errors in the input.
//! * `runtime`: one execution: threads, objects, happens-before, data races, the entry point for visible
//!   operations.
//! * `backend`: where an operation takes effect: on the system's threads, under loom, or in the runtime.
//! * [`sync`], [`thread`], [`cell`], [`hint`], [`time`], [`future`], [`parking_lot`]: the facade, with std's
//!   and `parking_lot`'s names. An object chooses its backend when it is made. `ext` holds types that std
//!   does not have, and `statics` the statics that each execution has anew. Without the feature `check` the
//!   facade is `passthrough`: re-exports.
//! * `trace`: the events of an execution, with names and text for reports.
//! * `engine`: the schedulers; `engine::dpor` is the optimal partial-order reduction.
//! * `counterexample`: counterexamples: minimised, explained, and carried by a token.
//! * `verdict`: [`Verdict`] and [`Report`]. `report`: their forms: text, HTML, timelines.
//! * `check`: [`Checker`], its settings, and the one loop over executions.
//! * [`catalogue`]: the hazards. `verification`: variants under engines, and their forms as JSON and `JUnit`.
//!   `cli`: the command.
#![cfg_attr(docsrs, feature(doc_cfg))]
// With the command, which uses all, nothing may be dead.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]
// Without the feature `check` this is std itself, which spawns threads and reads the clock.
#![cfg_attr(not(feature = "check"), allow(clippy::disallowed_methods))]

mod ext;
// Without the feature `check` no engine uses the guards and access classes of commands.
#[cfg_attr(not(feature = "check"), allow(dead_code))]
mod op;
mod owner;
// It exports a macro, so it is declared outside the macro `cfg_if!`.
#[cfg(feature = "check")]
pub mod thread;

cfg_if::cfg_if! {
    if #[cfg(feature = "check")] {
        mod backend;
        mod check;
        mod counterexample;
        mod engine;
        mod error;
        mod failure;
        mod named;
        #[cfg(test)]
        mod registry;
        mod report;
        mod runtime;
        mod schedule;
        mod statics;
        mod trace;
        mod verdict;
        #[cfg(feature = "cli")]
        mod verification;

        #[cfg(feature = "cli")]
        pub mod catalogue;
        pub mod cell;
        #[cfg(feature = "cli")]
        pub mod cli;
        pub mod hint;
        pub mod parking_lot;
        pub mod sync;
        pub mod time;

        use backend::guarded;

        pub use check::{Checker, check, choose};
        pub use counterexample::Counterexample;
        pub use error::Error;
        pub use failure::{FailureKind, Reason};
        pub use named::named;
        pub use statics::Static;
        pub use verdict::{Report, Stats, Verdict};
    } else {
        mod passthrough;

        use passthrough::guarded;

        pub use passthrough::{cell, hint, named, parking_lot, sync, thread, time};
    }
}

pub use ext::future;
pub use thread::thread_local;

#[doc = include_str!("in_ci.md")]
pub mod _in_ci {}
#[doc = include_str!("verdicts.md")]
pub mod _verdicts {}
#[doc = include_str!("architecture.md")]
pub mod _architecture {}
/// Entry points for the fuzz targets.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::verification::properties::check as report;
}
