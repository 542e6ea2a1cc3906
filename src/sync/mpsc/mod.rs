//! `std::sync::mpsc`: channels that notice when the other side is gone.
//!
//! A channel is one word, which counts, and the items beside it, which are touched in the same step.
//! The senders' order is the order of the items, so no two sends commute.

mod commands;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

use crate::op::{Site, State};
use crate::rt::guarded::Guarded;
use commands::{
    ADD_SENDER, BE_READY, DROP_RECEIVER, DROP_SENDER, MEET, NEW, RECV, SEND, TRY_RECV, TRY_SEND, UNBOUNDED,
    any, deaf, room, room_now, silent, ticket, was_taken,
};

/// What both sides share.
struct Channel<T> {
    bound: u64,
    state: Guarded,
    /// The items that wait, each with its number. Touched in the same step as the word only.
    items: Mutex<VecDeque<(u64, T)>>,
    site: Site,
}

/// The half that sends without ever waiting; see [`std::sync::mpsc::Sender`].
///
/// # Examples
/// See [`channel`].
pub struct Sender<T>(Half<T>);

/// The half that sends and may have to wait; see [`std::sync::mpsc::SyncSender`].
///
/// # Examples
/// See [`sync_channel`].
pub struct SyncSender<T>(Half<T>);

/// One sender.
struct Half<T>(Arc<Channel<T>>);

/// The half that receives; see [`std::sync::mpsc::Receiver`].
///
/// # Examples
/// See [`channel`].
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
    let (half, receiver) = make(UNBOUNDED);
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
    let (half, receiver) = make(bound as u64);
    (SyncSender(half), receiver)
}

#[track_caller]
fn make<T>(bound: u64) -> (Half<T>, Receiver<T>) {
    let site = Location::caller();
    let state = Guarded::new("Channel", NEW, site);
    let channel = Arc::new(Channel { bound, state, items: Mutex::default(), site });
    (Half(Arc::clone(&channel)), Receiver { channel, not_sync: std::marker::PhantomData })
}

impl<T> Channel<T> {
    fn items(&self) -> MutexGuard<'_, VecDeque<(u64, T)>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self, before: State) -> Result<T, TryRecvError> {
        if any(before)
            && let Some((_, item)) = self.items().pop_front()
        {
            return Ok(item);
        }
        Err(if silent(before) { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }
}

impl<T> Half<T> {
    fn send(&self, item: T, site: Site) -> Result<(), SendError<T>> {
        let channel = &*self.0;
        let number = channel.state.perform_and(&SEND, [channel.bound, 0], site, |before| {
            if deaf(before) || !room(before, [channel.bound, 0]) {
                return Err(SendError(item));
            }
            channel.items().push_back((ticket(before), item));
            Ok(ticket(before))
        })?;
        if channel.bound > 0 {
            return Ok(());
        }
        // The receiver went before it took the item, if it is still there.
        let unsent = channel.state.perform_and(&MEET, [number, 0], site, |before| {
            if was_taken(before, number) {
                return None;
            }
            let mut items = channel.items();
            let at = items.iter().position(|(other, _)| *other == number)?;
            items.remove(at)
        });
        unsent.map_or(Ok(()), |(_, item)| Err(SendError(item)))
    }

    fn try_send(&self, item: T, site: Site) -> Result<(), TrySendError<T>> {
        let channel = &*self.0;
        channel.state.perform_and(&TRY_SEND, [channel.bound, 0], site, |before| {
            if deaf(before) {
                return Err(TrySendError::Disconnected(item));
            }
            if !room_now(before, [channel.bound, 0]) {
                return Err(TrySendError::Full(item));
            }
            channel.items().push_back((ticket(before), item));
            Ok(())
        })
    }
}

impl<T> Clone for Half<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.0.state.perform(&ADD_SENDER, [0; 2], Location::caller());
        Half(Arc::clone(&self.0))
    }
}

impl<T> Drop for Half<T> {
    fn drop(&mut self) {
        self.0.state.perform(&DROP_SENDER, [0; 2], self.0.site);
    }
}

impl<T> Sender<T> {
    /// Sends an item.
    ///
    /// # Errors
    /// If the receiver is gone; the item is inside.
    ///
    /// # Examples
    /// See [`channel`].
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
    /// See [`sync_channel`].
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
    fn get_ready(&self, site: Site) {
        if self.channel.bound == 0 {
            self.channel.state.perform(&BE_READY, [0; 2], site);
        }
    }

    /// Waits for an item.
    ///
    /// # Errors
    /// If every sender is gone and nothing is left.
    ///
    /// # Examples
    /// See [`channel`].
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        let site = Location::caller();
        self.get_ready(site);
        let received = |before| self.channel.received(before);
        self.channel.state.perform_and(&RECV, [0; 2], site, received).map_err(|_| RecvError)
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
        let received = |before| self.channel.received(before);
        self.channel.state.perform_and(&TRY_RECV, [0; 2], Location::caller(), received)
    }

    /// Waits for an item for no longer than `timeout`. In a model the time may be over early, and is
    /// when nothing else can move.
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
        let site = Location::caller();
        self.get_ready(site);
        let received = |before| self.channel.received(before);
        let received = self.channel.state.perform_within((&RECV, &TRY_RECV), [0; 2], timeout, site, received);
        received.map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    /// The items, waiting for each, until every sender is gone.
    ///
    /// # Examples
    /// See [`channel`].
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    /// The items that are there, without waiting.
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
        let channel = &*self.channel;
        // A sender that waits for its item to be taken takes it back itself.
        let items = channel.state.perform_and(&DROP_RECEIVER, [0; 2], channel.site, |_| {
            if channel.bound == 0 { VecDeque::new() } else { std::mem::take(&mut *channel.items()) }
        });
        drop(items);
    }
}

/// The items of a channel; see [`std::sync::mpsc::Iter`].
///
/// # Examples
/// See [`channel`].
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Receiver<T>);

/// The items that are there; see [`std::sync::mpsc::TryIter`].
///
/// # Examples
/// See [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T>(&'a Receiver<T>);

/// The items of a channel, with its receiver; see [`std::sync::mpsc::IntoIter`].
///
/// # Examples
/// See [`channel`].
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
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
