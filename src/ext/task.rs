//! Executors: each future runs on a thread of the facade, which sleeps until its waker is called.
//!
//! A thread per task is the executor with the most interleavings: whatever an executor with fewer threads can
//! do to a future, this one can. A future may be polled although its task was not woken, as a combinator does
//! that polls all its futures when one of them is ready: in a model that is a choice, with the budget of
//! spurious wakeups.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe, Location};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::guarded::{Guarded, let_cancellation_pass, panicked_unseen};
use crate::op::{Access, Command, Role, Site, Synchronization, always, plain, writes};
use crate::thread;

/// Wakes the task. Two wakes have the effect of one.
static WAKE: Command = Command {
    name: "wake",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: |_, _| Access::commuting(1),
    synchronization: Synchronization::Release,
    show: plain,
};

/// Waits until the task was woken since it was last polled.
static SLEEP: Command = Command {
    name: "wait to be woken",
    role: Role::Await,
    guard: |woken, _| woken == 1,
    effect: |_, _| 0,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: plain,
};

/// Stops waiting without having been woken.
static SLEEP_IN_VAIN: Command = Command {
    name: "wait to be woken",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 0,
    access: |woken, _| if woken == 1 { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Acquire,
    show: |woken, _| if woken == 1 { "()" } else { "() returns spuriously" }.to_owned(),
};

/// The waker of a task: wakes the thread that runs it.
struct Alarm {
    woken: Guarded,
    site: Site,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.perform(&WAKE, [0; 2], self.site);
    }
}

/// Runs a future to its end on the calling thread. In a model it may be polled although it was not woken,
/// within the budget of spurious wakeups.
///
/// # Examples
/// ```
/// assert_eq!(raddle::future::block_on(async { 7 }), 7);
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let site = Location::caller();
    let alarm = Arc::new(Alarm { woken: Guarded::new("Task", 0, site), site });
    let waker = Waker::from(Arc::clone(&alarm));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        alarm.woken.perform_unless_in_vain((&SLEEP, &SLEEP_IN_VAIN), [0; 2], site);
    }
}

/// Reads the result, and registers a waker if there is none.
static POLL: Command = Command {
    name: "poll",
    role: Role::Signal,
    guard: always,
    effect: |done, _| done,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: plain,
};

/// Stores the result.
static FINISH: Command = Command {
    name: "finish",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: writes,
    synchronization: Synchronization::Release,
    show: plain,
};

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

struct Shared<T> {
    done: Guarded,
    /// Accessed only in the same step as the word.
    slot: Mutex<(Option<Outcome<T>>, Option<Waker>)>,
    site: Site,
}

impl<T> Shared<T> {
    fn slot(&self) -> MutexGuard<'_, (Option<Outcome<T>>, Option<Waker>)> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let slot = self.slot.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(payload)) = slot.0.take() {
            panicked_unseen(&*payload);
        }
    }
}

/// The result of a spawned task, to be awaited. Dropping it does not stop the task; a check fails if the task
/// panics and is not awaited.
///
/// # Examples
/// ```
/// use raddle::future;
/// let task: future::JoinHandle<i32> = future::spawn(async { panic!("in vain") });
/// assert!(future::block_on(task).is_err());
/// ```
pub struct JoinHandle<T> {
    shared: Arc<Shared<T>>,
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

impl<T> Future for JoinHandle<T> {
    /// The result, or the panic's value if the task panicked.
    type Output = Outcome<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (shared, waker) = (&self.shared, context.waker().clone());
        let (outcome, before) = shared.done.perform_and(&POLL, [0; 2], shared.site, |_| {
            let mut slot = shared.slot();
            match slot.0.take() {
                Some(outcome) => (Poll::Ready(outcome), None),
                None => (Poll::Pending, slot.1.replace(waker)),
            }
        });
        // Its destructor may perform operations of the model.
        drop(before);
        outcome
    }
}

/// Runs a future beside the calling thread.
///
/// # Examples
/// ```
/// use raddle::future;
/// let task = future::spawn(async { 7 });
/// assert_eq!(future::block_on(task).unwrap(), 7);
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let site = Location::caller();
    let shared = Arc::new(Shared { done: Guarded::new("JoinHandle", 0, site), slot: Mutex::default(), site });
    let own = Arc::clone(&shared);
    thread::spawn(move || {
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| block_on(future)));
        let outcome = outcome.map_err(let_cancellation_pass);
        let waker = own.done.perform_and(&FINISH, [0; 2], site, |_| {
            let mut slot = own.slot();
            slot.0 = Some(outcome);
            slot.1.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    });
    JoinHandle { shared }
}

/// Lets the executor poll others first.
///
/// # Examples
/// ```
/// raddle::future::block_on(raddle::future::yield_now());
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// Is ready when it is polled for the second time.
///
/// # Examples
/// ```
/// use raddle::future;
/// let pause: future::YieldNow = future::yield_now();
/// future::block_on(pause);
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The commands above as families: thread 0 runs the task.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let alarm = [offer!(WAKE), offer!(SLEEP).when(|s| s.me == 0), offer!(SLEEP_IN_VAIN).when(|s| s.me == 0)];
    let result =
        [offer!(POLL).when(|s| s.me > 0), offer!(FINISH).when(|s| s.me == 0 && s.hold == 0).then(|_| 1)];
    vec![Family::new("alarm of a task", 0, alarm), Family::new("result of a task", 0, result)]
}
