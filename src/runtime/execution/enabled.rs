//! The set of enabled threads, updated on changes instead of computed from every thread before every step.
//!
//! A guard reads its own object only, so whether a thread is enabled changes only when it announces something
//! else, or when the state of the object changes that it waits for.

use super::Execution;
use crate::op::{ObjectId, Role, ThreadId, ThreadSet};
use crate::runtime::thread::Pending;

/// The threads that wait to take a visible step.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Those that are enabled.
    enabled: ThreadSet,
    /// Those whose step is a choice.
    choosing: ThreadSet,
    /// Those that hold a lock and wait for another.
    holding: ThreadSet,
}

impl Waiting {
    /// No thread waits, as before an execution begins.
    pub(super) fn clear(&mut self) {
        let Waiting { enabled, choosing, holding } = self;
        enabled.clear();
        choosing.clear();
        holding.clear();
    }
}

impl Execution {
    /// The threads whose next step is enabled.
    #[inline]
    pub(super) fn enabled_threads(&self) -> &ThreadSet {
        debug_assert!(
            self.born.iter().all(|&t| self.waiting.enabled.contains(t) == self.enabled(t)),
            "who can move is kept up to date"
        );
        &self.waiting.enabled
    }

    /// A thread whose next step is a choice, which is taken before anything else: it touches
    /// nothing, so it need not be a branch point for the other threads.
    #[inline]
    pub(crate) fn choosing(&self, enabled: &ThreadSet) -> Option<ThreadId> {
        let choosing = &self.waiting.choosing;
        if choosing.is_empty() { None } else { enabled.and(choosing).next() }
    }

    /// The threads that hold a lock and wait for another that is not available.
    #[inline]
    pub(crate) fn holding_and_waiting(&self) -> impl Iterator<Item = ThreadId> + '_ {
        self.waiting.holding.without(&self.waiting.enabled)
    }

    /// Whether there is such a thread.
    #[inline]
    pub(super) fn any_holds_and_waits(&self) -> bool {
        !self.waiting.holding.is_within(&self.waiting.enabled)
    }

    /// The thread waits from now on for the operation that it has announced.
    #[inline]
    pub(super) fn begin_waiting(&mut self, thread: ThreadId) {
        let state = &self.threads[thread.index()];
        match &state.pending {
            Pending::Op(op) => {
                if op.command.role.waits_for_owners()
                    && state.held.len() > usize::from(op.command.role == Role::Succeed)
                {
                    self.waiting.holding.insert(thread);
                }
                self.objects[op.object.index()].watched_by.insert(thread);
            }
            Pending::Choose { .. } => self.waiting.choosing.insert(thread),
            Pending::Yield { .. } => {
                for (object, _) in &state.read {
                    self.objects[object.index()].watched_by.insert(thread);
                }
            }
            _ => return,
        }
        self.look_again(thread);
    }

    /// The thread no longer waits for the operation that it announced, which stays readable in its state.
    #[inline]
    pub(super) fn stop_waiting(&mut self, thread: ThreadId) {
        let state = &self.threads[thread.index()];
        match &state.pending {
            Pending::Op(op) => {
                self.waiting.holding.remove(thread);
                self.objects[op.object.index()].watched_by.remove(thread);
            }
            Pending::Choose { .. } => self.waiting.choosing.remove(thread),
            Pending::Yield { .. } => {
                for (object, _) in &state.read {
                    self.objects[object.index()].watched_by.remove(thread);
                }
            }
            _ => return,
        }
        self.waiting.enabled.remove(thread);
    }

    /// The state of an object has changed.
    #[inline]
    pub(super) fn has_changed(&mut self, object: ObjectId) {
        for at in 0..self.objects[object.index()].watched_by.words() {
            for thread in self.objects[object.index()].watched_by.in_word(at) {
                self.look_again(thread);
            }
        }
    }

    // Inlined: a call would cost as much as the function itself.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    pub(super) fn look_again(&mut self, thread: ThreadId) {
        let enabled = self.enabled(thread);
        self.waiting.enabled.set(thread, enabled);
    }
}
