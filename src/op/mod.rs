//! Visible operations as data: what a thread is about to do, when it is enabled, and its effect.
//!
//! Every object of the model backend is one machine word ([`State`]), and every operation on it is a *guarded
//! command* ([`Command`]): a guard that holds when the operation is enabled, an effect on the word, and an
//! [`Access`] that determines with which other operations it commutes. Because a command is data and reads
//! its own object only, an engine can compute for any earlier state of the object whether the operation would
//! have been enabled there, and its effect: the race reversals of [`crate::engine::dpor`] rest on that.

mod sets;

use std::panic::Location;

pub(crate) use sets::Slots;
#[cfg(feature = "check")]
pub(crate) use sets::ThreadSet;

/// The state of one object: a word whose meaning is defined by the type that made the object.
pub(crate) type State = u64;

/// The two operands of a command, e.g. the expected and the new value of a compare-exchange.
pub(crate) type Args = [u64; 2];

/// The source line that performed an operation.
pub(crate) type Site = &'static Location<'static>;

/// How an operation accesses its object, as far as commutation is concerned.
///
/// Two accesses to the same object commute exactly when they are of the same class and that class
/// is not [`Access::WRITE`]. A class other than these two gathers operations that change the state
/// but commute with each other from every state, such as two releases of a semaphore.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) struct Access(u8);

impl Access {
    /// Reads only. Reads commute with reads.
    pub(crate) const READ: Access = Access(0);
    /// Commutes with nothing, not even with itself.
    pub(crate) const WRITE: Access = Access(u8::MAX);

    /// Changes the state and commutes with every other access of class `n`.
    pub(crate) const fn commuting(n: u8) -> Access {
        assert!(n > 0 && n < u8::MAX);
        Access(n)
    }

    /// Whether it changes the state, and commutes with others of its class.
    #[inline]
    pub(crate) fn is_commuting_change(self) -> bool {
        self != Access::READ && self != Access::WRITE
    }

    /// Whether the two accesses, to the same object, do not commute.
    #[inline]
    pub(crate) fn conflicts(self, other: Access) -> bool {
        self != other || self == Access::WRITE
    }
}

/// The role of an operation, for traces, for the race detector and for the search for wait-for cycles.
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
    /// Becomes an owner, and waits while another thread is: `m.lock()`.
    Acquire,
    /// Becomes an owner or returns that it cannot: `m.try_lock() → false`.
    TryAcquire,
    /// Becomes an owner beside others or stays outside: `rwlock.read()`. If the object's state allows both,
    /// the second operand decides, 0 or 1, and the engine explores both.
    Share,
    /// Becomes the owner after it registered in an earlier step, which counts as holding already; it waits
    /// for the other owners: the second half of `rwlock.write()` behind readers.
    Succeed,
    /// Releases something, unconditionally and without a result: `m.unlock()`, `sem.release()`.
    Release,
    /// Waits for a condition without owning anything: `barrier.wait()`.
    Await,
    /// Any other change of a guarded state: `sem.release()`.
    Signal,
    /// Wakes waiters of a condition variable; the alternatives are the waiters.
    Notify,
}

impl Role {
    /// Whether the operation, when it is not enabled, waits for the present owners of its object, and for no
    /// other thread.
    #[inline]
    pub(crate) fn waits_for_owners(self) -> bool {
        matches!(self, Role::Acquire | Role::Share | Role::Succeed)
    }
}

/// A guarded command on one object.
pub(crate) struct Command {
    /// The name that traces show, as the user wrote it: `fetch_add`.
    pub(crate) name: &'static str,
    /// Its role.
    pub(crate) role: Role,
    /// Whether the command is enabled in this state.
    pub(crate) guard: fn(State, Args) -> bool,
    /// The state after it.
    pub(crate) effect: fn(State, Args) -> State,
    /// How it accesses the object when performed in this state.
    pub(crate) access: fn(State, Args) -> Access,
    /// Whether it acquires and releases, unless the operation overrides that.
    pub(crate) synchronization: Synchronization,
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

/// The memory ordering that the program wrote, for the race detector.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Synchronization {
    /// Neither acquires nor releases: a Relaxed access.
    #[default]
    Nothing,
    /// Acquires what the object's last release published.
    Acquire,
    /// Releases: publishes what happened before it in the thread's view.
    Release,
    /// Both.
    AcqRel,
}

impl Synchronization {
    /// Whether the operation acquires.
    #[inline]
    pub(crate) fn acquires(self) -> bool {
        matches!(self, Synchronization::Acquire | Synchronization::AcqRel)
    }

    /// Whether the operation releases.
    #[inline]
    pub(crate) fn releases(self) -> bool {
        matches!(self, Synchronization::Release | Synchronization::AcqRel)
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

/// The most threads that one execution may have. Each has a stack, and a column in every vector clock: an
/// execution of 10,000 steps with this many threads needs some 300 MB for its clocks.
pub(crate) const MAX_THREADS: usize = 4_096;

/// An operation that a thread has announced: a command, its object and its source line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// The command.
    pub(crate) command: &'static Command,
    /// The object.
    pub(crate) object: ObjectId,
    /// The operands.
    pub(crate) args: Args,
    /// Whether it acquires and releases.
    pub(crate) synchronization: Synchronization,
    /// The same for a compare-exchange that fails.
    pub(crate) on_failure: Synchronization,
    /// The source line.
    pub(crate) site: Site,
}

impl Op {
    /// Whether the operation is enabled in this state.
    #[inline]
    pub(crate) fn enabled(&self, state: State) -> bool {
        (self.command.guard)(state, self.args)
    }

    /// How the operation accesses its object in this state.
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

    /// Whether the operation has two alternatives in this state, which its second operand selects.
    #[inline]
    pub(crate) fn goes_either_way(&self, state: State) -> bool {
        let effect = |way| (self.command.effect)(state, [self.args[0], way]);
        self.command.role == Role::Share && effect(0) != effect(1)
    }

    /// The waiters among which a notification of one chooses, if the operation is one.
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
