//! Two locks with an explicit `release`, like Python's, which several hazards are about.
//!
//! Rust's own mutex returns a guard to the thread that takes it, and only the guard releases it; the
//! mistakes that these hazards show cannot be written with it. [`Lock`] has no owner, like
//! `threading.Lock`: any thread may release it. [`RLock`] has one, like `threading.RLock`: its owner may
//! take it again, and a release by any other thread is an error. Both are guarded commands, so every
//! engine runs them, and unlike loom's own mutex their `try` operations report failure (loom#376).

use std::panic::Location;

use crate::backend::fail;
use crate::backend::guarded::Guarded;
use crate::op::{
    Access, Args, Command, Role, State, Synchronization, always, plain, reads, unchanged, writes,
};

/// A lock without an owner: 0 while it is free, else 1.
#[derive(Debug)]
pub(super) struct Lock(Guarded);

/// Releases a [`Lock`] when it is dropped.
#[derive(Debug)]
pub(super) struct Held<'a>(pub(super) &'a Lock);

/// The lock was free, and stays so.
#[derive(Debug)]
pub(super) struct ReleasedFree;

static ACQUIRE: Command = Command {
    name: "acquire",
    role: Role::Await,
    guard: |held, _| held == 0,
    effect: |_, _| 1,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: plain,
};

static TRY_ACQUIRE: Command = Command {
    name: "try_acquire",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: |held, _| if held == 0 { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Acquire,
    show: |held, _| format!("() → {}", held == 0),
};

static LOCKED: Command = Command {
    name: "locked",
    role: Role::Load,
    guard: always,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: |held, _| format!("() → {}", held != 0),
};

static RELEASE: Command = Command {
    name: "release",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 0,
    access: |held, _| if held == 0 { Access::READ } else { Access::WRITE },
    synchronization: Synchronization::Release,
    show: |held, _| if held == 0 { "() of a free lock" } else { "()" }.to_owned(),
};

impl Lock {
    #[track_caller]
    pub(super) fn new() -> Self {
        Lock(Guarded::new("Lock", 0, Location::caller()))
    }

    /// Waits until it is free and takes it.
    #[track_caller]
    pub(super) fn acquire(&self) {
        self.0.perform(&ACQUIRE, [0; 2], Location::caller());
    }

    /// Takes it if it is free.
    #[track_caller]
    pub(super) fn try_acquire(&self) -> bool {
        self.0.perform(&TRY_ACQUIRE, [0; 2], Location::caller()) == 0
    }

    /// Whether it is held at this moment.
    #[track_caller]
    pub(super) fn locked(&self) -> bool {
        self.0.perform(&LOCKED, [0; 2], Location::caller()) != 0
    }

    /// Releases it, whichever thread took it.
    #[track_caller]
    pub(super) fn release(&self) -> Result<(), ReleasedFree> {
        let held = self.0.perform(&RELEASE, [0; 2], Location::caller()) != 0;
        if held { Ok(()) } else { Err(ReleasedFree) }
    }

    /// Takes it if it is free, until the guard is dropped.
    #[track_caller]
    pub(super) fn try_hold(&self) -> Option<Held<'_>> {
        self.try_acquire().then(|| Held(self))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Python raises an error here; a guard's lock is free only if another thread has released it.
        let _ = self.0.release();
    }
}

/// A reentrant lock with an owner: 0 while it is free, else the owner's key and its hold count.
#[derive(Debug)]
pub(super) struct RLock(Guarded);

/// The caller does not hold the lock; nothing has changed.
#[derive(Debug)]
pub(super) struct NotOwner;

/// How many bits of the state are the hold count.
const DEPTH: u32 = 16;

fn owns(state: State, [me, _]: Args) -> bool {
    state != 0 && state >> DEPTH == me
}

static ENTER: Command = Command {
    name: "acquire",
    role: Role::Acquire,
    guard: |state, args| state == 0 || owns(state, args),
    effect: |state, [me, _]| if state == 0 { me << DEPTH | 1 } else { state + 1 },
    access: writes,
    synchronization: Synchronization::Acquire,
    show: |state, _| if state == 0 { "()" } else { "() again" }.to_owned(),
};

static LEAVE: Command = Command {
    name: "release",
    role: Role::Release,
    guard: always,
    effect: |state, args| match state & ((1 << DEPTH) - 1) {
        _ if !owns(state, args) => state,
        1 => 0,
        _ => state - 1,
    },
    access: |state, args| if owns(state, args) { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Release,
    show: |state, args| if owns(state, args) { "()" } else { "() by another thread" }.to_owned(),
};

impl RLock {
    #[track_caller]
    pub(super) fn new() -> Self {
        RLock(Guarded::new("RLock", 0, Location::caller()))
    }

    /// Waits until no other thread holds it and takes it once more.
    #[track_caller]
    pub(super) fn acquire(&self) {
        self.0.perform(&ENTER, [crate::guarded::owner_key(), 0], Location::caller());
    }

    /// Releases it once; the model fails if the caller does not hold it.
    #[track_caller]
    pub(super) fn release(&self) {
        if self.try_release().is_err() {
            fail::not_owner("a lock is released by a thread that does not hold it");
        }
    }

    /// Releases it once, if the caller holds it.
    #[track_caller]
    pub(super) fn try_release(&self) -> Result<(), NotOwner> {
        let args = [crate::guarded::owner_key(), 0];
        let before = self.0.perform(&LEAVE, args, Location::caller());
        if owns(before, args) { Ok(()) } else { Err(NotOwner) }
    }
}

/// The commands above as families.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let lock = [offer!(ACQUIRE), offer!(TRY_ACQUIRE), offer!(LOCKED), offer!(RELEASE)];
    let me = |s: &crate::registry::Seat| [s.me as u64 + 1, 0];
    let reentrant = [offer!(ENTER).args(me).when(|s| s.state & 3 < 3), offer!(LEAVE).args(me)];
    vec![Family::new("lock without an owner", 0, lock), Family::new("lock with an owner", 0, reentrant)]
}
