//! The commands of semaphores, reentrant mutexes and events.

use crate::op::{
    Access, Args, Command, Role, State, Synchronization, always, plain, reads, unchanged, writes,
};

/// Takes a permit. The first operand is the number of permits taken.
pub(crate) static ACQUIRE: Command = Command {
    name: "acquire",
    role: Role::Await,
    guard: |permits, [n, _]| permits >= n,
    effect: |permits, [n, _]| permits - n,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: plain,
};

/// Takes a permit if there is one.
pub(crate) static TRY_ACQUIRE: Command = Command {
    name: "try_acquire",
    role: Role::Signal,
    guard: always,
    effect: |permits, [n, _]| if permits >= n { permits - n } else { permits },
    access: |permits, [n, _]| if permits >= n { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Acquire,
    show: |permits, [n, _]| format!("() → {}", permits >= n),
};

/// Releases permits. Two releases commute.
pub(crate) static RELEASE: Command = Command {
    name: "release",
    role: Role::Release,
    guard: always,
    // If the sum overflows, the state does not change, and the caller panics.
    effect: |permits, [n, _]| permits.checked_add(n).unwrap_or(permits),
    access: |permits, _| if permits > State::MAX / 2 { Access::WRITE } else { Access::commuting(2) },
    synchronization: Synchronization::Release,
    show: plain,
};

fn releases(permits: State, [n, most]: Args) -> bool {
    permits.checked_add(n).is_some_and(|permits| permits <= most)
}

/// Releases a permit unless there would be more than the second operand then.
pub(crate) static RELEASE_BOUNDED: Command = Command {
    name: "release",
    role: Role::Signal,
    guard: always,
    effect: |permits, args| if releases(permits, args) { permits + args[0] } else { permits },
    access: |permits, args| if releases(permits, args) { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Release,
    show: |permits, args| format!("() → {}", if releases(permits, args) { "released" } else { "refused" }),
};

/// How many bits of a reentrant lock's state count how often it is held; the others identify the owner.
const DEPTH: u32 = 16;
/// How often a reentrant lock can be held. Taking it once more changes nothing, and the caller panics.
pub(crate) const DEEPEST: u64 = (1 << DEPTH) - 1;

/// Whether the lock is held as often as it can be.
pub(crate) fn is_deepest(state: State) -> bool {
    state & DEEPEST == DEEPEST
}

fn enter(state: State, [me, _]: Args) -> State {
    match state {
        0 => me << DEPTH | 1,
        _ if is_deepest(state) => state,
        _ => state + 1,
    }
}

/// Whether the lock is free, or held by the owner in the first operand.
pub(crate) fn is_mine(state: State, [me, _]: Args) -> bool {
    state == 0 || state >> DEPTH == me
}

/// Locks a reentrant lock once more, for the owner in the first operand.
pub(crate) static REENTER: Command = Command {
    name: "lock",
    role: Role::Acquire,
    guard: is_mine,
    effect: enter,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: |state, _| if state == 0 { "()".to_owned() } else { "() again".to_owned() },
};

/// Locks a reentrant lock if it is free or the caller's own.
pub(crate) static TRY_REENTER: Command = Command {
    name: "try_lock",
    role: Role::TryAcquire,
    guard: always,
    effect: |state, args| if is_mine(state, args) { enter(state, args) } else { state },
    access: |state, args| if is_mine(state, args) { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Acquire,
    show: |state, args| format!("() → {}", if is_mine(state, args) { "locked" } else { "would block" }),
};

/// Unlocks a reentrant lock once.
pub(crate) static REENTER_UNLOCK: Command = Command {
    name: "unlock",
    role: Role::Release,
    guard: always,
    effect: |state, _| if state & DEEPEST == 1 { 0 } else { state - 1 },
    access: writes,
    synchronization: Synchronization::Release,
    show: plain,
};

/// Sets an event. Two sets commute.
pub(crate) static SET: Command = Command {
    name: "set",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: |_, _| Access::commuting(1),
    synchronization: Synchronization::Release,
    show: plain,
};

/// Clears an event.
pub(crate) static CLEAR: Command = Command {
    name: "clear",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 0,
    access: |_, _| Access::commuting(2),
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// Waits until an event is set.
pub(crate) static WAIT: Command = Command {
    name: "wait",
    role: Role::Await,
    guard: |set, _| set == 1,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: plain,
};

/// Reads whether an event is set.
pub(crate) static IS_SET: Command = Command {
    name: "is_set",
    role: Role::Load,
    guard: always,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: |set, _| format!("() → {}", set == 1),
};

/// The commands above as families.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let acquires = |n: u64| [offer!(ACQUIRE).with([n, 0]), offer!(TRY_ACQUIRE).with([n, 0])];
    let semaphore: Vec<_> = [1, 2]
        .into_iter()
        .flat_map(|n| acquires(n).into_iter().chain([offer!(RELEASE).with([n, 0])]))
        .collect();
    let bounded: Vec<_> = acquires(1).into_iter().chain([offer!(RELEASE_BOUNDED).with([1, 2])]).collect();
    let me = |s: &crate::registry::Seat| [s.me as u64 + 1, 0];
    let reentrant = [
        offer!(REENTER).args(me).when(|s| s.hold < 3).then(|step| step.hold + 1),
        offer!(TRY_REENTER)
            .args(me)
            .when(|s| s.hold < 3)
            .then(|step| step.hold + u64::from(step.after != step.before)),
        offer!(REENTER_UNLOCK).when(|s| s.hold > 0).then(|step| step.hold - 1),
    ];
    let event = [offer!(SET), offer!(CLEAR), offer!(WAIT), offer!(IS_SET)];
    vec![
        Family::new("semaphore", 0, semaphore),
        Family::new("bounded semaphore", 2, bounded),
        Family::new("reentrant mutex", 0, reentrant),
        Family::new("event", 0, event),
    ]
}
