//! The elements of a schedule, and the budgets of behaviour that std merely allows.

use crate::op::ThreadId;

/// One decision: the thread of the next step, and the alternative that the step takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) struct Choice {
    /// The thread that takes a step.
    pub(crate) thread: ThreadId,
    /// 0 if there is nothing to choose.
    pub(crate) alternative: u32,
}

/// The budgets of behaviour that std allows: per thread, and for yields per call site too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) struct Budgets {
    pub(crate) spurious_wakeups: usize,
    pub(crate) weak_failures: usize,
    pub(crate) timeouts: usize,
    pub(crate) fruitless_yields: usize,
}

impl Budgets {
    /// One of each: std allows these, so a verification that never tried them would be unsound.
    pub(crate) const DEFAULT: Budgets =
        Budgets { spurious_wakeups: 1, weak_failures: 1, timeouts: 1, fruitless_yields: 1 };
}
