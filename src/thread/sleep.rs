//! Sleeping: virtual time passes for the thread, and nothing else happens.

use std::panic::Location;
use std::time::Duration;

use crate::backend::guarded::Guarded;
use crate::backend::loom_crate as loom;
use crate::backend::loom_limits::{self, Limit};
use crate::backend::loom_recorder;
use crate::backend::native;
use crate::op::{Command, Role, Site, Synchronization, plain, reads, unchanged};
use crate::runtime::context::{self, Backend};
use crate::runtime::local_state;
use crate::runtime::session::Patience;

/// Like [`sleep`], in milliseconds.
///
/// # Examples
/// ```
/// # #![allow(deprecated)]
/// raddle::thread::sleep_ms(1);
/// ```
#[deprecated(note = "use `sleep`, as with std's")]
#[expect(clippy::inline_always, reason = "its frame is no part of the caller's local state")]
#[inline(always)]
#[track_caller]
pub fn sleep_ms(milliseconds: u32) {
    sleep(Duration::from_millis(milliseconds.into()));
}

/// Lets time pass; see [`std::thread::sleep`].
///
/// Sleeping orders nothing: any steps of others meanwhile may also not have happened. So in a model this is a
/// [`yield_now`](super::yield_now), after which the thread's own clock, [`crate::time::Instant`], has moved. A sleep of
/// more than 584 years, such as one for [`Duration::MAX`], never ends.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// raddle::Checker::exhaustive()
///     .check(|| {
///         let begun = raddle::time::Instant::now();
///         raddle::thread::sleep(Duration::from_secs(3600));
///         assert_eq!(begun.elapsed(), Duration::from_secs(3600));
///     })
///     .expect_verified();
/// ```
#[expect(clippy::inline_always, reason = "its frame is no part of the caller's local state")]
#[inline(always)]
#[track_caller]
pub fn sleep(duration: Duration) {
    if Patience::of(duration) == Patience::Endless
        && (context::backend() != Backend::Native || native::current_run().is_some())
    {
        sleep_for_ever(Location::caller());
    }
    match context::backend() {
        Backend::Native => std::thread::sleep(duration),
        Backend::Loom => {
            loom_limits::meet(Limit::Clock);
            loom_recorder::goes_on_after(loom::thread::yield_now);
        }
        Backend::Model => {
            let (site, here) = (Location::caller(), local_state::here());
            context::session(|session| {
                session.yield_now(site, &here);
                session.pass(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
            });
        }
    }
}

/// Sleeps on: nothing ends that.
static SLEEP_FOR_EVER: Command = Command {
    name: "sleep",
    role: Role::Await,
    guard: |awake, _| awake == 1,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// Sleeps in a model, or in a run of the native engine, for so long that none would see the end of it.
#[cold]
fn sleep_for_ever(site: Site) {
    Guarded::new("Sleep", 0, site).perform(&SLEEP_FOR_EVER, [0; 2], site);
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(super) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    // In a family every command is possible in some state.
    vec![Family::new("sleep for ever", 1, [offer!(SLEEP_FOR_EVER)])]
}
