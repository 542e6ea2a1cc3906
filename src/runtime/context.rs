//! The context of a thread: inside an execution of raddle's, inside one of loom's, or in neither.
//!
//! An object of the facade looks this up once, when it is made, and keeps that backend. The context is per
//! thread of the operating system: all threads of an explored model share one.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::runtime::session::Session;

/// The backends of the facade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Backend {
    /// The operating system's threads.
    Native,
    /// Inside `loom::model`.
    Loom,
    /// Inside an execution of the runtime.
    Model,
}

thread_local! {
    static BACKEND: Cell<Backend> = const { Cell::new(Backend::Native) };
    static SESSION: Cell<Option<NonNull<Session>>> = const { Cell::new(None) };
}

/// The backend of an object that is made now.
#[inline]
pub(crate) fn backend() -> Backend {
    BACKEND.get()
}

/// The execution that this thread is inside of.
///
/// # Panics
/// If it is inside none.
#[inline]
pub(crate) fn session<R>(f: impl FnOnce(&Session) -> R) -> R {
    let session = SESSION.get().expect("inside an execution");
    // SAFETY: `enter_model` stores the pointer, made from a reference that its guard borrows, and the guard
    // removes it before that borrow ends. The session is used on this thread only.
    f(unsafe { session.as_ref() })
}

/// Calls `f` with the execution that this thread is inside of, if it is one of the runtime's.
pub(crate) fn in_session<R>(f: impl FnOnce(&Session) -> R) -> Option<R> {
    (backend() == Backend::Model).then(|| session(f))
}

/// The program needs more of something than raddle can hold, where the type that it uses in production has no
/// such limit: that proves nothing about a model, and ends its check.
#[cold]
pub(crate) fn no_room(why: String) -> ! {
    match backend() {
        Backend::Model => session(|session| session.give_up_check(why)),
        Backend::Native | Backend::Loom => panic!("{why}"),
    }
}

/// Restores the thread's previous context when dropped.
#[derive(Debug)]
pub(crate) struct Inside<'a> {
    backend: Backend,
    session: Option<NonNull<Session>>,
    borrow: PhantomData<&'a Session>,
}

/// This thread runs executions of `session` until the guard is dropped.
pub(crate) fn enter_model(session: &Session) -> Inside<'_> {
    Inside {
        backend: BACKEND.replace(Backend::Model),
        session: SESSION.replace(Some(NonNull::from(session))),
        borrow: PhantomData,
    }
}

/// This thread runs `loom::model` until the guard is dropped.
pub(crate) fn enter_loom() -> Inside<'static> {
    Inside { backend: BACKEND.replace(Backend::Loom), session: SESSION.get(), borrow: PhantomData }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        BACKEND.set(self.backend);
        SESSION.set(self.session);
    }
}
