//! The state shared by both sides of a channel.
//!
//! A channel is one word, which counts, and the items beside it, which are accessed in the same step. The
//! senders' order is the order of the items, so no two sends commute.
//!
//! Sending an item happens-before receiving that item, but not another. In a channel with bounded room,
//! receiving happens-before the send that takes the freed room; without room, before the return of the send
//! that it meets. Disconnecting happens-before observing the disconnection.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::mpsc::{SendError, TryRecvError, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Receiver;
use super::commands::{
    ADD_SENDER, BE_READY, DROP_RECEIVER, DROP_SENDER, ITEMS, MEET, NEW, RECV, SEND, SENDERS_MOST, TRY_RECV,
    TRY_SEND, UNBOUNDED, any, crowded, deaf, overflows, room, room_now, silent, ticket, was_taken,
};
use crate::backend::guarded::Guarded;
use crate::op::{Site, State};
use crate::runtime::context;
use crate::runtime::race_detector::Handed;

/// One word and the items.
pub(super) struct Channel<T> {
    bound: u64,
    state: Guarded,
    /// Accessed only in the same step as the word.
    inside: Mutex<Inside<T>>,
    site: Site,
}

struct Inside<T> {
    items: VecDeque<Item<T>>,
    /// The receiver's clocks when it took items, in the order of items: those whose room was not taken again
    /// yet, or whose sender has not returned yet. Unused if there is always room.
    taken: VecDeque<(u64, Option<Handed>)>,
    /// How many items of a channel with room were sent, up to the bound: later ones take the room of others.
    sent: u64,
    /// The receiver's clock when it began to wait, in a channel without room.
    ready: Option<Handed>,
    /// The clocks of senders when they disconnected.
    silent: Vec<Handed>,
    /// The receiver's clock when it disconnected.
    deaf: Option<Handed>,
}

/// An item in the channel.
struct Item<T> {
    number: u64,
    value: T,
    /// Its sender's clock.
    handed: Option<Handed>,
    /// True if a sender will acquire the clock with which the receiver takes the item.
    answered: bool,
}

impl<T> Channel<T> {
    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an item in, as part of the step that counts it.
    fn put(&self, before: State, value: T, answered: bool) {
        if overflows(before) {
            context::no_room(format!("a channel has room for {ITEMS} items that nothing has received"));
        }
        let number = ticket(before);
        let mut inside = self.inside();
        if self.bound > 0 && self.bound < UNBOUNDED {
            if inside.sent < self.bound {
                inside.sent += 1;
            } else if let Some((_, handed)) = inside.taken.pop_front() {
                self.state.take(handed);
            }
        }
        let handed = self.state.hand_over();
        inside.items.push_back(Item { number, value, handed, answered });
    }

    /// Takes an item out, as part of the step that counts it.
    fn received(&self, before: State) -> Result<T, TryRecvError> {
        let mut inside = self.inside();
        if any(before)
            && let Some(Item { number, value, handed, answered }) = inside.items.pop_front()
        {
            self.state.take(handed);
            if answered {
                inside.taken.push_back((number, self.state.hand_over()));
            }
            return Ok(value);
        }
        if !silent(before) {
            return Err(TryRecvError::Empty);
        }
        inside.silent.iter().for_each(|&handed| self.state.take(Some(handed)));
        Err(TryRecvError::Disconnected)
    }

    fn get_ready(&self, site: Site) {
        if self.bound == 0 {
            self.state.perform_and(&BE_READY, [0; 2], site, |_| self.inside().ready = self.state.hand_over());
        }
    }

    pub(super) fn recv(&self, site: Site) -> Result<T, TryRecvError> {
        self.get_ready(site);
        self.state.perform_and(&RECV, [0; 2], site, |before| self.received(before))
    }

    pub(super) fn try_recv(&self, site: Site) -> Result<T, TryRecvError> {
        self.state.perform_and(&TRY_RECV, [0; 2], site, |before| self.received(before))
    }

    pub(super) fn recv_within(&self, timeout: Duration, site: Site) -> Result<T, TryRecvError> {
        self.get_ready(site);
        let received = |before| self.received(before);
        self.state.perform_within((&RECV, &TRY_RECV), [0; 2], timeout, site, received)
    }

    pub(super) fn drop_receiver(&self) {
        let mut items = VecDeque::new();
        self.state.release_and(&DROP_RECEIVER, [0; 2], self.site, || {
            let mut inside = self.inside();
            inside.deaf = self.state.hand_over();
            // In a channel without room the sender takes its own item back.
            if self.bound > 0 {
                std::mem::swap(&mut items, &mut inside.items);
            }
        });
        drop(items);
    }
}

/// One sender.
pub(super) struct Half<T>(Arc<Channel<T>>);

impl<T> Half<T> {
    pub(super) fn new(bound: u64, site: Site) -> Self {
        let (items, taken, silent) = (VecDeque::new(), VecDeque::new(), Vec::new());
        let inside = Mutex::new(Inside { items, taken, sent: 0, ready: None, silent, deaf: None });
        Half(Arc::new(Channel { bound, state: Guarded::new("Channel", NEW, site), inside, site }))
    }

    /// The one receiver of a new channel.
    pub(super) fn receiver(&self) -> Receiver<T> {
        Receiver { channel: Arc::clone(&self.0), not_sync: PhantomData }
    }

    pub(super) fn send(&self, item: T, site: Site) -> Result<(), SendError<T>> {
        let channel = &*self.0;
        let number = channel.state.perform_and(&SEND, [channel.bound, 0], site, |before| {
            if deaf(before) || !room(before, [channel.bound, 0]) {
                channel.state.take(channel.inside().deaf);
                return Err(SendError(item));
            }
            channel.put(before, item, channel.bound < UNBOUNDED);
            Ok(ticket(before))
        })?;
        if channel.bound > 0 {
            return Ok(());
        }
        // The receiver disconnected before it took the item, if that is still there.
        let unsent = channel.state.perform_and(&MEET, [number, 0], site, |before| {
            let mut inside = channel.inside();
            if was_taken(before, number) {
                if let Some(at) = inside.taken.iter().position(|(other, _)| *other == number)
                    && let Some((_, handed)) = inside.taken.remove(at)
                {
                    channel.state.take(handed);
                }
                return None;
            }
            channel.state.take(inside.deaf);
            let at = inside.items.iter().position(|item| item.number == number)?;
            inside.items.remove(at)
        });
        unsent.map_or(Ok(()), |unsent| Err(SendError(unsent.value)))
    }

    pub(super) fn try_send(&self, item: T, site: Site) -> Result<(), TrySendError<T>> {
        let channel = &*self.0;
        channel.state.perform_and(&TRY_SEND, [channel.bound, 0], site, |before| {
            if deaf(before) {
                channel.state.take(channel.inside().deaf);
                return Err(TrySendError::Disconnected(item));
            }
            if !room_now(before, [channel.bound, 0]) {
                return Err(TrySendError::Full(item));
            }
            if channel.bound == 0 {
                channel.state.take(channel.inside().ready);
            }
            // Without room the sender has met the receiver already.
            channel.put(before, item, channel.bound > 0);
            Ok(())
        })
    }
}

impl<T> Clone for Half<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        let before = self.0.state.perform(&ADD_SENDER, [0; 2], std::panic::Location::caller());
        if crowded(before) {
            context::no_room(format!("a channel has room for {SENDERS_MOST} senders"));
        }
        Half(Arc::clone(&self.0))
    }
}

impl<T> Drop for Half<T> {
    fn drop(&mut self) {
        let channel = &*self.0;
        channel.state.release_and(&DROP_SENDER, [0; 2], channel.site, || {
            let handed = channel.state.hand_over();
            channel.inside().silent.extend(handed);
        });
    }
}
