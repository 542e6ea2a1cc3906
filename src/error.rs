//! Failures of the harness or of its input. A refuted model is a verdict, not an error.

use thiserror::Error;

/// Errors in the input of raddle.
///
/// # Examples
/// ```
/// let error = raddle::Checker::replay("not a token").unwrap_err();
/// assert!(error.to_string().starts_with("malformed replay token"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A replay token that is incomplete, or was altered.
    #[error("malformed replay token: {why}; paste the whole token that the failure printed")]
    MalformedToken {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A replay token of another model.
    #[error("replay token of another model: it was not made by {model}; run the model that printed it")]
    TokenOfAnotherModel {
        /// The model to be replayed.
        model: String,
    },
    /// An environment variable with an invalid value.
    #[error("{variable}={value:?} is not valid: it must be {expected}")]
    BadVariable {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// A description of the valid values.
        expected: &'static str,
    },
    /// An unknown environment variable with raddle's prefix.
    #[error("unknown environment variable {name}: {hint}")]
    UnknownVariable {
        /// Its name.
        name: String,
        /// The nearest known name, or all of them.
        hint: String,
    },
    /// A name that no engine has.
    #[error("unknown engine {name:?}: it must be one of {known}")]
    UnknownEngine {
        /// The name.
        name: String,
        /// Every valid name.
        known: String,
    },
    /// An engine that this build of raddle is without.
    #[error(
        "the engine {name} is not part of this build: add {feature:?} to the features of raddle in Cargo.toml"
    )]
    EngineNotBuilt {
        /// The engine.
        name: &'static str,
        /// The feature that it needs.
        feature: &'static str,
    },
}
