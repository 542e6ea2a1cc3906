//! `std::sync::Barrier`, with generations, so that it can be used again.

use std::fmt;
use std::panic::Location;

use crate::backend::guarded::Guarded;
use crate::sync::commands::{ARRIVE, PASS, last_to_arrive};

/// A barrier with std's interface; see [`std::sync::Barrier`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::{Arc, Barrier}, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let barrier = Arc::new(Barrier::new(2));
///     let other = Arc::clone(&barrier);
///     let child = thread::spawn(move || other.wait().is_leader());
///     let leads = barrier.wait().is_leader();
///     assert_ne!(leads, child.join().unwrap());
/// });
/// report.expect_verified();
/// ```
pub struct Barrier {
    parties: u64,
    state: Guarded,
}

impl fmt::Debug for Barrier {
    /// As std's: what it holds differs from one execution to the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

/// Whether the thread was the one that completed the generation; see [`std::sync::BarrierWaitResult`].
///
/// # Examples
/// ```
/// assert!(raddle::sync::Barrier::new(1).wait().is_leader());
/// ```
pub struct BarrierWaitResult(bool);

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult").field("is_leader", &self.0).finish()
    }
}

impl BarrierWaitResult {
    /// Whether the thread was the last to arrive.
    ///
    /// # Examples
    /// ```
    /// assert!(raddle::sync::Barrier::new(1).wait().is_leader());
    /// ```
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier for `n` threads. A barrier for 0 threads never blocks, as std's.
    ///
    /// # Examples
    /// ```
    /// raddle::sync::Barrier::new(1).wait();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new(n: usize) -> Self {
        Barrier { parties: n as u64, state: Guarded::new("Barrier", 0, Location::caller()) }
    }

    /// Waits until `n` threads have arrived.
    ///
    /// # Examples
    /// ```
    /// use raddle::{sync::Barrier, thread};
    /// let barrier = Barrier::new(2);
    /// thread::scope(|scope| {
    ///     scope.spawn(|| barrier.wait());
    ///     barrier.wait();
    /// });
    /// ```
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let site = Location::caller();
        let arrived = self.state.perform(&ARRIVE, [self.parties, 0], site);
        let leads = last_to_arrive(arrived, self.parties);
        if !leads {
            self.state.perform(&PASS, [arrived, 0], site);
        }
        BarrierWaitResult(leads)
    }
}
