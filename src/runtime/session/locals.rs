//! The values of `thread_local`s, and the order in which a thread drops them.
//!
//! The order is that of std where the platform leaves it to std, and of glibc: a value's destructor is
//! registered once the value is made, and the newest one runs next, also if an earlier destructor has just
//! registered it. A value is gone as soon as its destructor begins. One without a destructor stays.

use std::any::Any;
use std::rc::Rc;

use super::Session;
use crate::op::ThreadId;

/// A thread's own value of a `thread_local`.
pub(super) struct Local {
    thread: ThreadId,
    key: usize,
    /// Whether it has a destructor.
    drops: bool,
    /// The value, until its destructor begins.
    value: Option<Rc<dyn Any>>,
}

/// The state of a thread's value at a lookup.
pub(crate) enum Found {
    /// The value.
    Value(Rc<dyn Any>),
    /// Not made yet.
    Nothing,
    /// Gone: its destructor runs, or has run.
    Gone,
}

impl Session {
    /// The running thread's value of a `thread_local`.
    pub(crate) fn local(&self, key: usize) -> Found {
        let me = self.me();
        let locals = self.locals.borrow();
        match locals.iter().find(|local| (local.thread, local.key) == (me, key)) {
            None => Found::Nothing,
            Some(Local { value: None, .. }) => Found::Gone,
            Some(Local { value: Some(value), .. }) => Found::Value(Rc::clone(value)),
        }
    }

    /// Sets the running thread's value of a `thread_local`; returns the value that it has replaced, if the
    /// initializer itself used the `thread_local` and thus made one already.
    #[must_use = "its destructor is the model's, and may need the session"]
    pub(crate) fn set_local<T: 'static>(&self, key: usize, value: Rc<T>) -> Option<Rc<dyn Any>> {
        let (thread, drops) = (self.me(), std::mem::needs_drop::<T>());
        let mut locals = self.locals.borrow_mut();
        if let Some(known) = locals.iter_mut().find(|local| (local.thread, local.key) == (thread, key)) {
            return known.value.replace(value);
        }
        locals.push(Local { thread, key, drops, value: Some(value) });
        None
    }

    /// Whether any thread has values.
    pub(super) fn has_locals(&self) -> bool {
        !self.locals.borrow().is_empty()
    }

    /// Whether the running thread has values with destructors.
    pub(super) fn has_locals_to_drop(&self) -> bool {
        let me = self.me();
        self.locals.borrow().iter().any(|local| local.thread == me && local.drops)
    }

    /// The running thread's value whose destructor runs next; if there is none, its remaining values are
    /// removed.
    pub(super) fn next_local_to_drop(&self) -> Option<Rc<dyn Any>> {
        let me = self.me();
        let mut locals = self.locals.borrow_mut();
        let next = |local: &&mut Local| local.thread == me && local.drops && local.value.is_some();
        let value = locals.iter_mut().rev().find(next).and_then(|local| local.value.take());
        if value.is_none() {
            locals.retain(|local| local.thread != me);
        }
        value
    }

    /// Leaks the values of threads that were abandoned: a destructor may run on its own thread only.
    pub(crate) fn leak_locals(&self) {
        for local in self.locals.borrow_mut().drain(..) {
            std::mem::forget(local.value);
        }
    }
}
