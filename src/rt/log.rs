//! What happened, kept for a reader: recorded only when a failure is replayed to be shown.
//!
//! What the threads were about when the failure was noticed is kept apart: they are unwound
//! afterwards, and by then they have given back what they held.

use crate::op::{Access, ObjectId, Op, Publish, Role, Site, State, ThreadId};
use crate::rt::execution::Execution;
use crate::rt::orders::CellAccess;
use crate::rt::thread::{Choosing, Held, Holder, Panicked, Pending};
use crate::verdict::FailureKind;

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
        access: Access,
        /// What it published and saw, as it turned out.
        publish: Publish,
        /// What it did not see though it was there.
        stale: Option<Stale>,
    },
    /// A thread must wait before it can perform an operation.
    Waits {
        /// The object it waits for.
        object: ObjectId,
        name: &'static str,
        access: Access,
        /// For whom it waits, if the object is a lock.
        holder: Option<Holder>,
    },
    /// An alternative was chosen among so many.
    Chose { what: Choosing, alternative: u32 },
    /// A yield returned because something had changed.
    Yielded,
    /// A yield or a timed wait returned because nothing else could move.
    Forced { timed_out: bool },
    /// A cell was read or written.
    Cell { object: ObjectId, write: bool },
    /// A fence.
    Fence { publish: Publish },
    /// A thread spawned another.
    Spawned { child: ThreadId },
    /// A thread learned that another had finished.
    Joined { other: ThreadId },
    /// A thread finished.
    Finished,
    /// A thread finished by a panic.
    Panicked(Panicked),
    /// A primitive declared a failure.
    Declared { kind: FailureKind, message: String },
}

/// A look at a value that was not the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stale {
    /// Which entry left the value that was seen; none if that is the one with which the object was made.
    pub(crate) seen: Option<usize>,
    /// Which entry left the newest.
    pub(crate) missed: usize,
}

/// What a thread was about when the failure was noticed.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) thread: ThreadId,
    pub(crate) pending: Pending,
    pub(crate) held: Vec<Held>,
    /// Whether its operation had to wait.
    pub(crate) waiting: bool,
    /// Whether it would look in vain for ever.
    pub(crate) spins: bool,
}

/// The entries of one execution.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    /// What every thread was about when the failure was noticed.
    pub(crate) ends: Vec<End>,
    /// The earlier access of a data race; the later one is the last entry.
    pub(crate) race: Option<CellAccess>,
    waiting: Vec<ThreadId>,
    /// Whether the failure was noticed: what comes after it is no part of the story.
    closed: bool,
    pub(crate) step: usize,
}

impl Log {
    /// Forgets the execution.
    pub(crate) fn clear(&mut self) {
        *self = Log::default();
    }

    fn push(&mut self, thread: ThreadId, what: What, site: Option<Site>) {
        if self.closed {
            return;
        }
        self.entries.push(Entry { thread, what, site, step: self.step });
    }

    pub(crate) fn performed(&mut self, thread: ThreadId, op: &Op, before: State) {
        self.waiting.retain(|&t| t != thread);
        let access = op.access(before);
        let role = op.command.role;
        let failed = role == Role::CompareExchange && access == Access::READ;
        let what = What::Op {
            object: op.object,
            name: op.command.name,
            shown: (op.command.show)(before, op.args),
            role,
            access,
            publish: if failed { op.on_failure } else { op.publish },
            stale: None,
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

    pub(crate) fn fence(&mut self, thread: ThreadId, publish: Publish, site: Site) {
        self.push(thread, What::Fence { publish }, Some(site));
    }

    pub(crate) fn spawned(&mut self, thread: ThreadId, child: ThreadId, site: Site) {
        self.push(thread, What::Spawned { child }, Some(site));
    }

    pub(crate) fn joined(&mut self, thread: ThreadId, other: ThreadId, site: Option<Site>) {
        self.push(thread, What::Joined { other }, site);
    }

    pub(crate) fn finished(&mut self, thread: ThreadId, panicked: Option<&Panicked>) {
        let what = panicked.map_or(What::Finished, |panicked| What::Panicked(panicked.clone()));
        self.push(thread, what, None);
    }

    pub(crate) fn declared(&mut self, thread: ThreadId, kind: FailureKind, message: &str) {
        self.push(thread, What::Declared { kind, message: message.to_owned() }, None);
    }

    /// Notes what every thread is about at the failure.
    pub(crate) fn note_end(&mut self, execution: &Execution) {
        self.step = execution.schedule.len();
        self.note_waiting(execution);
        self.closed = true;
        self.ends = execution
            .born()
            .iter()
            .map(|&thread| {
                let state = execution.thread(thread);
                let waiting = !execution.enabled(thread);
                let spins = execution.awaits_value(thread);
                End { thread, pending: state.pending, held: state.held.clone(), waiting, spins }
            })
            .collect();
    }

    /// Notes every thread that has come to wait for an operation, once.
    pub(crate) fn note_waiting(&mut self, execution: &Execution) {
        for &thread in execution.born() {
            let Pending::Op(op) = &execution.thread(thread).pending else { continue };
            if execution.enabled(thread) || self.waiting.contains(&thread) {
                continue;
            }
            self.waiting.push(thread);
            let what = What::Waits {
                object: op.object,
                name: op.command.name,
                access: op.access(execution.object(op.object).state),
                holder: execution.holder(thread, op),
            };
            self.push(thread, what, Some(op.site));
        }
    }
}
