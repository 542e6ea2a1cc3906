//! The limits of each execution of a check.

use crate::schedule::Budgets;

/// The bounds of an execution, and the budgets of behaviour that std allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The bound on steps.
    pub(crate) max_steps: usize,
    /// True if the first failure ends the check, so that an execution need not continue after its own.
    pub(crate) stop_on_failure: bool,
    /// The budgets of behaviour that std allows.
    pub(crate) budgets: Budgets,
}

/// Models are small; longer executions are nearly always loops without an end.
const DEFAULT_MAX_STEPS: usize = 100_000;

impl Default for Limits {
    fn default() -> Self {
        Limits { max_steps: DEFAULT_MAX_STEPS, stop_on_failure: true, budgets: Budgets::DEFAULT }
    }
}
