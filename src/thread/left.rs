//! Threads whose closure borrows: what they return is left beside their handle, which is of no type of
//! theirs.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Result;

/// A thread's result, once it is there.
pub(super) type Slot<T> = Arc<Mutex<Option<Result<T>>>>;

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
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        drop(slot);
        if let Some(payload) = again {
            panic::resume_unwind(payload);
        }
    };
    (Box::new(body), result)
}

/// The result of a thread that was joined.
pub(super) fn result_left<T>(slot: &Slot<T>, joined: Result<()>) -> Result<T> {
    let result = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (result, joined) {
        (Some(result), _) => result,
        (None, Err(payload)) => Err(payload),
        (None, Ok(())) => unreachable!("a thread that ended well has left its result"),
    }
}

/// The panic's text once more: the payload itself belongs to whoever joins.
fn copied(payload: &Payload) -> Payload {
    if payload.is::<crate::rt::session::Cancelled>() {
        Box::new(crate::rt::session::Cancelled)
    } else if let Some(text) = payload.downcast_ref::<&'static str>() {
        Box::new(*text)
    } else if let Some(text) = payload.downcast_ref::<String>() {
        Box::new(text.clone())
    } else {
        Box::new("a panic with a value that is not text")
    }
}
