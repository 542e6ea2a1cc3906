//! The native engine: the model on threads of the operating system, many times.
//!
//! It samples what this machine happens to do, so it never verifies. Deadlocks are found rather
//! than waited for: while a run is under way, every thread that blocks on an object of the facade says
//! so, and when all of them have looked at their guards in vain since anybody last made progress,
//! none ever will. The blocked threads are then unwound.
//!
//! Some waits must not end by unwinding: one for a lock that a guard on the stack stands for, one for the end of
//! a thread that borrows from the waiting one, and one in a destructor that runs while its thread unwinds
//! already. Such a thread waits on while others are unwound, which may give it what it waits for; when no
//! thread is left that could, it is left behind, blocked for ever: safe code relies on what it waits for.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::rt::context;
use crate::rt::execution::Failure;
use crate::rt::quiet::{self, Quiet};
use crate::rt::session::Cancelled;
use crate::rt::thread::Panicked;
use crate::verdict::FailureKind;

/// How long a blocked thread sleeps before it looks again whether everybody is stuck.
pub(crate) const GLANCE: Duration = Duration::from_millis(2);

/// A thread that blocks on nothing of ours for so long is not coming back.
const PATIENCE: Duration = Duration::from_secs(10);

/// One run of a model.
#[derive(Debug)]
pub(crate) struct NativeRun {
    /// Tells runs apart.
    stamp: u64,
    /// Goes up whenever a thread changes an object or begins or ends.
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
    /// Whether every thread that there still is waits for what it must have and will never get.
    hopeless: bool,
    /// Panics of threads that nobody has joined, by thread.
    panicked: Vec<(usize, String)>,
}

/// A thread that is blocked.
#[derive(Debug)]
struct Stuck {
    ticket: usize,
    /// The progress at which it last looked in vain.
    at: usize,
    waits_for: String,
    /// Whether it has looked in vain since the run was cancelled, and must not be unwound.
    stays: bool,
}

/// What becomes of a thread that looked in vain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Then {
    /// It looks again after a glance.
    Waits,
    /// It is to be unwound.
    Unwinds,
    /// It is to be left behind.
    StaysForEver,
}

thread_local! {
    /// Whether this thread waits for something without which it must not go on, nor be unwound.
    static MUST_NOT_UNWIND: Cell<bool> = const { Cell::new(false) };
}

/// Calls what blocks and must not be unwound meanwhile.
pub(crate) fn without_unwinding<R>(blocks: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            MUST_NOT_UNWIND.set(self.0);
        }
    }
    // The threads of a model share a thread of the system, which runs others while one of them blocks.
    if context::native_run().is_none() {
        return blocks();
    }
    let _restore = Restore(MUST_NOT_UNWIND.replace(true));
    blocks()
}

impl Default for NativeRun {
    fn default() -> Self {
        NativeRun {
            stamp: crate::rt::session::new_stamp(),
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

    /// A thread begins; its number, by which it is known when it is joined.
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

    /// Somebody has asked for a thread's result.
    pub(crate) fn joined(&self, number: usize) {
        self.threads.lock().panicked.retain(|(thread, _)| *thread != number);
    }

    /// The first failure counts.
    pub(crate) fn fail(&self, kind: FailureKind, message: String) {
        self.failure.lock().get_or_insert((kind, message));
    }

    /// A blocked thread looked in vain; `ticket` is its own between the first look and the last.
    /// `seen` is the progress from before it looked.
    pub(crate) fn looked_in_vain(&self, ticket: &mut Option<usize>, seen: usize, waits_for: &str) -> Then {
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
            self.fail(FailureKind::Deadlock, format!("nobody can move: {}", waits.join("; ")));
        }
        if all && threads.stuck.iter().all(|known| known.stays) {
            threads.hopeless = true;
        }
        match (self.cancelled(), must_not_unwind) {
            (true, false) => Then::Unwinds,
            (true, true) if threads.hopeless => Then::StaysForEver,
            _ => Then::Waits,
        }
    }

    /// A blocked thread goes on.
    pub(crate) fn looked_with_success(&self, ticket: Option<usize>) {
        if let Some(number) = ticket {
            self.threads.lock().stuck.retain(|known| known.ticket != number);
        }
    }

    /// The calling thread is left behind. The run does not wait for it any more.
    #[cold]
    pub(crate) fn stay_for_ever(&self, ticket: Option<usize>) -> ! {
        self.looked_with_success(ticket);
        self.threads.lock().live -= 1;
        loop {
            std::thread::park();
        }
    }

    /// The progress made so far.
    pub(crate) fn seen(&self) -> usize {
        self.progress.load(Ordering::SeqCst)
    }
}

/// How one run ended.
pub(crate) enum Ending {
    /// Every thread ended.
    Passed,
    /// It failed.
    Failed(Failure),
    /// It did not end in time; its threads were left behind.
    Lost,
}

/// Unwinds the calling thread if its run is over.
pub(crate) fn leave_if_cancelled(run: &NativeRun) {
    if run.cancelled() && !std::thread::panicking() {
        std::panic::resume_unwind(Box::new(Cancelled));
    }
}

/// As [`leave_if_cancelled`], of the run to which the calling thread belongs, if any.
pub(crate) fn leave_cancelled_run() {
    if let Some(run) = context::native_run() {
        leave_if_cancelled(&run);
    }
}

/// Ends the calling thread's run with a failure that it declares.
pub(crate) fn fail(run: &NativeRun, kind: FailureKind, message: String) -> ! {
    run.fail(kind, message);
    run.cancelled.store(true, Ordering::SeqCst);
    std::panic::resume_unwind(Box::new(Cancelled))
}

/// Runs the model once.
pub(crate) fn run_once(model: &Arc<dyn Fn() + Send + Sync>) -> Ending {
    let run = Arc::new(NativeRun::default());
    run.begin_thread();
    let (done, is_done) = std::sync::mpsc::channel();
    let (model, inside) = (Arc::clone(model), Arc::clone(&run));
    // The one engine that is made of the system's threads.
    #[allow(clippy::disallowed_methods)]
    std::thread::spawn(move || {
        let _quiet = Quiet::begin();
        context::join_native_run(Some(Arc::clone(&inside)));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| model()));
        context::join_native_run(None);
        drop(model);
        if let Some(panicked) = panic_of(&outcome) {
            inside.fail(FailureKind::Panic, panicked.message);
        }
        inside.end_thread();
        let _ = done.send(());
    });
    // Main may be gone while detached threads still run.
    let mut quiet_for = Duration::ZERO;
    let mut seen = run.seen();
    loop {
        let main_done = is_done.recv_timeout(GLANCE).is_ok();
        if main_done || run.threads.lock().live == 0 {
            while run.threads.lock().live > 0 && quiet_for < PATIENCE {
                std::thread::sleep(GLANCE);
                quiet_for = if run.seen() == seen { quiet_for + GLANCE } else { Duration::ZERO };
                seen = run.seen();
            }
            break;
        }
        quiet_for = if run.seen() == seen { quiet_for + GLANCE } else { Duration::ZERO };
        seen = run.seen();
        if quiet_for >= PATIENCE {
            run.cancelled.store(true, Ordering::SeqCst);
            return Ending::Lost;
        }
    }
    if let Some((kind, message)) = run.failure.lock().take() {
        return Ending::Failed(Failure { kind, message });
    }
    let threads = run.threads.lock();
    match threads.panicked.first() {
        Some((_, message)) => Ending::Failed(Failure {
            kind: FailureKind::Panic,
            message: format!("a thread panicked and nobody joined it: {message}"),
        }),
        None if threads.live > 0 => Ending::Lost,
        None => Ending::Passed,
    }
}

/// What a caught panic says, unless it is our own.
pub(crate) fn panic_of<T>(outcome: &std::thread::Result<T>) -> Option<Panicked> {
    match outcome {
        Ok(_) => None,
        Err(payload) if payload.is::<Cancelled>() => None,
        Err(payload) => Some(quiet::describe(&**payload)),
    }
}
