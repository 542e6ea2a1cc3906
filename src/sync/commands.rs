//! The commands of the locks: their state, guards and effects, for all backends.

use crate::op::{
    Access, Args, Command, NOTIFY_ALL, NOTIFY_ONE, Role, State, Synchronization, always, plain, reads, writes,
};

/// The bit of an exclusive lock's state that is set while it is held.
pub(super) const HELD: State = 1;
/// The bit of the state of any of std's locks that is set while it is poisoned.
pub(super) const POISONED: State = 1 << 61;

/// Locks an exclusive lock. Two locks never commute.
pub(crate) static LOCK: Command = Command {
    name: "lock",
    role: Role::Acquire,
    guard: |state, _| state & HELD == 0,
    effect: |state, _| state | HELD,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: plain,
};

/// Locks if the lock is free. A failed attempt only reads, so two that fail commute.
pub(crate) static TRY_LOCK: Command = Command {
    name: "try_lock",
    role: Role::TryAcquire,
    guard: always,
    effect: |state, _| state | HELD,
    access: |state, _| if state & HELD == 0 { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Acquire,
    show: |state, _| format!("() → {}", if state & HELD == 0 { "locked" } else { "would block" }),
};

/// Unlocks.
pub(crate) static UNLOCK: Command = Command {
    name: "unlock",
    role: Role::Release,
    guard: always,
    effect: |state, _| state & !HELD,
    access: writes,
    synchronization: Synchronization::Release,
    show: plain,
};

/// Poisons any of std's locks. Its holder does this before it unlocks; it orders nothing.
pub(crate) static POISON: Command = Command {
    name: "poison",
    role: Role::Signal,
    guard: always,
    effect: |state, _| state | POISONED,
    access: writes,
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// Reads whether any of std's locks is poisoned, which orders nothing.
pub(crate) static IS_POISONED: Command = Command {
    name: "is_poisoned",
    role: Role::Signal,
    guard: always,
    effect: crate::op::unchanged,
    access: reads,
    synchronization: Synchronization::Nothing,
    show: |state, _| format!("() → {}", state & POISONED != 0),
};

/// Removes the poison, which orders nothing.
pub(crate) static CLEAR_POISON: Command = Command {
    name: "clear_poison",
    role: Role::Signal,
    guard: always,
    effect: |state, _| state & !POISONED,
    access: |state, _| if state & POISONED == 0 { Access::READ } else { Access::WRITE },
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// The bit of a reader-writer lock's state that is set while a writer holds it; the low bits count the
/// readers. The protocol of the commands is described in [`crate::sync::RwLock`]'s module.
pub(super) const WRITER: State = 1 << 63;
/// The bit that is set while a writer waits for the readers to leave.
pub(super) const AWAITED: State = 1 << 62;
/// Operations of readers commute with those of other readers: a count goes up and down, and none of them
/// changes the two bits, which alone decide what a reader may do.
const READERS: Access = Access::commuting(1);

/// The alternative of a reader's command that stays behind a waiting writer; the other passes it.
pub(super) const BEHIND: u64 = 1;

fn read_locked(state: State) -> bool {
    state & !(WRITER | AWAITED | POISONED) != 0
}

/// Whether a reader in this state has both alternatives: to stay behind a waiting writer, or to pass it.
fn behind_or_past(state: State) -> bool {
    state & (WRITER | AWAITED) == AWAITED
}

/// Whether a reader in this state enters with this alternative.
pub(super) fn reader_enters(state: State, alternative: u64) -> bool {
    state & WRITER == 0 && (state & AWAITED == 0 || alternative != BEHIND)
}

fn enter_if_free(state: State, [_, alternative]: Args) -> State {
    if reader_enters(state, alternative) { state + 1 } else { state }
}

/// Whether a writer in this state takes the lock at once.
pub(super) fn writer_enters(state: State) -> bool {
    state & !(AWAITED | POISONED) == 0
}

/// Takes a shared lock, or stays behind a waiting writer.
pub(crate) static READ: Command = Command {
    name: "read",
    role: Role::Share,
    guard: |state, _| state & WRITER == 0,
    effect: enter_if_free,
    access: |_, _| READERS,
    synchronization: Synchronization::Acquire,
    show: |state, [_, alternative]| {
        if reader_enters(state, alternative) { "()" } else { "() stays behind a writer that waits" }
            .to_owned()
    },
};

/// Takes a shared lock once no writer holds it or waits for it.
pub(crate) static READ_BEHIND: Command = Command {
    role: Role::Acquire,
    guard: |state, _| state & (WRITER | AWAITED) == 0,
    effect: |state, _| state + 1,
    show: plain,
    ..READ
};

/// Takes a shared lock if no writer holds it. Failure depends on writers only, so it commutes with readers
/// too.
pub(crate) static TRY_READ: Command = Command {
    name: "try_read",
    role: Role::Share,
    guard: always,
    effect: enter_if_free,
    access: |_, _| READERS,
    synchronization: Synchronization::Acquire,
    show: |state, [_, alternative]| {
        if reader_enters(state, alternative) {
            "() → locked"
        } else if behind_or_past(state) {
            "() → would block: a writer waits"
        } else {
            "() → would block"
        }
        .to_owned()
    },
};

/// Releases a shared lock.
pub(crate) static READ_UNLOCK: Command = Command {
    name: "read_unlock",
    role: Role::Release,
    guard: always,
    effect: |state, _| state - 1,
    access: |_, _| READERS,
    synchronization: Synchronization::Release,
    show: plain,
};

/// Takes the exclusive lock, or if readers hold it begins to wait for them. One waiting writer has the same
/// effect as several, so while one waits the others are not enabled.
pub(crate) static WRITE: Command = Command {
    name: "write",
    role: Role::Acquire,
    guard: |state, _| state & WRITER == 0 && !(read_locked(state) && state & AWAITED != 0),
    effect: |state, _| state | if writer_enters(state) { WRITER } else { AWAITED },
    access: writes,
    synchronization: Synchronization::Acquire,
    show: |state, _| if writer_enters(state) { "()" } else { "() waits for the readers" }.to_owned(),
};

/// Takes the exclusive lock for the waiting writer, once the readers have left.
pub(crate) static WRITE_AFTER: Command = Command {
    role: Role::Succeed,
    guard: |state, _| state & !POISONED == AWAITED,
    effect: |state, _| state & POISONED | WRITER,
    show: plain,
    ..WRITE
};

/// Takes the exclusive lock if it is free. Failure depends on the number of readers.
pub(crate) static TRY_WRITE: Command = Command {
    name: "try_write",
    role: Role::TryAcquire,
    guard: always,
    effect: |state, _| if writer_enters(state) { state | WRITER } else { state },
    access: |state, _| if writer_enters(state) { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Acquire,
    show: |state, _| format!("() → {}", if writer_enters(state) { "locked" } else { "would block" }),
};

/// Releases the exclusive lock.
pub(crate) static WRITE_UNLOCK: Command = Command {
    name: "write_unlock",
    role: Role::Release,
    guard: always,
    effect: |state, _| state & !WRITER,
    access: writes,
    synchronization: Synchronization::Release,
    show: plain,
};

/// Converts the exclusive lock into a shared one. Its holder stays a holder.
pub(crate) static DOWNGRADE: Command = Command {
    name: "downgrade",
    role: Role::Signal,
    guard: always,
    effect: |state, _| (state & !WRITER) + 1,
    access: writes,
    synchronization: Synchronization::Release,
    show: plain,
};

/// Joins the waiters of a condition variable; the first operand is the waiter as a set. Two such operations
/// commute: a notification may choose any waiter.
pub(crate) static ENQUEUE: Command = Command {
    name: "wait",
    role: Role::Signal,
    guard: always,
    effect: |waiters, [me, _]| waiters | me,
    access: |_, _| Access::commuting(3),
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// Stops waiting without having been notified.
pub(crate) static LEAVE: Command = Command {
    name: "wake",
    role: Role::Signal,
    guard: always,
    effect: |waiters, [me, _]| waiters & !me,
    access: writes,
    synchronization: Synchronization::Nothing,
    show: |waiters, [me, _]| if waiters & me == 0 { "()" } else { "() spuriously" }.to_owned(),
};

/// Wakes one waiter, chosen by the engine, which puts it into the second operand. Without waiters it has no
/// effect, and commutes with others like it.
pub(crate) static WAKE_ONE: Command = Command {
    name: "notify_one",
    role: Role::Notify,
    guard: always,
    effect: |waiters, [_, chosen]| waiters & !chosen,
    access: |waiters, _| if waiters == 0 { Access::READ } else { Access::WRITE },
    synchronization: Synchronization::Nothing,
    show: woken,
};

/// Wakes every waiter.
pub(crate) static WAKE_ALL: Command = Command {
    name: "notify_all",
    role: Role::Notify,
    guard: always,
    effect: |_, _| 0,
    access: |waiters, _| if waiters == 0 { Access::READ } else { Access::WRITE },
    synchronization: Synchronization::Nothing,
    show: woken,
};

fn woken(waiters: State, [how, _]: Args) -> String {
    match waiters.count_ones() {
        0 => "() wakes no thread".to_owned(),
        n if how == NOTIFY_ALL => format!("() wakes {n}"),
        _ => "() wakes one".to_owned(),
    }
}

/// The operands of [`WAKE_ONE`].
pub(crate) const ONE: Args = [NOTIFY_ONE, 0];
/// The operands of [`WAKE_ALL`].
pub(crate) const ALL: Args = [NOTIFY_ALL, 0];

/// The half of a barrier's state that counts the arrived threads; the other half counts generations.
const GENERATION: u32 = 32;

/// Arrives at a barrier for as many threads as the first operand. The last one begins the next generation.
pub(crate) static ARRIVE: Command = Command {
    name: "wait",
    role: Role::Signal,
    guard: always,
    effect: |state, [parties, _]| {
        if last_to_arrive(state, parties) {
            (state >> GENERATION).wrapping_add(1) << GENERATION
        } else {
            state + 1
        }
    },
    access: writes,
    synchronization: Synchronization::AcqRel,
    show: |state, [parties, _]| {
        format!("() as number {} of {parties}", (state & ((1 << GENERATION) - 1)) + 1)
    },
};

/// Whether the thread that arrives in this state is the last of the generation.
pub(crate) fn last_to_arrive(state: State, parties: u64) -> bool {
    (state & ((1 << GENERATION) - 1)) + 1 >= parties
}

/// Waits until the barrier's generation is no longer that of the state in the first operand.
pub(crate) static PASS: Command = Command {
    name: "wait",
    role: Role::Await,
    guard: |state, [arrived, _]| state >> GENERATION != arrived >> GENERATION,
    effect: crate::op::unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: |_, _| "() passes".to_owned(),
};

/// The states of a `Once`.
pub(crate) mod once {
    /// Not begun.
    pub(crate) const NEW: u64 = 0;
    /// A thread runs the closure.
    pub(crate) const RUNNING: u64 = 1;
    /// The closure has returned.
    pub(crate) const DONE: u64 = 2;
    /// The closure has panicked.
    pub(crate) const POISONED: u64 = 3;
}

/// Begins the closure, or returns that it is done. A poisoned one is begun again only if the first operand is
/// 1.
pub(crate) static BEGIN_ONCE: Command = Command {
    name: "call_once",
    role: Role::Await,
    guard: |state, _| state != once::RUNNING,
    effect: |state, [force, _]| match state {
        once::NEW => once::RUNNING,
        once::POISONED if force == 1 => once::RUNNING,
        other => other,
    },
    access: |state, _| if state == once::DONE { Access::READ } else { Access::WRITE },
    synchronization: Synchronization::Acquire,
    show: |state, _| if state == once::DONE { "() is done already" } else { "() begins" }.to_owned(),
};

/// Ends the closure, with the state in the first operand.
pub(crate) static END_ONCE: Command = Command {
    name: "call_once",
    role: Role::Release,
    guard: always,
    effect: |_, [end, _]| end,
    access: writes,
    synchronization: Synchronization::Release,
    show: |_, [end, _]| if end == once::DONE { "() ends" } else { "() is poisoned" }.to_owned(),
};

/// Waits until it is done, or, if the first operand is 1, until it is poisoned.
pub(crate) static WAIT_ONCE: Command = Command {
    name: "wait",
    role: Role::Await,
    guard: |state, [poison_ends, _]| state == once::DONE || (poison_ends == 1 && state == once::POISONED),
    effect: crate::op::unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: plain,
};

/// Reads whether it is done.
pub(crate) static IS_DONE: Command = Command {
    name: "is_completed",
    role: Role::Load,
    guard: always,
    effect: crate::op::unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: |state, _| format!("() → {}", state == once::DONE),
};

#[cfg(all(test, feature = "check"))]
pub(crate) mod families;
