//! The native engine: the model on threads of the operating system, many times.
//!
//! It samples the schedules that this machine happens to produce, so it never verifies. See
//! [`crate::backend::native`] for how its deadlocks are found.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::native::{self, GLANCE, NativeRun, panic_of};
use crate::failure::FailureKind;
use crate::runtime::coroutines::STACK;
use crate::runtime::execution::Failure;
use crate::runtime::panic_hook::SilencedPanics;
use crate::runtime::process_end;

/// A thread that makes no progress for so long, and is not blocked on an object of the facade, counts as
/// lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// How one run ended.
pub(crate) enum Ending {
    /// Every thread ended.
    Passed,
    /// It failed.
    Failed(Failure),
    /// It did not end in time; its threads were abandoned.
    Lost,
}

/// Runs the model once.
pub(crate) fn run_once(model: &Arc<dyn Fn() + Send + Sync>) -> Ending {
    let run = Arc::new(NativeRun::default());
    run.begin_thread();
    let (done, is_done) = std::sync::mpsc::channel();
    let (model, inside) = (Arc::clone(model), Arc::clone(&run));
    // The model's main thread is named as in production, and has as much stack as with other engines.
    let main = std::thread::Builder::new().name("main".to_owned()).stack_size(STACK);
    let spawned = main.spawn(move || {
        let _quiet = SilencedPanics::begin();
        process_end::watch_this_stack();
        native::join_run(Some(Arc::clone(&inside)));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| model()));
        native::join_run(None);
        drop(model);
        if let Some(panicked) = panic_of(&outcome) {
            inside.fail(FailureKind::Panic, panicked.message);
        }
        inside.end_thread();
        let _ = done.send(());
    });
    spawned.expect("the system has room for a thread");
    // Main may have ended while detached threads still run.
    let mut quiet_for = Duration::ZERO;
    let mut seen = run.seen();
    loop {
        let main_done = is_done.recv_timeout(GLANCE).is_ok();
        if main_done || run.live() == 0 {
            while run.live() > 0 && quiet_for < PATIENCE {
                std::thread::sleep(GLANCE);
                quiet_for = if run.seen() == seen { quiet_for + GLANCE } else { Duration::ZERO };
                seen = run.seen();
            }
            break;
        }
        quiet_for = if run.seen() == seen { quiet_for + GLANCE } else { Duration::ZERO };
        seen = run.seen();
        if quiet_for >= PATIENCE {
            run.cancel();
            return Ending::Lost;
        }
    }
    if let Some((kind, message)) = run.failure() {
        return Ending::Failed(Failure { kind, message });
    }
    match run.unjoined_panic() {
        Some(message) => Ending::Failed(Failure {
            kind: FailureKind::Panic,
            message: format!("a thread panicked and was not joined: {message}"),
        }),
        None if run.live() > 0 => Ending::Lost,
        None => Ending::Passed,
    }
}
