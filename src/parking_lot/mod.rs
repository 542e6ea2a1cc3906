//! The crate `parking_lot`: its API, checked.
//!
//! The guards and methods are `lock_api`'s own, over raw locks that are guarded commands. A lock
//! here is a thin type around `lock_api`'s, because `lock_api` makes its locks from a constant, and
//! an object of the facade belongs to the execution that makes it: so `new` is not `const`, and
//! everything else is reached through `Deref`. A static is declared in [`statics!`](crate::statics).
//!
//! There is no poisoning, and no wakeup without a notification. Force-unlocking a lock that the thread does
//! not hold is the failure not-owner. Under loom timeouts never fire.

mod condvar;
mod mutex;
mod once;
mod raw_mutex;
mod raw_rwlock;
mod rwlock;

pub use ::parking_lot::OnceState;
pub use ::parking_lot::lock_api;

pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{
    FairMutex, FairMutexGuard, MappedFairMutexGuard, MappedMutexGuard, MappedReentrantMutexGuard, Mutex,
    MutexGuard, RawThreadId, ReentrantMutex, ReentrantMutexGuard, const_fair_mutex, const_mutex,
    const_reentrant_mutex,
};
pub use once::Once;
pub use raw_mutex::{RawFairMutex, RawMutex};
pub use raw_rwlock::RawRwLock;
pub use rwlock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard,
    RwLockWriteGuard, const_rwlock,
};

use std::sync::{Mutex as StdMutex, PoisonError};
use std::time::Duration;

use crate::backend::guarded::Guarded;
use crate::failure::FailureKind;
use crate::op::{Command, Site, State};
use crate::runtime::context;
use crate::time::Instant;

/// The common part of the raw locks: the word, and where it was last taken.
#[derive(Debug)]
struct Raw {
    state: Guarded,
    taken: StdMutex<Site>,
}

impl Raw {
    fn new(kind: &'static str, site: Site) -> Self {
        Raw { state: Guarded::new(kind, 0, site), taken: StdMutex::new(site) }
    }

    /// Waits for the lock. `lock_api` calls this also if a guard stands for the lock all the while, as in
    /// `unlocked`, which cannot be told from a lock that is taken for the first time.
    fn lock(&self, command: &'static Command, site: Site) {
        self.state.having_again(|| self.state.perform(command, [0; 2], site));
        self.note(site);
    }

    /// Tries to lock; `locks` returns for the state before whether that was possible.
    fn try_lock(&self, attempt: &'static Command, locks: fn(State) -> bool, site: Site) -> bool {
        let locked = locks(self.state.perform(attempt, [0; 2], site));
        if locked {
            self.note(site);
        }
        locked
    }

    fn lock_for(
        &self,
        commands: (&'static Command, &'static Command),
        locks: fn(State) -> bool,
        timeout: Duration,
        site: Site,
    ) -> bool {
        let locked = self.state.perform_within(commands, [0; 2], timeout, site, locks);
        if locked {
            self.note(site);
        }
        locked
    }

    /// Unlocks, if the thread holds the lock.
    fn unlock(&self, command: &'static Command) {
        let site = *self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.is_lost() {
            return;
        }
        if let Some(object) = self.state.model() {
            object.with(site, |session| {
                let held = {
                    let execution = session.execution.borrow();
                    let me = execution.thread(execution.current());
                    execution.cancelling() || me.held.iter().any(|held| held.object == object.id)
                };
                if !held {
                    let what = session.execution.borrow().describe_object(object.id);
                    session.fail(
                        FailureKind::NotOwner,
                        format!("a thread unlocks {what}, which it does not hold"),
                    );
                }
            });
        }
        self.state.release(command, [0; 2], site);
    }

    fn note(&self, site: Site) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = site;
    }
}

/// The time left until a moment.
fn until(moment: Instant) -> Duration {
    moment.saturating_duration_since(Instant::now())
}

/// Panics because of a lock that was made from `lock_api`'s constant.
#[cold]
fn unmade() -> ! {
    let _ = context::backend();
    panic!("a lock of raddle's parking_lot is made by its own `new`, not by lock_api's")
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    [raw_mutex::families(), raw_rwlock::families::families(), condvar::families()]
        .into_iter()
        .flatten()
        .collect()
}
