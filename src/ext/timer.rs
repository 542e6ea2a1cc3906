//! A call that is made later unless it is cancelled, as Python's `threading.Timer`.

use std::sync::Arc;
use std::time::Duration;

use super::event::Event;
use crate::thread::{self, JoinHandle};

/// A thread that waits and then calls.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// let timer = raddle::sync::Timer::start(Duration::from_secs(60), || unreachable!());
/// timer.cancel();
/// timer.join().unwrap();
/// ```
#[derive(Debug)]
#[must_use = "a timer without a handle cannot be cancelled"]
pub struct Timer {
    finished: Arc<Event>,
    thread: JoinHandle<()>,
}

impl Timer {
    /// Calls `f` on a thread of its own after `interval`, unless it is cancelled before.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::sync::Timer;
    /// Timer::start(Duration::from_millis(1), || ()).join().unwrap();
    /// ```
    #[track_caller]
    pub fn start<F: FnOnce() + Send + 'static>(interval: Duration, f: F) -> Self {
        let finished = Arc::new(Event::new());
        let own = Arc::clone(&finished);
        let thread = thread::spawn(move || {
            if !own.wait_timeout(interval) {
                f();
            }
        });
        Timer { finished, thread }
    }

    /// Cancels the call, if it has not begun.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::sync::Timer;
    /// let timer = Timer::start(Duration::from_secs(3600), || panic!("called"));
    /// timer.cancel();
    /// timer.join().unwrap();
    /// ```
    #[track_caller]
    pub fn cancel(&self) {
        self.finished.set();
    }

    /// Waits until the call has been made or was cancelled.
    ///
    /// # Errors
    /// If the call panicked.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::sync::Timer;
    /// assert!(Timer::start(Duration::ZERO, || panic!("called")).join().is_err());
    /// ```
    #[track_caller]
    pub fn join(self) -> std::thread::Result<()> {
        self.thread.join()
    }
}
