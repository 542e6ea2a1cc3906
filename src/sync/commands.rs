//! The commands of the locks: their state, guards and effects, for all arms.

use crate::op::{
    Access, Args, Command, NOTIFY_ALL, NOTIFY_ONE, Publish, Role, State, always, plain, reads, writes,
};

/// Locks an exclusive lock. The state is 0 while it is free. Two locks never commute.
pub(crate) static LOCK: Command = Command {
    name: "lock",
    role: Role::Acquire,
    guard: |held, _| held == 0,
    effect: |_, _| 1,
    access: writes,
    publish: Publish::Acquire,
    show: plain,
};

/// Locks if the lock is free. One that fails has only looked, so two that fail commute.
pub(crate) static TRY_LOCK: Command = Command {
    name: "try_lock",
    role: Role::TryAcquire,
    guard: always,
    effect: |_, _| 1,
    access: |held, _| if held == 0 { Access::WRITE } else { Access::READ },
    publish: Publish::Acquire,
    show: |held, _| format!("() → {}", if held == 0 { "locked" } else { "would block" }),
};

/// Unlocks.
pub(crate) static UNLOCK: Command = Command {
    name: "unlock",
    role: Role::Release,
    guard: always,
    effect: |_, _| 0,
    access: writes,
    publish: Publish::Release,
    show: plain,
};

/// The bit of a reader-writer lock's state that says that it is held by a writer; the rest counts
/// its readers.
pub(super) const WRITER: State = 1 << 63;
/// What readers do commutes with what other readers do: a count goes up and down.
const READERS: Access = Access::commuting(1);

/// Takes a shared lock.
pub(crate) static READ: Command = Command {
    name: "read",
    role: Role::Acquire,
    guard: |state, _| state & WRITER == 0,
    effect: |state, _| state + 1,
    access: |_, _| READERS,
    publish: Publish::Acquire,
    show: plain,
};

/// Takes a shared lock if no writer holds it. Failing depends on the writer only, so it commutes
/// with readers too.
pub(crate) static TRY_READ: Command = Command {
    name: "try_read",
    role: Role::TryAcquire,
    guard: always,
    effect: |state, _| if state & WRITER == 0 { state + 1 } else { state },
    access: |_, _| READERS,
    publish: Publish::Acquire,
    show: |state, _| format!("() → {}", if state & WRITER == 0 { "locked" } else { "would block" }),
};

/// Gives a shared lock back.
pub(crate) static READ_UNLOCK: Command = Command {
    name: "read_unlock",
    role: Role::Release,
    guard: always,
    effect: |state, _| state - 1,
    access: |_, _| READERS,
    publish: Publish::Release,
    show: plain,
};

/// Takes the exclusive lock.
pub(crate) static WRITE: Command = Command {
    name: "write",
    role: Role::Acquire,
    guard: |state, _| state == 0,
    effect: |_, _| WRITER,
    access: writes,
    publish: Publish::Acquire,
    show: plain,
};

/// Takes the exclusive lock if nobody holds any. Failing depends on the number of readers.
pub(crate) static TRY_WRITE: Command = Command {
    name: "try_write",
    role: Role::TryAcquire,
    guard: always,
    effect: |state, _| if state == 0 { WRITER } else { state },
    access: |state, _| if state == 0 { Access::WRITE } else { Access::READ },
    publish: Publish::Acquire,
    show: |state, _| format!("() → {}", if state == 0 { "locked" } else { "would block" }),
};

/// Gives the exclusive lock back.
pub(crate) static WRITE_UNLOCK: Command = Command {
    name: "write_unlock",
    role: Role::Release,
    guard: always,
    effect: |_, _| 0,
    access: writes,
    publish: Publish::Release,
    show: plain,
};

/// Makes a shared lock of the exclusive one. Its holder goes on holding it.
pub(crate) static DOWNGRADE: Command = Command {
    name: "downgrade",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: writes,
    publish: Publish::Release,
    show: plain,
};

/// Joins the waiters of a condition variable; the first operand is the waiter as a set. Which of two
/// joins first does not matter: a notification may choose any.
pub(crate) static ENQUEUE: Command = Command {
    name: "wait",
    role: Role::Signal,
    guard: always,
    effect: |waiters, [me, _]| waiters | me,
    access: |_, _| Access::commuting(3),
    publish: Publish::Nothing,
    show: plain,
};

/// Stops waiting without having been notified.
pub(crate) static LEAVE: Command = Command {
    name: "wake",
    role: Role::Signal,
    guard: always,
    effect: |waiters, [me, _]| waiters & !me,
    access: writes,
    publish: Publish::Nothing,
    show: |waiters, [me, _]| if waiters & me == 0 { "()" } else { "() though nobody notified it" }.to_owned(),
};

/// Wakes one waiter, chosen by the engine, which puts it into the second operand. With nobody there
/// it has no effect, and commutes with others like it.
pub(crate) static WAKE_ONE: Command = Command {
    name: "notify_one",
    role: Role::Notify,
    guard: always,
    effect: |waiters, [_, chosen]| waiters & !chosen,
    access: |waiters, _| if waiters == 0 { Access::READ } else { Access::WRITE },
    publish: Publish::Nothing,
    show: woken,
};

/// Wakes every waiter.
pub(crate) static WAKE_ALL: Command = Command {
    name: "notify_all",
    role: Role::Notify,
    guard: always,
    effect: |_, _| 0,
    access: |waiters, _| if waiters == 0 { Access::READ } else { Access::WRITE },
    publish: Publish::Nothing,
    show: woken,
};

fn woken(waiters: State, [how, _]: Args) -> String {
    match waiters.count_ones() {
        0 => "() wakes nobody".to_owned(),
        n if how == NOTIFY_ALL => format!("() wakes {n}"),
        _ => "() wakes one".to_owned(),
    }
}

/// The operands of [`WAKE_ONE`].
pub(crate) const ONE: Args = [NOTIFY_ONE, 0];
/// The operands of [`WAKE_ALL`].
pub(crate) const ALL: Args = [NOTIFY_ALL, 0];

/// The half of a barrier's state that counts who has arrived; the other half counts generations.
const GENERATION: u32 = 32;

/// Arrives at a barrier for as many threads as the first operand says. The last one begins the next
/// generation.
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
    publish: Publish::AcqRel,
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
    publish: Publish::Acquire,
    show: |_, _| "() passes".to_owned(),
};

/// The states of a `Once`.
pub(crate) mod once {
    /// Nobody has begun.
    pub(crate) const NEW: u64 = 0;
    /// Somebody runs the closure.
    pub(crate) const RUNNING: u64 = 1;
    /// The closure has returned.
    pub(crate) const DONE: u64 = 2;
    /// The closure has panicked.
    pub(crate) const POISONED: u64 = 3;
}

/// Begins what is to be done once, or learns that it is done. A poisoned one is begun again only if
/// the first operand says so.
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
    publish: Publish::Acquire,
    show: |state, _| if state == once::DONE { "() is done already" } else { "() begins" }.to_owned(),
};

/// Ends it, in the state of the first operand.
pub(crate) static END_ONCE: Command = Command {
    name: "call_once",
    role: Role::Release,
    guard: always,
    effect: |_, [end, _]| end,
    access: writes,
    publish: Publish::Release,
    show: |_, [end, _]| if end == once::DONE { "() ends" } else { "() is poisoned" }.to_owned(),
};

/// Waits until it is done, or, if the first operand says so, until it is poisoned.
pub(crate) static WAIT_ONCE: Command = Command {
    name: "wait",
    role: Role::Await,
    guard: |state, [poison_ends, _]| state == once::DONE || (poison_ends == 1 && state == once::POISONED),
    effect: crate::op::unchanged,
    access: reads,
    publish: Publish::Acquire,
    show: plain,
};

/// Looks whether it is done.
pub(crate) static IS_DONE: Command = Command {
    name: "is_completed",
    role: Role::Load,
    guard: always,
    effect: crate::op::unchanged,
    access: reads,
    publish: Publish::Acquire,
    show: |state, _| format!("() → {}", state == once::DONE),
};

/// Gives a thread its token. Two tokens are as good as one.
pub(crate) static UNPARK: Command = Command {
    name: "unpark",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: |_, _| Access::commuting(4),
    publish: Publish::Release,
    show: plain,
};

/// Takes the token, once it is there.
pub(crate) static PARK: Command = Command {
    name: "park",
    role: Role::Await,
    guard: |token, _| token == 1,
    effect: |_, _| 0,
    access: writes,
    publish: Publish::Acquire,
    show: plain,
};

/// Returns from `park` without need: takes the token if it is there.
pub(crate) static PARK_IN_VAIN: Command = Command {
    name: "park",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 0,
    access: |token, _| if token == 1 { Access::WRITE } else { Access::READ },
    publish: Publish::Acquire,
    show: |token, _| if token == 1 { "()" } else { "() returns though nobody unparked it" }.to_owned(),
};
