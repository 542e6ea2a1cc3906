//! `std::time`: in a model, time is virtual.
//!
//! It moves when a thread sleeps or a timeout fires, and at no other time, so a model that measures it is
//! still deterministic. Each thread has a clock of its own, which starts at its parent's time. It never goes
//! backwards along the order of the operations on any object, or of a notification, an end and a join: a time
//! that one thread has read from its clock and handed to another is not ahead of the other's clock. Between
//! threads that are not so ordered nothing is promised about which clock is ahead.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};

pub use std::time::{Duration, SystemTime, SystemTimeError, TryFromFloatSecsError, UNIX_EPOCH};

use crate::backend::loom_limits::{self, Limit};
use crate::runtime::context::{self, Backend};
use crate::runtime::session::Session;

/// A moment; see [`std::time::Instant`].
///
/// # Examples
/// ```
/// use raddle::time::{Duration, Instant};
/// let moment = Instant::now() + Duration::from_secs(1);
/// assert_eq!(moment.elapsed(), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Of);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Of {
    Real(std::time::Instant),
    /// Since the beginning of the execution.
    Virtual(Duration),
}

/// The time at the beginning of an execution: there are moments before it, as there are on the platforms
/// whose clock does not begin with the program.
const BEGINNING: Duration = Duration::from_secs(1 << 40);

impl Instant {
    /// The present moment. Under loom, where no timeout ever fires, it is always the same.
    ///
    /// # Examples
    /// ```
    /// use raddle::time::{Duration, Instant};
    /// assert!(Instant::now() >= Instant::now() - Duration::from_secs(1));
    /// ```
    #[allow(clippy::disallowed_methods)] // The native backend uses real time.
    #[must_use]
    pub fn now() -> Self {
        Instant(match context::backend() {
            Backend::Native => Of::Real(std::time::Instant::now()),
            Backend::Loom => {
                loom_limits::meet(Limit::Clock);
                Of::Virtual(BEGINNING)
            }
            Backend::Model => Of::Virtual(BEGINNING + Duration::from_nanos(context::session(Session::time))),
        })
    }

    /// The time since an earlier moment; none if that was later.
    ///
    /// # Examples
    /// ```
    /// use raddle::time::{Duration, Instant};
    /// let now = Instant::now();
    /// assert_eq!((now + Duration::from_secs(1)).duration_since(now), Duration::from_secs(1));
    /// ```
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }

    /// The time since an earlier moment, if it was earlier.
    ///
    /// # Panics
    /// If one of the moments is an execution's and the other is not.
    ///
    /// # Examples
    /// ```
    /// use raddle::time::{Duration, Instant};
    /// let now = Instant::now();
    /// assert_eq!(now.checked_duration_since(now + Duration::from_secs(1)), None);
    /// ```
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        match (self.0, earlier.0) {
            (Of::Real(this), Of::Real(earlier)) => this.checked_duration_since(earlier),
            (Of::Virtual(this), Of::Virtual(earlier)) => this.checked_sub(earlier),
            _ => panic!("a moment of an execution and one outside of it cannot be compared"),
        }
    }

    /// The time since an earlier moment; none if that was later.
    ///
    /// # Examples
    /// ```
    /// use raddle::time::{Duration, Instant};
    /// let now = Instant::now();
    /// assert_eq!(now.saturating_duration_since(now + Duration::from_secs(1)), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }

    /// The time since this moment.
    ///
    /// # Examples
    /// ```
    /// use raddle::time::{Duration, Instant};
    /// let report = raddle::Checker::exhaustive().check(|| {
    ///     let begun = Instant::now();
    ///     raddle::thread::sleep(Duration::from_secs(60));
    ///     assert_eq!(begun.elapsed(), Duration::from_secs(60));
    /// });
    /// report.expect_verified();
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    /// A later moment, if there is one.
    ///
    /// # Examples
    /// ```
    /// use raddle::time::{Duration, Instant};
    /// assert_eq!(Instant::now().checked_add(Duration::MAX), None);
    /// ```
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        Some(Instant(match self.0 {
            Of::Real(moment) => Of::Real(moment.checked_add(duration)?),
            Of::Virtual(moment) => Of::Virtual(moment.checked_add(duration)?),
        }))
    }

    /// An earlier moment, if there is one.
    ///
    /// # Examples
    /// ```
    /// use raddle::time::{Duration, Instant};
    /// assert_eq!(Instant::now().checked_sub(Duration::MAX), None);
    /// ```
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        Some(Instant(match self.0 {
            Of::Real(moment) => Of::Real(moment.checked_sub(duration)?),
            Of::Virtual(moment) => Of::Virtual(moment.checked_sub(duration)?),
        }))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        self.checked_add(duration).expect("overflow when adding duration to instant")
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        self.checked_sub(duration).expect("overflow when subtracting duration from instant")
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
