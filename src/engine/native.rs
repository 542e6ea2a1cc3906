//! The native engine: the model on threads of the operating system, many times.
//!
//! It samples what this machine happens to do, so it never verifies. Deadlocks are found rather
//! than waited for: while a run is under way, every thread that blocks on an object of the facade says
//! so, and when all of them have looked at their guards in vain since anybody last made progress,
//! none ever will. The blocked threads are then unwound.

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
    /// The progress at which each blocked thread last looked in vain, with what it waits for.
    stuck: Vec<(usize, usize, String)>,
    tickets: usize,
    /// Panics of threads that nobody has joined, by thread.
    panicked: Vec<(usize, String)>,
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
    pub(crate) fn looked_in_vain(&self, ticket: &mut Option<usize>, seen: usize, waits_for: &str) {
        let mut threads = self.threads.lock();
        let number = *ticket.get_or_insert_with(|| {
            threads.tickets += 1;
            threads.tickets
        });
        match threads.stuck.iter_mut().find(|(known, ..)| *known == number) {
            Some((_, at, _)) => *at = seen,
            None => threads.stuck.push((number, seen, waits_for.to_owned())),
        }
        let now = self.progress.load(Ordering::SeqCst);
        let all = threads.stuck.len() == threads.live && threads.stuck.iter().all(|(_, at, _)| *at == now);
        if all && !self.cancelled.swap(true, Ordering::SeqCst) {
            let waits: Vec<&str> = threads.stuck.iter().map(|(_, _, what)| what.as_str()).collect();
            self.fail(FailureKind::Deadlock, format!("nobody can move: {}", waits.join("; ")));
        }
    }

    /// A blocked thread goes on.
    pub(crate) fn looked_with_success(&self, ticket: Option<usize>) {
        if let Some(number) = ticket {
            self.threads.lock().stuck.retain(|(known, ..)| *known != number);
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
