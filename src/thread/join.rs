//! `std::thread::JoinHandle`, and how a thread begins and ends in each backend.

use std::io;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::Arc;

use super::left::{Slot, leaving_its_result, result_left};
use super::{Builder, Identity, NATIVE, Parker, Thread, ThreadId};
use crate::backend::guarded::Guarded;
use crate::backend::loom_crate as loom;
use crate::backend::loom_limits::{self, Limit};
use crate::backend::loom_recorder;
use crate::backend::native::{self, NativeRun, panic_of};
use crate::op::{
    Command, Role, Site, Synchronization, ThreadId as Index, always, plain, reads, unchanged, writes,
};
use crate::runtime::context::{self, Backend};
use crate::runtime::local_state::{self, Here};
use crate::runtime::panic_hook::{self, SilencedPanics};
use crate::runtime::process_end;
use crate::runtime::session::Cancelled;
use crate::runtime::sharing::given;
use crate::runtime::thread::Joining;

/// The right to wait for a thread and to take its result; see [`std::thread::JoinHandle`].
///
/// # Examples
/// ```
/// let report = raddle::Checker::dfs().check(|| {
///     let child = raddle::thread::spawn(|| panic!("in vain"));
///     assert!(child.join().is_err());
/// });
/// report.expect_verified();
/// ```
pub struct JoinHandle<T> {
    thread: Thread,
    of: Of<T>,
}

// SAFETY: as std's: a handle is made by `spawn` only, which requires the result to be `Send`; the owner of
// the handle gets the result, and sharing the handle gives no access to it.
unsafe impl<T> Send for JoinHandle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for JoinHandle<T> {}

enum Of<T> {
    Native {
        result: Slot<T>,
        done: Arc<Guarded>,
        run: Option<(Arc<NativeRun>, usize)>,
        thread: std::thread::JoinHandle<()>,
    },
    Loom(loom::thread::JoinHandle<T>),
    Model {
        result: Slot<T>,
        index: Index,
    },
    /// A thread that may borrow, in the backend of the inner handle.
    Borrowing {
        result: Slot<T>,
        handle: Box<JoinHandle<()>>,
    },
}

/// Marks a native thread as ended.
static END: Command = Command {
    name: "end",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: writes,
    synchronization: Synchronization::Release,
    show: plain,
};

/// Waits until it has ended.
static JOIN: Command = Command {
    name: "join",
    role: Role::Await,
    guard: |ended, _| ended == 1,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: plain,
};

/// Reads whether it has ended.
static LOOK: Command = Command { name: "is_finished", role: Role::Load, guard: always, ..JOIN };

/// The end of a thread's body, separate from the thread's handle.
pub(super) struct End {
    thread: Thread,
    of: EndOf,
}

enum EndOf {
    Native { done: Arc<Guarded>, run: Option<(Arc<NativeRun>, usize)> },
    Model(Index),
}

impl End {
    /// Waits until the thread's body has returned, and neither returns nor unwinds before. The thread counts
    /// as joined.
    pub(super) fn wait(&self, site: Site) {
        match &self.of {
            EndOf::Native { done, run } => {
                native::without_unwinding(|| done.perform(&JOIN, [0; 2], site));
                if let Some((run, number)) = run {
                    run.joined(*number);
                }
            }
            EndOf::Model(index) => {
                self.thread.in_its_session(site, |session| session.join(*index, site, Joining::EndsScope));
            }
        }
    }
}

impl<T> JoinHandle<T> {
    /// Waits for the thread to end and returns its result.
    ///
    /// # Errors
    /// With the panic's value, if it panicked.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::thread::spawn(|| 7).join().unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        let result = self.join_at(Location::caller());
        if result.as_ref().is_err_and(|payload| payload.is::<Cancelled>()) {
            native::leave_cancelled_run();
        }
        result
    }

    /// Like [`join`](Self::join) of a thread that borrows from the calling one: neither returns nor unwinds
    /// before the thread has ended.
    pub(super) fn join_borrowing(self, site: Site) -> std::thread::Result<T> {
        native::without_unwinding(|| self.join_at(site))
    }

    fn join_at(self, site: Site) -> std::thread::Result<T> {
        match self.of {
            Of::Native { result, done, run, thread } => {
                done.perform(&JOIN, [0; 2], site);
                if let Some((run, number)) = run {
                    run.joined(number);
                }
                // Its thread-locals are dropped after that, and before it is joined. Its panic was caught in
                // the thread.
                let _ = thread.join();
                taken(&result)
            }
            Of::Loom(handle) => {
                let other = handle.thread().id();
                loom_recorder::joins(other, site, || handle.join())
            }
            Of::Model { result, index } => {
                self.thread.in_its_session(site, |session| session.join(index, site, Joining::Joins));
                taken(&result)
            }
            Of::Borrowing { result, handle } => {
                let joined = handle.join_borrowing(site);
                native::leave_cancelled_run();
                result_left(&result, joined)
            }
        }
    }

    /// The end of the thread's body, independent of this handle.
    pub(super) fn end(&self) -> End {
        let of = match &self.of {
            Of::Native { done, run, .. } => EndOf::Native { done: Arc::clone(done), run: run.clone() },
            Of::Model { index, .. } => EndOf::Model(*index),
            Of::Borrowing { handle, .. } => return handle.end(),
            Of::Loom(_) => unreachable!("{}", crate::backend::loom::NO_SCOPE),
        };
        End { thread: self.thread.clone(), of }
    }

    /// Whether the thread has ended; see [`std::thread::JoinHandle::is_finished`].
    ///
    /// A thread has ended when its body has returned; it may still drop its thread-locals. A thread that was
    /// not joined may still be ending at any time. So in a model the result is a choice at each new local
    /// state: either the call waits for the thread to end and returns true, or it returns false. A repeated
    /// call with the same local state waits, and returns false only if no other thread can make progress.
    /// Under loom, which does not report this, it is always false.
    ///
    /// # Examples
    /// ```
    /// let child = raddle::thread::spawn(|| ());
    /// while !child.is_finished() {
    ///     raddle::thread::yield_now();
    /// }
    /// child.join().unwrap();
    /// ```
    #[expect(clippy::inline_always, reason = "its frame is no part of the caller's local state")]
    #[inline(always)]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.is_finished_as_seen_from(&local_state::here())
    }

    #[track_caller]
    pub(super) fn is_finished_as_seen_from(&self, here: &Here) -> bool {
        let site = Location::caller();
        match &self.of {
            Of::Native { done, .. } => done.perform(&LOOK, [0; 2], site) == 1,
            Of::Loom(_) => {
                loom_limits::meet(Limit::IsFinished);
                false
            }
            Of::Model { index, .. } => {
                self.thread.in_its_session(site, |session| session.looks_finished(*index, site, here))
            }
            Of::Borrowing { handle, .. } => handle.is_finished_as_seen_from(here),
        }
    }

    /// The thread.
    ///
    /// # Examples
    /// ```
    /// let child = raddle::thread::spawn(raddle::thread::park);
    /// child.thread().unpark();
    /// child.join().unwrap();
    /// ```
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

impl<T> std::fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinHandle").field("thread", &self.thread).finish_non_exhaustive()
    }
}

/// The result of a thread that has ended. `Err` if it was unwound with its execution.
fn taken<T>(result: &Slot<T>) -> std::thread::Result<T> {
    result.take().unwrap_or_else(|| Err(Box::new(Cancelled)))
}

impl<T: Send + 'static> JoinHandle<T> {
    /// Spawns a thread in the backend of the calling one.
    #[track_caller]
    pub(super) fn spawn<F>(f: F, as_said: Builder) -> io::Result<Self>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        Self::spawn_given(f, as_said, given::<F, T>(false))
    }

    /// As above; `given` is whether the thread was given something by which it could share state.
    #[track_caller]
    pub(super) fn spawn_given<F>(f: F, as_said: Builder, given: bool) -> io::Result<Self>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        named_as_the_system_can(as_said.name.as_deref());
        match context::backend() {
            Backend::Native => spawn_natively(f, as_said, Location::caller()),
            Backend::Loom => {
                let site = Location::caller();
                loom_recorder::sharing(|sharing| sharing.spawns(given, site));
                let mut builder = loom::thread::Builder::new();
                if let Some(name) = as_said.name {
                    builder = builder.name(name);
                }
                let handle = builder.spawn(move || {
                    let result = f();
                    loom_recorder::finished();
                    result
                })?;
                let child = handle.thread();
                loom_recorder::spawned(child.id(), child.name().map(str::to_owned), Location::caller());
                Ok(JoinHandle { thread: Thread::of_loom(handle.thread().clone()), of: Of::Loom(handle) })
            }
            Backend::Model => {
                let site = Location::caller();
                context::session(|session| session.execution.borrow_mut().sharing.spawns(given, site));
                spawn_in_model(f, as_said)
            }
        }
    }
}

impl<T: Send> JoinHandle<T> {
    /// Spawns a thread that may borrow.
    ///
    /// # Safety
    /// What it borrows outlives the thread.
    #[track_caller]
    pub(super) unsafe fn spawn_borrowing<F>(f: F, as_said: Builder) -> io::Result<Self>
    where
        F: FnOnce() -> T + Send,
    {
        assert!(context::backend() != Backend::Loom, "{}", crate::backend::loom::NO_SCOPE);
        let (body, result) = leaving_its_result(f);
        // SAFETY: as the caller promises. If an execution is unwound as a whole, its threads are unwound from
        // the newest to the oldest, so this one before the thread that it borrows from.
        let body: Box<dyn FnOnce() + Send + 'static> = unsafe { std::mem::transmute(body) };
        let handle = Box::new(JoinHandle::spawn_given(body, as_said, given::<F, T>(true))?);
        Ok(JoinHandle { thread: handle.thread().clone(), of: Of::Borrowing { result, handle } })
    }
}

/// Panics as std does if the system does not allow such a thread name.
#[track_caller]
fn named_as_the_system_can(name: Option<&str>) {
    assert!(!name.is_some_and(|name| name.contains('\0')), "thread name may not contain interior null bytes");
}

#[track_caller]
fn spawn_in_model<T: 'static>(
    f: impl FnOnce() -> T + 'static,
    Builder { name, stack_size }: Builder,
) -> io::Result<JoinHandle<T>> {
    let result: Slot<T> = Arc::default();
    let slot = Arc::clone(&result);
    let body = move || match panic::catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => slot.put(Ok(value)),
        Err(payload) if payload.is::<Cancelled>() => panic::resume_unwind(payload),
        Err(payload) => {
            context::session(|session| session.note_panic(panic_hook::describe(&*payload)));
            slot.put(Err(payload));
        }
    };
    let site = Location::caller();
    let index = context::session(|session| session.spawn((name, stack_size), body, site))?;
    Ok(JoinHandle { thread: Thread::in_model(index), of: Of::Model { result, index } })
}

fn spawn_natively<F, T>(f: F, Builder { name, stack_size }: Builder, site: Site) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let result: Slot<T> = Arc::default();
    let done = Arc::new(Guarded::new("Thread", 0, site));
    let parker = Arc::new(Guarded::new("Parker", 0, site));
    let run = native::current_run().map(|run| {
        let number = run.begin_thread();
        (run, number)
    });
    let (slot, ended, inside, own) =
        (Arc::clone(&result), Arc::clone(&done), run.clone(), Arc::clone(&parker));
    let mut builder = std::thread::Builder::new();
    if let Some(name) = &name {
        builder = builder.name(name.clone());
    }
    if let Some(size) = stack_size {
        builder = builder.stack_size(size);
    }
    let spawned = builder.spawn(move || {
        let _quiet = inside.as_ref().map(|_| SilencedPanics::begin());
        if inside.is_some() {
            process_end::watch_this_stack();
        }
        native::join_run(inside.as_ref().map(|(run, _)| Arc::clone(run)));
        let current = std::thread::current();
        NATIVE.with(|thread| {
            *thread.borrow_mut() = Some(Thread {
                id: ThreadId(Identity::Native(current.id())),
                name: current.name().map(Arc::from),
                parker: Parker::Native(own),
            });
        });
        let outcome = panic::catch_unwind(AssertUnwindSafe(f));
        let panicked = inside.as_ref().and_then(|_| panic_of(&outcome));
        slot.put(outcome);
        // If this is the only reference to the result, it is dropped now, while the run still goes on.
        drop(slot);
        // Recorded before the end is, because a thread that joins then marks the panic as taken.
        if let (Some((run, number)), Some(panicked)) = (&inside, panicked) {
            run.panicked(*number, panicked);
        }
        ended.perform(&END, [0; 2], site);
        native::join_run(None);
        if let Some((run, _)) = inside {
            run.end_thread();
        }
    });
    let handle = match spawned {
        Ok(handle) => handle,
        Err(error) => {
            if let Some((run, _)) = run {
                run.end_thread();
            }
            return Err(error);
        }
    };
    let thread = Thread {
        id: ThreadId(Identity::Native(handle.thread().id())),
        name: name.map(Arc::from),
        parker: Parker::Native(parker),
    };
    Ok(JoinHandle { thread, of: Of::Native { result, done, run, thread: handle } })
}

/// The commands above as a family: thread 0 ends, the others wait.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let offers = [
        offer!(END).when(|s| s.me == 0 && s.hold == 0).then(|_| 1),
        offer!(JOIN).when(|s| s.me > 0),
        offer!(LOOK).when(|s| s.me > 0),
    ];
    vec![Family::new("end of a native thread", 0, offers)]
}
