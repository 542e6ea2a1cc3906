//! `std::hint`.

use std::panic::Location;

pub use std::hint::{assert_unchecked, black_box, select_unpredictable, unreachable_unchecked};

use crate::backend::loom_crate as loom;
use crate::backend::loom_recorder;
use crate::runtime::context::{self, Backend};
use crate::runtime::local_state;

/// Marks a loop that waits for another thread's write; see [`std::hint::spin_loop`].
///
/// In a model the thread goes on when an object that it has read since it last waited is written.
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
    match context::backend() {
        Backend::Native => std::hint::spin_loop(),
        Backend::Loom => loom_recorder::goes_on_after(loom::hint::spin_loop),
        Backend::Model => {
            let (site, here) = (Location::caller(), local_state::here());
            context::session(|session| session.yield_now(site, &here));
        }
    }
}

/// Marks a path that is seldom taken; see [`std::hint::cold_path`].
///
/// # Examples
/// ```
/// raddle::hint::cold_path();
/// ```
#[cold]
pub const fn cold_path() {}
