//! `parking_lot::RawRwLock`: `lock_api`'s traits over guarded commands.
//!
//! The word counts the readers and stores whether there is a writer, whether a thread has claimed to be the
//! next writer and waits for the readers to leave, and whether one of the readers may become the writer. As
//! in `parking_lot`, a claim keeps new readers out except recursive ones: a thread that reads twice without
//! `read_recursive` may wait for a writer that waits for it.

use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::lock_api::{self, GuardNoSend};
use super::{Raw, unmade, until};
use crate::op::{
    Access, Args, Command, Role, Site, State, Synchronization, always, plain, reads, unchanged, writes,
};
use crate::time::Instant;

const WRITER: State = 1 << 63;
/// A thread holds the upgradable lock, which is compatible with readers.
const UPGRADABLE: State = 1 << 62;
/// Operations of readers commute with operations of readers.
const READERS: Access = Access::commuting(1);

/// A writer-to-be waits until the readers have left.
const CLAIMED: State = 1 << 61;
const FLAGS: State = WRITER | UPGRADABLE | CLAIMED;

fn no_writer(state: State) -> bool {
    state & (WRITER | CLAIMED) == 0
}

/// A recursive read is let in if there are readers already.
fn may_read_again(state: State) -> bool {
    no_writer(state) || state & !FLAGS > 0
}

/// With a claim it matters whether the last reader leaves before another comes.
fn readers(state: State) -> Access {
    if state & CLAIMED == 0 { READERS } else { Access::WRITE }
}

/// Whether the lock may be claimed.
fn unclaimed(state: State) -> bool {
    state & FLAGS == 0
}

/// Whether the thread that claims, or has claimed, the lock is the writer at once.
fn no_readers(state: State) -> bool {
    state & !FLAGS == 0
}

/// The writer, or the writer-to-be, in place of `flag`.
fn become_writer(state: State, flag: State) -> State {
    let rest = state & !flag;
    if no_readers(rest) { rest | WRITER } else { rest | CLAIMED }
}

fn nobody(state: State) -> bool {
    state == 0
}

fn no_other_upgradable(state: State) -> bool {
    state & FLAGS == 0
}

fn no_reader(state: State) -> bool {
    state == UPGRADABLE
}

const fn command(
    (name, role): (&'static str, Role),
    guard: fn(State, Args) -> bool,
    effect: fn(State, Args) -> State,
    access: fn(State, Args) -> Access,
    synchronization: Synchronization,
) -> Command {
    Command { name, role, guard, effect, access, synchronization, show: plain }
}

/// Every way to take the lock may be barred by one holder and not by another, even by the thread itself, so
/// waiting for it does not show a wait-for cycle: a deadlock is detected when no thread can make progress.
const TAKES: Role = Role::TryAcquire;

/// A lock and the attempt at it.
macro_rules! lock {
    ($lock:ident $name:literal, $attempt:ident $try_name:literal, $may:ident, $role:expr, $try_role:expr,
     $effect:expr, $access:expr, $failed:expr) => {
        static $lock: Command = command(
            ($name, $role),
            |s, _| $may(s),
            |s, _| $effect(s),
            |s, _| $access(s),
            Synchronization::Acquire,
        );
        static $attempt: Command = command(
            ($try_name, $try_role),
            always,
            |s, _| if $may(s) { $effect(s) } else { s },
            |s, _| if $may(s) { $access(s) } else { $failed(s) },
            Synchronization::Acquire,
        );
    };
}

fn always_read(_: State) -> Access {
    Access::READ
}

fn always_write(_: State) -> Access {
    Access::WRITE
}

fn always_readers(_: State) -> Access {
    READERS
}

lock!(READ "read", TRY_READ "try_read", no_writer, TAKES, TAKES, |s| s + 1,
    always_readers, always_readers);
lock!(READ_AGAIN "read_recursive", TRY_READ_AGAIN "try_read_recursive", may_read_again,
    TAKES, TAKES, |s| s + 1, readers, readers);
lock!(UPGRADABLE_READ "upgradable_read", TRY_UPGRADABLE_READ "try_upgradable_read", no_other_upgradable,
    TAKES, TAKES, |s| s | UPGRADABLE, always_write, always_read);
lock!(CLAIM "write", TRY_CLAIM "write", unclaimed, TAKES, TAKES, |s| become_writer(s, 0),
    always_write, always_read);
// The thread has the lock already, so it waits for the readers only, and takes no other lock.
lock!(DRAIN "write", TRY_DRAIN "write", no_readers, Role::Succeed, Role::Signal, |_| WRITER,
    always_write, always_read);

/// Takes the lock if it is neither held nor claimed.
static TRY_WRITE: Command = command(
    ("try_write", Role::TryAcquire),
    always,
    |s, _| if nobody(s) { WRITER } else { s },
    |s, _| if nobody(s) { Access::WRITE } else { Access::READ },
    Synchronization::Acquire,
);
/// Becomes the writer if there is no other reader.
static TRY_UPGRADE: Command = command(
    ("try_upgrade", Role::Signal),
    always,
    |s, _| if no_reader(s) { WRITER } else { s },
    |s, _| if no_reader(s) { Access::WRITE } else { Access::READ },
    Synchronization::Acquire,
);
/// Claims the lock in place of the upgradable one, which keeps other writers out until then.
static CLAIM_UPGRADE: Command = command(
    ("upgrade", Role::Signal),
    always,
    |s, _| become_writer(s, UPGRADABLE),
    writes,
    Synchronization::Acquire,
);

const fn unlock(
    name: &'static str,
    effect: fn(State, Args) -> State,
    access: fn(State, Args) -> Access,
) -> Command {
    command((name, Role::Release), always, effect, access, Synchronization::Release)
}

/// Changes what the thread holds; it stays a holder.
const fn change(name: &'static str, effect: fn(State, Args) -> State) -> Command {
    command((name, Role::Signal), always, effect, writes, Synchronization::Release)
}

static READ_UNLOCK: Command = unlock("read_unlock", |s, _| s - 1, |s, _| readers(s));
/// Gives up a claim.
static UNCLAIM: Command = unlock("write", |s, _| s & !CLAIMED, writes);
/// Gives up a claim for the upgradable lock that it came from.
static UNCLAIM_UPGRADE: Command = change("upgrade", |s, _| (s & !CLAIMED) | UPGRADABLE);
static WRITE_UNLOCK: Command = unlock("write_unlock", |_, _| 0, writes);
static UPGRADABLE_UNLOCK: Command = unlock("upgradable_unlock", |s, _| s & !UPGRADABLE, writes);
static DOWNGRADE: Command = change("downgrade", |_, _| 1);
static DOWNGRADE_TO_UPGRADABLE: Command = change("downgrade_to_upgradable", |_, _| UPGRADABLE);
static DOWNGRADE_UPGRADABLE: Command = change("downgrade", |s, _| (s & !UPGRADABLE) + 1);
static LOOK: Command = command(("is_locked", Role::Load), always, unchanged, reads, Synchronization::Nothing);

/// The lock inside an [`RwLock`](super::RwLock).
///
/// # Examples
/// ```
/// use raddle::parking_lot::RwLock;
/// use raddle::parking_lot::lock_api::RawRwLock as _;
/// let lock = RwLock::new(7);
/// // SAFETY: the raw lock is released below, by the thread that took it.
/// let raw = unsafe { lock.raw() };
/// assert!(raw.try_lock_shared());
/// unsafe { raw.unlock_shared() };
/// ```
#[derive(Debug)]
pub struct RawRwLock(Option<Raw>);

impl UnwindSafe for RawRwLock {}
impl RefUnwindSafe for RawRwLock {}

impl RawRwLock {
    pub(super) fn new(site: Site) -> Self {
        RawRwLock(Some(Raw::new("RwLock", site)))
    }

    /// Claims the lock and waits for the readers to leave.
    fn claim(&self, command: &'static Command, site: Site) {
        let raw = self.raw();
        raw.state.having_again(|| {
            let before = raw.state.perform(command, [0; 2], site);
            if !no_readers(before) {
                raw.state.perform(&DRAIN, [0; 2], site);
            }
        });
        raw.note(site);
    }

    #[track_caller]
    fn raw(&self) -> &Raw {
        self.0.as_ref().unwrap_or_else(|| unmade())
    }
}

/// The methods of a trait, each one command: a lock, an attempt, or a timed attempt.
macro_rules! methods {
    ($(lock $lock:ident = $command:ident, try $try:ident = $attempt:ident if $may:ident;)*) => { $(
        #[track_caller]
        fn $lock(&self) {
            self.raw().lock(&$command, Location::caller());
        }

        #[track_caller]
        fn $try(&self) -> bool {
            self.raw().try_lock(&$attempt, $may, Location::caller())
        }
    )* };
    ($(for $for:ident, until $until:ident = $command:ident, $attempt:ident if $may:ident;)*) => { $(
        #[track_caller]
        fn $for(&self, timeout: Duration) -> bool {
            self.raw().lock_for((&$command, &$attempt), $may, timeout, Location::caller())
        }

        #[track_caller]
        fn $until(&self, moment: Instant) -> bool {
            self.$for(until(moment))
        }
    )* };
    ($(release $release:ident = $command:ident;)*) => { $(
        unsafe fn $release(&self) {
            self.raw().unlock(&$command);
        }
    )* };
    ($(change $change:ident = $command:ident;)*) => { $(
        unsafe fn $change(&self) {
            let raw = self.raw();
            let site = *raw.taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            raw.state.perform(&$command, [0; 2], site);
        }
    )* };
}

// SAFETY: the guards let a writer in only while the lock is free, and readers only while there is no writer;
// only a thread that was let in removes itself from the word.
unsafe impl lock_api::RawRwLock for RawRwLock {
    // Only a lock that was made here works; the trait requires a constant.
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawRwLock(None);

    type GuardMarker = GuardNoSend;

    methods! {
        lock lock_shared = READ, try try_lock_shared = TRY_READ if no_writer;
    }

    #[track_caller]
    fn lock_exclusive(&self) {
        self.claim(&CLAIM, Location::caller());
    }

    #[track_caller]
    fn try_lock_exclusive(&self) -> bool {
        self.raw().try_lock(&TRY_WRITE, nobody, Location::caller())
    }

    methods! {
        release unlock_shared = READ_UNLOCK;
        release unlock_exclusive = WRITE_UNLOCK;
    }

    #[track_caller]
    fn is_locked(&self) -> bool {
        self.raw().state.perform(&LOOK, [0; 2], Location::caller()) != 0
    }

    #[track_caller]
    fn is_locked_exclusive(&self) -> bool {
        // As in `parking_lot`, a writer that waits for the readers counts.
        self.raw().state.perform(&LOOK, [0; 2], Location::caller()) & (WRITER | CLAIMED) != 0
    }
}

// SAFETY: as above; every waiter may be the next, so every way to unlock is as fair.
unsafe impl lock_api::RawRwLockFair for RawRwLock {
    methods! {
        release unlock_shared_fair = READ_UNLOCK;
        release unlock_exclusive_fair = WRITE_UNLOCK;
    }
}

// SAFETY: the writer becomes a reader in one step.
unsafe impl lock_api::RawRwLockDowngrade for RawRwLock {
    methods! { change downgrade = DOWNGRADE; }
}

// SAFETY: a lock that was not taken in time was not taken.
unsafe impl lock_api::RawRwLockTimed for RawRwLock {
    type Duration = Duration;
    type Instant = Instant;

    methods! {
        for try_lock_shared_for, until try_lock_shared_until = READ, TRY_READ if no_writer;
    }

    #[track_caller]
    fn try_lock_exclusive_for(&self, timeout: Duration) -> bool {
        let (raw, site) = (self.raw(), Location::caller());
        let commands = (&CLAIM, &TRY_CLAIM);
        let before = raw.state.perform_within(commands, [0; 2], timeout, site, |before| before);
        if !unclaimed(before) {
            return false;
        }
        raw.note(site);
        let drained = no_readers(before) || raw.lock_for((&DRAIN, &TRY_DRAIN), no_readers, timeout, site);
        if !drained {
            raw.unlock(&UNCLAIM);
        }
        drained
    }

    #[track_caller]
    fn try_lock_exclusive_until(&self, moment: Instant) -> bool {
        self.try_lock_exclusive_for(until(moment))
    }
}

// SAFETY: a recursive read is let in beside readers although a writer waits.
unsafe impl lock_api::RawRwLockRecursive for RawRwLock {
    methods! { lock lock_shared_recursive = READ_AGAIN, try try_lock_shared_recursive = TRY_READ_AGAIN if may_read_again; }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockRecursiveTimed for RawRwLock {
    methods! {
        for try_lock_shared_recursive_for, until try_lock_shared_recursive_until = READ_AGAIN, TRY_READ_AGAIN if may_read_again;
    }
}

// SAFETY: one thread at a time holds the upgradable lock, and it becomes the writer only when there
// is no reader, in one step.
unsafe impl lock_api::RawRwLockUpgrade for RawRwLock {
    methods! { lock lock_upgradable = UPGRADABLE_READ, try try_lock_upgradable = TRY_UPGRADABLE_READ if no_other_upgradable; }
    methods! { release unlock_upgradable = UPGRADABLE_UNLOCK; }

    #[track_caller]
    unsafe fn upgrade(&self) {
        self.claim(&CLAIM_UPGRADE, Location::caller());
    }

    #[track_caller]
    unsafe fn try_upgrade(&self) -> bool {
        self.raw().try_lock(&TRY_UPGRADE, no_reader, Location::caller())
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockUpgradeFair for RawRwLock {
    methods! { release unlock_upgradable_fair = UPGRADABLE_UNLOCK; }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockUpgradeDowngrade for RawRwLock {
    methods! {
        change downgrade_upgradable = DOWNGRADE_UPGRADABLE;
        change downgrade_to_upgradable = DOWNGRADE_TO_UPGRADABLE;
    }
}

// SAFETY: as above; a lock that was not taken in time was not taken.
unsafe impl lock_api::RawRwLockUpgradeTimed for RawRwLock {
    methods! {
        for try_lock_upgradable_for, until try_lock_upgradable_until = UPGRADABLE_READ, TRY_UPGRADABLE_READ if no_other_upgradable;
    }

    #[track_caller]
    unsafe fn try_upgrade_for(&self, timeout: Duration) -> bool {
        let (raw, site) = (self.raw(), Location::caller());
        let before = raw.state.perform(&CLAIM_UPGRADE, [0; 2], site);
        let drained = no_readers(before) || raw.lock_for((&DRAIN, &TRY_DRAIN), no_readers, timeout, site);
        if !drained {
            raw.state.perform(&UNCLAIM_UPGRADE, [0; 2], site);
        }
        drained
    }

    #[track_caller]
    unsafe fn try_upgrade_until(&self, moment: Instant) -> bool {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.try_upgrade_for(until(moment)) }
    }
}

#[cfg(all(test, feature = "check"))]
pub(crate) mod families;
