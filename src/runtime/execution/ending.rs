//! The ending of an execution, and the messages that describe it.

use super::spinning_now;
use super::{Execution, Failure, Object};
use crate::failure::FailureKind;
use crate::op::{ObjectId, ThreadId};
use crate::runtime::names;
use crate::runtime::thread::{Held, Pending, Thread};
use crate::runtime::wait_for_graph;

impl Execution {
    /// Records the first failure; later ones are consequences.
    pub(crate) fn fail(&mut self, kind: FailureKind, message: String) {
        if self.failure.is_none() {
            self.failure = Some(Failure { kind, message });
            if let Some(mut log) = self.log.take() {
                log.note_end(self);
                self.log = Some(log);
            }
        }
    }

    /// Whether a failure is certain before the execution ends.
    #[inline]
    pub(super) fn fails_early(&mut self) -> bool {
        if self.failure.is_none() {
            if let Some(message) = self.main_panicked() {
                self.fail(FailureKind::Panic, message);
            } else if self.any_holds_and_waits()
                && let Some(cycle) = wait_for_graph::cycle(self)
            {
                self.fail(FailureKind::Deadlock, wait_for_graph::describe_cycle(self, &cycle));
            }
        }
        self.failure.is_some()
    }

    #[inline]
    pub(super) fn main_panicked(&self) -> Option<String> {
        self.thread(ThreadId::MAIN).panicked.as_ref().map(|p| p.message.clone())
    }

    /// No thread can make progress and some thread is unfinished.
    pub(super) fn stuck(&mut self) {
        self.check_blocked();
        if let Some(message) = self.main_panicked() {
            self.fail(FailureKind::Panic, message);
        }
        let spins = self.born.iter().any(|&t| spinning_now(self.thread(t)) || self.awaits_value(t));
        let kind = if spins { FailureKind::Livelock } else { FailureKind::Deadlock };
        let message = wait_for_graph::describe_stuck(self);
        self.fail(kind, message);
    }

    /// Judges an execution that ran to its end: a panic of a thread that was not joined is a failure.
    pub(crate) fn judge(&mut self) {
        if self.cut.is_some() || self.failure.is_some() {
            return;
        }
        let unseen = |t: &&ThreadId| {
            let state = self.thread(**t);
            state.panicked.is_some() && !state.joined
        };
        if let Some(&thread) = self.born.iter().find(unseen) {
            let message = match &self.thread(thread).panicked {
                Some(panicked) if thread == ThreadId::MAIN => panicked.message.clone(),
                Some(panicked) => {
                    format!("{} panicked and was not joined: {}", self.describe(thread), panicked.message)
                }
                None => return,
            };
            self.fail(FailureKind::Panic, message);
        }
    }

    /// Whether the running thread, which is about to be unwound, may count as having reacquired the lock that
    /// it waits for and for which a guard on its stack stands, if there is one: no other thread that still
    /// exists holds it.
    pub(crate) fn has_again_what_it_stands_for(&mut self) -> bool {
        let Some(object) = self.me().stands_for.take() else { return true };
        let (me, site) = (self.current, self.object(object).site);
        let has = |t: &ThreadId| {
            let thread = self.thread(*t);
            *t != me
                && !matches!(thread.pending, Pending::Finished)
                && thread.held.iter().any(|held| held.object == object)
        };
        let free = !self.born.iter().any(has);
        if free {
            self.me().held.push(Held { object, site });
        }
        free
    }

    /// A thread's name in messages, or its index in the order of creation.
    pub(crate) fn describe(&self, thread: ThreadId) -> String {
        if thread == ThreadId::MAIN {
            return "main".to_owned();
        }
        if let Some(name) = &self.thread(thread).name {
            return name.clone();
        }
        let place = self.born.iter().position(|&t| t == thread).unwrap_or_default();
        format!("thread {place}")
    }

    /// An object's name or kind in messages, and where the model made it.
    pub(crate) fn describe_object(&self, object: ObjectId) -> String {
        let Object { kind, name, site, .. } = self.object(object);
        let place = format!("made at {}:{}", site.file(), site.line());
        match name {
            None => format!("{kind} {place}"),
            Some(_) => format!("{} ({kind} {place})", self.name_of(object)),
        }
    }

    /// Whether an object was made in this execution.
    pub(crate) fn knows(&self, object: ObjectId) -> bool {
        self.made().contains(&object)
    }

    /// An object's name, unique in this execution: the name that the model gave it or else its kind, with a
    /// number, which equivalent executions share, if there may be several.
    pub(crate) fn name_of(&self, object: ObjectId) -> String {
        let made = self.made();
        let which = made.iter().position(|&id| id == object).unwrap_or_default();
        let all = made.iter().map(|&id| self.object(id)).map(|object| (object.name.as_deref(), object.kind));
        names::name(all, which)
    }

    /// The objects of this execution in an order which equivalent executions share: by the thread that
    /// made them, parents before children, and then by when it did; those of statics by their places.
    fn made(&self) -> Vec<ObjectId> {
        let mut objects = Vec::new();
        let mut threads = vec![ThreadId::MAIN];
        while let Some(thread) = threads.pop() {
            let &Thread { objects: made, children, .. } = self.thread(thread);
            objects.extend(self.ids.objects_of(thread, made));
            threads.extend(self.ids.children_of(thread, children).rev());
        }
        objects.extend(self.ids.declared_at(&self.declared));
        let mut within = self.within.clone();
        within.sort_unstable_by_key(|&id| (self.object(id).site, id.0));
        objects.extend(within);
        objects
    }
}
