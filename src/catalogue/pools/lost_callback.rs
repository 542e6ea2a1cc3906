//! Call me when it is done.
//!
//! A future runs the callbacks that are registered when its result is set, and those that are registered
//! later at once. Registering checks whether the result is there, and then adds to the list:
//!
//! ```text
//!   client                  worker
//!   done? no
//!                           done = yes
//!                           call all in the list: it is empty
//!   add to the list  ✗ never called
//! ```
//!
//! In Python it is `Future.add_done_callback`, which does both under the future's condition; hand-written
//! promises, and event emitters that "have already fired", have the bug in every language.
//!
//! The fix is one lock around the check and the registration, and around setting the result and
//! taking the list: then the callback is in the list when it is taken, or the result is there when
//! it is checked. Checking once more after the registration is not enough here: then both may find
//! the callback, and call it twice. The model asks for *exactly* once. The callback itself is
//! called outside of the lock, because it may run any code.
//!
//! Every engine that chooses its schedules sees it, by one switch between the check and the registration;
//! natively that gap is too short. Loom finds it as easily as raddle's own engines: nothing here depends
//! on memory ordering, because each half is done under the lock.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "lost-callback",
    summary: "a callback is registered just after the future has called them all",
    variants: &[
        buggy("buggy", || complete(check_then_register), FailureKind::Panic),
        fixed("one-lock", || complete(check_and_register)),
    ],
    source: include_str!("lost_callback.rs"),
};

#[derive(Default)]
struct Future {
    /// Whether it is done, and how many callbacks are registered.
    state: Mutex<(bool, usize)>,
    /// How many callbacks were called.
    calls: AtomicUsize,
}

impl Future {
    fn set_result(&self) {
        let registered = {
            let mut state = self.state.lock().expect("no thread panics");
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        self.call(registered);
    }

    fn call(&self, callbacks: usize) {
        for _ in 0..callbacks {
            self.calls.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn complete(add_done_callback: fn(&Future)) {
    let future = Arc::new(Future::default());
    let other = Arc::clone(&future);
    let worker = thread::spawn(move || other.set_result());
    add_done_callback(&future);
    worker.join().expect("no thread panics");
    assert_eq!(future.calls.load(Ordering::SeqCst), 1, "the callback must be called exactly once");
}

fn check_then_register(future: &Future) {
    let done = future.state.lock().expect("no thread panics").0;
    if done {
        future.call(1);
    } else {
        future.state.lock().expect("no thread panics").1 += 1;
    }
}

fn check_and_register(future: &Future) {
    let done = {
        let mut state = future.state.lock().expect("no thread panics");
        if !state.0 {
            state.1 += 1;
        }
        state.0
    };
    if done {
        future.call(1);
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("one-lock", "the lock is released", || complete(check_then_register), FailureKind::Panic),
    mutant("one-lock", "it registers, and then looks", || complete(register_then_check), FailureKind::Panic),
];

#[cfg(test)]
fn register_then_check(future: &Future) {
    future.state.lock().expect("no thread panics").1 += 1;
    if future.state.lock().expect("no thread panics").0 {
        future.call(1);
    }
}
