//! `std::sync::mpsc`: channels that detect a disconnected peer.

mod channel;
mod commands;
mod iter;

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

pub use iter::{IntoIter, Iter, TryIter};

use channel::{Channel, Half};
use commands::UNBOUNDED;

/// The half that sends without blocking; see [`std::sync::mpsc::Sender`].
///
/// # Examples
/// ```
/// let (sender, receiver) = raddle::sync::mpsc::channel();
/// let other: raddle::sync::mpsc::Sender<i32> = sender.clone();
/// other.send(7).unwrap();
/// assert_eq!(receiver.recv(), Ok(7));
/// ```
pub struct Sender<T>(Half<T>);

/// The half that sends and may block; see [`std::sync::mpsc::SyncSender`].
///
/// # Examples
/// ```
/// let (sender, receiver) = raddle::sync::mpsc::sync_channel(1);
/// let other: raddle::sync::mpsc::SyncSender<i32> = sender.clone();
/// other.send(7).unwrap();
/// assert_eq!(receiver.recv(), Ok(7));
/// ```
pub struct SyncSender<T>(Half<T>);

/// The half that receives; see [`std::sync::mpsc::Receiver`].
///
/// # Examples
/// ```
/// let (sender, receiver): (_, raddle::sync::mpsc::Receiver<i32>) = raddle::sync::mpsc::channel();
/// drop(sender);
/// assert!(receiver.recv().is_err());
/// ```
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    /// Like std's, a receiver is not shared between threads.
    not_sync: std::marker::PhantomData<std::cell::Cell<()>>,
}

impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}
impl<T> UnwindSafe for SyncSender<T> {}
impl<T> RefUnwindSafe for SyncSender<T> {}
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

/// A channel with room for any number of items; see [`std::sync::mpsc::channel`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::mpsc, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let (sender, receiver) = mpsc::channel();
///     thread::spawn(move || sender.send(7).unwrap());
///     assert_eq!(receiver.iter().collect::<Vec<_>>(), [7]);
/// });
/// report.expect_verified();
/// ```
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let half = Half::new(UNBOUNDED, Location::caller());
    let receiver = half.receiver();
    (Sender(half), receiver)
}

/// A channel with room for `bound` items; with none, a sender waits until its item is received. See
/// [`std::sync::mpsc::sync_channel`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::mpsc, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let (sender, receiver) = mpsc::sync_channel(0);
///     let child = thread::spawn(move || sender.send(7));
///     assert_eq!(receiver.recv(), Ok(7));
///     assert_eq!(child.join().unwrap(), Ok(()));
/// });
/// report.expect_verified();
/// ```
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let half = Half::new(bound as u64, Location::caller());
    let receiver = half.receiver();
    (SyncSender(half), receiver)
}

impl<T> Sender<T> {
    /// Sends an item.
    ///
    /// # Errors
    /// If the receiver is gone; the item is inside.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = raddle::sync::mpsc::channel();
    /// sender.send(7).unwrap();
    /// drop(receiver);
    /// assert!(sender.send(8).is_err());
    /// ```
    #[track_caller]
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.0.send(item, Location::caller())
    }
}

impl<T> SyncSender<T> {
    /// Waits for room, or for the receiver if the channel has none, and sends an item.
    ///
    /// # Errors
    /// If the receiver is gone; the item is inside.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = raddle::sync::mpsc::sync_channel(1);
    /// sender.send(7).unwrap();
    /// assert_eq!(receiver.recv(), Ok(7));
    /// ```
    #[track_caller]
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.0.send(item, Location::caller())
    }

    /// Sends an item if there is room, or if the receiver waits and the channel has none.
    ///
    /// # Errors
    /// If there is no room or the receiver is gone; the item is inside.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = raddle::sync::mpsc::sync_channel(1);
    /// assert!(sender.try_send(1).is_ok() && sender.try_send(2).is_err());
    /// # drop(receiver);
    /// ```
    #[track_caller]
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(item, Location::caller())
    }
}

impl<T> Receiver<T> {
    /// Waits for an item.
    ///
    /// # Errors
    /// If every sender is gone and nothing is left.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = raddle::sync::mpsc::channel();
    /// sender.send(7).unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.recv(), Ok(7));
    /// assert!(receiver.recv().is_err());
    /// ```
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.channel.recv(Location::caller()).map_err(|_| RecvError)
    }

    /// Takes an item if there is one.
    ///
    /// # Errors
    /// If there is none.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::mpsc::{TryRecvError, channel};
    /// let (sender, receiver) = channel::<i32>();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel.try_recv(Location::caller())
    }

    /// Waits for an item for no longer than `timeout`. In a model the timeout may fire early, and fires when
    /// nothing else can move.
    ///
    /// # Errors
    /// If there was none in time, or every sender is gone.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use raddle::sync::mpsc::{RecvTimeoutError, channel};
    /// let (sender, receiver) = channel::<i32>();
    /// assert_eq!(receiver.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
    /// # drop(sender);
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.channel.recv_within(timeout, Location::caller()).map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    /// The items, waiting for each, until every sender is gone.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = raddle::sync::mpsc::channel();
    /// sender.send(7).unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [7]);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    /// The items that are in the channel now, without waiting.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = raddle::sync::mpsc::channel();
    /// sender.send(7).unwrap();
    /// assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [7]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.drop_receiver();
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Sender(self.0.clone())
    }
}

impl<T> Clone for SyncSender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        SyncSender(self.0.clone())
    }
}

macro_rules! debug {
    ($($name:ident),*) => { $(
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )* };
}

debug!(Sender, SyncSender, Receiver);

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    commands::families()
}
