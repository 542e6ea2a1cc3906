//! The word of a channel and its commands.
//!
//! It counts the items in the channel, the receivers that wait (at most one), the senders, and, for a channel
//! without room, how many items were taken: a sender there waits for its own to be taken. What is published
//! goes with each item and not with the word: see [`super::channel`].

use crate::op::{
    Access, Args, Command, Role, State, Synchronization, always, plain, reads, unchanged, writes,
};

/// The most items.
pub(super) const ITEMS: u64 = (1 << 24) - 1;
/// One item.
const ITEM: State = 1;
/// The position of the number of senders in the word.
const SENDERS_AT: u32 = 24;
/// One sender.
const SENDER: State = 1 << SENDERS_AT;
/// The most senders.
pub(super) const SENDERS_MOST: u64 = (1 << 15) - 1;
/// The position of the number of items taken so far, which wraps around.
const TAKEN: u32 = 39;
/// The range of that number, which then starts again at 0.
const COUNT: u64 = (1 << 23) - 1;
/// The receiver waits, in a channel without room.
const READY: State = 1 << 62;
/// The receiver is gone.
const DEAF: State = 1 << 63;

/// The bound of a channel without one.
pub(super) const UNBOUNDED: u64 = u64::MAX;

/// A channel with one sender and nothing in it.
pub(super) const NEW: State = SENDER;

fn items(state: State) -> u64 {
    state & ITEMS
}

fn taken(state: State) -> u64 {
    state >> TAKEN & COUNT
}

/// Whether the receiver is gone.
pub(super) fn deaf(state: State) -> bool {
    state & DEAF != 0
}

/// Whether the senders are gone.
pub(super) fn silent(state: State) -> bool {
    senders(state) == 0
}

fn senders(state: State) -> u64 {
    state >> SENDERS_AT & SENDERS_MOST
}

/// Whether there are as many senders as there can be.
pub(super) fn crowded(state: State) -> bool {
    senders(state) == SENDERS_MOST
}

/// Whether there are as many items as there can be.
pub(super) fn overflows(state: State) -> bool {
    items(state) == ITEMS
}

/// Whether there is an item to receive.
pub(super) fn any(state: State) -> bool {
    items(state) > 0
}

/// Whether there is room for one more item; the first operand is the bound.
pub(super) fn room(state: State, [bound, _]: Args) -> bool {
    match bound {
        // A sender may always offer its item; it then waits until the item is taken.
        0 => items(state) < COUNT / 2,
        bound => items(state) < bound,
    }
}

/// Whether an item would be received at once: for `try_send`.
pub(super) fn room_now(state: State, [bound, _]: Args) -> bool {
    if bound == 0 { state & READY != 0 && items(state) == 0 } else { room(state, [bound, 0]) }
}

/// The number of an item that is sent in this state.
pub(super) fn ticket(state: State) -> u64 {
    (taken(state) + items(state)) & COUNT
}

/// Whether the item of this number was taken.
pub(super) fn was_taken(state: State, ticket: u64) -> bool {
    // Numbers wrap around; at most half of them are waiting at any time.
    (taken(state).wrapping_sub(ticket).wrapping_sub(1) & COUNT) < COUNT / 2
}

fn write_if(condition: bool) -> Access {
    if condition { Access::WRITE } else { Access::READ }
}

fn take_one(state: State) -> State {
    let number = (taken(state) + 1) & COUNT;
    ((state - ITEM) & !(COUNT << TAKEN) & !READY) | number << TAKEN
}

/// Cloning and dropping senders commute.
const SENDERS: Access = Access::commuting(1);

pub(super) static ADD_SENDER: Command = Command {
    name: "clone",
    role: Role::Signal,
    guard: always,
    effect: |state, _| if crowded(state) { state } else { state + SENDER },
    access: |state, _| if senders(state) > SENDERS_MOST / 2 { Access::WRITE } else { SENDERS },
    synchronization: Synchronization::Nothing,
    show: plain,
};

pub(super) static DROP_SENDER: Command = Command {
    name: "drop sender",
    role: Role::Signal,
    guard: always,
    effect: |state, _| state - SENDER,
    access: |_, _| SENDERS,
    synchronization: Synchronization::Nothing,
    show: plain,
};

pub(super) static DROP_RECEIVER: Command = Command {
    name: "drop receiver",
    role: Role::Signal,
    guard: always,
    effect: |state, _| (state | DEAF) & !ITEMS,
    access: writes,
    synchronization: Synchronization::Nothing,
    show: plain,
};

pub(super) static SEND: Command = Command {
    name: "send",
    role: Role::Await,
    guard: |state, args| deaf(state) || room(state, args),
    effect: |state, args| {
        if !deaf(state) && room(state, args) && !overflows(state) { state + ITEM } else { state }
    },
    access: |state, _| write_if(!deaf(state)),
    synchronization: Synchronization::Nothing,
    show: plain,
};

pub(super) static TRY_SEND: Command = Command {
    name: "try_send",
    role: Role::Signal,
    guard: always,
    effect: |state, args| {
        let sends = !deaf(state) && room_now(state, args) && !overflows(state);
        if sends { state + ITEM } else { state }
    },
    access: |state, args| write_if(!deaf(state) && room_now(state, args)),
    synchronization: Synchronization::Nothing,
    show: |state, args| format!("() → {}", !deaf(state) && room_now(state, args)),
};

/// Waits, in a channel without room, until the item whose number is the first operand was taken.
pub(super) static MEET: Command = Command {
    name: "send",
    role: Role::Await,
    guard: |state, [ticket, _]| deaf(state) || was_taken(state, ticket),
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Nothing,
    show: |_, _| "() meets the receiver".to_owned(),
};

/// Registers, in a channel without room, that the receiver waits.
pub(super) static BE_READY: Command = Command {
    name: "recv",
    role: Role::Signal,
    guard: always,
    effect: |state, _| state | READY,
    access: writes,
    synchronization: Synchronization::Nothing,
    show: |_, _| "() waits".to_owned(),
};

fn receive(state: State) -> State {
    if any(state) { take_one(state) } else { state & !READY }
}

pub(super) static RECV: Command = Command {
    name: "recv",
    role: Role::Await,
    guard: |state, _| any(state) || silent(state),
    effect: |state, _| receive(state),
    access: |state, _| write_if(receive(state) != state),
    synchronization: Synchronization::Nothing,
    show: plain,
};

pub(super) static TRY_RECV: Command = Command {
    name: "try_recv",
    role: Role::Signal,
    guard: always,
    effect: |state, _| receive(state),
    access: |state, _| write_if(receive(state) != state),
    synchronization: Synchronization::Nothing,
    show: |state, _| format!("() → {}", any(state)),
};

/// The commands above as families: one receiver, and two threads with a sender each.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    // The receiver holds 1 while it is registered as waiting, and GONE in the end. Of what a sender holds,
    // the low byte counts its senders, and above it is the number of an item that waits to be met, plus one.
    const GONE: u64 = 9;
    let sends = |step: &crate::registry::Step| {
        let waits = step.args[0] == 0 && step.after != step.before;
        if waits { step.hold | (ticket(step.before) + 1) << 8 } else { step.hold }
    };
    let may_send = |s: &crate::registry::Seat| s.me > 0 && s.hold > 0 && s.hold < 256;
    let channel = |bound: u64| {
        let mut offers = vec![
            offer!(ADD_SENDER).when(|s| s.me > 0 && s.hold == 1).then(|step| step.hold + 1),
            offer!(DROP_SENDER).when(may_send).then(|step| step.hold - 1),
            offer!(SEND).with([bound, 0]).when(may_send).then(sends),
            offer!(TRY_SEND).with([bound, 0]).when(may_send),
            offer!(TRY_RECV).when(|s| s.me == 0 && s.hold < GONE).then(|_| 0),
            offer!(DROP_RECEIVER).when(|s| s.me == 0 && s.hold == 0).then(|_| GONE),
        ];
        if bound == 0 {
            let number = |s: &crate::registry::Seat| [(s.hold >> 8) - 1, 0];
            offers.extend([
                offer!(MEET).args(number).when(|s| s.hold > 255).then(|step| step.hold & 255),
                offer!(BE_READY).when(|s| s.me == 0 && s.hold == 0).then(|_| 1),
                offer!(RECV).when(|s| s.me == 0 && s.hold == 1).then(|_| 0),
            ]);
        } else {
            offers.push(offer!(RECV).when(|s| s.me == 0 && s.hold == 0));
        }
        Family::new(format!("channel with room for {bound}"), NEW + SENDER, offers).holding([0, 1, 1])
    };
    [0, 1, 2, UNBOUNDED].map(channel).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_taken_once_its_number_was_counted() {
        let offered = (SEND.effect)(NEW, [0, 0]);
        let number = ticket(NEW);
        assert!(!was_taken(offered, number));
        assert!(was_taken((RECV.effect)(offered, [0; 2]), number));
    }

    #[test]
    fn numbers_wrap_around() {
        let nearly = NEW | (COUNT - 2) << TAKEN;
        let mut state = nearly;
        for _ in 0..4 {
            let number = ticket(state);
            state = (SEND.effect)(state, [0, 0]);
            assert!(!was_taken(state, number));
            state = (RECV.effect)(state, [0; 2]);
            assert!(was_taken(state, number));
        }
        assert_eq!(taken(state), 1);
    }

    #[test]
    fn an_attempt_without_a_receiver_that_waits_is_refused() {
        assert!(!room_now(NEW, [0, 0]));
        let ready = (BE_READY.effect)(NEW, [0; 2]);
        assert!(room_now(ready, [0, 0]));
        assert!(!room_now((TRY_SEND.effect)(ready, [0, 0]), [0, 0]));
    }
}
