//! Random programs over the whole facade: the exhaustive engine and the search without reduction agree,
//! and the outcomes of native threads are a subset of the exhaustive engine's.
//!
//! `RADDLE_TEST_PROGRAMS` sets how many programs each test runs, `FACADE_GROUPS` over which
//! groups (names between commas; see `tests/common/facade`), `FACADE_SEED` with which seed, and
//! `FACADE_FIRST` from which number on. With `FACADE_SURVEY` a test continues after a difference
//! and prints them all, each shrunk.
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
#![allow(clippy::print_stdout)] // Prints what was compared.
#![cfg_attr(not(feature = "check"), allow(clippy::incompatible_msrv))] // std had no downgrade before 1.92.

#[path = "common/facade/mod.rs"]
mod facade;

#[cfg(feature = "check")]
#[path = "facade/engines.rs"]
mod engines;
#[cfg(feature = "check")]
#[path = "facade/native.rs"]
mod native;
#[cfg(not(feature = "check"))]
#[path = "facade/production.rs"]
mod production;
#[cfg(feature = "check")]
#[path = "facade/regressions.rs"]
mod regressions;
