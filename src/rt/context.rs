//! Where a thread is: inside an execution of raddle's, inside one of loom's, or in neither.
//!
//! An object of the facade asks once, when it is made, and keeps to that arm. The answer is per
//! thread of the operating system: all threads of an explored model share one.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::engine::native::NativeRun;
use crate::rt::session::Session;

/// The arms of the facade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arm {
    /// The operating system's threads.
    Native,
    /// Inside `loom::model`.
    Loom,
    /// Inside an execution of ours.
    Model,
}

thread_local! {
    static ARM: Cell<Arm> = const { Cell::new(Arm::Native) };
    static SESSION: Cell<Option<NonNull<Session>>> = const { Cell::new(None) };
    static LOOM_STAMP: Cell<u64> = const { Cell::new(0) };
    static LOOM_THREADS: RefCell<Vec<loom::thread::ThreadId>> = const { RefCell::new(Vec::new()) };
    static NATIVE: RefCell<Option<Arc<NativeRun>>> = const { RefCell::new(None) };
}

/// The arm in which an object that is made now would be.
#[inline]
pub(crate) fn arm() -> Arm {
    ARM.get()
}

/// The execution that this thread is inside of.
///
/// # Panics
/// If it is inside of none.
#[inline]
pub(crate) fn session<R>(f: impl FnOnce(&Session) -> R) -> R {
    let session = SESSION.get().expect("inside an execution");
    // SAFETY: `enter_model` puts the pointer there from a reference that its guard borrows, and the
    // guard takes it away again before that borrow ends. The session is used on this thread only.
    f(unsafe { session.as_ref() })
}

/// Calls `f` with the execution that this thread is inside of, if it is inside of one of ours.
pub(crate) fn in_session<R>(f: impl FnOnce(&Session) -> R) -> Option<R> {
    (arm() == Arm::Model).then(|| session(f))
}

/// The program needs more than raddle has room for, where what it uses in production has no such limit: that
/// says nothing about a model, and ends its check.
#[cold]
pub(crate) fn no_room(why: String) -> ! {
    match arm() {
        Arm::Model => session(|session| session.give_up_check(why)),
        Arm::Native | Arm::Loom => panic!("{why}"),
    }
}

/// A number for the execution that this thread is inside of, in whichever arm; 0 if in none.
pub(crate) fn stamp() -> u64 {
    match arm() {
        Arm::Model => session(Session::stamp),
        Arm::Loom => LOOM_STAMP.get(),
        Arm::Native => native_run().map_or(0, |run| run.stamp()),
    }
}

/// Loom begins an execution on this thread.
pub(crate) fn begin_loom_execution() {
    LOOM_STAMP.set(crate::rt::session::new_stamp());
    LOOM_THREADS.with_borrow_mut(Vec::clear);
}

/// The place of a thread among those of loom's execution that were asked about. All of them run on one
/// thread of the operating system.
pub(crate) fn place_in_loom_execution(thread: loom::thread::ThreadId) -> usize {
    LOOM_THREADS.with_borrow_mut(|threads| {
        threads.iter().position(|&known| known == thread).unwrap_or_else(|| {
            threads.push(thread);
            threads.len() - 1
        })
    })
}

/// The run of the native engine to which this thread belongs, if any.
pub(crate) fn native_run() -> Option<Arc<NativeRun>> {
    NATIVE.with(|run| run.borrow().clone())
}

/// Returns the thread to where it was.
#[derive(Debug)]
pub(crate) struct Inside<'a> {
    arm: Arm,
    session: Option<NonNull<Session>>,
    borrow: PhantomData<&'a Session>,
}

/// This thread runs executions of `session` until the guard is dropped.
pub(crate) fn enter_model(session: &Session) -> Inside<'_> {
    Inside {
        arm: ARM.replace(Arm::Model),
        session: SESSION.replace(Some(NonNull::from(session))),
        borrow: PhantomData,
    }
}

/// This thread runs `loom::model` until the guard is dropped.
pub(crate) fn enter_loom() -> Inside<'static> {
    Inside { arm: ARM.replace(Arm::Loom), session: SESSION.get(), borrow: PhantomData }
}

/// This thread belongs to a run of the native engine from now on.
pub(crate) fn join_native_run(run: Option<Arc<NativeRun>>) {
    NATIVE.with(|cell| *cell.borrow_mut() = run);
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        ARM.set(self.arm);
        SESSION.set(self.session);
    }
}
