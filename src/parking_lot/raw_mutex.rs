//! `parking_lot::RawMutex`: `lock_api`'s trait over guarded commands.

use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::lock_api::{self, GuardNoSend};
use super::{Raw, unmade, until};
use crate::backend::guarded::Guarded;
use crate::op::{Command, Role, Site, Synchronization, always, plain, reads, unchanged};
use crate::sync::commands::{LOCK, TRY_LOCK, UNLOCK};
use crate::time::Instant;

static IS_LOCKED: Command = Command {
    name: "is_locked",
    role: Role::Load,
    guard: always,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// Takes the lock and releases it where the caller's source line is not available.
macro_rules! raw_mutex {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        ///
        /// # Examples
        /// ```
        /// use raddle::parking_lot::Mutex;
        /// use raddle::parking_lot::lock_api::RawMutex as _;
        /// let mutex = Mutex::new(7);
        /// // SAFETY: the raw lock is released below, by the thread that took it.
        /// let raw = unsafe { mutex.raw() };
        /// assert!(raw.try_lock());
        /// unsafe { raw.unlock() };
        /// ```
        #[derive(Debug)]
        pub struct $name(Option<Raw>);

        impl UnwindSafe for $name {}
        impl RefUnwindSafe for $name {}

        impl $name {
            pub(super) fn new(site: Site) -> Self {
                $name(Some(Raw::new($kind, site)))
            }

            #[track_caller]
            fn raw(&self) -> &Raw {
                self.0.as_ref().unwrap_or_else(|| unmade())
            }
        }

        // SAFETY: LOCK and TRY_LOCK succeed only while the word is that of a free lock, and only UNLOCK
        // restores it.
        unsafe impl lock_api::RawMutex for $name {
            // Only a lock that was made here works; the trait requires a constant.
            #[allow(clippy::declare_interior_mutable_const)]
            const INIT: Self = $name(None);

            type GuardMarker = GuardNoSend;

            #[track_caller]
            fn lock(&self) {
                self.raw().lock(&LOCK, Location::caller());
            }

            #[track_caller]
            fn try_lock(&self) -> bool {
                self.raw().try_lock(&TRY_LOCK, |held| held == 0, Location::caller())
            }

            unsafe fn unlock(&self) {
                self.raw().unlock(&UNLOCK);
            }

            #[track_caller]
            fn is_locked(&self) -> bool {
                self.raw().state.perform(&IS_LOCKED, [0; 2], Location::caller()) != 0
            }
        }

        // SAFETY: any waiter for a lock may get it next, so every way to unlock is as fair.
        unsafe impl lock_api::RawMutexFair for $name {
            unsafe fn unlock_fair(&self) {
                self.raw().unlock(&UNLOCK);
            }
        }

        // SAFETY: as above; a lock that was not taken in time was not taken.
        unsafe impl lock_api::RawMutexTimed for $name {
            type Duration = Duration;
            type Instant = Instant;

            #[track_caller]
            fn try_lock_for(&self, timeout: Duration) -> bool {
                self.raw().lock_for((&LOCK, &TRY_LOCK), |held| held == 0, timeout, Location::caller())
            }

            #[track_caller]
            fn try_lock_until(&self, moment: Instant) -> bool {
                self.try_lock_for(until(moment))
            }
        }
    };
}

impl RawMutex {
    /// The guarded word of the lock.
    pub(super) fn guarded(&self) -> &Guarded {
        &self.raw().state
    }
}

raw_mutex! {
    /// The lock inside a [`Mutex`](super::Mutex).
    RawMutex, "Mutex"
}

raw_mutex! {
    /// The lock inside a [`FairMutex`](super::FairMutex). An engine lets any waiter be the next, which
    /// includes what a fair lock does.
    RawFairMutex, "FairMutex"
}

impl RawMutex {
    /// Calls `waits`, which releases the lock and takes it again, while a guard stands for it.
    pub(super) fn waiting<R>(&self, waits: impl FnOnce() -> R) -> R {
        self.raw().state.waiting_for_it(waits)
    }
}

/// The commands of the locks as a family.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let offers = [
        offer!(LOCK).when(|s| s.hold == 0).then(|_| 1),
        offer!(TRY_LOCK).then(|step| if step.before == 0 { 1 } else { step.hold }),
        offer!(UNLOCK).when(|s| s.hold == 1).then(|_| 0),
        offer!(IS_LOCKED),
    ];
    vec![Family::new("mutex of parking_lot", 0, offers)]
}
