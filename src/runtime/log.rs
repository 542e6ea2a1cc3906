//! A log of an execution for reports: recorded only when a failure is replayed to be shown.
//!
//! The pending operations of the threads when the failure was detected are stored separately: the threads are
//! unwound afterwards, and have then released what they held.

use crate::failure::FailureKind;
use crate::op::{Access, ObjectId, Op, Role, Site, State, Synchronization, ThreadId};
use crate::runtime::execution::Execution;
use crate::runtime::race_detector::CellAccess;
use crate::runtime::thread::{Choosing, Held, Holder, Panicked, Pending};

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) thread: ThreadId,
    pub(crate) what: What,
    pub(crate) site: Option<Site>,
    /// The number of choices made before it: entries of one step share it.
    pub(crate) step: usize,
}

/// The content of an entry.
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
        /// Whether it acquired and released in effect.
        synchronization: Synchronization,
        /// The newer writes that it missed.
        stale: Option<Stale>,
    },
    /// A thread must wait before it can perform an operation.
    Waits {
        /// The object it waits for.
        object: ObjectId,
        name: &'static str,
        access: Access,
        /// The thread that it waits for, if the object is a lock.
        holder: Option<Holder>,
    },
    /// One of this many alternatives was chosen.
    Chose { what: Choosing, alternative: u32 },
    /// A yield returned because an object had changed.
    Yielded,
    /// A yield or a timed wait returned because nothing else could move.
    Forced { timed_out: bool },
    /// A cell was read or written.
    Cell { object: ObjectId, write: bool },
    /// A fence.
    Fence { synchronization: Synchronization },
    /// A thread spawned another.
    Spawned { child: ThreadId },
    /// A thread observed that another had finished.
    Joined { other: ThreadId },
    /// A thread finished.
    Finished,
    /// A thread finished by a panic.
    Panicked(Panicked),
    /// A primitive declared a failure.
    Declared { kind: FailureKind, message: String },
}

/// A read of a value that was not the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stale {
    /// The entry that left the value that was read; `None` if that is the object's initial value.
    pub(crate) seen: Option<usize>,
    /// The entry that left the newest value.
    pub(crate) missed: usize,
}

/// The pending operation of a thread when the failure was detected.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) thread: ThreadId,
    pub(crate) pending: Pending,
    pub(crate) held: Vec<Held>,
    /// True if its operation had to wait.
    pub(crate) waiting: bool,
    /// True if its loop would repeat without effect for ever.
    pub(crate) spins: bool,
}

/// The entries of one execution.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    /// The pending operation of every thread when the failure was detected.
    pub(crate) ends: Vec<End>,
    /// The earlier access of a data race; the later one is the last entry.
    pub(crate) race: Option<CellAccess>,
    waiting: Vec<ThreadId>,
    /// True once the failure was detected: later entries are not recorded.
    closed: bool,
    pub(crate) step: usize,
}

impl Log {
    /// Clears the log.
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
            synchronization: if failed { op.on_failure } else { op.synchronization },
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

    pub(crate) fn fence(&mut self, thread: ThreadId, synchronization: Synchronization, site: Site) {
        self.push(thread, What::Fence { synchronization }, Some(site));
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

    /// Records the pending operation of every thread at the failure.
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

    /// Records every thread that has begun to wait for an operation, once.
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
