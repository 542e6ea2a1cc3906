//! An object of the Model arm, and the check that it is used where it was made.

use std::panic::Location;

use crate::op::{Args, Command, ObjectId, Op, Publish, Site, State};
use crate::rt::context::{self, Arm};
use crate::rt::session::Session;

/// An object of one execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelObject {
    pub(crate) id: ObjectId,
    stamp: u64,
    pub(crate) site: Site,
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

    /// The object for all that a line of source declares, of which a thread of the running execution uses one for
    /// the first time; and how many others of them were used before.
    pub(crate) fn declared(kind: &'static str, state: State, site: Site) -> (Self, usize) {
        context::session(|session| {
            let (id, before) = session.comes_upon(kind, state, site);
            (ModelObject { id, stamp: session.stamp(), site }, before)
        })
    }

    /// Performs a command on it; the state before.
    #[inline]
    pub(crate) fn perform(
        self,
        command: &'static Command,
        args: Args,
        publish: Publish,
        site: Site,
    ) -> State {
        self.with(site, |session| {
            session.perform(Op { command, object: self.id, args, publish, on_failure: publish, site })
        })
    }

    /// Performs a command that gives something back; whether it did. It does not where the execution has ended,
    /// and outside of any: nothing is left there to be given back to, and what gives it back is a destructor,
    /// in which a panic could abort the process.
    #[inline]
    pub(crate) fn give_back(self, command: &'static Command, args: Args, site: Site) -> bool {
        let publish = command.publish;
        let op = Op { command, object: self.id, args, publish, on_failure: publish, site };
        let here =
            context::in_session(|session| (session.stamp() == self.stamp).then(|| session.give_back(op)));
        match here {
            Some(Some(given)) => given,
            Some(None) if !std::thread::panicking() => foreign(self.site, site),
            _ => false,
        }
    }

    /// Calls `f` with the session, once it is clear that this is the right one.
    ///
    /// # Panics
    /// If the object is of another execution.
    #[inline]
    pub(crate) fn with<R>(self, site: Site, f: impl FnOnce(&Session) -> R) -> R {
        if context::arm() != Arm::Model {
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

    /// Whether the object is used elsewhere than in the execution that made it by a destructor that runs during a
    /// panic, which is left out: to complain would abort the process.
    pub(crate) fn is_lost(self) -> bool {
        std::thread::panicking() && !self.is_here()
    }

    /// The object's present state, looked at by somebody who has it for themselves.
    ///
    /// # Panics
    /// If the object is of another execution.
    pub(crate) fn peek(self) -> State {
        self.with(self.site, |session| session.execution.borrow().object(self.id).state)
    }

    /// Changes the object's state in the name of somebody who had it for themselves, which is no step
    /// of the execution.
    pub(crate) fn set(self, state: State) {
        self.with(self.site, |session| {
            session.acts();
            session.execution.borrow_mut().set_state(self.id, state);
        });
    }
}

/// Complains about an object that is used outside the execution that made it.
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

/// Complains unless the calling thread is where an object of this arm may be used.
#[inline]
pub(crate) fn check_arm(arm: Arm, made: Site, used: Site) {
    if context::arm() != arm {
        foreign(made, used);
    }
}
