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
//! [`Verdict::Verified`] is a claim about one model, one engine and its bounds: no execution within
//! them fails, and none was left out. Engines of the Model arm are sequentially consistent and judge data
//! races on [`cell::UnsafeCell`] by the orderings that the program wrote; the loom engine adds stale
//! reads. What was left out, by a bound, a budget or a limit of an engine, makes the verdict
//! [`Verdict::Inconclusive`] and is named. The budgets of what std merely allows (spurious wakeups,
//! weak failures, early timeouts, fruitless yields) are printed as assumptions.
//!
//! # Map of the code
//!
//! * [`sync`], [`thread`], [`cell`], [`hint`], [`time`], [`future`], [`parking_lot`]: the facade, with std's
//!   and `parking_lot`'s names. An object chooses its arm when it is made: Native, Loom or Model. Without
//!   the feature `check` it is re-exports. `beyond` holds what std has not, for both.
//! * `statics`: statics that each execution has anew.
//! * `op`: operations as guarded commands on one word, and when two of them commute. `registry`, for
//!   tests: all commands by the kind of their object.
//! * `rt`: one execution: threads, objects, happens-before, data races, the door for operations.
//! * `engine`: who chooses the next step; `engine::dpor` is the optimal partial-order reduction.
//! * `check`: [`Checker`], and the one loop over executions. `config`: settings and environment.
//! * `schedule`, `minimize`, `turning`, `trace`: schedules, tokens, and what a failure becomes.
//! * `report`: sinks over [`Report`]. `cli`: the command. [`catalogue`]: the hazards.
#![cfg_attr(docsrs, feature(doc_cfg))]
// What production builds is the real thing, which spawns threads and looks at the clock.
#![cfg_attr(not(feature = "check"), allow(clippy::disallowed_methods))]

mod beyond;
#[cfg(feature = "check")]
mod check;
#[cfg(feature = "check")]
mod clock;
#[cfg(feature = "check")]
mod config;
#[cfg(feature = "check")]
mod engine;
#[cfg(feature = "check")]
mod error;
#[cfg(feature = "check")]
mod minimize;
// Without the feature `check` nobody looks at what commands say of themselves to engines.
#[cfg_attr(not(feature = "check"), allow(dead_code))]
mod op;
mod owner;
#[cfg(not(feature = "check"))]
mod plain;
#[cfg(not(feature = "check"))]
use plain::guarded;
#[cfg(not(feature = "check"))]
pub use plain::named;
#[cfg(feature = "check")]
use rt::guarded;
#[cfg(all(test, feature = "check"))]
mod registry;
#[cfg(feature = "check")]
mod report;
#[cfg(feature = "check")]
mod rt;
#[cfg(feature = "check")]
mod schedule;
#[cfg(feature = "check")]
mod statics;
#[cfg(feature = "check")]
mod trace;
#[cfg(feature = "check")]
mod turning;
#[cfg(feature = "check")]
mod verdict;

#[cfg(feature = "check")]
pub mod catalogue;
#[cfg(feature = "check")]
pub mod cell;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "check")]
pub mod hint;
#[cfg(feature = "check")]
pub mod parking_lot;
#[cfg(feature = "check")]
pub mod sync;
#[cfg(feature = "check")]
pub mod thread;
#[cfg(feature = "check")]
pub mod time;

#[doc = include_str!("in_ci.md")]
pub mod _in_ci {}
/// What only the fuzz targets ask.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::report::properties::check as report;
}

pub use beyond::future;
#[cfg(not(feature = "check"))]
pub use plain::{cell, hint, parking_lot, sync, thread, time};

pub use thread::thread_local;

#[cfg(feature = "check")]
pub use check::{Checker, check, choose};
#[cfg(feature = "check")]
pub use error::Error;
#[cfg(feature = "check")]
pub use rt::naming::named;
#[cfg(feature = "check")]
pub use statics::Static;
#[cfg(feature = "check")]
pub use verdict::{Counterexample, FailureKind, Reason, Report, Stats, Verdict};
