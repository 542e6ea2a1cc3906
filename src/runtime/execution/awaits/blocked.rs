//! Threads that wait before a look: when they are enabled, and with which steps they race.

use std::borrow::Cow;

use super::Execution;
use crate::op::{Op, State, ThreadId, ThreadSet};
use crate::runtime::happens_before::{Lets, Next};
use crate::runtime::spinloop::{Key, Look, Met};
use crate::runtime::thread::Pending;
use crate::schedule::Choice;

impl Execution {
    /// A look that may or may not close a round, which is still unknown, among the steps of these threads.
    pub(crate) fn to_be_tried(&self, enabled: &ThreadSet) -> Option<Choice> {
        if !self.observes_loops() {
            return None;
        }
        let untried = |&thread: &ThreadId| match &self.thread(thread).pending {
            Pending::Op(op) if self.may_wait(thread) => {
                self.thread(thread).closes(self.object(op.object).state).is_none()
            }
            _ => false,
        };
        enabled.iter().find(untried).map(|thread| Choice { thread, alternative: 0 })
    }

    /// Whether a thread's next step is a look that may close a round.
    pub(crate) fn may_wait(&self, thread: ThreadId) -> bool {
        self.thread(thread).awaits.may_close
    }

    /// Searches for the races of a thread's operation.
    #[inline]
    pub(in crate::runtime::execution) fn look_for_races(&mut self, thread: ThreadId, op: &Op, met: State) {
        let Execution { happens_before: Some(happens_before), threads, awaits, forced, .. } = self else {
            return;
        };
        let state = &threads[thread.index()];
        let Some(awaits) = awaits.as_ref().filter(|_| state.awaits.may_close) else {
            happens_before.look_for_races(thread, &Next::Op(op), met);
            return;
        };
        let follows = state.awaits.follows.unwrap_or_else(|| happens_before.followed_by(thread));
        // An unknown value is treated as if there were no waiting loops.
        let lets = |value: State, source: Option<u128>| {
            let met = Met::of(value, || source);
            let key = met.map(|met| Key { thread, follows, forced: *forced, object: op.object, met });
            let known = || key.and_then(|key| awaits.answers.get(&key).copied());
            match state.closes(value).or_else(known) {
                None => Lets::Unknown,
                Some(0) => Lets::GoOn,
                Some(_) => Lets::Wait,
            }
        };
        happens_before.look_for_races(thread, &Next::Await(op, &lets), met);
    }

    /// Searches for the races of looks that would close a round without effect.
    pub(in crate::runtime::execution) fn check_waiting(&mut self) {
        for index in 0..self.born.len() {
            let thread = self.born[index];
            if let (true, Pending::Op(op)) = (self.awaits_value(thread), self.thread(thread).pending) {
                self.look_for_races(thread, &op, self.object(op.object).state);
            }
        }
    }

    /// The threads that could move: the enabled ones, and those whose look would close a round without
    /// effect. The latter are not known for all threads in an execution that begins as another did.
    #[inline]
    pub(crate) fn able<'a>(&self, enabled: &'a ThreadSet) -> Cow<'a, ThreadSet> {
        let mut able = Cow::Borrowed(enabled);
        if self.observes_loops() {
            self.born.iter().filter(|&&t| self.awaits_value(t)).for_each(|&t| able.to_mut().insert(t));
        }
        able
    }

    /// Whether a thread waits for a value that would let it go on.
    pub(crate) fn awaits_value(&self, thread: ThreadId) -> bool {
        let state = self.thread(thread);
        match &state.pending {
            Pending::Op(op) => {
                let value = self.object(op.object).state;
                op.enabled(value) && state.looks_in_vain(value)
            }
            _ => false,
        }
    }

    /// A thread that waits before the last look of a round but could go on, because an object that it read
    /// earlier in that round has changed.
    #[cold]
    fn goes_round(&self) -> Option<ThreadId> {
        let changed = |look: &Look| self.object(look.place.object).version != look.version;
        self.awaits.as_ref()?;
        self.born.iter().copied().find(|&thread| {
            let state = self.thread(thread);
            let Pending::Op(op) = &state.pending else { return false };
            let value = self.object(op.object).state;
            if !op.enabled(value) || !state.awaits.may_close {
                return false;
            }
            let earlier = state.closes(value).unwrap_or(0).saturating_sub(1);
            state.looks[state.looks.len().saturating_sub(earlier)..].iter().any(changed)
        })
    }

    /// Whether a thread could go on but is not let, because another execution has it look later.
    #[cold]
    pub(in crate::runtime::execution) fn would_go_on(&self) -> bool {
        self.awaits.as_ref().is_some_and(|awaits| !awaits.follows) && self.goes_round().is_some()
    }

    /// Lets a thread start another round if no other can move and there is no other execution in which it
    /// would. Returns whether it let one.
    #[cold]
    pub(in crate::runtime::execution) fn lets_go_round(&mut self) -> bool {
        if self.awaits.as_ref().is_none_or(|awaits| !awaits.follows) {
            return false;
        }
        let Some(thread) = self.goes_round() else { return false };
        let state = &mut self.threads[thread.index()];
        state.awaits.may_close = false;
        self.look_again(thread);
        true
    }
}
