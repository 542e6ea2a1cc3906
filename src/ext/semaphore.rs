//! Counting semaphores, which std does not have. A permit has no owner: any thread may release.

use std::panic::Location;
use std::time::Duration;

use super::commands::{ACQUIRE, RELEASE, RELEASE_BOUNDED, TRY_ACQUIRE};
use crate::guarded::Guarded;

/// A counting semaphore, as Python's `threading.Semaphore`.
///
/// # Examples
/// ```
/// use raddle::{sync::{Arc, Semaphore}, thread};
///
/// let ready = Arc::new(Semaphore::new(0));
/// let other = Arc::clone(&ready);
/// let child = thread::spawn(move || other.release());
/// ready.acquire();
/// child.join().unwrap();
/// ```
#[derive(Debug)]
pub struct Semaphore {
    permits: Guarded,
}

/// A permit that is released when dropped.
///
/// # Examples
/// ```
/// let permits = raddle::sync::Semaphore::new(1);
/// let permit: raddle::sync::Permit<'_> = permits.permit();
/// assert!(!permits.try_acquire());
/// drop(permit);
/// assert!(permits.try_acquire());
/// ```
#[derive(Debug)]
#[must_use = "if unused the permit is released at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    site: crate::op::Site,
}

impl Semaphore {
    /// A semaphore with that many permits.
    ///
    /// # Examples
    /// ```
    /// let permits = raddle::sync::Semaphore::new(1);
    /// assert!(permits.try_acquire() && !permits.try_acquire());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Semaphore { permits: Guarded::new("Semaphore", permits as u64, Location::caller()) }
    }

    /// Waits for a permit and takes it.
    ///
    /// # Examples
    /// ```
    /// let permits = raddle::sync::Semaphore::new(1);
    /// permits.acquire();
    /// assert!(!permits.try_acquire());
    /// ```
    #[track_caller]
    pub fn acquire(&self) {
        self.permits.perform(&ACQUIRE, [1, 0], Location::caller());
    }

    /// Takes a permit if there is one.
    ///
    /// # Examples
    /// ```
    /// let semaphore = raddle::sync::Semaphore::new(1);
    /// assert!(semaphore.try_acquire() && !semaphore.try_acquire());
    /// ```
    #[track_caller]
    pub fn try_acquire(&self) -> bool {
        self.permits.perform(&TRY_ACQUIRE, [1, 0], Location::caller()) > 0
    }

    /// Waits for a permit for no longer than `timeout`; returns whether it got one. In a model the timeout
    /// may fire early, and fires when nothing else can move.
    ///
    /// # Examples
    /// ```
    /// let semaphore = raddle::sync::Semaphore::new(0);
    /// assert!(!semaphore.acquire_timeout(std::time::Duration::from_millis(1)));
    /// ```
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> bool {
        let (site, commands) = (Location::caller(), (&ACQUIRE, &TRY_ACQUIRE));
        self.permits.perform_within(commands, [1, 0], timeout, site, |permits| permits > 0)
    }

    /// Releases a permit, whether or not the caller took one.
    ///
    /// # Panics
    /// If there would be more than 2^64 - 1 permits.
    ///
    /// # Examples
    /// ```
    /// let permits = raddle::sync::Semaphore::new(1);
    /// permits.release();
    /// assert!(permits.try_acquire() && permits.try_acquire());
    /// ```
    #[track_caller]
    pub fn release(&self) {
        let before = self.permits.perform(&RELEASE, [1, 0], Location::caller());
        assert!(before < u64::MAX, "a semaphore has room for {} permits", u64::MAX);
    }

    /// Waits for a permit; the returned guard releases it when dropped.
    ///
    /// # Examples
    /// ```
    /// let semaphore = raddle::sync::Semaphore::new(1);
    /// drop(semaphore.permit());
    /// assert!(semaphore.try_acquire());
    /// ```
    #[track_caller]
    pub fn permit(&self) -> Permit<'_> {
        self.acquire();
        Permit { semaphore: self, site: Location::caller() }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.permits.release(&RELEASE, [1, 0], self.site);
    }
}

/// A semaphore that never has more permits than it began with, as Python's
/// `threading.BoundedSemaphore`.
///
/// # Examples
/// ```
/// let semaphore = raddle::sync::BoundedSemaphore::new(1);
/// semaphore.acquire();
/// assert!(semaphore.release().is_ok());
/// assert!(semaphore.release().is_err());
/// ```
#[derive(Debug)]
pub struct BoundedSemaphore {
    permits: Guarded,
    most: u64,
}

/// The error of a release without an acquire: the semaphore has all its permits already.
///
/// # Examples
/// ```
/// let error = raddle::sync::BoundedSemaphore::new(1).release().unwrap_err();
/// assert_eq!(error.to_string(), "semaphore released too many times");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverRelease;

impl std::fmt::Display for OverRelease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("semaphore released too many times")
    }
}

impl std::error::Error for OverRelease {}

impl BoundedSemaphore {
    /// A semaphore with that many permits, and never more.
    ///
    /// # Examples
    /// ```
    /// let permits = raddle::sync::BoundedSemaphore::new(1);
    /// assert!(permits.release().is_err());
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new(permits: usize) -> Self {
        let most = permits as u64;
        BoundedSemaphore { permits: Guarded::new("BoundedSemaphore", most, Location::caller()), most }
    }

    /// Waits for a permit and takes it.
    ///
    /// # Examples
    /// ```
    /// let permits = raddle::sync::BoundedSemaphore::new(1);
    /// permits.acquire();
    /// assert!(permits.release().is_ok());
    /// ```
    #[track_caller]
    pub fn acquire(&self) {
        self.permits.perform(&ACQUIRE, [1, 0], Location::caller());
    }

    /// Takes a permit if there is one.
    ///
    /// # Examples
    /// ```
    /// assert!(raddle::sync::BoundedSemaphore::new(1).try_acquire());
    /// ```
    #[track_caller]
    pub fn try_acquire(&self) -> bool {
        self.permits.perform(&TRY_ACQUIRE, [1, 0], Location::caller()) > 0
    }

    /// Waits for a permit for no longer than `timeout`; returns whether it got one. In a model the timeout
    /// may fire early, and fires when nothing else can move.
    ///
    /// # Examples
    /// ```
    /// let semaphore = raddle::sync::BoundedSemaphore::new(0);
    /// assert!(!semaphore.acquire_timeout(std::time::Duration::from_millis(1)));
    /// ```
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> bool {
        let (site, commands) = (Location::caller(), (&ACQUIRE, &TRY_ACQUIRE));
        self.permits.perform_within(commands, [1, 0], timeout, site, |permits| permits > 0)
    }

    /// Releases a permit.
    ///
    /// # Errors
    /// If all permits are released already; nothing changes then.
    ///
    /// # Examples
    /// ```
    /// let permits = raddle::sync::BoundedSemaphore::new(1);
    /// permits.acquire();
    /// assert!(permits.release().is_ok() && permits.release().is_err());
    /// ```
    #[track_caller]
    pub fn release(&self) -> Result<(), OverRelease> {
        let before = self.permits.perform(&RELEASE_BOUNDED, [1, self.most], Location::caller());
        if before < self.most { Ok(()) } else { Err(OverRelease) }
    }
}
