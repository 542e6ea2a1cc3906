//! The backends, in which the operations of an object take effect: the operating system's threads, an
//! execution of loom's, or one of the [runtime](crate::runtime)'s.
//!
//! [`guarded`] runs guarded commands on each of the three; [`native`] counts the threads of a native run, so
//! that its deadlocks are found; [`loom_recorder`] records what loom's executions do, and [`loom_limits`]
//! what loom leaves out of them; [`clones`] watches the clones of one result; [`fail`] ends an execution with a failure that a primitive declares.

pub(crate) mod clones;
pub(crate) mod fail;
pub(crate) mod guarded;
pub(crate) mod loom;
pub(crate) mod loom_crate;
pub(crate) mod loom_limits;
pub(crate) mod loom_recorder;
pub(crate) mod native;
mod on_loom;

use crate::runtime::context::{self, Backend};
use crate::runtime::session::Session;

/// The number of the execution that this thread is part of, in any backend; 0 if none.
pub(crate) fn stamp() -> u64 {
    match context::backend() {
        Backend::Model => context::session(Session::stamp),
        Backend::Loom => loom::stamp(),
        Backend::Native => native::current_run().map_or(0, |run| run.stamp()),
    }
}

/// A nonzero number by which a lock identifies its owner, unique among the threads that can use the lock.
pub(crate) fn owner_key() -> u64 {
    match context::backend() {
        Backend::Model => u64::from(context::session(Session::me).0) + 1,
        Backend::Native => crate::owner::number(),
        Backend::Loom => loom::place_in_execution(loom_crate::thread::current().id()) as u64 + 1,
    }
}
