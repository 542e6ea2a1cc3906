//! The effect of a step: the chosen operation takes effect before its thread runs on.

use super::Execution;
use crate::op::{ObjectId, Op, Role, Slots, State, ThreadId};
use crate::runtime::happens_before::Next;
use crate::runtime::lasso::StepRecord;
use crate::runtime::thread::{Held, Pending, WokenBy};
use crate::runtime::times::Knowledge;
use crate::schedule::Choice;

impl Execution {
    /// Performs the pending operation of the chosen thread, which is enabled.
    // It has two callers, of which one is rare.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    pub(super) fn step(&mut self, choice: Choice) {
        let Choice { thread, alternative } = choice;
        let enabled = self.enabled_threads().clone();
        self.stop_waiting(thread);
        let state = &mut self.threads[thread.index()];
        let pending = std::mem::take(&mut state.pending);
        let local = state.local.take();
        let site = pending.site();
        state.last_site = site;
        state.steps += 1;
        self.schedule.push(choice);
        let mut done = None;
        match pending {
            Pending::Op(op) => {
                done = Some((op.command.name, op.object));
                self.perform(thread, op, alternative);
            }
            Pending::Choose { what, site, .. } => {
                if let Some(happens_before) = &mut self.happens_before {
                    happens_before.local(thread, alternative);
                }
                if let Some(log) = &mut self.log {
                    log.chose(thread, what, alternative, site);
                }
                self.threads[thread.index()].answer = u64::from(alternative);
            }
            Pending::Yield { site } => {
                let state = &mut self.threads[thread.index()];
                if let Some(happens_before) = &mut self.happens_before {
                    happens_before.look_for_races(thread, &Next::Yield(&state.read), 0);
                    let objects = &self.objects;
                    let read = state.read.iter().map(|&(id, _)| (id, objects[id.index()].state));
                    happens_before.yields(thread, read);
                }
                if let Some(log) = &mut self.log {
                    log.yielded(thread, site);
                }
                state.read.clear();
                state.rounds = 0;
            }
            _ => unreachable!("only a visible operation is ever enabled"),
        }
        let met = self.threads[thread.index()].answer;
        self.records.push(StepRecord { thread, op: done, site, met, local, enabled });
    }

    #[inline]
    fn perform(&mut self, thread: ThreadId, mut op: Op, alternative: u32) {
        let before = self.objects[op.object.index()].state;
        if op.waiters(before).is_some() {
            op.args[1] = Slots::one(alternative).0;
            self.chosen_waiters.extend(
                self.ids.waiter(op.object, alternative).map(|waiter| (self.schedule.len() - 1, waiter)),
            );
        } else if op.goes_either_way(before) {
            op.args[1] = u64::from(alternative);
        }
        self.look_for_races(thread, &op, before);
        if let Some(happens_before) = &mut self.happens_before {
            happens_before.op(thread, alternative, &op, before);
        }
        self.take_effect(thread, &op, before);
    }

    /// The part of an operation that does not concern happens-before.
    #[inline]
    pub(super) fn take_effect(&mut self, thread: ThreadId, op: &Op, before: State) {
        let access = op.access(before);
        let after = op.effect(before);
        self.goes_on(thread, op, before);
        if let Some(log) = &mut self.log {
            log.performed(thread, op, before);
        }
        let object = &mut self.objects[op.object.index()];
        self.sharing.uses(thread, object.maker);
        object.state = after;
        let state = &mut self.threads[thread.index()];
        state.answer = before;
        state.way = op.args[1];
        self.times.op(op.object, access, &mut state.slept);
        self.ends.op(op.object, access, &mut state.ended);
        // A swap that stores the value that was there is a look, as far as waiting is concerned: the loop of
        // a test-and-set lock waits for another thread's write. Which operation of a commuting class changes
        // the state depends on their order, which is explored one way only: none of them is a look.
        if after == before && !access.is_commuting_change() {
            if !state.read.iter().any(|&(read, _)| read == op.object) {
                state.read.push((op.object, object.version));
            }
        } else {
            object.version += u32::from(after != before);
            if let Some(changed) = &mut state.changed_since_poll
                && changed.iter().all(|(known, _)| *known != op.object)
            {
                changed.push((op.object, before));
            }
            if object.changed.1 != thread {
                object.changed_before = object.changed.0;
            }
            object.changed = (self.schedule.len(), thread);
            state.read.clear();
            state.rounds = 0;
        }
        match op.command.role {
            Role::Acquire => state.held.push(Held { object: op.object, site: op.site }),
            Role::TryAcquire | Role::Share if after != before => {
                state.held.push(Held { object: op.object, site: op.site });
            }
            Role::Release => {
                if let Some(at) = state.held.iter().rposition(|held| held.object == op.object) {
                    state.held.remove(at);
                }
            }
            Role::Notify => {
                self.notify(thread, op.object, Slots(before & !after));
            }
            _ => {}
        }
        if after != before {
            self.has_changed(op.object);
        }
        self.race_detector.op(thread, op, access, after != before);
        let quiet = after == before && !access.is_commuting_change();
        self.note_look(thread, op, before, quiet);
    }

    /// A thread wakes the waiters in these slots.
    fn notify(&mut self, thread: ThreadId, object: ObjectId, woken: Slots) {
        let slept = self.thread(thread).slept;
        let step = self.schedule.len().saturating_sub(1) as u32;
        for slot in woken.iter() {
            let Some(waiter) = self.ids.waiter(object, slot) else { continue };
            let woken_by = WokenBy { step, slept };
            self.threads[waiter.index()].woken_by = Some(woken_by);
            if self.ends.begun() {
                let ended = self.thread(thread).ended.clone();
                self.threads[waiter.index()].ended.learn(&ended);
            }
            if matches!(self.thread(waiter).pending, Pending::Wake { .. }) {
                self.wakes(waiter, woken_by);
            }
        }
    }
}
