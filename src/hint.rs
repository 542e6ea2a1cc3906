//! `std::hint`.

use std::panic::Location;

pub use std::hint::{assert_unchecked, black_box, select_unpredictable, unreachable_unchecked};

use crate::rt::context::{self, Arm};
use crate::rt::local_state;
use crate::rt::witness;

/// Says that this is a loop that waits for somebody's write; see [`std::hint::spin_loop`].
///
/// In a model the thread goes on when something that it has read since it last waited was written.
///
/// # Examples
/// ```
/// use raddle::{Checker, hint, sync::{Arc, atomic::{AtomicBool, Ordering}}, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let flag = Arc::new(AtomicBool::new(false));
///     let other = flag.clone();
///     let child = thread::spawn(move || other.store(true, Ordering::Release));
///     while !flag.load(Ordering::Acquire) {
///         hint::spin_loop();
///     }
///     child.join().unwrap();
/// });
/// report.expect_verified();
/// ```
#[expect(clippy::inline_always, reason = "its frame is no part of the caller's local state")]
#[inline(always)]
#[track_caller]
pub fn spin_loop() {
    match context::arm() {
        Arm::Native => std::hint::spin_loop(),
        Arm::Loom => witness::goes_on_after(loom::hint::spin_loop),
        Arm::Model => {
            let (site, here) = (Location::caller(), local_state::here());
            context::session(|session| session.yield_now(site, &here));
        }
    }
}

/// Says that this path is seldom taken; see [`std::hint::cold_path`].
///
/// # Examples
/// ```
/// raddle::hint::cold_path();
/// ```
#[cold]
pub const fn cold_path() {}
