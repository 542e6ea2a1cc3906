//! `std::sync::RwLock`, with poisoning by writers.
//!
//! std promises no policy: a writer that waits for readers to leave may or may not keep other readers out.
//! Its own implementations do (a bit of the futex, a queue elsewhere), so that a thread which reads twice, or
//! two readers of which one waits for the other, can deadlock; and `try_read` fails meanwhile. A platform's
//! lock that prefers readers does not. Both are explored, read by read:
//!
//! * `write` behind readers is two steps. The first registers the writer as waiting, in a bit of the lock's
//!   word; the second takes the lock once it is free. If no reader is inside, one step takes the lock.
//! * `read` and `try_read` while a writer waits have two alternatives: inside, or behind the writer, which
//!   for `try_read` means to fail. A reader behind a writer goes on when no writer waits or is inside.
//!
//! The alternative is one of the step itself, like the waiter of a notification. Whether there are two
//! depends on the lock's two bits only, and readers, which commute with each other, change neither. A choice
//! before the step would be made without having read the state, and would cost an execution where no writer
//! waits; a choice after it would let a writer in between that invalidates it.
//!
//! The registration is a step of its own because other readers notice it: it conflicts with them. That it
//! always happens is no restriction, since readers may pass a waiting writer; a lock without that bit behaves
//! as one whose readers all pass. One bit is enough for several writers: what readers may do does not depend
//! on how many wait, so while the bit is set and readers are inside another writer's step would change
//! nothing, and it is not enabled. When the lock is free another thread may take it before the writer that
//! registered, as with std's.
//!
//! What it can still miss: a `try_read` that fails because a writer waits for a *writer* that is just leaving
//! is explored as one that fails because the second writer is inside already. A reader that stays behind one
//! writer stays behind the next, too, if that one registers before the reader has gone on.

mod guards;

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

pub use guards::{RwLockReadGuard, RwLockWriteGuard};

use crate::backend::guarded::Guarded;
use crate::backend::loom_crate as loom;
use crate::backend::loom_limits::{self, Limit};
use crate::backend::loom_recorder::Recorded;
use crate::op::{Command, Site, State};
use crate::runtime::context::{self, Backend};
use crate::sync::commands::{
    READ, READ_BEHIND, TRY_READ, TRY_WRITE, WRITE, WRITE_AFTER, WRITER, writer_enters,
};
use crate::sync::poison::{self, Flag};
use crate::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// A reader-writer lock with std's interface; see [`std::sync::RwLock`].
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::{Arc, RwLock}, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let pair = Arc::new(RwLock::new((0, 0)));
///     let other = Arc::clone(&pair);
///     let child = thread::spawn(move || {
///         let mut pair = other.write().unwrap();
///         pair.0 += 1;
///         pair.1 += 1;
///     });
///     let seen = *pair.read().unwrap();
///     assert_eq!(seen.0, seen.1);
///     child.join().unwrap();
/// });
/// report.expect_verified();
/// ```
pub struct RwLock<T: ?Sized> {
    raw: Raw,
    data: UnsafeCell<T>,
}

#[derive(Debug)]
enum Raw {
    Guarded(Guarded),
    Loom(Box<loom::sync::RwLock<()>>, Recorded, Flag),
}

impl Raw {
    /// Whether the lock is poisoned, for a caller with exclusive access.
    fn poisoned(&self) -> bool {
        match self {
            Raw::Guarded(guarded) => poison::is_in(guarded.peek()),
            Raw::Loom(.., poison) => poison.get(),
        }
    }

    /// Whether the lock is used in the execution that made it: outside that, it has no state.
    fn can_be_seen(&self) -> bool {
        !matches!(self, Raw::Guarded(guarded) if guarded.model().is_some_and(|object| !object.is_here()))
    }
}

// SAFETY: as for std's: shared access needs a shared lock, exclusive access the exclusive one.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as above; several readers may read at once, hence `Sync`.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}
impl<T: ?Sized> UnwindSafe for RwLock<T> {}
impl<T: ?Sized> RefUnwindSafe for RwLock<T> {}

impl<T> RwLock<T> {
    /// Makes an unlocked lock.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(*raddle::sync::RwLock::new(7).read().unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn new(data: T) -> Self {
        let site = Location::caller();
        let raw = match context::backend() {
            Backend::Loom => {
                let recorded = Recorded::new("RwLock", 0, site);
                Raw::Loom(Box::new(loom::sync::RwLock::new(())), recorded, Flag::new())
            }
            _ => Raw::Guarded(Guarded::new("RwLock", 0, site)),
        };
        RwLock { raw, data: UnsafeCell::new(data) }
    }

    /// The data; takes the lock by value.
    ///
    /// # Errors
    /// If a writer panicked.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::sync::RwLock::new(7).into_inner().unwrap(), 7);
    /// ```
    pub fn into_inner(self) -> LockResult<T> {
        poison::result(self.raw.poisoned(), self.data.into_inner())
    }
}

/// `None` if the lock was not taken, else loom's guard, if there is one, and whether the lock is poisoned.
type Taken<G> = Option<(Option<G>, bool)>;

/// Takes the lock: raddle's by `guarded`, which returns the state before if the lock was taken; loom's by
/// `on_loom`.
fn take<'a, G>(
    raw: &'a Raw,
    command: &'static Command,
    guarded: impl FnOnce(&Guarded) -> Option<State>,
    on_loom: impl FnOnce(&'a loom::sync::RwLock<()>) -> Option<G>,
    site: Site,
) -> Taken<G> {
    match raw {
        Raw::Guarded(lock) => guarded(lock).map(|before| (None, poison::found(lock, before, site))),
        Raw::Loom(lock, recorded, poison) => {
            recorded.check(site);
            recorded.awaits(command, [0; 2], site);
            let taken = on_loom(lock);
            // A state in which the command would have had that result.
            let before = if taken.is_some() { 0 } else { WRITER };
            recorded.did(command, [0; 2], before, command.synchronization, site);
            taken.map(|guard| (Some(guard), poison.get()))
        }
    }
}

/// The guard of loom's lock, ignoring poison.
fn owned<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// The result of an attempt at loom's lock, ignoring poison.
fn tried<G>(result: Result<G, std::sync::TryLockError<G>>) -> Option<G> {
    loom_limits::meet(Limit::TryLock);
    match result {
        Ok(guard) => Some(guard),
        Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(std::sync::TryLockError::WouldBlock) => None,
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer holds the lock and shares it. While a writer waits for readers to leave, this
    /// may wait for that writer too, as std's may, so a thread that reads twice can deadlock.
    ///
    /// # Errors
    /// If a writer panicked; the guard is inside.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::RwLock;
    /// let lock = RwLock::new(7);
    /// assert_eq!(*lock.read().unwrap() + *lock.read().unwrap(), 14);
    /// ```
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let on_loom = |lock| Some(owned(loom::sync::RwLock::read(lock)));
        let enters = |lock: &Guarded| {
            let at_once = lock.perform_either_way(&READ, site);
            at_once.or_else(|| Some(lock.perform(&READ_BEHIND, [0; 2], site)))
        };
        let (loom, poisoned) = take(&self.raw, &READ, enters, on_loom, site).unwrap_or((None, false));
        poison::result(poisoned, RwLockReadGuard { lock: self, loom, site, not_send: PhantomData })
    }

    /// Shares the lock if no writer holds it.
    ///
    /// # Errors
    /// If a writer holds it, possibly if one waits for readers to leave, or if one panicked.
    ///
    /// # Examples
    /// ```
    /// let lock = raddle::sync::RwLock::new(());
    /// let writer = lock.write().unwrap();
    /// assert!(lock.try_read().is_err());
    /// # drop(writer);
    /// ```
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let enters = |lock: &Guarded| lock.perform_either_way(&TRY_READ, site);
        let taken = take(&self.raw, &TRY_READ, enters, |lock| tried(lock.try_read()), site);
        let (loom, poisoned) = taken.ok_or(TryLockError::WouldBlock)?;
        let guard = RwLockReadGuard { lock: self, loom, site, not_send: PhantomData };
        poison::result(poisoned, guard).map_err(TryLockError::Poisoned)
    }

    /// Waits until the lock is free and takes it.
    ///
    /// # Errors
    /// If a writer panicked; the guard is inside.
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::RwLock;
    /// let lock = RwLock::new(7);
    /// *lock.write().unwrap() += 1;
    /// assert_eq!(lock.into_inner().unwrap(), 8);
    /// ```
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let on_loom = |lock| Some(owned(loom::sync::RwLock::write(lock)));
        let enters = |lock: &Guarded| {
            let before = lock.perform(&WRITE, [0; 2], site);
            let waits = !writer_enters(before);
            Some(if waits { lock.perform(&WRITE_AFTER, [0; 2], site) } else { before })
        };
        let (loom, poisoned) = take(&self.raw, &WRITE, enters, on_loom, site).unwrap_or((None, false));
        poison::result(poisoned, self.writer(loom, site))
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// If it is held, or if a writer panicked.
    ///
    /// # Examples
    /// ```
    /// let lock = raddle::sync::RwLock::new(());
    /// let reader = lock.read().unwrap();
    /// assert!(lock.try_write().is_err());
    /// # drop(reader);
    /// ```
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let enters = |lock: &Guarded| {
            let before = lock.perform(&TRY_WRITE, [0; 2], site);
            writer_enters(before).then_some(before)
        };
        let taken = take(&self.raw, &TRY_WRITE, enters, |lock| tried(lock.try_write()), site);
        let (loom, poisoned) = taken.ok_or(TryLockError::WouldBlock)?;
        poison::result(poisoned, self.writer(loom, site)).map_err(TryLockError::Poisoned)
    }

    fn writer<'a>(
        &'a self,
        loom: Option<loom::sync::RwLockWriteGuard<'a, ()>>,
        site: Site,
    ) -> RwLockWriteGuard<'a, T> {
        let panicking = std::thread::panicking();
        RwLockWriteGuard { lock: self, panicking, loom, site, not_send: PhantomData }
    }

    /// Whether a writer panicked.
    ///
    /// # Examples
    /// ```
    /// assert!(!raddle::sync::RwLock::new(()).is_poisoned());
    /// ```
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        match &self.raw {
            Raw::Guarded(guarded) => poison::look(guarded, Location::caller()),
            Raw::Loom(.., poison) => poison.get(),
        }
    }

    /// Clears the poison.
    ///
    /// # Examples
    /// ```
    /// raddle::sync::RwLock::new(()).clear_poison();
    /// ```
    #[track_caller]
    pub fn clear_poison(&self) {
        match &self.raw {
            Raw::Guarded(guarded) => poison::clear(guarded, Location::caller()),
            Raw::Loom(.., poison) => poison.clear(),
        }
    }

    /// The data, by exclusive borrow, without locking.
    ///
    /// # Errors
    /// If a writer panicked.
    ///
    /// # Examples
    /// ```
    /// let mut lock = raddle::sync::RwLock::new(1);
    /// *lock.get_mut().unwrap() = 2;
    /// ```
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        poison::result(self.raw.poisoned(), self.data.get_mut())
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        if self.raw.can_be_seen() {
            shown.field("poisoned", &self.raw.poisoned());
        }
        shown.finish_non_exhaustive()
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(data: T) -> Self {
        RwLock::new(data)
    }
}
