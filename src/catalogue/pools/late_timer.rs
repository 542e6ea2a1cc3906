//! Cancelled, and it goes off.
//!
//! A timer calls a function after some time, unless it is cancelled. It checks the flag when the
//! time is up:
//!
//! ```text
//!   main                    timer
//!                           time is up; cancelled? no
//!   cancelled = yes
//!   close the file
//!                           call the function  ✗ writes to a closed file
//! ```
//!
//! `cancel()` has returned, and its caller assumes that the function will not be called. In
//! Python `threading.Timer` is written like this: `self.finished.wait(self.interval)`, then `if
//! not self.finished.is_set(): self.function()`. Its `cancel()` returns nothing, so the caller
//! cannot determine whether it was in time.
//!
//! The fix is one state with three values, *waiting*, *cancelled* and *running*, which is left
//! by a compare-exchange: only one of the two can take it from *waiting*. `cancel()` says
//! whether it was in time, as `concurrent.futures.Future.cancel` does; if it was not, the caller
//! has to wait for the function's end before it closes anything.
//!
//! Every engine that chooses its schedules sees it; natively `cancel()` would have to come in the
//! few instructions between the timer's check and its call. There is no clock in the model: the
//! time may be up at any moment, and that is all that matters.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::joined;
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "late-timer",
    summary: "cancel() returns, and the timer's function runs after it",
    variants: &[
        buggy("buggy", || cancel_and_close(look_then_store), FailureKind::Panic),
        fixed("one-state", || cancel_and_close(exchange)),
    ],
    source: include_str!("late_timer.rs"),
};

const WAITING: u8 = 0;
const CANCELLED: u8 = 1;
const RUNNING: u8 = 2;

struct Timer {
    state: AtomicU8,
    file_closed: AtomicBool,
}

/// `leave` takes the state from waiting to another, and says whether it did.
fn cancel_and_close(leave: fn(&AtomicU8, u8) -> bool) {
    let state = AtomicU8::new(WAITING);
    let timer = Arc::new(Timer { state, file_closed: AtomicBool::new(false) });
    let other = Arc::clone(&timer);
    let mut thread = Some(thread::spawn(move || {
        if leave(&other.state, RUNNING) {
            assert!(!other.file_closed.load(Ordering::SeqCst), "it writes to a closed file");
        }
    }));
    let in_time = leave(&timer.state, CANCELLED);
    if !in_time && let Some(thread) = thread.take() {
        joined(thread);
    }
    timer.file_closed.store(true, Ordering::SeqCst);
    if let Some(thread) = thread {
        joined(thread);
    }
}

fn look_then_store(state: &AtomicU8, to: u8) -> bool {
    let waiting = state.load(Ordering::SeqCst) == WAITING;
    if waiting {
        state.store(to, Ordering::SeqCst);
    }
    waiting
}

fn exchange(state: &AtomicU8, to: u8) -> bool {
    state.compare_exchange(WAITING, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[mutant(
    "one-state",
    "the state is looked at and then stored",
    || cancel_and_close(look_then_store),
    FailureKind::Panic,
)];
