//! Starts a check on a thread of its own and detects a model that hangs: the explorer publishes its progress,
//! and the watchdog bounds the time without any.

use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::check::counterexample::running_test;
use crate::check::run::{Run, report};
use crate::check::{Checker, Model};
use crate::counterexample::Counterexample;
use crate::engine::Kind;
use crate::failure::Reason;
use crate::runtime::panic_hook;
use crate::runtime::process_end::UnderWay;
use crate::runtime::spinloop::Shared;
use crate::verdict::{Report, Stats, Verdict};

/// How long an execution may go without a visible operation before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(10);
/// The interval at which the watchdog checks the progress.
const GLANCE: Duration = Duration::from_secs(1);

/// The wall clock, read here only: for limits and for the time that a check took.
#[allow(clippy::disallowed_methods)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// The progress that the explorer publishes to the watchdog.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    pub(super) beats: AtomicU64,
    pub(super) executions: AtomicU64,
    pub(super) thread: AtomicU64,
    pub(super) site: AtomicPtr<Location<'static>>,
}

impl Pulse {
    pub(super) fn place(&self) -> String {
        // SAFETY: only pointers from `&'static Location` are ever stored, or null.
        let site = unsafe { self.site.load(Ordering::Relaxed).as_ref() };
        let site = site.map_or("before its first visible operation".to_owned(), |s| {
            format!("after {}:{}", s.file(), s.line())
        });
        let thread = match self.thread.load(Ordering::Relaxed) {
            0 => "main".to_owned(),
            n => format!("thread {n}"),
        };
        format!(
            "no visible operation for {} s: {thread} hangs {site}, in a std lock, real I/O or an lasso \
             loop of its own, such as one over elapsed() without a yield or a hint; its thread was left behind",
            PATIENCE.as_secs()
        )
    }
}

impl Checker {
    /// Checks a model of this name.
    pub(crate) fn check_named(&self, model: Model, name: &str) -> Report {
        let began = now();
        let _under_way = UnderWay::begin();
        // Dropped last, and here: its destructors are the program's.
        let captured = Arc::clone(&model);
        let pulse = Arc::new(Pulse::default());
        let (send, receive) = channel();
        let run = Run {
            plan: self.plan.clone(),
            kind: self.engine(),
            settings: self.settings.clone(),
            model,
            name: name.to_owned(),
            asked_by: running_test(),
            began,
            pulse: Arc::clone(&pulse),
            loops: Shared::default(),
        };
        // The explorer has its own thread, so that a model that hangs can be abandoned.
        #[allow(clippy::disallowed_methods)]
        let explorer = std::thread::spawn(move || {
            let report = run.explore();
            // If the receiver is gone, the watchdog has already reported a hang, and this report is late.
            let _ = send.send(report);
        });
        let (mut seen, mut quiet) = (0, Duration::ZERO);
        let watched = !matches!(self.engine(), Kind::Loom | Kind::Native);
        let mut report = loop {
            match receive.recv_timeout(GLANCE) {
                Ok(report) => break report,
                Err(RecvTimeoutError::Timeout) => {
                    let beats = pulse.beats.load(Ordering::Relaxed);
                    quiet = if beats == seen { quiet + GLANCE } else { Duration::ZERO };
                    if watched && quiet >= PATIENCE {
                        let executions = pulse.executions.load(Ordering::Relaxed);
                        let stats = Stats { executions, ..Stats::default() };
                        let reason = Reason::NoProgress { place: pulse.place() };
                        break self.report(name, Verdict::Inconclusive(reason), stats, Vec::new());
                    }
                    seen = beats;
                }
                Err(RecvTimeoutError::Disconnected) => match explorer.join() {
                    Err(payload) => {
                        let said = panic_hook::describe(&*payload).message;
                        panic!("raddle itself failed while it checked {name}: {said}");
                    }
                    Ok(()) => unreachable!("an explorer that returns has sent its report"),
                },
            }
        };
        report.elapsed = now() - began;
        if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(captured))) {
            let said = panic_hook::describe(&*payload).message;
            panic!(
                "a value that the model {name} captured panicked when it was dropped after the check: {said}"
            );
        }
        report
    }

    fn report(&self, name: &str, verdict: Verdict, stats: Stats, failures: Vec<Counterexample>) -> Report {
        report(self.engine(), &self.settings, name, verdict, stats, failures)
    }
}
