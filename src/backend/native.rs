//! A run of a model on threads of the operating system: which threads are blocked, and the detection of
//! deadlocks.
//!
//! Deadlocks are detected, not left to a timeout: during a run, every thread that blocks on an object of the
//! facade registers, and once all of them have evaluated their guards without success since the last progress
//! of any thread, none can go on. The blocked threads are then unwound.
//!
//! Some waits must not end by unwinding: one for a lock for which a guard on the stack exists, one for the
//! end of a thread that borrows from the waiting one, and one in a destructor that runs while its thread
//! unwinds already. Such a thread waits on while others are unwound, which may release what it waits for;
//! when no thread is left that could, it is abandoned, blocked for ever: safe code relies on what it waits
//! for.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::failure::FailureKind;
use crate::runtime::panic_hook;
use crate::runtime::session::Cancelled;
use crate::runtime::thread::Panicked;

/// How long a blocked thread sleeps before it checks again whether all threads are stuck.
pub(crate) const GLANCE: Duration = Duration::from_millis(2);

/// One run of a model.
#[derive(Debug)]
pub(crate) struct NativeRun {
    /// The number of the run, unique in the process.
    stamp: u64,
    /// Incremented whenever a thread changes an object, begins or ends.
    progress: AtomicUsize,
    cancelled: AtomicBool,
    threads: Mutex<Threads>,
    failure: Mutex<Option<(FailureKind, String)>>,
}

#[derive(Debug, Default)]
struct Threads {
    live: usize,
    stuck: Vec<Stuck>,
    tickets: usize,
    /// True once every remaining thread must not unwind and waits for something that will never happen.
    hopeless: bool,
    /// Panics of threads that were not joined, by thread.
    panicked: Vec<(usize, String)>,
}

/// A thread that is blocked.
#[derive(Debug)]
struct Stuck {
    ticket: usize,
    /// The progress counter at its last unsuccessful evaluation of its guard.
    at: usize,
    waits_for: String,
    /// True if its guard failed since the run was cancelled and it must not be unwound.
    stays: bool,
}

/// What a thread does after its guard failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Blocked {
    /// It evaluates its guard again after [`GLANCE`].
    Waits,
    /// It is to be unwound.
    Unwinds,
    /// It is abandoned.
    StaysForEver,
}

thread_local! {
    static RUN: RefCell<Option<Arc<NativeRun>>> = const { RefCell::new(None) };
    /// True if this thread waits for something without which it must neither go on nor be unwound.
    static MUST_NOT_UNWIND: Cell<bool> = const { Cell::new(false) };
}

/// The run of the native engine to which this thread belongs, if any.
pub(crate) fn current_run() -> Option<Arc<NativeRun>> {
    RUN.with(|run| run.borrow().clone())
}

/// From now on this thread belongs to a run of the native engine, or to none.
pub(crate) fn join_run(run: Option<Arc<NativeRun>>) {
    RUN.with(|cell| *cell.borrow_mut() = run);
}

/// Calls `blocks`, in which the thread must not be unwound.
pub(crate) fn without_unwinding<R>(blocks: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            MUST_NOT_UNWIND.set(self.0);
        }
    }
    // The threads of a model share one thread of the system, which runs the others while one of them blocks.
    if current_run().is_none() {
        return blocks();
    }
    let _restore = Restore(MUST_NOT_UNWIND.replace(true));
    blocks()
}

impl Default for NativeRun {
    fn default() -> Self {
        NativeRun {
            stamp: crate::runtime::session::new_stamp(),
            progress: AtomicUsize::new(0),
            cancelled: AtomicBool::new(false),
            threads: Mutex::default(),
            failure: Mutex::default(),
        }
    }
}

impl NativeRun {
    /// The number of the run.
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp
    }

    /// An object has changed.
    pub(crate) fn progress(&self) {
        self.progress.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether the run is over and its threads are to be unwound.
    pub(crate) fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Whether the run is over and the calling thread may be unwound.
    pub(crate) fn unwinds_this_thread(&self) -> bool {
        self.cancelled() && !std::thread::panicking() && !MUST_NOT_UNWIND.get()
    }

    /// Registers a new thread; returns its number, by which it is joined.
    pub(crate) fn begin_thread(&self) -> usize {
        let mut threads = self.threads.lock();
        threads.live += 1;
        threads.tickets += 1;
        self.progress();
        threads.tickets
    }

    /// A thread ends.
    pub(crate) fn end_thread(&self) {
        let mut threads = self.threads.lock();
        threads.live -= 1;
        self.progress();
    }

    /// A thread panicked, and is about to end.
    pub(crate) fn panicked(&self, number: usize, panicked: Panicked) {
        self.threads.lock().panicked.push((number, panicked.message));
    }

    /// A thread was joined, or its result taken.
    pub(crate) fn joined(&self, number: usize) {
        self.threads.lock().panicked.retain(|(thread, _)| *thread != number);
    }

    /// The run is over.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// How many threads have not ended.
    pub(crate) fn live(&self) -> usize {
        self.threads.lock().live
    }

    /// How it failed, if it did.
    pub(crate) fn failure(&self) -> Option<(FailureKind, String)> {
        self.failure.lock().take()
    }

    /// The message of a thread that panicked and was not joined, if there is one.
    pub(crate) fn unjoined_panic(&self) -> Option<String> {
        self.threads.lock().panicked.first().map(|(_, message)| message.clone())
    }

    /// The first failure counts.
    pub(crate) fn fail(&self, kind: FailureKind, message: String) {
        self.failure.lock().get_or_insert((kind, message));
    }

    /// Records that the guard of a blocked thread failed. `ticket` identifies the thread between its first
    /// and its last evaluation; `seen` is the progress counter from before this evaluation.
    pub(crate) fn looked_in_vain(&self, ticket: &mut Option<usize>, seen: usize, waits_for: &str) -> Blocked {
        let mut threads = self.threads.lock();
        let number = *ticket.get_or_insert_with(|| {
            threads.tickets += 1;
            threads.tickets
        });
        let must_not_unwind = std::thread::panicking() || MUST_NOT_UNWIND.get();
        let stays = must_not_unwind && self.cancelled();
        if let Some(known) = threads.stuck.iter_mut().find(|known| known.ticket == number) {
            (known.at, known.stays) = (seen, stays);
        } else {
            let waits_for = waits_for.to_owned();
            threads.stuck.push(Stuck { ticket: number, at: seen, waits_for, stays });
        }
        let now = self.progress.load(Ordering::SeqCst);
        let all = threads.stuck.len() == threads.live && threads.stuck.iter().all(|known| known.at == now);
        if all && !self.cancelled.swap(true, Ordering::SeqCst) {
            let waits: Vec<&str> = threads.stuck.iter().map(|known| known.waits_for.as_str()).collect();
            self.fail(FailureKind::Deadlock, format!("no thread can make progress: {}", waits.join("; ")));
        }
        if all && threads.stuck.iter().all(|known| known.stays) {
            threads.hopeless = true;
        }
        match (self.cancelled(), must_not_unwind) {
            (true, false) => Blocked::Unwinds,
            (true, true) if threads.hopeless => Blocked::StaysForEver,
            _ => Blocked::Waits,
        }
    }

    /// Records that a blocked thread goes on.
    pub(crate) fn looked_with_success(&self, ticket: Option<usize>) {
        if let Some(number) = ticket {
            self.threads.lock().stuck.retain(|known| known.ticket != number);
        }
    }

    /// Abandons the calling thread. The run no longer waits for it.
    #[cold]
    pub(crate) fn stay_for_ever(&self, ticket: Option<usize>) -> ! {
        self.looked_with_success(ticket);
        self.threads.lock().live -= 1;
        loop {
            std::thread::park();
        }
    }

    /// The progress counter.
    pub(crate) fn seen(&self) -> usize {
        self.progress.load(Ordering::SeqCst)
    }
}

/// Unwinds the calling thread if its run is over.
pub(crate) fn leave_if_cancelled(run: &NativeRun) {
    if run.cancelled() && !std::thread::panicking() {
        std::panic::resume_unwind(Box::new(Cancelled));
    }
}

/// As [`leave_if_cancelled`], of the run to which the calling thread belongs, if any.
pub(crate) fn leave_cancelled_run() {
    if let Some(run) = current_run() {
        leave_if_cancelled(&run);
    }
}

/// Ends the calling thread's run with a failure that it declares.
pub(crate) fn fail(run: &NativeRun, kind: FailureKind, message: String) -> ! {
    run.fail(kind, message);
    run.cancel();
    std::panic::resume_unwind(Box::new(Cancelled))
}

/// The message of a caught panic, unless it is the payload [`Cancelled`].
pub(crate) fn panic_of<T>(outcome: &std::thread::Result<T>) -> Option<Panicked> {
    match outcome {
        Ok(_) => None,
        Err(payload) if payload.is::<Cancelled>() => None,
        Err(payload) => Some(panic_hook::describe(&**payload)),
    }
}
