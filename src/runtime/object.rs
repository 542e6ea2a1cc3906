//! An object of the model backend, and the check that it is used in the execution that made it.

use std::fmt;
use std::panic::Location;

use crate::op::{Args, Command, ObjectId, Op, Site, State, Synchronization};
use crate::runtime::context::{self, Backend};
use crate::runtime::session::Session;

/// An object of one execution.
#[derive(Clone, Copy)]
pub(crate) struct ModelObject {
    pub(crate) id: ObjectId,
    stamp: u64,
    pub(crate) site: Site,
}

impl fmt::Debug for ModelObject {
    /// Nothing by which a model could tell one execution from the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.site.file(), self.site.line())
    }
}

impl ModelObject {
    /// Makes an object in the running execution.
    pub(crate) fn new(kind: &'static str, state: State, site: Site) -> Self {
        context::session(|session| ModelObject {
            id: session.create(kind, state, site),
            stamp: session.stamp(),
            site,
        })
    }

    /// An object that the running execution has made.
    pub(crate) fn made(id: ObjectId) -> Self {
        context::session(|session| ModelObject {
            id,
            stamp: session.stamp(),
            site: session.execution.borrow().object(id).site,
        })
    }

    /// The object for everything that a source line declares, of which a thread of the running execution uses
    /// one for the first time; and how many others of them were used before.
    pub(crate) fn declared(kind: &'static str, state: State, site: Site) -> (Self, usize) {
        context::session(|session| {
            let (id, before) = session.comes_upon(kind, state, site);
            (ModelObject { id, stamp: session.stamp(), site }, before)
        })
    }

    /// Performs a command on it; returns the state before.
    #[inline]
    pub(crate) fn perform(
        self,
        command: &'static Command,
        args: Args,
        synchronization: Synchronization,
        site: Site,
    ) -> State {
        self.with(site, |session| {
            session.perform(Op {
                command,
                object: self.id,
                args,
                synchronization,
                on_failure: synchronization,
                site,
            })
        })
    }

    /// Performs a command that releases something; returns whether it did. It does not if the execution has
    /// ended, or outside any: there is nothing to release it to, and the caller is a destructor, in which a
    /// panic could abort the process.
    #[inline]
    pub(crate) fn release(self, command: &'static Command, args: Args, site: Site) -> bool {
        let synchronization = command.synchronization;
        let op = Op { command, object: self.id, args, synchronization, on_failure: synchronization, site };
        let here =
            context::in_session(|session| (session.stamp() == self.stamp).then(|| session.release(op)));
        match here {
            Some(Some(given)) => given,
            Some(None) if !std::thread::panicking() => foreign(self.site, site),
            _ => false,
        }
    }

    /// Calls `f` with the session, after checking that this is the right one.
    ///
    /// # Panics
    /// If the object is of another execution.
    #[inline]
    pub(crate) fn with<R>(self, site: Site, f: impl FnOnce(&Session) -> R) -> R {
        if context::backend() != Backend::Model {
            foreign(self.site, site);
        }
        context::session(|session| {
            if session.stamp() != self.stamp {
                foreign(self.site, site);
            }
            f(session)
        })
    }

    /// Whether the object is used in the execution that made it.
    pub(crate) fn is_here(self) -> bool {
        context::in_session(Session::stamp) == Some(self.stamp)
    }

    /// Whether the object is used outside the execution that made it by a destructor that runs during a
    /// panic; that use is ignored: a panic would abort the process.
    pub(crate) fn is_lost(self) -> bool {
        std::thread::panicking() && !self.is_here()
    }

    /// The object's present state, for a caller with exclusive access.
    ///
    /// # Panics
    /// If the object is of another execution.
    pub(crate) fn peek(self) -> State {
        self.with(self.site, |session| session.execution.borrow().object(self.id).state)
    }

    /// Changes the object's state for a caller that had exclusive access, which is no step of the execution.
    pub(crate) fn set(self, state: State) {
        self.with(self.site, |session| {
            session.acts();
            session.execution.borrow_mut().set_state(self.id, state);
        });
    }
}

/// Panics because an object is used outside the execution that made it.
#[cold]
pub(crate) fn foreign(made: Site, used: &Location<'_>) -> ! {
    panic!(
        "an object made at {}:{} is used at {}:{}, outside the execution that made it: make it inside the \
         model's closure, not before the check; a static is made afresh in each execution if it is declared \
         in `raddle::statics!`, or is a `raddle::sync::LazyLock`",
        made.file(),
        made.line(),
        used.file(),
        used.line()
    )
}

/// Panics unless the calling thread is where an object of this backend may be used.
#[inline]
pub(crate) fn check_backend(backend: Backend, made: Site, used: Site) {
    if context::backend() != backend {
        foreign(made, used);
    }
}
