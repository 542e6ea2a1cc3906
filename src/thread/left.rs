//! The results of threads, and threads whose closure borrows: what those return is left beside their handle, which is
//! of no type of theirs.
//!
//! What this can still miss: a result for which nobody asks is dropped by its thread or by the owner of the handle,
//! whichever lets go of it last. Neither is a step, so which of the two it is follows from the order of the steps around
//! them, and the other one is not explored. That matters only if the result has a destructor that performs
//! operations, such as a `Sender`'s; to make it a step would cost one of every thread that returns a `String`.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Result;

use crate::rt::fail;
use crate::rt::session::Cancelled;

/// A thread's result, once it is there. The thread and its handle share it.
pub(super) type Slot<T> = Arc<Left<T>>;

/// A result that nobody has taken yet, if there is one.
#[derive(Debug)]
pub(super) struct Left<T>(Mutex<Option<Result<T>>>);

impl<T> Default for Left<T> {
    fn default() -> Self {
        Left(Mutex::default())
    }
}

impl<T> Left<T> {
    /// Leaves the result.
    pub(super) fn put(&self, result: Result<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    /// Takes the result.
    pub(super) fn take(&self) -> Option<Result<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Drop for Left<T> {
    /// A panic in the destructor of a result for which nobody asked aborts the process, as in std.
    fn drop(&mut self) {
        let Some(result) = self.take() else { return };
        let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(result)));
        match dropped {
            Ok(()) => {}
            Err(payload) if payload.is::<Cancelled>() => panic::resume_unwind(payload),
            Err(payload) => fail::aborts("a thread's result panicked when it was dropped", payload),
        }
    }
}

/// A result that may be asked for while its thread is being unwound.
type Payload = Box<dyn Any + Send>;

/// What a thread is to run so that it leaves its result in the slot. If it panics it does so twice: the
/// payload belongs to whoever joins, and its text to the thread.
pub(super) fn leaving_its_result<'a, F, T>(f: F) -> (Box<dyn FnOnce() + Send + 'a>, Slot<T>)
where
    F: FnOnce() -> T + Send + 'a,
    T: Send + 'a,
{
    let result = Slot::default();
    let slot = Arc::clone(&result);
    let body = move || {
        let outcome = panic::catch_unwind(AssertUnwindSafe(f));
        let again = match &outcome {
            Ok(_) => None,
            Err(payload) => Some(copied(payload)),
        };
        slot.put(outcome);
        drop(slot);
        if let Some(payload) = again {
            panic::resume_unwind(payload);
        }
    };
    (Box::new(body), result)
}

/// The result of a thread that was joined.
pub(super) fn result_left<T>(slot: &Slot<T>, joined: Result<()>) -> Result<T> {
    match (slot.take(), joined) {
        (Some(result), _) => result,
        (None, Err(payload)) => Err(payload),
        (None, Ok(())) => unreachable!("a thread that ended well has left its result"),
    }
}

/// The panic's text once more: the payload itself belongs to whoever joins.
fn copied(payload: &Payload) -> Payload {
    if payload.is::<Cancelled>() {
        Box::new(Cancelled)
    } else if let Some(text) = payload.downcast_ref::<&'static str>() {
        Box::new(*text)
    } else if let Some(text) = payload.downcast_ref::<String>() {
        Box::new(text.clone())
    } else {
        Box::new("a panic with a value that is not text")
    }
}
