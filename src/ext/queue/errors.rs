//! Errors of put and get.

use std::fmt;

/// The reason why nothing was put; contains the item.
///
/// # Examples
/// ```
/// use raddle::sync::{PutError, Queue};
/// let queue = Queue::bounded(1);
/// queue.put(1).unwrap();
/// assert_eq!(queue.try_put(2), Err(PutError::Full(2)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutError<T> {
    /// There is no room.
    Full(T),
    /// The queue was shut down.
    ShutDown(T),
}

/// The reason why nothing was got.
///
/// # Examples
/// ```
/// use raddle::sync::{GetError, Queue};
/// assert_eq!(Queue::<i32>::unbounded().try_get(), Err(GetError::Empty));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GetError {
    /// There is nothing.
    Empty,
    /// The queue was shut down, and there is nothing left.
    ShutDown,
}

/// More tasks were done than items put.
///
/// # Examples
/// ```
/// assert!(raddle::sync::Queue::<i32>::unbounded().task_done().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyDone;

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PutError::Full(_) => "the queue is full",
            PutError::ShutDown(_) => "the queue was shut down",
        })
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GetError::Empty => "the queue is empty",
            GetError::ShutDown => "the queue was shut down",
        })
    }
}

impl fmt::Display for TooManyDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task_done was called more often than put")
    }
}

impl<T: fmt::Debug> std::error::Error for PutError<T> {}
impl std::error::Error for GetError {}
impl std::error::Error for TooManyDone {}
