//! A queue between threads, bounded or not, as Python's `queue.Queue` with its `shutdown` of 3.13.
//!
//! The word counts the items and the unfinished tasks; the items are kept beside it and accessed in the same
//! step as the word.

mod commands;
mod errors;

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use errors::{GetError, PutError, TooManyDone};

use crate::guarded::Guarded;
use crate::op::State;
use commands::{
    GET, JOIN, LEN, MOST_ITEMS, MOST_UNFINISHED, PUT, SHUTDOWN, TASK_DONE, TRY_GET, TRY_PUT, countable,
    items, room, shut, unfinished,
};

/// A first-in, first-out queue between threads.
///
/// # Examples
/// ```
/// use raddle::sync::{Arc, Queue};
///
/// let queue = Arc::new(Queue::bounded(1));
/// let other = Arc::clone(&queue);
/// let child = raddle::thread::spawn(move || {
///     let got: i32 = other.get().unwrap();
///     other.task_done().unwrap();
///     got
/// });
/// queue.put(7).unwrap();
/// queue.join();
/// assert_eq!(child.join().unwrap(), 7);
/// ```
pub struct Queue<T> {
    bound: u64,
    state: Guarded,
    items: Mutex<VecDeque<T>>,
}

impl<T> Queue<T> {
    /// A queue with room for `bound` items.
    ///
    /// # Panics
    /// If the bound is 0.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::bounded(1);
    /// assert!(queue.try_put(1).is_ok() && queue.try_put(2).is_err());
    /// ```
    #[track_caller]
    pub fn bounded(bound: usize) -> Self {
        assert!(bound > 0, "a queue without room");
        Self::make(bound as u64)
    }

    /// A queue with room for any number of items.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::unbounded();
    /// queue.put(1).unwrap();
    /// queue.put(2).unwrap();
    /// assert_eq!(queue.get(), Ok(1));
    /// ```
    #[track_caller]
    pub fn unbounded() -> Self {
        Self::make(0)
    }

    #[track_caller]
    fn make(bound: u64) -> Self {
        Queue { bound, state: Guarded::new("Queue", 0, Location::caller()), items: Mutex::default() }
    }

    fn items(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result of an attempt to put, from the state before it.
    fn after_put(&self, before: State, item: T) -> Result<(), PutError<T>> {
        if shut(before) {
            return Err(PutError::ShutDown(item));
        }
        if !room(before, [self.bound, 0]) {
            return Err(PutError::Full(item));
        }
        assert!(
            countable(before),
            "a queue has room for {MOST_ITEMS} items and {MOST_UNFINISHED} tasks that are not done"
        );
        self.items().push_back(item);
        Ok(())
    }

    /// The result of an attempt to get, from the state before it.
    fn after_get(&self, before: State) -> Result<T, GetError> {
        let nothing = if shut(before) { GetError::ShutDown } else { GetError::Empty };
        if items(before) == 0 { Err(nothing) } else { self.items().pop_front().ok_or(nothing) }
    }

    /// Waits for room and puts an item.
    ///
    /// # Errors
    /// If the queue was shut down; the item is inside.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::unbounded();
    /// queue.put(7).unwrap();
    /// assert_eq!(queue.get(), Ok(7));
    /// ```
    #[track_caller]
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        let (site, args) = (Location::caller(), [self.bound, 0]);
        self.state.perform_and(&PUT, args, site, |before| self.after_put(before, item))
    }

    /// Puts an item if there is room.
    ///
    /// # Errors
    /// If there is none, or the queue was shut down; the item is inside.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::bounded(1);
    /// assert!(queue.try_put(1).is_ok());
    /// assert!(queue.try_put(2).is_err());
    /// ```
    #[track_caller]
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        let (site, args) = (Location::caller(), [self.bound, 0]);
        self.state.perform_and(&TRY_PUT, args, site, |before| self.after_put(before, item))
    }

    /// Waits for room for no longer than `timeout` and puts an item.
    ///
    /// # Errors
    /// If there was none, or the queue was shut down; the item is inside.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let queue = raddle::sync::Queue::bounded(1);
    /// assert!(queue.put_timeout(1, Duration::ZERO).is_ok());
    /// assert!(queue.put_timeout(2, Duration::from_millis(1)).is_err());
    /// ```
    #[track_caller]
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let (site, args) = (Location::caller(), [self.bound, 0]);
        let and = |before| self.after_put(before, item);
        self.state.perform_within((&PUT, &TRY_PUT), args, timeout, site, and)
    }

    /// Waits for an item and takes it.
    ///
    /// # Errors
    /// If the queue was shut down and nothing is left.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::unbounded();
    /// queue.put(7).unwrap();
    /// assert_eq!(queue.get(), Ok(7));
    /// ```
    #[track_caller]
    pub fn get(&self) -> Result<T, GetError> {
        self.state.perform_and(&GET, [0; 2], Location::caller(), |before| self.after_get(before))
    }

    /// Takes an item if there is one.
    ///
    /// # Errors
    /// If there is none.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::unbounded();
    /// assert!(queue.try_get().is_err());
    /// queue.put(7).unwrap();
    /// assert_eq!(queue.try_get(), Ok(7));
    /// ```
    #[track_caller]
    pub fn try_get(&self) -> Result<T, GetError> {
        self.state.perform_and(&TRY_GET, [0; 2], Location::caller(), |before| self.after_get(before))
    }

    /// Waits for an item for no longer than `timeout` and takes it.
    ///
    /// # Errors
    /// If there was none.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::<i32>::unbounded();
    /// assert!(queue.get_timeout(std::time::Duration::from_millis(1)).is_err());
    /// ```
    #[track_caller]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        let and = |before| self.after_get(before);
        self.state.perform_within((&GET, &TRY_GET), [0; 2], timeout, Location::caller(), and)
    }

    /// Marks the work on one item as done.
    ///
    /// # Errors
    /// If more work is done than items were put; nothing changes then.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::unbounded();
    /// queue.put(7).unwrap();
    /// queue.get().unwrap();
    /// assert!(queue.task_done().is_ok());
    /// assert!(queue.task_done().is_err());
    /// ```
    #[track_caller]
    pub fn task_done(&self) -> Result<(), TooManyDone> {
        let before = self.state.perform(&TASK_DONE, [0; 2], Location::caller());
        if unfinished(before) > 0 { Ok(()) } else { Err(TooManyDone) }
    }

    /// Waits until the work on every item is done.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::unbounded();
    /// queue.put(7).unwrap();
    /// queue.get().unwrap();
    /// queue.task_done().unwrap();
    /// queue.join();
    /// ```
    #[track_caller]
    pub fn join(&self) {
        self.state.perform(&JOIN, [0; 2], Location::caller());
    }

    /// Shuts the queue down: puts fail from now on, and gets only return the items that are left.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{GetError, Queue};
    /// let queue = Queue::unbounded();
    /// queue.put(1).unwrap();
    /// queue.shutdown();
    /// assert_eq!((queue.get(), queue.get()), (Ok(1), Err(GetError::ShutDown)));
    /// ```
    #[track_caller]
    pub fn shutdown(&self) {
        self.state.perform(&SHUTDOWN, [0; 2], Location::caller());
    }

    /// As above, in a destructor.
    #[track_caller]
    pub(super) fn shutdown_at_the_end(&self) {
        self.state.release(&SHUTDOWN, [0; 2], Location::caller());
    }

    /// Shuts down and takes out the remaining items; the work on them counts as done.
    ///
    /// # Examples
    /// ```
    /// let queue = raddle::sync::Queue::unbounded();
    /// queue.put(1).unwrap();
    /// assert_eq!(queue.shutdown_now(), [1]);
    /// queue.join();
    /// ```
    #[track_caller]
    pub fn shutdown_now(&self) -> Vec<T> {
        let (site, drain) = (Location::caller(), |_| self.items().drain(..).collect());
        self.state.perform_and(&SHUTDOWN, [1, 0], site, drain)
    }

    /// The number of items; other threads may change it at any time.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::sync::Queue::<i32>::unbounded().len(), 0);
    /// ```
    #[track_caller]
    pub fn len(&self) -> usize {
        items(self.state.perform(&LEN, [0; 2], Location::caller())) as usize
    }

    /// Whether there are no items.
    ///
    /// # Examples
    /// ```
    /// assert!(raddle::sync::Queue::<i32>::unbounded().is_empty());
    /// ```
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    commands::families()
}
