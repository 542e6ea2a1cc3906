//! The result of a pool's task, as Python's `concurrent.futures.Future`.

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use crate::guarded::{Clones, Guarded, let_cancellation_pass};
use crate::op::{Args, Command, Role, State, Synchronization, always, plain, reads, unchanged, writes};

/// Submitted, and not begun.
const PENDING: State = 0;
/// A thread runs it.
const RUNNING: State = 1;
/// It was cancelled before it began.
const CANCELLED: State = 2;
/// It has returned or panicked.
const FINISHED: State = 3;

fn if_pending(state: State, [next, _]: Args) -> State {
    if state == PENDING { next } else { state }
}

/// A change of a task's state.
const fn change(
    name: &'static str,
    effect: fn(State, Args) -> State,
    synchronization: Synchronization,
) -> Command {
    Command { name, role: Role::Signal, guard: always, effect, access: writes, synchronization, show: plain }
}

static BEGIN: Command = change("begin", if_pending, Synchronization::AcqRel);
static CANCEL: Command = change("cancel", if_pending, Synchronization::AcqRel);
static FINISH: Command = change("finish", |_, _| FINISHED, Synchronization::Release);
/// Leaves the word unchanged, but changes the list beside it, whose order matters.
static ADD_CALLBACK: Command = change("add_done_callback", unchanged, Synchronization::AcqRel);
static AWAIT: Command = Command {
    name: "result",
    role: Role::Await,
    guard: |state, _| state >= CANCELLED,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: plain,
};
static LOOK: Command = Command {
    name: "state",
    role: Role::Load,
    guard: always,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Acquire,
    show: |state, _| {
        format!("() → {}", ["pending", "running", "cancelled", "finished"][(state & 3) as usize])
    },
};

/// The reason why a task has no result.
///
/// # Examples
/// ```
/// use raddle::sync::{TaskError, ThreadPool};
/// let pool = ThreadPool::new(1);
/// let task = pool.submit(|| -> i32 { panic!("in vain") }).unwrap();
/// assert_eq!(task.result(), Err(TaskError::Panicked("in vain".into())));
/// pool.shutdown(true, false);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskError {
    /// It was cancelled.
    Cancelled,
    /// It panicked, with this message.
    Panicked(String),
    /// It has not ended in time.
    TimedOut,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskError::Cancelled => f.write_str("the task was cancelled"),
            TaskError::Panicked(message) => write!(f, "the task panicked: {message}"),
            TaskError::TimedOut => f.write_str("the task has not ended in time"),
        }
    }
}

impl std::error::Error for TaskError {}

type Callback<T> = Box<dyn FnOnce(&TaskFuture<T>) + Send>;

struct Shared<T> {
    state: Guarded,
    /// Accessed only in the same step as the word, or once the outcome is there, to clone it.
    slot: Mutex<Slot<T>>,
    clones: Clones,
}

struct Slot<T> {
    outcome: Option<Result<T, String>>,
    callbacks: Vec<Callback<T>>,
}

/// The result of a task that may not have ended; see Python's `concurrent.futures.Future`.
///
/// # Examples
/// ```
/// let pool = raddle::sync::ThreadPool::new(1);
/// let task = pool.submit(|| 7).unwrap();
/// assert_eq!(task.result(), Ok(7));
/// assert!(task.done() && !task.cancelled());
/// pool.shutdown(true, false);
/// ```
pub struct TaskFuture<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Clone for TaskFuture<T> {
    fn clone(&self) -> Self {
        TaskFuture { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for TaskFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskFuture").finish_non_exhaustive()
    }
}

impl<T> TaskFuture<T> {
    #[track_caller]
    pub(super) fn new() -> Self {
        let state = Guarded::new("Task", PENDING, Location::caller());
        let slot = Mutex::new(Slot { outcome: None, callbacks: Vec::new() });
        TaskFuture { shared: Arc::new(Shared { state, slot, clones: Clones::default() }) }
    }

    fn slot(&self) -> MutexGuard<'_, Slot<T>> {
        self.shared.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self, site: crate::op::Site) -> State {
        self.shared.state.perform(&LOOK, [0; 2], site)
    }

    /// Runs the task, unless it was cancelled.
    #[track_caller]
    pub(super) fn run(&self, f: impl FnOnce() -> T) {
        let site = Location::caller();
        if self.shared.state.perform(&BEGIN, [RUNNING, 0], site) != PENDING {
            return;
        }
        let outcome = panic::catch_unwind(AssertUnwindSafe(f));
        let outcome = outcome.map_err(|payload| said(&*let_cancellation_pass(payload)));
        let callbacks = self.shared.state.perform_and(&FINISH, [0; 2], site, |_| {
            let mut slot = self.slot();
            slot.outcome = Some(outcome);
            std::mem::take(&mut slot.callbacks)
        });
        self.call(callbacks);
    }

    /// Calls the callbacks. A callback that panics does not keep the others from being called.
    fn call(&self, callbacks: Vec<Callback<T>>) {
        for callback in callbacks {
            if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| callback(self))) {
                let_cancellation_pass(payload);
            }
        }
    }

    /// Cancels the task if it has not begun; returns whether it is cancelled now.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// let task = pool.submit(|| 7).unwrap();
    /// assert_ne!(task.cancel(), task.result().is_ok());
    /// pool.shutdown(true, false);
    /// ```
    #[track_caller]
    pub fn cancel(&self) -> bool {
        let (before, callbacks) =
            self.shared.state.perform_and(&CANCEL, [CANCELLED, 0], Location::caller(), |before| {
                let callbacks =
                    if before == PENDING { std::mem::take(&mut self.slot().callbacks) } else { Vec::new() };
                (before, callbacks)
            });
        self.call(callbacks);
        before == PENDING || before == CANCELLED
    }

    /// Whether the task was cancelled.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// let task = pool.submit(|| 7).unwrap();
    /// task.result().unwrap();
    /// assert!(!task.cancelled());
    /// ```
    #[track_caller]
    pub fn cancelled(&self) -> bool {
        self.state(Location::caller()) == CANCELLED
    }

    /// Whether a thread runs the task.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// let task = pool.submit(|| 7).unwrap();
    /// task.result().unwrap();
    /// assert!(!task.running());
    /// pool.shutdown(true, false);
    /// ```
    #[track_caller]
    pub fn running(&self) -> bool {
        self.state(Location::caller()) == RUNNING
    }

    /// Whether the task has ended or was cancelled.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// let task = pool.submit(|| 7).unwrap();
    /// task.result().unwrap();
    /// assert!(task.done());
    /// ```
    #[track_caller]
    pub fn done(&self) -> bool {
        self.state(Location::caller()) >= CANCELLED
    }

    /// Calls `f` when the task has ended or was cancelled, on the thread where that happens; at once, if that
    /// has happened already.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// let task = pool.submit(|| 7).unwrap();
    /// task.add_done_callback(|task| assert_eq!(task.result(), Ok(7)));
    /// pool.shutdown(true, false);
    /// ```
    #[track_caller]
    pub fn add_done_callback<F: FnOnce(&TaskFuture<T>) + Send + 'static>(&self, f: F) {
        let mut callback: Option<Callback<T>> = Some(Box::new(f));
        self.shared.state.perform_and(&ADD_CALLBACK, [0; 2], Location::caller(), |state| {
            if state < CANCELLED {
                self.slot().callbacks.extend(callback.take());
            }
        });
        if let Some(callback) = callback {
            callback(self);
        }
    }
}

impl<T: Clone> TaskFuture<T> {
    /// Waits for the task to end and returns its result.
    ///
    /// # Errors
    /// If it was cancelled or panicked.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// assert_eq!(pool.submit(|| 7).unwrap().result(), Ok(7));
    /// ```
    #[track_caller]
    pub fn result(&self) -> Result<T, TaskError> {
        let state = self.shared.state.perform(&AWAIT, [0; 2], Location::caller());
        self.outcome(state)
    }

    /// Waits for the task to end, for no longer than `timeout`, and returns its result.
    ///
    /// # Errors
    /// If it was cancelled, panicked, or has not ended in time.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// let task = pool.submit(|| 7).unwrap();
    /// assert_eq!(task.result_timeout(std::time::Duration::from_secs(60)), Ok(7));
    /// pool.shutdown(true, false);
    /// ```
    #[track_caller]
    pub fn result_timeout(&self, timeout: Duration) -> Result<T, TaskError> {
        let site = Location::caller();
        let state = self.shared.state.perform_within((&AWAIT, &LOOK), [0; 2], timeout, site, |state| state);
        self.outcome(state)
    }

    /// Waits for the task to end and returns its panic message, if it panicked.
    ///
    /// # Errors
    /// If it was cancelled.
    ///
    /// # Examples
    /// ```
    /// let pool = raddle::sync::ThreadPool::new(1);
    /// assert_eq!(pool.submit(|| 7).unwrap().exception(), Ok(None));
    /// pool.shutdown(true, false);
    /// ```
    #[track_caller]
    pub fn exception(&self) -> Result<Option<String>, TaskError> {
        match self.result() {
            Ok(_) => Ok(None),
            Err(TaskError::Panicked(message)) => Ok(Some(message)),
            Err(error) => Err(error),
        }
    }

    /// What the task came to, which does not change any more once it is there. To clone it is the program's own
    /// affair, and no part of a step.
    fn outcome(&self, state: State) -> Result<T, TaskError> {
        match state {
            FINISHED => self.shared.clones.make(|| self.finished()),
            CANCELLED => Err(TaskError::Cancelled),
            _ => Err(TaskError::TimedOut),
        }
    }

    fn finished(&self) -> Result<T, TaskError> {
        let slot = match self.shared.slot.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                Clones::meet();
                self.slot()
            }
        };
        match &slot.outcome {
            Some(Ok(value)) => Ok(value.clone()),
            Some(Err(message)) => Err(TaskError::Panicked(message.clone())),
            None => unreachable!("the outcome is put there in the step that finishes"),
        }
    }
}

/// The message of a panic.
fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic with a value that is not text".to_owned())
}

/// The commands above as a family: thread 0 runs the task.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let offers = [
        offer!(BEGIN)
            .with([RUNNING, 0])
            .when(|s| s.me == 0 && s.hold == 0)
            .then(|step| if step.before == PENDING { 1 } else { 2 }),
        offer!(FINISH).when(|s| s.hold == 1).then(|_| 2),
        offer!(CANCEL).with([CANCELLED, 0]),
        offer!(ADD_CALLBACK),
        offer!(AWAIT),
        offer!(LOOK),
    ];
    vec![Family::new("task of a pool", PENDING, offers)]
}
