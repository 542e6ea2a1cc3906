//! Notices when a model hangs: what the explorer shows of itself, and how long it may be silent.

use std::panic::Location;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long an execution may go without a visible operation before it counts as hanging.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How often that is looked at.
pub(super) const GLANCE: Duration = Duration::from_secs(1);

/// The wall clock, read here only: for limits and for the time that a check took.
#[allow(clippy::disallowed_methods)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// What the explorer shows of itself to whoever waits for it.
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
            "no visible operation for {} s: {thread} hangs {site}, in a std lock, real I/O or an endless \
             loop of its own; its thread was left behind",
            PATIENCE.as_secs()
        )
    }
}
