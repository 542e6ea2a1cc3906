//! Failures of the harness or of its input. A refuted model is a verdict, not an error.

use thiserror::Error;

/// What can be wrong with what raddle was asked to do.
///
/// # Examples
/// ```
/// let error = raddle::Checker::replay("not a token").unwrap_err();
/// assert!(error.to_string().starts_with("malformed replay token"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A replay token that is not whole, or was altered.
    #[error("malformed replay token: {why}; paste the whole token that the failure printed")]
    MalformedToken {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A replay token of another model.
    #[error("replay token of another model: it was not made by {model}; run the model that printed it")]
    TokenOfAnotherModel {
        /// The model that was to be replayed.
        model: String,
    },
    /// An environment variable with a value that it cannot have.
    #[error("{variable}={value:?} is not valid: it must be {expected}")]
    BadVariable {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// An environment variable that looks like one of raddle's and is none.
    #[error("unknown environment variable {name}: {hint}")]
    UnknownVariable {
        /// Its name.
        name: String,
        /// The known one that is nearest, or all of them.
        hint: String,
    },
    /// A name that no engine has.
    #[error("unknown engine {name:?}: it must be one of {known}")]
    UnknownEngine {
        /// The name.
        name: String,
        /// Every name that would be right.
        known: String,
    },
}
