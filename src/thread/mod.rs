//! `std::thread`.

mod builder;
mod join;
mod left;
mod local;
mod parking;
mod scope;
mod sleep;

use std::num::NonZero;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

pub use std::thread::{Result, panicking};

#[doc(inline)]
pub use crate::__raddle_thread_local as thread_local;

pub use builder::Builder;
pub use join::JoinHandle;
pub use local::{AccessError, LocalKey};
pub use scope::{Scope, ScopedJoinHandle, scope};
pub use sleep::sleep;
#[allow(deprecated)] // As std's is.
pub use sleep::sleep_ms;

use parking::{PARK, PARK_IN_VAIN, UNPARK};

use crate::backend::guarded::Guarded;
use crate::backend::loom_crate as loom;
use crate::backend::loom_limits::{self, Limit};
use crate::backend::loom_recorder;
use crate::op::{Op, Site, Synchronization, ThreadId as Index};
use crate::runtime::context::{self, Backend};
use crate::runtime::local_state;
use crate::runtime::object::ModelObject;
use crate::runtime::session::{Patience, Session};
use crate::runtime::sharing::Sharing;
use crate::runtime::thread::Choosing;

/// Spawns a thread; see [`std::thread::spawn`].
///
/// A check whose model has more than 4,096 threads in one execution is inconclusive, and so is a loom check
/// of a model with more threads than loom supports.
///
/// # Examples
/// ```
/// let report = raddle::Checker::dfs().check(|| {
///     assert_eq!(raddle::thread::spawn(|| 7).join().unwrap(), 7);
/// });
/// report.expect_verified();
/// ```
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    JoinHandle::spawn(f, Builder::new()).expect("failed to spawn thread")
}

/// Lets other threads run first; see [`std::thread::yield_now`].
///
/// In a model this means, like [`crate::hint::spin_loop`], that the thread waits for another thread's write.
///
/// # Examples
/// ```
/// raddle::thread::yield_now();
/// ```
#[expect(clippy::inline_always, reason = "its frame is no part of the caller's local state")]
#[inline(always)]
#[track_caller]
pub fn yield_now() {
    match context::backend() {
        Backend::Native => std::thread::yield_now(),
        Backend::Loom => loom_recorder::goes_on_after(loom::thread::yield_now),
        Backend::Model => {
            let (site, here) = (Location::caller(), local_state::here());
            context::session(|session| session.yield_now(site, &here));
        }
    }
}

/// A thread; see [`std::thread::Thread`].
///
/// # Examples
/// ```
/// let report = raddle::Checker::dfs().check(|| {
///     let handle = raddle::thread::spawn(raddle::thread::park);
///     handle.thread().unpark();
///     handle.join().unwrap();
/// });
/// report.expect_verified();
/// ```
#[derive(Clone, Debug)]
pub struct Thread {
    id: ThreadId,
    name: Option<Arc<str>>,
    parker: Parker,
}

impl UnwindSafe for Thread {}
impl RefUnwindSafe for Thread {}

/// Identifies a thread; see [`std::thread::ThreadId`].
///
/// # Examples
/// ```
/// assert_eq!(raddle::thread::current().id(), raddle::thread::current().id());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ThreadId(Identity);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Identity {
    Native(std::thread::ThreadId),
    Loom(loom::thread::ThreadId),
    Model(u32),
}

/// The object on which a thread parks.
#[derive(Clone, Debug)]
enum Parker {
    /// Shared by all [`Thread`]s of it.
    Native(Arc<Guarded>),
    Loom(loom::thread::Thread),
    Model(ModelObject),
}

std::thread_local! {
    /// The native thread's own handle, made on first use, or by the thread that spawned it.
    static NATIVE: std::cell::RefCell<Option<Thread>> = const { std::cell::RefCell::new(None) };
}

impl Thread {
    /// The thread's id.
    ///
    /// # Examples
    /// ```
    /// assert_ne!(raddle::thread::spawn(|| ()).thread().id(), raddle::thread::current().id());
    /// ```
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Its name, if it was given one.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::thread::spawn(|| ()).thread().name(), None);
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Lets the thread return from [`park`], now or when it parks next.
    ///
    /// # Examples
    /// ```
    /// raddle::thread::current().unpark();
    /// raddle::thread::park();
    /// ```
    #[track_caller]
    pub fn unpark(&self) {
        let site = Location::caller();
        match &self.parker {
            Parker::Native(parker) => {
                parker.perform(&UNPARK, [0; 2], site);
            }
            Parker::Loom(thread) => {
                loom_recorder::sharing(Sharing::meets);
                thread.unpark();
            }
            Parker::Model(parker) => _ = parker.perform(&UNPARK, [0; 2], Synchronization::Release, site),
        }
    }

    /// Calls `f` with the session of the execution that the thread is part of.
    ///
    /// # Panics
    /// If the caller is not inside that execution.
    fn in_its_session<R>(&self, site: Site, f: impl FnOnce(&Session) -> R) -> R {
        match &self.parker {
            Parker::Model(parker) => parker.with(site, f),
            Parker::Native(_) | Parker::Loom(_) => unreachable!("a thread of a model"),
        }
    }

    fn in_model(index: Index) -> Thread {
        let (name, parker) = context::session(|session| {
            let execution = session.execution.borrow();
            let thread = execution.thread(index);
            let name = if index == Index::MAIN { Some("main") } else { thread.name.as_deref() };
            (name.map(Arc::from), thread.parker.expect("a thread is born with its parker"))
        });
        let id = ThreadId(Identity::Model(index.0));
        Thread { id, name, parker: Parker::Model(ModelObject::made(parker)) }
    }

    #[track_caller]
    fn native(thread: &std::thread::Thread) -> Thread {
        Thread {
            id: ThreadId(Identity::Native(thread.id())),
            name: thread.name().map(Arc::from),
            parker: Parker::Native(Arc::new(Guarded::new("Parker", 0, Location::caller()))),
        }
    }

    fn of_loom(thread: loom::thread::Thread) -> Thread {
        Thread {
            id: ThreadId(Identity::Loom(thread.id())),
            name: thread.name().map(Arc::from),
            parker: Parker::Loom(thread),
        }
    }
}

/// The calling thread; see [`std::thread::current`].
///
/// # Examples
/// ```
/// let name = raddle::thread::Builder::new().name("worker".into());
/// let child = name.spawn(|| raddle::thread::current().name().map(str::to_owned)).unwrap();
/// assert_eq!(child.join().unwrap().as_deref(), Some("worker"));
/// ```
#[track_caller]
pub fn current() -> Thread {
    match context::backend() {
        Backend::Native => NATIVE.with(|thread| {
            thread.borrow_mut().get_or_insert_with(|| Thread::native(&std::thread::current())).clone()
        }),
        Backend::Loom => Thread::of_loom(loom::thread::current()),
        Backend::Model => Thread::in_model(context::session(Session::me)),
    }
}

/// Waits until the calling thread is unparked; see [`std::thread::park`]. It may also return without that.
///
/// # Examples
/// ```
/// raddle::thread::current().unpark();
/// raddle::thread::park();
/// ```
#[track_caller]
pub fn park() {
    let site = Location::caller();
    match current().parker {
        Parker::Native(parker) => {
            parker.perform(&PARK, [0; 2], site);
        }
        Parker::Loom(_) => {
            loom_limits::meet(Limit::SpuriousWakeup);
            loom_recorder::goes_on_after(loom::thread::park);
        }
        Parker::Model(parker) => context::session(|session| {
            let in_vain = session.happens(Choosing::SpuriousWakeup, site);
            let command = if in_vain { &PARK_IN_VAIN } else { &PARK };
            session.perform_on(parker.id, command, Synchronization::Acquire, site);
        }),
    }
}

/// Waits until the calling thread is unparked, for no longer than `timeout`; see
/// [`std::thread::park_timeout`]. In a model the timeout may fire early, and fires when nothing else can
/// move, and like [`park`] it may return spuriously; under loom the timeout never fires.
///
/// # Examples
/// ```
/// raddle::thread::park_timeout(std::time::Duration::from_millis(1));
/// ```
#[track_caller]
pub fn park_timeout(timeout: Duration) {
    let site = Location::caller();
    match current().parker {
        Parker::Native(parker) => {
            parker.perform_within((&PARK, &PARK_IN_VAIN), [0; 2], timeout, site, |_| ());
        }
        Parker::Loom(_) => {
            loom_limits::meet(Limit::SpuriousWakeup);
            loom_limits::meet(Limit::Timeout);
            loom_recorder::goes_on_after(loom::thread::park);
        }
        Parker::Model(parker) => context::session(|session| {
            let object = parker.id;
            let synchronization = Synchronization::Acquire;
            let op = Op {
                command: &PARK,
                object,
                args: [0; 2],
                synchronization,
                on_failure: synchronization,
                site,
            };
            let in_vain = !timeout.is_zero() && session.happens(Choosing::SpuriousWakeup, site);
            let patience = if in_vain { Patience::Over } else { session.gives_up_early(timeout, site) };
            let tokens = match patience {
                Patience::Over => None,
                Patience::Until(nanoseconds) => session.perform_within(op, nanoseconds),
                Patience::Endless => Some(session.perform(op)),
            };
            if tokens.is_none() {
                session.perform_on(object, &PARK_IN_VAIN, synchronization, site);
            }
        }),
    }
}

/// Like [`park_timeout`], in milliseconds.
///
/// # Examples
/// ```
/// # #![allow(deprecated)]
/// raddle::thread::park_timeout_ms(1);
/// ```
#[deprecated(note = "use `park_timeout`, as with std's")]
#[track_caller]
pub fn park_timeout_ms(milliseconds: u32) {
    park_timeout(Duration::from_millis(milliseconds.into()));
}

/// How many threads a model believes that the machine runs at once: so many on every machine, for a
/// model must not depend on the one that it is checked on.
const PARALLELISM: NonZero<usize> = NonZero::new(2).expect("2 is not 0");

/// How many threads the machine runs at once; see [`std::thread::available_parallelism`]. In a model
/// that is 2.
///
/// # Errors
/// As std's.
///
/// # Examples
/// ```
/// assert!(raddle::thread::available_parallelism().unwrap().get() >= 1);
/// ```
pub fn available_parallelism() -> std::io::Result<NonZero<usize>> {
    match context::backend() {
        Backend::Native => std::thread::available_parallelism(),
        Backend::Loom | Backend::Model => Ok(PARALLELISM),
    }
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    join::families()
        .into_iter()
        .chain(scope::families())
        .chain(parking::families())
        .chain(sleep::families())
        .collect()
}
