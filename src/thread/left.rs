//! The results of threads, and threads whose closure borrows: their results are stored beside their handle,
//! whose type does not mention them.
//!
//! What this can still miss: a result that is never taken is dropped by its thread or by the owner of the
//! handle, whichever releases it last. Neither is a step, so which of the two it is follows from the order of
//! the steps around them, and the other one is not explored. That matters only if the result has a destructor
//! that performs operations, such as a `Sender`'s; to make it a step would cost one for every thread that
//! returns a `String`.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Result;

use crate::backend::fail;
use crate::runtime::session::Cancelled;

/// A thread's result, once it exists. The thread and its handle share it.
pub(super) type Slot<T> = Arc<Left<T>>;

/// A result that was not taken yet, if there is one.
#[derive(Debug)]
pub(super) struct Left<T>(Mutex<Option<Result<T>>>);

impl<T> Default for Left<T> {
    fn default() -> Self {
        Left(Mutex::default())
    }
}

impl<T> Left<T> {
    /// Stores the result.
    pub(super) fn put(&self, result: Result<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    /// Takes the result.
    pub(super) fn take(&self) -> Option<Result<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Drop for Left<T> {
    /// A panic in the destructor of a result that was never taken aborts the process, as in std.
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

/// The payload of a panic, which may be taken while its thread is being unwound.
type Payload = Box<dyn Any + Send>;

/// The closure that a thread runs to store its result in the slot. If it panics, the payload is stored for
/// the thread that joins, and a copy of its text is the thread's own panic.
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

/// A copy of the panic's text: the payload itself belongs to the thread that joins.
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
