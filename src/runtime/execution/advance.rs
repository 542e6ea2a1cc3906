//! Chooses the thread that goes on: first a thread that has only local work left, then the one that the
//! scheduler chooses, and when no thread can make progress, the threads whose timeouts fire.

use super::awaits::Weighed;
use super::spinning_now;
use super::{Cut, Execution, FRUITLESS_ROUNDS, Scheduler};
use crate::failure::FailureKind;
use crate::op::{Slots, ThreadId, ThreadSet};
use crate::runtime::lasso;
use crate::runtime::thread::Pending;
use crate::runtime::times::Knowledge;
use crate::runtime::wait_for_graph;
use crate::schedule::Choice;

/// The result of a request for the next step.
enum Asked {
    /// This step was chosen.
    Step(Choice),
    /// Something else has changed, so the request is repeated.
    Other,
    /// All threads have finished.
    End,
}

impl Execution {
    /// Lets the next thread go on, and returns it; `None` at the end of the execution.
    pub(crate) fn advance(&mut self, scheduler: &mut dyn Scheduler) -> Option<ThreadId> {
        loop {
            // At the end of the execution, threads that are ready also wait until they are unwound.
            if self.cancelling {
                return self.next_to_unwind();
            }
            if !self.ready.is_empty()
                && let Some(thread) = self.ready.pop_front()
            {
                self.current = thread;
                return Some(thread);
            }
            if self.limits.stop_on_failure && self.fails_early() {
                self.cancelling = true;
                continue;
            }
            let choice = match self.in_hand() {
                Some(choice) => choice,
                None => match self.choose(scheduler) {
                    Asked::Step(choice) => choice,
                    Asked::Other => continue,
                    Asked::End => return None,
                },
            };
            match self.weigh(choice, scheduler.is_free()) {
                Weighed::Take => self.step(choice),
                Weighed::Tried => {}
                Weighed::Drop => {
                    scheduler.take_back();
                    continue;
                }
            }
            self.current = choice.thread;
            return Some(choice.thread);
        }
    }

    /// Calls the scheduler for the next step, if any thread can take one.
    fn choose(&mut self, scheduler: &mut dyn Scheduler) -> Asked {
        if self.log.is_some() {
            self.note_waiting();
        }
        if self.enabled_threads().is_empty() {
            return self.nothing_moves();
        }
        if self.schedule.len() >= self.look_at && self.runs_for_ever() {
            return Asked::Other;
        }
        if let Some(choice) = scheduler.choose(self, self.enabled_threads()) {
            return Asked::Step(choice);
        }
        // A look that was to be reversed with an earlier step may also be possible before steps still
        // earlier.
        self.check_waiting();
        self.cut = Some(Cut::Abandoned);
        self.cancelling = true;
        Asked::Other
    }

    /// No thread can take a step: all have finished, or time passes, or the execution is over.
    fn nothing_moves(&mut self) -> Asked {
        let finished = self.finished();
        if !finished && self.lets_go_round() {
            return Asked::Other;
        }
        if !finished && (self.would_go_on() || !self.force()) {
            if self.assumed_in_vain() {
                self.cut = Some(Cut::Assumed);
            } else {
                self.stuck();
            }
            self.cancelling = true;
            return Asked::Other;
        }
        if self.ready.is_empty() { Asked::End } else { Asked::Other }
    }

    #[cold]
    fn note_waiting(&mut self) {
        if let Some(mut log) = self.log.take() {
            log.step = self.schedule.len();
            log.note_waiting(self);
            self.log = Some(log);
        }
    }

    /// Searches a long execution for a cycle: it is a livelock if it is in a fair cycle, and cut if it is in
    /// another one or at its bound.
    #[cold]
    fn runs_for_ever(&mut self) -> bool {
        let found = lasso::find(&self.records);
        let repeats = found.is_some_and(|lasso| lasso::repeats_wholly(&self.records, lasso));
        if let Some(lasso) = found.filter(|lasso| lasso.fair && repeats) {
            self.lasso = Some(lasso);
            let message = wait_for_graph::describe_livelock(self, lasso);
            self.fail(FailureKind::Livelock, message);
        } else if self.failure.is_none() {
            // A fair cycle in which local states differ may still end.
            let may_end = found.is_some_and(|lasso| lasso.fair);
            let lasso = found.or_else(|| lasso::find_before_the_end(&self.records));
            if (may_end || lasso.is_none()) && self.schedule.len() < self.limits.max_steps {
                self.look_at = (2 * self.look_at).min(self.limits.max_steps);
                return false;
            }
            let thread = self.schedule.last().map_or(ThreadId::MAIN, |choice| choice.thread);
            let site = self.thread(thread).pending.site();
            self.cut = Some(Cut::Steps { thread, site, lasso });
        }
        self.cancelling = true;
        true
    }

    /// Searches for the races of operations that stay blocked: another order could have enabled them.
    pub(super) fn check_blocked(&mut self) {
        for index in 0..self.born.len() {
            let thread = self.born[index];
            if let Pending::Op(op) = self.thread(thread).pending {
                let met = self.object(op.object).state;
                self.look_for_races(thread, &op, met);
            }
        }
    }

    /// Whether no thread can make progress only because a thread assumed an end that cannot come yet.
    #[cold]
    fn assumed_in_vain(&mut self) -> bool {
        let assumes = self.born.iter().any(|&t| {
            let thread = self.thread(t);
            thread.assumes_end && matches!(thread.pending, Pending::Join { .. })
        });
        let assumes = assumes || self.would_go_on();
        if assumes {
            self.check_blocked();
        }
        assumes
    }

    pub(super) fn next_to_unwind(&mut self) -> Option<ThreadId> {
        // The newest first: a child may borrow from its parent's stack.
        let unfinished = |t: &&ThreadId| {
            let state = self.thread(**t);
            !state.abandoned && !matches!(state.pending, Pending::Finished)
        };
        let thread = *self.born.iter().rev().find(unfinished)?;
        self.current = thread;
        Some(thread)
    }

    /// Lets time pass, or yields return, when nothing else can move. Returns whether anything did.
    pub(super) fn force(&mut self) -> bool {
        let deadline = self.born.iter().filter_map(|&t| self.deadline(t)).min();
        let spinning = |t: ThreadId| matches!(self.thread(t).pending, Pending::Yield { .. });
        let spins = self.born.iter().any(|&t| spinning(t));
        if deadline.is_none() && !spins {
            return false;
        }
        if spins
            && deadline.is_none()
            && self.born.iter().all(|&t| !spinning(t) || self.thread(t).rounds >= FRUITLESS_ROUNDS)
        {
            return false;
        }
        // A loop that reads the clock waits for time to pass.
        let polls = self.born.iter().any(|&t| spinning(t) && self.thread(t).polls_clock);
        self.check_blocked();
        self.forced += 1;
        if let Some(happens_before) = &mut self.happens_before {
            happens_before.barrier();
        }
        let until = if polls {
            let tick = self.now.saturating_add(self.tick);
            self.tick = self.tick.saturating_mul(2);
            deadline.map_or(tick, |deadline| deadline.min(tick))
        } else {
            deadline.unwrap_or(0)
        };
        if self.ends.begun() {
            let ended = self.born.iter().fold(ThreadSet::default(), |mut all, &thread| {
                all.learn(&self.thread(thread).ended);
                all
            });
            self.born.iter().for_each(|thread| self.threads[thread.index()].ended.clone_from(&ended));
        }
        let passes = until > self.now;
        self.now = self.now.max(until);
        for index in 0..self.born.len() {
            let thread = self.born[index];
            let fires = self.deadline(thread).is_some_and(|d| d <= self.now);
            if !spinning_now(self.thread(thread)) && !fires {
                continue;
            }
            self.stop_waiting(thread);
            let state = &mut self.threads[thread.index()];
            if let (true, Pending::Wake { object, .. }) = (fires, state.pending) {
                state.timed_out = true;
                let slot = self.ids.slot(object, thread).expect("a thread that waits has a slot");
                self.objects[object.index()].state &= !Slots::one(slot).0;
                self.has_changed(object);
            } else if fires {
                // The pending operation is not performed, and its thread continues without it.
                state.timed_out = true;
                state.rounds += 1;
            } else {
                state.rounds = if passes && state.polls_clock { 0 } else { state.rounds + 1 };
                state.read.clear();
            }
            if let Some(log) = &mut self.log {
                log.forced(thread, fires, self.threads[thread.index()].pending.site());
            }
            if fires {
                self.threads[thread.index()].pending = Pending::Nothing;
            }
            self.ready.push_back(thread);
        }
        true
    }

    pub(super) fn deadline(&self, thread: ThreadId) -> Option<u64> {
        match self.thread(thread).pending {
            Pending::Wake { deadline, .. } => deadline,
            Pending::Op(_) => self.thread(thread).deadline,
            // A loop that repeatedly calls `is_finished` takes no steps.
            Pending::Join { .. } if self.thread(thread).rounds < FRUITLESS_ROUNDS => {
                self.thread(thread).deadline
            }
            _ => None,
        }
    }
}
