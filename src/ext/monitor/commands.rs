//! The word of a monitor and its commands.

use crate::op::{Access, Args, Command, Role, State, Synchronization, always, plain, writes};

/// A thread is inside, or the monitor is being handed over.
pub(super) const BUSY: State = 1;
/// The monitor was handed back to a signaller.
pub(super) const HANDED_BACK: State = 1 << 1;
/// How many signallers wait, 6 bits.
pub(super) const URGENT: u32 = 2;
pub(super) const URGENT_MOST: u64 = (1 << 6) - 1;
/// The waiters of the first condition, 7 bits, and after them its signals, 7 bits.
pub(super) const CONDITIONS: u32 = 8;
pub(super) const WIDTH: u32 = 7;
/// The most waiters of one condition.
pub(super) const MOST: u64 = (1 << WIDTH) - 1;

/// The most conditions that one monitor has.
pub(super) const MAX_CONDITIONS: usize = 4;

pub(super) fn urgent(state: State) -> u64 {
    state >> URGENT & URGENT_MOST
}

/// The word of one more waiter of condition `c`, to be added.
pub(super) fn waiter(c: u64) -> State {
    1 << (u64::from(CONDITIONS) + 2 * u64::from(WIDTH) * c)
}

/// The word of one more signal to condition `c`, to be added.
pub(super) fn signal(c: u64) -> State {
    waiter(c) << WIDTH
}

pub(super) fn waiters(state: State, c: u64) -> u64 {
    (state / waiter(c)) & MOST
}

pub(super) fn signals(state: State, c: u64) -> u64 {
    (state / signal(c)) & MOST
}

/// Whether the count of waiters is at its maximum. Then the attempt changes nothing, and its caller panics.
pub(super) fn is_full(state: State, c: u64) -> bool {
    waiters(state, c) == MOST
}

/// Whether the count of signals that hand the monitor over is at its maximum.
pub(super) fn hands_over_too_often(state: State, c: u64) -> bool {
    hears(state, c) && urgent(state) == URGENT_MOST
}

/// A thread that leaves lets a signaller in first.
pub(super) fn leave(state: State) -> State {
    if urgent(state) > 0 { state | HANDED_BACK } else { state & !BUSY }
}

pub(super) static ENTER: Command = Command {
    name: "enter",
    role: Role::Acquire,
    guard: |s, _| s & BUSY == 0,
    effect: |s, _| s | BUSY,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: plain,
};

pub(super) static LEAVE: Command = Command {
    name: "leave",
    role: Role::Release,
    guard: always,
    effect: |s, _| leave(s),
    access: writes,
    synchronization: Synchronization::Release,
    show: plain,
};

/// Waits for the condition in the first operand; leaves the monitor.
pub(super) static WAIT: Command = Command {
    name: "wait",
    role: Role::Release,
    guard: always,
    effect: |s, [c, _]| if is_full(s, c) { s } else { leave(s + waiter(c)) },
    access: writes,
    synchronization: Synchronization::Release,
    show: |_, [c, _]| format!("(condition {c})"),
};

/// Goes on after a wait. In Hoare's discipline, the second operand 1, the signaller has left the
/// monitor to the waiter; in Mesa's the waiter waits until the monitor is free.
pub(super) static RESUME: Command = Command {
    name: "wait",
    role: Role::Acquire,
    guard: |s, [c, hoare]| signals(s, c) > 0 && (hoare == 1 || s & BUSY == 0),
    effect: |s, [c, _]| (s | BUSY) - waiter(c) - signal(c),
    access: writes,
    synchronization: Synchronization::Acquire,
    show: |_, [c, _]| format!("(condition {c}) goes on"),
};

/// Goes on after a wait in which the thread is unwound: as above if it was signalled, and otherwise by
/// entering.
pub(super) static RESUME_UNWOUND: Command = Command {
    guard: |s, args| (RESUME.guard)(s, args) || s & BUSY == 0,
    effect: |s, args| {
        if (RESUME.guard)(s, args) { (RESUME.effect)(s, args) } else { (s | BUSY) - waiter(args[0]) }
    },
    ..RESUME
};

pub(super) fn hears(state: State, c: u64) -> bool {
    waiters(state, c) > signals(state, c)
}

pub(super) fn signal_access(state: State, [c, _]: Args) -> Access {
    if hears(state, c) { Access::WRITE } else { Access::READ }
}

/// Mesa's signal to one waiter.
pub(super) static NOTIFY: Command = Command {
    name: "signal",
    role: Role::Signal,
    guard: always,
    effect: |s, [c, _]| if hears(s, c) { s + signal(c) } else { s },
    access: signal_access,
    synchronization: Synchronization::Nothing,
    show: |_, [c, _]| format!("(condition {c})"),
};

/// Mesa's signal to all waiters.
pub(super) static NOTIFY_ALL: Command = Command {
    name: "signal_all",
    role: Role::Signal,
    guard: always,
    effect: |s, [c, _]| s + (waiters(s, c) - signals(s, c)) * signal(c),
    access: signal_access,
    synchronization: Synchronization::Nothing,
    show: |_, [c, _]| format!("(condition {c})"),
};

/// Hoare's signal: the monitor goes to a waiter, if there is one.
pub(super) static HAND_OVER: Command = Command {
    name: "signal",
    role: Role::Release,
    guard: always,
    effect: |s, [c, _]| {
        let heard = hears(s, c) && !hands_over_too_often(s, c);
        if heard { s + signal(c) + (1 << URGENT) } else { s }
    },
    access: signal_access,
    synchronization: Synchronization::Release,
    show: |_, [c, _]| format!("(condition {c})"),
};

/// The signaller goes on; the second operand is 1 if it handed the monitor over.
pub(super) static TAKE_BACK: Command = Command {
    name: "signal",
    role: Role::Acquire,
    guard: |s, [_, handed]| handed == 0 || s & HANDED_BACK != 0,
    effect: |s, [_, handed]| if handed == 0 { s } else { (s & !HANDED_BACK) - (1 << URGENT) },
    access: writes,
    synchronization: Synchronization::Acquire,
    show: |_, [c, _]| format!("(condition {c}) goes on"),
};

#[cfg(all(test, feature = "check"))]
pub(crate) mod families;
