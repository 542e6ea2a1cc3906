//! What happened, kept for a reader: recorded only when a failure is replayed to be shown.

use crate::op::{ObjectId, Op, Role, Site, State, ThreadId};
use crate::rt::execution::Execution;
use crate::rt::thread::{Choosing, Pending};

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) thread: ThreadId,
    pub(crate) what: What,
    pub(crate) site: Option<Site>,
    /// The number of choices made before it: entries of one step share it.
    pub(crate) step: usize,
}

/// What an entry tells.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// An operation took effect.
    Op {
        object: ObjectId,
        name: &'static str,
        /// Operands and result.
        shown: String,
        role: Role,
        before: State,
        after: State,
    },
    /// A thread must wait before it can perform an operation.
    Waits {
        /// The object it waits for.
        object: ObjectId,
        name: &'static str,
        /// Who holds the object, if somebody does, and where it was taken.
        holder: Option<(ThreadId, Site)>,
    },
    /// An alternative was chosen.
    Chose { what: Choosing, alternative: u32 },
    /// A yield returned because something had changed.
    Yielded,
    /// A yield or a timed wait returned because nothing else could move.
    Forced { timed_out: bool },
    /// A cell was read or written.
    Cell { object: ObjectId, write: bool },
    /// A fence.
    Fence,
    /// A thread finished.
    Finished,
    /// A thread finished by a panic.
    Panicked { message: String },
}

/// The entries of one execution.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    waiting: Vec<ThreadId>,
    pub(crate) step: usize,
    /// Whether nobody could move at the end.
    pub(crate) stuck: bool,
}

impl Log {
    /// Forgets the execution.
    pub(crate) fn clear(&mut self) {
        *self = Log::default();
    }

    fn push(&mut self, thread: ThreadId, what: What, site: Option<Site>) {
        self.entries.push(Entry { thread, what, site, step: self.step });
    }

    pub(crate) fn performed(&mut self, thread: ThreadId, op: &Op, before: State, after: State) {
        self.waiting.retain(|&t| t != thread);
        let what = What::Op {
            object: op.object,
            name: op.command.name,
            shown: (op.command.show)(before, op.args),
            role: op.command.role,
            before,
            after,
        };
        self.push(thread, what, Some(op.site));
    }

    pub(crate) fn chose(&mut self, thread: ThreadId, what: Choosing, alternative: u32, site: Site) {
        self.push(thread, What::Chose { what, alternative }, Some(site));
    }

    pub(crate) fn yielded(&mut self, thread: ThreadId, site: Site) {
        self.push(thread, What::Yielded, Some(site));
    }

    pub(crate) fn forced(&mut self, thread: ThreadId, timed_out: bool, site: Option<Site>) {
        self.push(thread, What::Forced { timed_out }, site);
    }

    pub(crate) fn cell(&mut self, thread: ThreadId, object: ObjectId, write: bool, site: Site) {
        self.push(thread, What::Cell { object, write }, Some(site));
    }

    pub(crate) fn fence(&mut self, thread: ThreadId, site: Site) {
        self.push(thread, What::Fence, Some(site));
    }

    pub(crate) fn finished(&mut self, thread: ThreadId, panicked: Option<&str>) {
        let what = match panicked {
            Some(message) => What::Panicked { message: message.to_owned() },
            None => What::Finished,
        };
        self.push(thread, what, None);
    }

    pub(crate) fn stuck(&mut self) {
        self.stuck = true;
    }

    /// Notes every thread that has come to wait for an operation, once.
    pub(crate) fn note_waiting(&mut self, execution: &Execution) {
        for &thread in execution.born() {
            let Pending::Op(op) = &execution.thread(thread).pending else { continue };
            if execution.enabled(thread) || self.waiting.contains(&thread) {
                continue;
            }
            self.waiting.push(thread);
            let what =
                What::Waits { object: op.object, name: op.command.name, holder: execution.holder(op.object) };
            self.push(thread, what, Some(op.site));
        }
    }
}
