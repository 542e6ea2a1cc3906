//! A model must behave the same under the same schedule. One that does not is reported with the step
//! where it differs and is never verified; different memory addresses alone are no difference.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
#![allow(clippy::disallowed_types)] // The order of a hash map is what a model depends on here.

#[path = "determinism/models.rs"]
mod models;
#[path = "determinism/pointers.rs"]
mod pointers;
#[path = "determinism/programs.rs"]
mod programs;
#[path = "determinism/wakers.rs"]
mod wakers;
