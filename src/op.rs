//! Visible operations as data: what a thread is about to do, when it may, and what it does.
//!
//! Every object of the Model arm is one machine word ([`State`]), and every operation on it is a
//! *guarded command* ([`Command`]): a guard that says when the operation is enabled, an effect on the
//! word, and an [`Access`] that says with which other operations it commutes. Because a command is
//! data and looks at its own object only, an engine can ask of any earlier state of the object
//! whether the operation would have been enabled there, and what it would have done: that is what
//! the race reversals of [`crate::engine::dpor`] rest on.

mod sets;

use std::panic::Location;

pub(crate) use sets::Slots;
#[cfg(feature = "check")]
pub(crate) use sets::ThreadSet;

/// The state of one object: a word whose meaning belongs to the type that made the object.
pub(crate) type State = u64;

/// The two operands of a command, e.g. the expected and the new value of a compare-exchange.
pub(crate) type Args = [u64; 2];

/// The source line that performed an operation.
pub(crate) type Site = &'static Location<'static>;

/// How an operation touches its object, as far as commuting is concerned.
///
/// Two accesses to the same object commute exactly when they are of the same class and that class
/// is not [`Access::WRITE`]. A class other than these two gathers operations that change the state
/// but commute with each other from every state, such as two releases of a semaphore.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) struct Access(u8);

impl Access {
    /// Looks only. Reads commute with reads.
    pub(crate) const READ: Access = Access(0);
    /// Commutes with nothing, not even with itself.
    pub(crate) const WRITE: Access = Access(u8::MAX);

    /// Changes the state by something that commutes with everything else in class `n`.
    pub(crate) const fn commuting(n: u8) -> Access {
        assert!(n > 0 && n < u8::MAX);
        Access(n)
    }

    /// Whether it changes the state, and commutes with others of its class.
    #[inline]
    pub(crate) fn is_commuting_change(self) -> bool {
        self != Access::READ && self != Access::WRITE
    }

    /// Whether the two accesses, to the same object, may not be swapped.
    #[inline]
    pub(crate) fn conflicts(self, other: Access) -> bool {
        self != other || self == Access::WRITE
    }
}

/// What an operation means to a reader of the trace, to the race detector and to the search for
/// wait-for cycles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Reads a value: `x.load() → 0`.
    Load,
    /// Writes a value: `x.store(1)`.
    Store,
    /// Reads and writes in one step: `x.fetch_add(1) → 0`.
    Update,
    /// Compares and perhaps writes: `x.compare_exchange(0, 1) → Ok(0)`.
    CompareExchange,
    /// Becomes an owner, and waits while somebody else is: `m.lock()`.
    Acquire,
    /// Becomes an owner or says that it cannot: `m.try_lock() → false`.
    TryAcquire,
    /// Becomes an owner beside others or stays outside: `rwlock.read()`. Where the object's state leaves both
    /// open, the second operand says which, 0 or 1, and the engine explores both.
    Share,
    /// Becomes the owner whose turn it made itself in an earlier step, which counts as holding already; it waits
    /// for the other owners: the second half of `rwlock.write()` behind readers.
    Succeed,
    /// Gives something back, unconditionally and without a result: `m.unlock()`, `sem.release()`.
    Release,
    /// Waits for a condition without owning anything: `barrier.wait()`.
    Await,
    /// Any other change of a guarded state: `sem.release()`.
    Signal,
    /// Wakes waiters of a condition variable; the alternatives are whom.
    Notify,
}

impl Role {
    /// Whether an operation that is not enabled waits for the present owners of its object, and for no other
    /// thread.
    #[inline]
    pub(crate) fn waits_for_owners(self) -> bool {
        matches!(self, Role::Acquire | Role::Share | Role::Succeed)
    }
}

/// A guarded command on one object.
pub(crate) struct Command {
    /// The name that traces show, as the user wrote it: `fetch_add`.
    pub(crate) name: &'static str,
    /// What it means to a reader.
    pub(crate) role: Role,
    /// Whether the command is enabled in this state.
    pub(crate) guard: fn(State, Args) -> bool,
    /// The state after it.
    pub(crate) effect: fn(State, Args) -> State,
    /// How it touches the object when performed in this state.
    pub(crate) access: fn(State, Args) -> Access,
    /// What it publishes and sees, unless the operation says otherwise.
    pub(crate) publish: Publish,
    /// Its operands and result as traces show them: `(1) → 0`.
    pub(crate) show: fn(State, Args) -> String,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A guard that always holds.
pub(crate) fn always(_: State, _: Args) -> bool {
    true
}

/// An access that is a write in every state.
pub(crate) fn writes(_: State, _: Args) -> Access {
    Access::WRITE
}

/// An access that is a read in every state.
pub(crate) fn reads(_: State, _: Args) -> Access {
    Access::READ
}

/// A state that stays as it is.
pub(crate) fn unchanged(state: State, _: Args) -> State {
    state
}

/// No operands and no result worth showing.
pub(crate) fn plain(_: State, _: Args) -> String {
    "()".to_owned()
}

/// The memory ordering that the program wrote, as the race detector needs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Publish {
    /// Publishes and sees nothing: a Relaxed access.
    #[default]
    Nothing,
    /// Sees what the object's last release published.
    Acquire,
    /// Publishes what the thread has done and seen.
    Release,
    /// Both.
    AcqRel,
}

impl Publish {
    /// Whether the operation sees what was published before it.
    #[inline]
    pub(crate) fn acquires(self) -> bool {
        matches!(self, Publish::Acquire | Publish::AcqRel)
    }

    /// Whether the operation publishes what its thread has done.
    #[inline]
    pub(crate) fn releases(self) -> bool {
        matches!(self, Publish::Release | Publish::AcqRel)
    }
}

/// An object's index, the same in every execution of one check that creates it in the same way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct ObjectId(pub(crate) u32);

/// A thread's index, the same in every execution of one check that spawns it in the same way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct ThreadId(pub(crate) u32);

impl ThreadId {
    /// The thread that runs the model's closure.
    pub(crate) const MAIN: ThreadId = ThreadId(0);

    /// The thread as an index into per-thread tables.
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

impl ObjectId {
    /// The object as an index into per-object tables.
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The most threads that one execution may have. Each has a stack, and a place in every vector clock: an
/// execution of 10,000 steps with so many needs some 300 MB for its clocks.
pub(crate) const MAX_THREADS: usize = 4_096;

/// An operation that a thread has announced: a command, its object and where it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// What it does.
    pub(crate) command: &'static Command,
    /// To which object.
    pub(crate) object: ObjectId,
    /// With which operands.
    pub(crate) args: Args,
    /// What it publishes and sees.
    pub(crate) publish: Publish,
    /// What it sees if it is a compare-exchange that fails.
    pub(crate) on_failure: Publish,
    /// Where it stands in the source.
    pub(crate) site: Site,
}

impl Op {
    /// Whether the operation may be performed in this state.
    #[inline]
    pub(crate) fn enabled(&self, state: State) -> bool {
        (self.command.guard)(state, self.args)
    }

    /// How the operation touches its object in this state.
    #[inline]
    pub(crate) fn access(&self, state: State) -> Access {
        (self.command.access)(state, self.args)
    }

    /// The state after the operation.
    #[inline]
    pub(crate) fn effect(&self, state: State) -> State {
        (self.command.effect)(state, self.args)
    }

    /// Whether it has no result, so that its thread may go on without it when its execution has ended.
    #[inline]
    pub(crate) fn has_no_result(&self) -> bool {
        matches!(self.command.role, Role::Store | Role::Notify)
    }

    /// Whether the operation has two ways to go in this state, which its second operand tells apart.
    #[inline]
    pub(crate) fn goes_either_way(&self, state: State) -> bool {
        let effect = |way| (self.command.effect)(state, [self.args[0], way]);
        self.command.role == Role::Share && effect(0) != effect(1)
    }

    /// The waiters among whom a notification of one chooses, if the operation is one.
    #[inline]
    pub(crate) fn waiters(&self, state: State) -> Option<Slots> {
        let one = self.command.role == Role::Notify && self.args[0] == NOTIFY_ONE;
        (one && state != 0).then_some(Slots(state))
    }
}

/// The first operand of a notification that wakes one waiter, chosen by the engine, which then
/// writes the chosen waiter's slot as a set into the second operand.
pub(crate) const NOTIFY_ONE: u64 = 1;
/// The first operand of a notification that wakes every waiter.
pub(crate) const NOTIFY_ALL: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_commute_and_writes_do_not() {
        assert!(!Access::READ.conflicts(Access::READ));
        assert!(Access::WRITE.conflicts(Access::WRITE));
        assert!(Access::READ.conflicts(Access::WRITE));
    }

    #[test]
    fn a_commuting_class_commutes_with_itself_only() {
        let (a, b) = (Access::commuting(1), Access::commuting(2));
        assert!(!a.conflicts(a));
        assert!(a.conflicts(b) && a.conflicts(Access::READ) && a.conflicts(Access::WRITE));
    }
}
