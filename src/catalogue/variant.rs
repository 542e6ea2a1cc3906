//! A model of a hazard, and the verdict that each engine must give.

use std::fmt;

#[cfg(any(test, feature = "cli"))]
use super::Hazard;
#[cfg(any(test, feature = "cli"))]
use crate::Checker;
use crate::FailureKind;
use crate::engine::{Kind, REGISTRY};
#[cfg(any(test, feature = "cli"))]
use crate::verdict::Report;
use crate::verdict::Verdict;

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

/// The verdict that an engine must give on a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// It is refuted with this failure.
    Refuted(FailureKind),
    /// It is verified, or not refuted by an engine that samples.
    Verified,
    /// It may or may not fail, and if so in this way: for an engine with uncontrolled scheduling.
    Perhaps(FailureKind),
    /// It is not run, for this reason.
    Skipped(&'static str),
}

/// The verdict of one engine, where it differs from the default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception {
    engine: Kind,
    expected: Expected,
}

/// `engine` cannot see what the variant shows, for this reason.
pub(crate) const fn skip(engine: Kind, reason: &'static str) -> Exception {
    Exception { engine, expected: Expected::Skipped(reason) }
}

/// `engine` gives another verdict than the default, which is declared here.
pub(crate) const fn expect(engine: Kind, expected: Expected) -> Exception {
    Exception { engine, expected }
}

/// A variant that must fail in this way.
pub(crate) const fn buggy(name: &'static str, model: fn(), failure: FailureKind) -> Variant {
    variant(name, Model::Whole(model), Expected::Refuted(failure))
}

/// A variant that must fail in this way, with a variable size.
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

/// A variant that must be right, with a variable size.
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

    /// The verdict that the engine of this name must give.
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

    /// The verdict that an engine must give.
    pub(crate) fn expected(&self, kind: Kind) -> Expected {
        let exception = self.exceptions.iter().find(|exception| exception.engine == kind);
        match (exception, self.expected, kind) {
            (Some(exception), ..) => exception.expected,
            // Native threads seldom take the one failing order.
            (None, Expected::Refuted(failure), Kind::Native) => Expected::Perhaps(failure),
            (None, expected, _) => expected,
        }
    }

    /// Runs the model once, in the backend of the calling thread.
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

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variant")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}
