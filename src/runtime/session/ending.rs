//! The end of a thread: by itself, or with its execution.
//!
//! An execution that fails, deadlocks or is cut is over. Its threads are then unwound, the newest first,
//! since a child may borrow from its parent's stack; that frees what they hold. No operation takes effect any
//! more: an operation of a thread that does not unwind yet begins its unwinding, and one of a destructor is
//! skipped if it has no result. A destructor that needs a result is never resumed, for any result would be
//! one that no execution has (a lock that was never released, a thread that never ended), and the destructor
//! could react with a second panic, which aborts the process. Its stack is abandoned, and the values on it
//! are leaked.
//!
//! The same holds for a thread that waits to reacquire a lock, for instance in a wait of `parking_lot`'s
//! `Condvar`, while another thread that is not unwound yet holds it: a guard on its stack stands for the lock
//! all the while, and its destructors could access the data that the guard protects.

use std::panic::{self, AssertUnwindSafe};

use super::Session;
use crate::failure::FailureKind;
use crate::op::{ObjectId, State};
use crate::runtime::execution::Cut;
use crate::runtime::thread::Panicked;
use crate::runtime::{context, local_state, panic_hook};

/// The payload with which the threads of an ended execution are unwound.
#[derive(Debug)]
pub(crate) struct Cancelled;

/// How often a thread may catch the panic that unwinds it and go on to another operation. Without a bound, a
/// loop that catches every panic would never end.
const CAUGHT: u32 = 100;

/// The body of every thread of a model: catches its panic and records that it has finished.
pub(crate) fn run_thread(body: impl FnOnce()) {
    let compares = |session: &Session| {
        let execution = session.execution.borrow();
        execution.observes_loops() || execution.yields
    };
    if context::session(compares) {
        local_state::clear_stack();
    }
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        // A thread that has not begun when its execution ends is never run.
        if context::session(|session| !session.execution.borrow().cancelling()) {
            body();
        }
    }));
    context::session(|session| session.finish(outcome));
}

impl Session {
    /// The execution is over, which the running thread has found at an operation: begins to unwind it.
    /// Returns if it is unwinding already.
    #[cold]
    pub(super) fn unwind(&self) -> Option<State> {
        if std::thread::panicking() {
            return None;
        }
        let mut execution = self.execution.borrow_mut();
        let me = execution.me();
        me.unwound += 1;
        let caught_too_often = me.unwound > CAUGHT;
        if caught_too_often || !execution.has_again_what_it_stands_for() {
            drop(execution);
            self.never_go_on();
        }
        drop(execution);
        panic::resume_unwind(Box::new(Cancelled))
    }

    /// The running thread waits for a lock, in `waits`, for which a guard on its stack exists already.
    pub(crate) fn having_again<R>(&self, lock: ObjectId, waits: impl FnOnce() -> R) -> R {
        self.execution.borrow_mut().me().stands_for = Some(lock);
        let result = waits();
        self.execution.borrow_mut().me().stands_for = None;
        result
    }

    /// The running thread cannot go on in the ended execution.
    pub(super) fn leave(&self) -> ! {
        self.unwind();
        self.never_go_on()
    }

    /// The execution ends because of an action of the running thread. The thread is unwound when it is
    /// scheduled, after the threads that may borrow from it.
    pub(super) fn wait_for_the_end(&self) -> ! {
        self.coroutines.switch();
        self.leave()
    }

    /// The running thread is never resumed, and its stack is abandoned.
    #[cold]
    pub(super) fn never_go_on(&self) -> ! {
        self.execution.borrow_mut().me().abandoned = true;
        loop {
            self.coroutines.switch();
        }
    }

    /// The model needs more of something than raddle can hold: ends the check without a result.
    #[cold]
    pub(crate) fn give_up_check(&self, why: String) -> ! {
        {
            let mut execution = self.execution.borrow_mut();
            execution.cut.get_or_insert(Cut::Limit { why });
            execution.cancel();
        }
        self.wait_for_the_end()
    }

    /// Records a failure at the running thread, which cannot go on.
    pub(crate) fn fail(&self, kind: FailureKind, message: String) -> ! {
        self.acts();
        {
            let mut execution = self.execution.borrow_mut();
            let thread = execution.current();
            if let Some(log) = &mut execution.log {
                log.declared(thread, kind, &message);
            }
            execution.fail(kind, message);
            execution.cancel();
        }
        self.wait_for_the_end()
    }

    /// The running thread's body has returned, or has panicked.
    fn finish(&self, outcome: std::thread::Result<()>) {
        let panicked = described(outcome);
        self.ends_trial();
        if self.has_locals_to_drop() {
            self.execution.borrow_mut().returned();
        }
        if self.has_locals() {
            self.drop_locals();
        }
        self.execution.borrow_mut().finish(panicked);
    }

    /// The running thread, which was given a value without a step, has come to its end.
    fn ends_trial(&self) {
        let mut execution = self.execution.borrow_mut();
        if execution.is_trial() && !execution.cancelling() {
            execution.goes_on_trial(None);
        }
    }

    /// The running thread drops its values of `thread_local`s. A panic there aborts the process, as std's
    /// documentation says, whether the thread is joined or not.
    fn drop_locals(&self) {
        while let Some(value) = self.next_local_to_drop() {
            let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(value)));
            let Some(panicked) = described(dropped) else { continue };
            let mut execution = self.execution.borrow_mut();
            let thread = execution.current();
            let message = format!(
                "{} panicked in the destructor of a thread-local, which aborts the process: {}",
                execution.describe(thread),
                panicked.message
            );
            execution.fail(FailureKind::Panic, message);
            if execution.limits.stop_on_failure {
                execution.cancel();
            }
        }
    }
}

/// The message of a panic of the model's own.
fn described(outcome: std::thread::Result<()>) -> Option<Panicked> {
    let payload = outcome.err().filter(|payload| !payload.is::<Cancelled>())?;
    let panicked = panic_hook::describe(&*payload);
    // Its destructor is the model's, and may be unwound as well.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
    Some(panicked)
}
