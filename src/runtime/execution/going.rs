//! Loops that yield, sleep or poll: whether one that comes back with the same local state goes the same way again.
//!
//! A yield waits where its thread has been before with the same local state, for nothing that the thread can see is
//! different. So from there it does what it did the last time, until it meets what another thread has changed since.
//! A thread that does anything else without that knows more than its stack and registers say: it counts in the
//! heap, or by what it writes itself. Such a loop does not wait, it takes its time, and its rounds are a part of the
//! program: the search begins anew, and yields there return at once. Where there is no search that could begin
//! anew, nothing is verified.

use super::{Awaits, Cut, Execution};
use crate::op::{ObjectId, Op, Site, State, ThreadId};
use crate::runtime::local_state::LocalState;
use crate::runtime::spinloop::ROUNDS;
use crate::runtime::thread::{Did, Going};

/// More steps than this between two yields are not compared.
const LONGEST: usize = 256;

impl Execution {
    /// How often a thread yields at a place with the same local state before it waits there.
    pub(crate) fn free_yields(&self, site: Site) -> usize {
        let budget = self.limits.budgets.fruitless_yields;
        let counts = self.awaits.as_ref().is_some_and(|awaits| awaits.known.counts_yields(site));
        if counts { budget.max(ROUNDS as usize) } else { budget }
    }

    /// The running thread meets something that may differ from round to round.
    #[inline]
    pub(crate) fn meets(&mut self) {
        if let Some(going) = &mut self.me().going {
            going.met = true;
        }
    }

    /// A thread takes a step.
    #[inline]
    pub(super) fn goes_on(&mut self, thread: ThreadId, op: &Op, met: State) {
        if self.threads[thread.index()].going.is_some() {
            let either = op.goes_either_way(met) || op.waiters(met).is_some();
            self.does_next(thread, op.site, Some(op.object), either);
        }
    }

    /// The running thread is about to join another.
    pub(crate) fn joins_after_yield(&mut self, site: Site) {
        if self.me().going.is_some() {
            self.does_next(self.current, site, None, true);
        }
    }

    /// A thread that has yielded does something next, which may go either way.
    #[cold]
    fn does_next(&mut self, thread: ThreadId, site: Site, object: Option<ObjectId>, either: bool) {
        let state = &mut self.threads[thread.index()];
        let clock = state.looked_at_clock;
        let Some(going) = &mut state.going else { return };
        let before = &state.spent.fruitless_yields[going.from].went_on;
        let did = Did { site, object };
        let differs = before.next.is_some() && before.did.get(going.did.len()) != Some(&did);
        let (from, met) = (going.from, going.met || clock);
        let changed = object.is_some_and(|object| {
            let object = &self.objects[object.index()];
            let (step, by) = object.changed;
            (if by == thread { object.changed_before } else { step }) > before.since
        });
        going.met |= changed || either || clock;
        going.did.push(did);
        if going.did.len() > LONGEST || differs {
            state.going = None;
        }
        if differs && !met {
            self.ends_by_itself(thread, from);
        }
    }

    /// A thread does not come back to where it yielded.
    #[inline]
    pub(super) fn leaves(&mut self, thread: ThreadId) {
        let state = &mut self.threads[thread.index()];
        let Some(Going { from, met, .. }) = state.going.take() else { return };
        let again = state.spent.fruitless_yields[from].went_on.next.is_some();
        if again && !met && !state.looked_at_clock && !self.cancelling {
            self.ends_by_itself(thread, from);
        }
    }

    /// The running thread comes to a yield.
    pub(crate) fn comes_to_yield(&mut self, site: Site, local: LocalState) {
        self.yields = true;
        let (thread, step) = (self.current, self.schedule.len());
        let state = &mut self.threads[thread.index()];
        let polls = state.polls_clock;
        let gives_up = |awaits: &Awaits| {
            let look = state.looks.last().filter(|_| !awaits.follows);
            look.is_some_and(|look| awaits.known.of(&look.place).gives_up) && awaits.shared.learn_yield(site)
        };
        if self.awaits.as_ref().is_some_and(gives_up) {
            self.cut.get_or_insert(Cut::StartOver);
            self.cancelling = true;
        }
        let yields = &mut state.spent.fruitless_yields;
        let mut itself = None;
        if let Some(Going { from, did, met }) = state.going.take() {
            let before = &mut yields[from].went_on;
            let differs =
                before.next.is_some_and(|next| next != (site, local)) || did.len() < before.did.len();
            if before.next.is_some() && differs && !met && !polls {
                itself = Some(from);
            }
            (before.did, before.next) = (did, Some((site, local)));
        }
        if let Some(at) = yields.iter().position(|known| (known.site, known.local) == (site, local)) {
            let went_on = &mut yields[at].went_on;
            (went_on.since, went_on.arrived) = (went_on.arrived, step);
            state.going = Some(Going::from(at, polls));
        }
        if let Some(from) = itself {
            self.ends_by_itself(thread, from);
        }
    }

    /// The running thread polls, with a local state that it had there before, whether another has finished, and
    /// waits for that. If it has changed anything since its last poll, it may go another way after more polls.
    pub(crate) fn polls_again(&mut self, site: Site) {
        let changed = self.me().changed_since_poll.replace(Vec::new()).unwrap_or_default();
        if changed.iter().any(|&(object, before)| self.object(object).state != before) {
            self.sharing.polls_by_itself(site);
        }
    }

    /// A thread's loop has gone another way by itself.
    #[cold]
    fn ends_by_itself(&mut self, thread: ThreadId, from: usize) {
        let yielded = &self.threads[thread.index()].spent.fruitless_yields[from];
        let (site, since) = (yielded.site, yielded.went_on.since);
        if yielded.times <= self.free_yields(site) {
            return;
        }
        match &self.awaits {
            Some(awaits) if awaits.follows => {}
            Some(awaits) if awaits.shared.learn_yield(site) => {
                self.cut.get_or_insert(Cut::StartOver);
                self.cancelling = true;
            }
            // It repeated the round often, and another thread may have done what is no step, such as to drop an `Arc`.
            Some(_) if self.schedule[since..].iter().any(|choice| choice.thread != thread) => {}
            _ => self.sharing.ends_by_itself(site),
        }
    }
}
