//! `std::thread::scope`.

use std::any::Any;
use std::io;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::{Arc, Mutex, PoisonError};

use super::left::{Slot, leaving_its_result, result_left};
use super::{Builder, JoinHandle};
use crate::engine::native;
use crate::op::Site;
use crate::rt::context::{self, Arm};
use crate::rt::local_state::{self, Here};
use crate::rt::sharing::given;

/// Where threads may be spawned that borrow from outside; see [`std::thread::Scope`].
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
#[derive(Debug)]
pub struct Scope<'scope, 'env: 'scope> {
    /// The handles of threads that nobody has joined yet.
    unjoined: Arc<Mutex<Vec<Handle>>>,
    lifetime: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// A thread's handle until somebody joins it.
type Handle = Arc<Mutex<Option<JoinHandle<()>>>>;

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
    handle: Handle,
    thread: super::Thread,
    result: Slot<T>,
    scope: PhantomData<&'scope ()>,
    /// Like std's, a handle is not to be looked at after a panic.
    not_unwind_safe: PhantomData<&'static mut (dyn Any + Send + Sync)>,
}

/// Spawns threads that may borrow from the caller, and waits for all of them; see
/// [`std::thread::scope`].
///
/// # Panics
/// If one of the threads panicked and nobody joined it; and under loom, which unwinds the threads of
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
    assert!(context::arm() != Arm::Loom, "{}", crate::engine::loom::NO_SCOPE);
    let site = Location::caller();
    let scope = Scope { unjoined: Arc::default(), lifetime: PhantomData, env: PhantomData };
    let result = panic::catch_unwind(AssertUnwindSafe(|| f(&scope)));
    let panicked = scope.join_all(site);
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

    /// Spawns a thread as the builder says.
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
        // SAFETY: `scope` does not return, by a value or by unwinding, before every thread that was
        // spawned in it has ended: `join_all` waits for them. Where an execution is unwound as a
        // whole, its threads are unwound from the newest to the oldest, so this one before `scope`.
        let body: Box<dyn FnOnce() + Send + 'static> = unsafe { std::mem::transmute(body) };
        let handle = JoinHandle::spawn_given(body, builder, given::<F, T>(true))?;
        let thread = handle.thread().clone();
        let handle = Arc::new(Mutex::new(Some(handle)));
        self.unjoined.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&handle));
        Ok(ScopedJoinHandle { handle, thread, result, scope: PhantomData, not_unwind_safe: PhantomData })
    }

    /// Waits until every thread's function has returned; whether one that nobody joined has panicked. A handle stays
    /// where it is meanwhile, for another thread of the scope may have it and join it.
    fn join_all(&self, site: Site) -> bool {
        let mut ended = Vec::new();
        loop {
            let slot = self.unjoined.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(slot) = slot else { break };
            let returns = {
                let handle = slot.lock().unwrap_or_else(PoisonError::into_inner);
                handle.as_ref().map(|handle| handle.returns(site))
            };
            if let Some(returns) = returns {
                native::without_unwinding(returns);
            }
            ended.push(slot);
        }
        native::leave_cancelled_run();
        let unjoined = |slot: Handle| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        ended.into_iter().filter_map(unjoined).any(JoinHandle::has_panicked)
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
        let site = Location::caller();
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        let joined = handle.map_or(Ok(()), |handle| handle.join_borrowing(site));
        native::leave_cancelled_run();
        result_left(&self.result, joined)
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
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        match &*handle {
            // Looking takes turns with other threads, so the lock must not be held meanwhile.
            Some(of) => {
                let looks = of.looks();
                drop(handle);
                looks(here)
            }
            None => true,
        }
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
        &self.thread
    }
}
