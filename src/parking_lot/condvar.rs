//! `parking_lot::Condvar`: waits end by a notification or by a timeout, and not otherwise.
//!
//! It is std's condition variable without the spurious wakeups, except under loom: there it counts waiters
//! and calls, and a thread that began to wait after a notification may answer it, where `parking_lot` wakes
//! one that waited before.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::lock_api::RawMutex as _;
use super::{MutexGuard, until};
use crate::backend::guarded::Guarded;
use crate::backend::loom_limits::{self, Limit};
use crate::op::{Access, Args, Command, Role, Site, State, Synchronization, always, plain, writes};
use crate::runtime::context::{self, Backend};
use crate::sync;
use crate::time::Instant;

/// The position of the count of calls in the word; below it is the count of waiters, including those called.
const CALLED: u32 = 32;
const CALL: State = 1 << CALLED;

fn waiting(state: State) -> u64 {
    state & (CALL - 1)
}

fn called(state: State) -> u64 {
    state >> CALLED
}

fn hears(state: State, _: Args) -> Access {
    if waiting(state) > called(state) { Access::WRITE } else { Access::READ }
}

static ENQUEUE: Command = Command {
    name: "wait",
    role: Role::Signal,
    guard: always,
    effect: |state, _| state + 1,
    access: |_, _| Access::commuting(1),
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// Answers a call; any waiter may.
static WAKE: Command = Command {
    name: "wake",
    role: Role::Await,
    guard: |state, _| called(state) > 0,
    effect: |state, _| state - CALL - 1,
    access: writes,
    synchronization: Synchronization::Nothing,
    show: plain,
};

static NOTIFY_ONE: Command = Command {
    name: "notify_one",
    role: Role::Signal,
    guard: always,
    effect: |state, _| if waiting(state) > called(state) { state + CALL } else { state },
    access: hears,
    synchronization: Synchronization::Nothing,
    show: plain,
};

static NOTIFY_ALL: Command = Command {
    name: "notify_all",
    role: Role::Signal,
    guard: always,
    effect: |state, _| waiting(state) * (CALL + 1),
    access: hears,
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// A condition variable; see [`::parking_lot::Condvar`].
///
/// # Examples
/// ```
/// use raddle::{Checker, parking_lot::{Condvar, Mutex}, sync::Arc, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let pair = Arc::new((Mutex::new(false), Condvar::new()));
///     let other = Arc::clone(&pair);
///     let child = thread::spawn(move || {
///         *other.0.lock() = true;
///         other.1.notify_one();
///     });
///     let mut ready = pair.0.lock();
///     if !*ready {
///         pair.1.wait(&mut ready);
///     }
///     assert!(*ready);
///     drop(ready);
///     child.join().unwrap();
/// });
/// report.expect_verified();
/// ```
pub struct Condvar {
    condvar: sync::Condvar,
    /// Its form under loom, whose own condition variable works with loom's mutex only.
    loom: Option<Guarded>,
}

impl fmt::Debug for Condvar {
    /// As std's: what it holds differs from one execution to the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

/// Whether a timed wait timed out; see [`::parking_lot::WaitTimeoutResult`].
///
/// # Examples
/// ```
/// use raddle::parking_lot::{Condvar, Mutex};
/// let (lock, condvar) = (Mutex::new(()), Condvar::new());
/// assert!(condvar.wait_for(&mut lock.lock(), std::time::Duration::ZERO).timed_out());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the wait is known to have timed out.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::parking_lot::{Condvar, Mutex};
    /// let (lock, condvar) = (Mutex::new(1), Condvar::new());
    /// assert!(condvar.wait_for(&mut lock.lock(), Duration::ZERO).timed_out());
    /// ```
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Makes a condition variable without waiters.
    ///
    /// # Examples
    /// ```
    /// raddle::parking_lot::Condvar::new().notify_one();
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        let loom = context::backend() == Backend::Loom;
        let loom = loom.then(|| Guarded::new("Condvar", 0, Location::caller()));
        Condvar { condvar: sync::Condvar::new(), loom }
    }

    /// Wakes one waiter; returns whether there was one.
    ///
    /// # Examples
    /// ```
    /// assert!(!raddle::parking_lot::Condvar::new().notify_one());
    /// ```
    #[track_caller]
    pub fn notify_one(&self) -> bool {
        let site = Location::caller();
        let Some(state) = &self.loom else { return self.condvar.notify(false, site) > 0 };
        let before = state.perform(&NOTIFY_ONE, [0; 2], site);
        waiting(before) > called(before)
    }

    /// Wakes every waiter; returns how many there were.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::parking_lot::Condvar::new().notify_all(), 0);
    /// ```
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        let site = Location::caller();
        let Some(state) = &self.loom else { return self.condvar.notify(true, site) };
        let before = state.perform(&NOTIFY_ALL, [0; 2], site);
        (waiting(before) - called(before)) as usize
    }

    /// Unlocks, waits to be notified, and locks again.
    ///
    /// # Examples
    /// ```
    /// use raddle::{parking_lot::{Condvar, Mutex}, thread};
    /// let (lock, condvar) = (Mutex::new(0), Condvar::new());
    /// thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         *lock.lock() = 1;
    ///         condvar.notify_one();
    ///     });
    ///     let mut guard = lock.lock();
    ///     while *guard == 0 {
    ///         condvar.wait(&mut guard);
    ///     }
    /// });
    /// ```
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_inside(guard, None, Location::caller());
    }

    /// Like [`wait`](Self::wait), for no longer than `timeout`.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::parking_lot::{Condvar, Mutex};
    /// let (lock, condvar) = (Mutex::new(1), Condvar::new());
    /// assert!(condvar.wait_for(&mut lock.lock(), Duration::ZERO).timed_out());
    /// ```
    #[track_caller]
    pub fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, timeout: Duration) -> WaitTimeoutResult {
        self.wait_inside(guard, Some(timeout), Location::caller())
    }

    /// Like [`wait`](Self::wait), for no longer than until `moment`.
    ///
    /// # Examples
    /// ```
    /// use raddle::{parking_lot::{Condvar, Mutex}, time::Instant};
    /// let (lock, condvar) = (Mutex::new(()), Condvar::new());
    /// assert!(condvar.wait_until(&mut lock.lock(), Instant::now()).timed_out());
    /// ```
    #[track_caller]
    pub fn wait_until<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, moment: Instant) -> WaitTimeoutResult {
        self.wait_inside(guard, Some(until(moment)), Location::caller())
    }

    /// Waits for as long as the condition holds.
    ///
    /// # Examples
    /// ```
    /// use raddle::parking_lot::{Condvar, Mutex};
    /// Condvar::new().wait_while(&mut Mutex::new(1).lock(), |n| *n == 0);
    /// ```
    #[track_caller]
    pub fn wait_while<T: ?Sized, F: FnMut(&mut T) -> bool>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: F,
    ) {
        while condition(&mut **guard) {
            self.wait_inside(guard, None, Location::caller());
        }
    }

    /// Waits for as long as the condition holds, but no longer than `timeout`.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::parking_lot::{Condvar, Mutex};
    /// let (lock, condvar) = (Mutex::new(1), Condvar::new());
    /// assert!(!condvar.wait_while_for(&mut lock.lock(), |n| *n == 0, Duration::ZERO).timed_out());
    /// ```
    #[track_caller]
    pub fn wait_while_for<T: ?Sized, F: FnMut(&mut T) -> bool>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        condition: F,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        self.wait_while_inside(guard, condition, Instant::now().checked_add(timeout), Location::caller())
    }

    /// Waits for as long as the condition holds, but no longer than until `moment`.
    ///
    /// # Examples
    /// ```
    /// use raddle::{parking_lot::{Condvar, Mutex}, time::Instant};
    /// let (lock, condvar) = (Mutex::new(1), Condvar::new());
    /// assert!(condvar.wait_while_until(&mut lock.lock(), |n| *n == 1, Instant::now()).timed_out());
    /// ```
    #[track_caller]
    pub fn wait_while_until<T: ?Sized, F: FnMut(&mut T) -> bool>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        condition: F,
        moment: Instant,
    ) -> WaitTimeoutResult {
        self.wait_while_inside(guard, condition, Some(moment), Location::caller())
    }

    /// Every wait is for what is left of the time. Once it is over, that is said whatever has become of the condition,
    /// as `parking_lot` says it, and unlike std.
    fn wait_while_inside<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        moment: Option<Instant>,
        site: Site,
    ) -> WaitTimeoutResult {
        let mut result = WaitTimeoutResult(false);
        while !result.timed_out() && condition(&mut **guard) {
            result = self.wait_inside(guard, moment.map(until), site);
        }
        result
    }

    fn wait_inside<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        timeout: Option<Duration>,
        site: Site,
    ) -> WaitTimeoutResult {
        // SAFETY: the lock is released and taken again below, while the guard is borrowed.
        let raw = unsafe { MutexGuard::mutex(guard).raw() };
        // SAFETY: the guard stands for the lock.
        let unlock = || unsafe { raw.unlock() };
        let Some(state) = &self.loom else {
            let around: (&dyn Fn(), &dyn Fn()) = (&unlock, &|| raw.lock());
            let waits = || self.condvar.wait_around(raw.guarded(), around, timeout, site);
            return WaitTimeoutResult(raw.waiting(waits));
        };
        if timeout.is_some() {
            loom_limits::meet(Limit::Timeout);
        }
        state.perform(&ENQUEUE, [0; 2], site);
        unlock();
        // Under loom nothing times out.
        state.perform(&WAKE, [0; 2], site);
        raw.lock();
        WaitTimeoutResult(false)
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Condvar::new()
    }
}

/// The commands above as a family.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let offers = [
        offer!(ENQUEUE).when(|s| s.hold == 0).then(|_| 1),
        offer!(WAKE).when(|s| s.hold == 1).then(|_| 0),
        offer!(NOTIFY_ONE),
        offer!(NOTIFY_ALL),
    ];
    vec![Family::new("condition variable of parking_lot under loom", 0, offers)]
}
