//! `std::thread::scope`.
//!
//! As std's, a scope ends when the body of each of its threads has returned and when the handle of each is
//! joined or dropped. It does not wait for the destructors of their thread-locals, which `join` does.

use std::any::Any;
use std::io;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::join::End;
use super::left::{Slot, leaving_its_result, result_left};
use super::{Builder, JoinHandle};
use crate::backend::guarded::Guarded;
use crate::backend::native;
use crate::op::{Command, Role, Site, Synchronization, plain, reads, unchanged};
use crate::runtime::context::{self, Backend};
use crate::runtime::local_state::{self, Here};
use crate::runtime::sharing::given;

/// A scope for threads that may borrow from outside; see [`std::thread::Scope`].
///
/// # Examples
/// ```
/// use raddle::thread::{Scope, scope};
/// fn add<'scope>(scope: &'scope Scope<'scope, '_>, to: &'scope mut i32) {
///     scope.spawn(|| *to += 1);
/// }
/// let mut n = 6;
/// scope(|scope| add(scope, &mut n));
/// assert_eq!(n, 7);
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    children: Mutex<Vec<Child>>,
    handles: Arc<AtomicUsize>,
    lifetime: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl std::fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// A thread of a scope.
struct Child {
    end: End,
    /// True if it has panicked and was not joined.
    panicked: Arc<AtomicBool>,
}

/// One of a scope's handles, counted.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one_more(handles: &Arc<AtomicUsize>) -> Self {
        handles.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(handles))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until no handle is left, for ever if a handle was leaked: it is never dropped. So does std's scope.
static NO_HANDLE: Command = Command {
    name: "scope",
    role: Role::Await,
    guard: |left, _| left == 0,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Nothing,
    show: plain,
};

/// The right to wait for a scoped thread; see [`std::thread::ScopedJoinHandle`].
///
/// # Examples
/// ```
/// raddle::thread::scope(|scope| {
///     let child = scope.spawn(|| 7);
///     let child: raddle::thread::ScopedJoinHandle<'_, i32> = child;
///     assert_eq!(child.join().unwrap(), 7);
/// });
/// ```
#[derive(Debug)]
pub struct ScopedJoinHandle<'scope, T> {
    handle: JoinHandle<()>,
    result: Slot<T>,
    panicked: Arc<AtomicBool>,
    /// Dropped after the result.
    counted: Counted,
    scope: PhantomData<&'scope ()>,
    /// Like std's, a handle must not be used after a panic.
    not_unwind_safe: PhantomData<&'static mut (dyn Any + Send + Sync)>,
}

/// Spawns threads that may borrow from the caller, and waits for all of them; see
/// [`std::thread::scope`].
///
/// # Panics
/// If one of the threads panicked and was not joined; and under loom, which unwinds the threads of
/// a failed execution in an order in which borrowing would not be safe.
///
/// # Examples
/// ```
/// use raddle::{Checker, sync::atomic::{AtomicUsize, Ordering}, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let n = AtomicUsize::new(0);
///     thread::scope(|s| {
///         s.spawn(|| n.fetch_add(1, Ordering::Relaxed));
///         s.spawn(|| n.fetch_add(1, Ordering::Relaxed));
///     });
///     assert_eq!(n.load(Ordering::Relaxed), 2);
/// });
/// report.expect_verified();
/// ```
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    assert!(context::backend() != Backend::Loom, "{}", crate::backend::loom::NO_SCOPE);
    let site = Location::caller();
    let (children, handles) = (Mutex::default(), Arc::default());
    let scope = Scope { children, handles, lifetime: PhantomData, env: PhantomData };
    let result = panic::catch_unwind(AssertUnwindSafe(|| f(&scope)));
    let panicked = scope.end(site);
    match result {
        Err(payload) => panic::resume_unwind(payload),
        Ok(_) if panicked => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a thread.
    ///
    /// # Examples
    /// ```
    /// raddle::thread::scope(|scope| {
    ///     let child = scope.spawn(|| 7);
    ///     assert_eq!(child.join().unwrap(), 7);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_as(f, Builder::new()).expect("failed to spawn thread")
    }

    /// Spawns a thread as configured by the builder.
    #[track_caller]
    pub(super) fn spawn_as<F, T>(
        &'scope self,
        f: F,
        builder: Builder,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let (body, result) = leaving_its_result(f);
        let panicked = Arc::new(AtomicBool::new(false));
        let unasked = Arc::clone(&panicked);
        let body = Box::new(move || {
            let outcome = panic::catch_unwind(AssertUnwindSafe(body));
            if let Err(payload) = outcome {
                unasked.store(true, Ordering::SeqCst);
                panic::resume_unwind(payload);
            }
        });
        let body: Box<dyn FnOnce() + Send + 'scope> = body;
        // SAFETY: `scope` does not return, by a value or by unwinding, before the body of every thread that
        // was spawned in it has returned: `end` waits for them. If an execution is unwound as a whole, its
        // threads are unwound from the newest to the oldest, so this one before `scope`.
        let body: Box<dyn FnOnce() + Send + 'static> = unsafe { std::mem::transmute(body) };
        let handle = JoinHandle::spawn_given(body, builder, given::<F, T>(true))?;
        let child = Child { end: handle.end(), panicked: Arc::clone(&panicked) };
        self.children.lock().unwrap_or_else(PoisonError::into_inner).push(child);
        let counted = Counted::one_more(&self.handles);
        let (scope, not_unwind_safe) = (PhantomData, PhantomData);
        Ok(ScopedJoinHandle { handle, result, panicked, counted, scope, not_unwind_safe })
    }

    /// Waits for every thread; returns whether one has panicked and was not joined.
    fn end(&self, site: Site) -> bool {
        let mut ended = Vec::new();
        // Threads of the scope may spawn others.
        while let Some(child) = self.next_child() {
            child.end.wait(site);
            ended.push(child.panicked);
        }
        native::leave_cancelled_run();
        let left = self.handles.load(Ordering::SeqCst);
        if left > 0 {
            Guarded::new("Scope", left as u64, site).perform(&NO_HANDLE, [0; 2], site);
        }
        ended.iter().any(|panicked| panicked.load(Ordering::SeqCst))
    }

    fn next_child(&self) -> Option<Child> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end and returns its result.
    ///
    /// # Errors
    /// With the panic's value, if it panicked.
    ///
    /// # Examples
    /// ```
    /// raddle::thread::scope(|scope| {
    ///     let child = scope.spawn(|| 7);
    ///     assert_eq!(child.join().unwrap(), 7);
    /// });
    /// ```
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        let ScopedJoinHandle { handle, result, panicked, counted, .. } = self;
        let joined = handle.join_borrowing(Location::caller());
        native::leave_cancelled_run();
        panicked.store(false, Ordering::SeqCst);
        let result = result_left(&result, joined);
        drop(counted);
        result
    }

    /// Whether the thread has ended; see [`JoinHandle::is_finished`].
    ///
    /// # Examples
    /// ```
    /// raddle::thread::scope(|scope| {
    ///     let child = scope.spawn(|| 7);
    ///     while !child.is_finished() {
    ///         raddle::thread::yield_now();
    ///     }
    /// });
    /// ```
    #[expect(clippy::inline_always, reason = "its frame is no part of the caller's local state")]
    #[inline(always)]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.is_finished_as_seen_from(&local_state::here())
    }

    #[track_caller]
    fn is_finished_as_seen_from(&self, here: &Here) -> bool {
        self.handle.is_finished_as_seen_from(here)
    }

    /// The thread.
    ///
    /// # Examples
    /// ```
    /// raddle::thread::scope(|scope| {
    ///     let child = scope.spawn(|| 7);
    ///     assert!(child.thread().name().is_none());
    /// });
    /// ```
    pub fn thread(&self) -> &super::Thread {
        self.handle.thread()
    }
}

/// The command above as a family.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    vec![Family::new("handles of a scope", 0, [offer!(NO_HANDLE)])]
}
