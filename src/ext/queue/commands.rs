//! The word of a queue and its commands.
//!
//! A put that would exceed the maximum of one of the two counts changes nothing, and its caller panics.

use crate::op::{
    Access, Args, Command, Role, State, Synchronization, always, plain, reads, unchanged, writes,
};

/// The position of the count of unfinished tasks in the word; below it is the count of items. Items are in
/// memory, and 2^28 of them need gigabytes; tasks that are never marked as done only add up.
const UNFINISHED: u32 = 28;
/// The most items.
pub(super) const MOST_ITEMS: u64 = (1 << UNFINISHED) - 1;
/// The most unfinished tasks.
pub(super) const MOST_UNFINISHED: u64 = (1 << (63 - UNFINISHED)) - 1;
/// One more item, and with it one more task.
const ITEM: State = 1 | 1 << UNFINISHED;
/// The queue is shut down: nothing can be put any more.
const SHUT: State = 1 << 63;

pub(super) fn items(state: State) -> u64 {
    state & MOST_ITEMS
}

pub(super) fn unfinished(state: State) -> u64 {
    (state & !SHUT) >> UNFINISHED
}

pub(super) fn shut(state: State) -> bool {
    state & SHUT != 0
}

/// Whether there is room; the first operand is the bound, or 0 for none.
pub(super) fn room(state: State, [bound, _]: Args) -> bool {
    bound == 0 || items(state) < bound
}

/// Whether one item more can be counted.
pub(super) fn countable(state: State) -> bool {
    items(state) < MOST_ITEMS && unfinished(state) < MOST_UNFINISHED
}

pub(super) fn puts(state: State, args: Args) -> bool {
    !shut(state) && room(state, args) && countable(state)
}

fn put(state: State, args: Args) -> State {
    if puts(state, args) { state + ITEM } else { state }
}

fn put_access(state: State, args: Args) -> Access {
    if puts(state, args) { Access::WRITE } else { Access::READ }
}

fn get(state: State, _: Args) -> State {
    if items(state) > 0 { state - 1 } else { state }
}

fn get_access(state: State, _: Args) -> Access {
    if items(state) > 0 { Access::WRITE } else { Access::READ }
}

/// A command shown in traces by its name only.
const fn command(
    name: &'static str,
    role: Role,
    guard: fn(State, Args) -> bool,
    effect: fn(State, Args) -> State,
    access: fn(State, Args) -> Access,
    synchronization: Synchronization,
) -> Command {
    Command { name, role, guard, effect, access, synchronization, show: plain }
}

pub(super) static PUT: Command =
    command("put", Role::Await, |s, a| shut(s) || room(s, a), put, put_access, Synchronization::Release);
pub(super) static TRY_PUT: Command =
    command("try_put", Role::Signal, always, put, put_access, Synchronization::Release);
pub(super) static GET: Command =
    command("get", Role::Await, |s, _| shut(s) || items(s) > 0, get, get_access, Synchronization::Acquire);
pub(super) static TRY_GET: Command =
    command("try_get", Role::Signal, always, get, get_access, Synchronization::Acquire);
pub(super) static TASK_DONE: Command = command(
    "task_done",
    Role::Signal,
    always,
    |s, _| if unfinished(s) > 0 { s - (1 << UNFINISHED) } else { s },
    writes,
    Synchronization::Release,
);
pub(super) static JOIN: Command =
    command("join", Role::Await, |s, _| unfinished(s) == 0, unchanged, reads, Synchronization::Acquire);
/// The first operand is 1 if the items in the queue are dropped.
pub(super) static SHUTDOWN: Command = command(
    "shutdown",
    Role::Signal,
    always,
    // Each dropped item removes one task, as long as there are any.
    |s, [drops, _]| SHUT | if drops == 1 { unfinished(s).saturating_sub(items(s)) << UNFINISHED } else { s },
    writes,
    Synchronization::Release,
);
pub(super) static LEN: Command =
    command("len", Role::Load, always, unchanged, reads, Synchronization::Acquire);

/// The commands above as families.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let queue = |bound: u64| {
        let offers = [
            offer!(PUT).with([bound, 0]),
            offer!(TRY_PUT).with([bound, 0]),
            offer!(GET),
            offer!(TRY_GET),
            offer!(TASK_DONE),
            offer!(JOIN),
            offer!(SHUTDOWN),
            offer!(SHUTDOWN).with([1, 0]),
            offer!(LEN),
        ];
        Family::new(format!("queue with room for {bound}"), 0, offers)
    };
    [0, 1, 2].map(queue).into()
}
