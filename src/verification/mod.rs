//! Variants of hazards under engines, and reports about many of them at once: [`row`] is one of them,
//! [`json`] and [`junit`] are sinks for all.

pub(crate) mod json;
pub(crate) mod junit;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;
pub(crate) mod row;
#[cfg(any(test, fuzzing))]
pub(crate) mod samples;
