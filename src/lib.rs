//! Raddle runs a small concurrent program under every schedule that matters.
#![cfg_attr(docsrs, feature(doc_cfg))]

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
#[cfg(not(feature = "check"))]
mod plain;
#[cfg(not(feature = "check"))]
use plain::guarded;
#[cfg(feature = "check")]
use rt::guarded;
#[cfg(feature = "check")]
mod report;
#[cfg(feature = "check")]
mod rt;
#[cfg(feature = "check")]
mod schedule;
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

pub use beyond::future;
#[cfg(not(feature = "check"))]
pub use plain::{cell, hint, parking_lot, sync, thread, time};

pub use thread::thread_local;

#[cfg(feature = "check")]
pub use check::{Checker, check, choose};
#[cfg(feature = "check")]
pub use error::Error;
#[cfg(feature = "check")]
pub use verdict::{Counterexample, FailureKind, Reason, Report, Stats, Verdict};
