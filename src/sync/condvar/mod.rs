//! `std::sync::Condvar`: any waiter may be the one that is notified, and waits may wake up spuriously.
//!
//! One condition variable is for one mutex: std says that a wait may panic if it is used with more than one
//! over time, which some of its implementations do, and `parking_lot`'s panics if two are used at the same
//! time. Both fail the model.

mod native;

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::backend::guarded::Guarded;
use crate::backend::loom_crate as loom;
use crate::backend::loom_limits::{self, Limit};
use crate::backend::loom_recorder::Recorded;
use crate::failure::FailureKind;
use crate::op::{Command, ObjectId, Site, Slots, Synchronization, plain};
use crate::runtime::context::{self, Backend};
use crate::runtime::object::{ModelObject, check_backend};
use crate::runtime::session::{Patience, Session};
use crate::runtime::thread::Choosing;
use crate::sync::commands::{ALL, ENQUEUE, LEAVE, ONE, WAKE_ALL, WAKE_ONE};
use crate::sync::{LockResult, MutexGuard, PoisonError, poison};
use crate::time::Instant;
use native::Waiters;

/// A condition variable with std's interface; see [`std::sync::Condvar`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::{Arc, Condvar, Mutex}, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let pair = Arc::new((Mutex::new(false), Condvar::new()));
///     let other = Arc::clone(&pair);
///     let child = thread::spawn(move || {
///         *other.0.lock().unwrap() = true;
///         other.1.notify_one();
///     });
///     let ready = pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready).unwrap();
///     assert!(*ready);
///     drop(ready);
///     child.join().unwrap();
/// });
/// report.expect_verified();
/// ```
pub struct Condvar {
    site: Site,
    of: Of,
}

impl fmt::Debug for Condvar {
    /// As std's: what it holds differs from one execution to the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

impl UnwindSafe for Condvar {}
impl RefUnwindSafe for Condvar {}

#[derive(Debug)]
enum Of {
    Native(Box<Waiters>),
    Loom(Box<loom::sync::Condvar>, Recorded),
    Model(Modelled),
}

/// A condition variable of the model backend, and the mutex of its last wait.
#[derive(Debug)]
struct Modelled {
    object: ModelObject,
    /// The mutex's number plus 1, or 0.
    mutex: AtomicU32,
}

/// The family that a condition variable belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It may wake waiters spuriously, and may panic if they ever use different mutexes.
    Std,
    /// It panics if threads wait with different mutexes at the same time.
    ParkingLot,
}

/// Whether a timed wait timed out; see [`std::sync::WaitTimeoutResult`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use raddle::sync::{Condvar, Mutex};
/// let (lock, condvar) = (Mutex::new(()), Condvar::new());
/// let (guard, result) = condvar.wait_timeout(lock.lock().unwrap(), Duration::ZERO).unwrap();
/// assert!(result.timed_out());
/// # drop(guard);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the wait is known to have timed out.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::sync::{Condvar, Mutex};
    /// let (lock, condvar) = (Mutex::new(1), Condvar::new());
    /// let (guard, result) = condvar.wait_timeout(lock.lock().unwrap(), Duration::ZERO).unwrap();
    /// assert!(result.timed_out() && *guard == 1);
    /// ```
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

/// A notification of loom's, which does not report which waiter it wakes.
static NOTIFY_ONE: Command = Command { show: plain, ..WAKE_ONE };
/// As above.
static NOTIFY_ALL: Command = Command { show: plain, ..WAKE_ALL };

impl Condvar {
    /// Makes a condition variable without waiters.
    ///
    /// # Examples
    /// ```
    /// raddle::sync::Condvar::new().notify_all();
    /// ```
    #[track_caller]
    pub fn new() -> Self {
        let site = Location::caller();
        let of = match context::backend() {
            Backend::Native => Of::Native(Box::default()),
            Backend::Loom => {
                Of::Loom(Box::new(loom::sync::Condvar::new()), Recorded::new("Condvar", 0, site))
            }
            Backend::Model => {
                Of::Model(Modelled { object: ModelObject::new("Condvar", 0, site), mutex: AtomicU32::new(0) })
            }
        };
        Condvar { site, of }
    }

    /// Unlocks, waits to be notified, and locks again. It may also return without a notification.
    ///
    /// # Errors
    /// If the mutex was poisoned; the guard is inside.
    ///
    /// # Examples
    /// ```
    /// use raddle::{sync::{Condvar, Mutex}, thread};
    /// let (lock, condvar) = (Mutex::new(0), Condvar::new());
    /// thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         *lock.lock().unwrap() = 1;
    ///         condvar.notify_one();
    ///     });
    ///     let mut guard = lock.lock().unwrap();
    ///     while *guard == 0 {
    ///         guard = condvar.wait(guard).unwrap();
    ///     }
    /// });
    /// ```
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let (guard, _) = self.wait_for(guard, None, Location::caller());
        poison::result(guard.poisoned(), guard)
    }

    /// Waits for as long as the condition holds.
    ///
    /// # Errors
    /// If the mutex was poisoned; the guard is inside.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Condvar, Mutex};
    /// let (lock, condvar) = (Mutex::new(1), Condvar::new());
    /// let guard = condvar.wait_while(lock.lock().unwrap(), |n| *n == 0).unwrap();
    /// assert_eq!(*guard, 1);
    /// ```
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized, F: FnMut(&mut T) -> bool>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut *guard) {
            (guard, _) = self.wait_for(guard, None, Location::caller());
            // As in std, poisoning from before the wait is not an error of the wait.
            if guard.poisoned() {
                return Err(PoisonError::new(guard));
            }
        }
        Ok(guard)
    }

    /// Like [`wait`](Self::wait), for no longer than `timeout`. In a model time is virtual: the wait may time
    /// out at any point, and does when nothing else can move.
    ///
    /// # Errors
    /// If the mutex was poisoned; the guard is inside.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::sync::{Condvar, Mutex};
    /// let (lock, condvar) = (Mutex::new(1), Condvar::new());
    /// let (guard, result) = condvar.wait_timeout(lock.lock().unwrap(), Duration::ZERO).unwrap();
    /// assert!(result.timed_out() && *guard == 1);
    /// ```
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (guard, timed_out) = self.wait_for(guard, Some(timeout), Location::caller());
        poison::result(guard.poisoned(), (guard, WaitTimeoutResult(timed_out)))
    }

    /// Like [`wait_timeout`](Self::wait_timeout), in milliseconds; returns whether it was woken in time.
    ///
    /// # Errors
    /// If the mutex was poisoned; the guard is inside.
    ///
    /// # Examples
    /// ```
    /// # #![allow(deprecated)]
    /// use raddle::sync::{Condvar, Mutex};
    /// let (lock, condvar) = (Mutex::new(()), Condvar::new());
    /// let (guard, woken) = condvar.wait_timeout_ms(lock.lock().unwrap(), 1).unwrap();
    /// # drop((guard, woken));
    /// ```
    #[deprecated(note = "use `wait_timeout`, as with std's")]
    #[track_caller]
    pub fn wait_timeout_ms<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        milliseconds: u32,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let timeout = Duration::from_millis(milliseconds.into());
        let (guard, timed_out) = self.wait_for(guard, Some(timeout), Location::caller());
        poison::result(guard.poisoned(), (guard, !timed_out))
    }

    /// Waits for as long as the condition holds, but no longer than `timeout`.
    ///
    /// # Errors
    /// If the mutex was poisoned; the guard is inside.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::sync::{Condvar, Mutex};
    /// let (lock, condvar) = (Mutex::new(1), Condvar::new());
    /// let guard = lock.lock().unwrap();
    /// let (guard, result) = condvar.wait_timeout_while(guard, Duration::ZERO, |n| *n == 0).unwrap();
    /// assert!(!result.timed_out());
    /// # drop(guard);
    /// ```
    #[track_caller]
    pub fn wait_timeout_while<'a, T: ?Sized, F: FnMut(&mut T) -> bool>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (begun, mut timed_out) = (Instant::now(), false);
        while condition(&mut *guard) {
            if timed_out {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            let left = timeout.saturating_sub(begun.elapsed());
            (guard, timed_out) = self.wait_for(guard, Some(left), Location::caller());
            if guard.poisoned() {
                return Err(PoisonError::new((guard, WaitTimeoutResult(timed_out))));
            }
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// Wakes one waiter, if there is any. Which one is unspecified.
    ///
    /// # Examples
    /// ```
    /// raddle::sync::Condvar::new().notify_one();
    /// ```
    #[track_caller]
    pub fn notify_one(&self) {
        self.notify(false, Location::caller());
    }

    /// Wakes every waiter.
    ///
    /// # Examples
    /// ```
    /// raddle::sync::Condvar::new().notify_all();
    /// ```
    #[track_caller]
    pub fn notify_all(&self) {
        self.notify(true, Location::caller());
    }

    /// Wakes one waiter or all; returns how many. Loom does not report this, and 0 is returned.
    pub(crate) fn notify(&self, all: bool, site: Site) -> usize {
        match &self.of {
            Of::Model(Modelled { object, .. }) => {
                let (command, args) = if all { (&WAKE_ALL, ALL) } else { (&WAKE_ONE, ONE) };
                let waiters =
                    object.perform(command, args, Synchronization::Nothing, site).count_ones() as usize;
                if all { waiters } else { waiters.min(1) }
            }
            Of::Loom(condvar, recorded) => {
                check_backend(Backend::Loom, self.site, site);
                let (command, args) = if all { (&NOTIFY_ALL, ALL) } else { (&NOTIFY_ONE, ONE) };
                recorded.did(command, args, 0, Synchronization::Nothing, site);
                if all {
                    condvar.notify_all();
                } else {
                    condvar.notify_one();
                }
                0
            }
            Of::Native(waiters) => {
                check_backend(Backend::Native, self.site, site);
                waiters.wake(all)
            }
        }
    }

    /// Waits with a lock of another kind, which `unlock` and `lock` release and take; returns whether the
    /// wait timed out. Not for loom, whose condition variable works with loom's mutex only.
    pub(crate) fn wait_around(
        &self,
        mutex: &Guarded,
        (unlock, lock): (&dyn Fn(), &dyn Fn()),
        timeout: Option<Duration>,
        site: Site,
    ) -> bool {
        match &self.of {
            Of::Model(modelled) => modelled.wait((Kind::ParkingLot, mutex), (unlock, lock), timeout, site),
            Of::Loom(..) => unreachable!("loom's condition variable knows loom's mutex only"),
            Of::Native(waiters) => {
                check_backend(Backend::Native, self.site, site);
                waiters.wait((unlock, lock), timeout, site)
            }
        }
    }

    fn wait_for<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Option<Duration>,
        site: Site,
    ) -> (MutexGuard<'a, T>, bool) {
        match &self.of {
            Of::Model(modelled) => {
                let around: (&dyn Fn(), &dyn Fn()) =
                    (&|| guard.unlock_to_wait(site), &|| guard.lock_again(site));
                let timed_out = guard
                    .guarded()
                    .is_some_and(|mutex| modelled.wait((Kind::Std, mutex), around, timeout, site));
                (guard, timed_out)
            }
            Of::Loom(condvar, recorded) => {
                check_backend(Backend::Loom, self.site, site);
                loom_limits::meet(Limit::SpuriousWakeup);
                if timeout.is_some() {
                    loom_limits::meet(Limit::Timeout);
                }
                if let Some(inner) = guard.take_loom() {
                    recorded.did(&ENQUEUE, [1, 0], 0, Synchronization::Nothing, site);
                    guard.unlock_to_wait(site);
                    recorded.awaits_notification(site);
                    // Loom's waits never time out.
                    let inner = condvar.wait(inner).unwrap_or_else(std::sync::PoisonError::into_inner);
                    guard.put_loom(inner);
                    guard.lock_again(site);
                }
                (guard, false)
            }
            Of::Native(waiters) => {
                check_backend(Backend::Native, self.site, site);
                let around: (&dyn Fn(), &dyn Fn()) =
                    (&|| guard.unlock_to_wait(site), &|| guard.lock_again(site));
                let timed_out = waiters.wait(around, timeout, site);
                (guard, timed_out)
            }
        }
    }
}

impl Modelled {
    /// Enqueues, unlocks, waits and locks again; returns whether the wait timed out.
    fn wait(
        &self,
        (kind, mutex): (Kind, &Guarded),
        (unlock, lock): (&dyn Fn(), &dyn Fn()),
        timeout: Option<Duration>,
        site: Site,
    ) -> bool {
        let object = self.object;
        object.with(site, |session| {
            let slot = session.slot(object.id);
            let me = [Slots::one(slot).0, 0];
            let may_wake_spuriously = kind == Kind::Std && timeout != Some(Duration::ZERO);
            let spuriously = may_wake_spuriously && session.happens(Choosing::SpuriousWakeup, site);
            let patience = match timeout {
                Some(timeout) if !spuriously => session.gives_up_early(timeout, site),
                _ => Patience::Endless,
            };
            let others = object.perform(&ENQUEUE, me, Synchronization::Nothing, site);
            self.is_used_with(mutex, kind == Kind::Std || others != 0, session);
            unlock();
            let leave = || object.perform(&LEAVE, me, Synchronization::Nothing, site);
            let timed_out = match patience {
                _ if spuriously => {
                    session.stop_waiting(slot, leave);
                    false
                }
                Patience::Over => !session.stop_waiting(slot, leave),
                Patience::Until(nanoseconds) => session.wait(object.id, Some(nanoseconds), site),
                Patience::Endless => session.wait(object.id, None, site),
            };
            lock();
            timed_out
        })
    }

    /// The running thread waits with a mutex, which must be the same as before if that `matters`. Of two
    /// threads with different mutexes the second fails the model, in either order, so their steps commute all
    /// the same.
    fn is_used_with(&self, mutex: &Guarded, matters: bool, session: &Session) {
        let Some(ModelObject { id: ObjectId(mutex), .. }) = mutex.model() else { return };
        let before = self.mutex.swap(mutex + 1, Ordering::Relaxed);
        if !matters || before == 0 || before == mutex + 1 {
            return;
        }
        let message = {
            let execution = session.execution.borrow();
            let [condvar, one, other] = [self.object.id, ObjectId(before - 1), ObjectId(mutex)]
                .map(|id| execution.describe_object(id));
            format!("{condvar} is used with more than one mutex: {one}, and {other}")
        };
        session.fail(FailureKind::Panic, message)
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Condvar::new()
    }
}

#[cfg(all(test, feature = "check"))]
pub(crate) mod families;
