//! Threads that look in rounds without effect: what is learned of their loops. See [`crate::rt::spinloop`].

mod blocked;
mod trying;

use std::collections::BTreeMap;

use super::{Cut, Execution};
use crate::op::{Op, Role, Site, State, ThreadId};
use crate::rt::spinloop::{Key, Knowledge, LONGEST, Look, Place, ROUNDS, Shared, Trial};
use crate::rt::thread::{Pending, Thread};
use crate::schedule::Choice;
pub(crate) use trying::Goes;
pub(in crate::rt::execution) use trying::Weighed;

/// How many looks the round has that a look closes; 0 if it closes none.
type Closes = usize;

/// How often a round may end in a state in which it has not begun, before its loop is explored round by round.
const DIFFERING: u32 = 8;

/// The most answers that are kept.
const MOST_KEPT: usize = 1 << 20;

/// Whether an operation leaves its object as it is, and does not commute with such as change the object: these it
/// may meet or not, in an order that no trace tells.
fn is_quiet(op: &Op, value: State) -> bool {
    !op.access(value).is_commuting_change() && op.effect(value) == value
}

/// Whether an operation that is quiet or not means nothing to other threads.
#[inline]
fn is_look(op: &Op, value: State, quiet: bool) -> bool {
    quiet && op.command.role != Role::Store && op.waiters(value).is_none() && !op.goes_either_way(value)
}

/// What an execution knows and tries of loops that wait.
#[derive(Debug)]
pub(crate) struct Awaits {
    shared: Shared,
    known: Knowledge,
    answers: BTreeMap<Key, Closes>,
    trial: Option<Trial>,
    /// What the scheduler chose, to be weighed again when it has been tried.
    in_hand: Option<Choice>,
    /// Whether a schedule is followed, with what is known already: there is no search to begin anew.
    follows: bool,
    /// The call sites of which a round was tried many times in a row, and whose it was.
    tried: Vec<(Site, ThreadId)>,
    /// The call sites whose rounds have met other local states, how often, and whether one was closed.
    differ: Vec<(Site, u32, bool)>,
}

impl Awaits {
    /// Nothing is tried yet.
    pub(crate) fn new(shared: Shared, follows: bool) -> Self {
        Awaits {
            shared,
            known: Knowledge::default(),
            answers: BTreeMap::new(),
            trial: None,
            in_hand: None,
            follows,
            tried: Vec::new(),
            differ: Vec::new(),
        }
    }

    /// A round ended in another local state than those in which it began, or was `closed`. Whether the loop is
    /// one that tries again and again to change something: it goes on when others do, and its local state differs
    /// by what it saw last. To try its looks would cost more than it spares.
    fn differs_always(&mut self, site: Site, closed: bool) -> bool {
        let at = self.differ.iter().position(|(known, ..)| *known == site).unwrap_or_else(|| {
            self.differ.push((site, 0, false));
            self.differ.len() - 1
        });
        let (_, times, ever_closed) = &mut self.differ[at];
        *times += u32::from(!closed);
        *ever_closed |= closed;
        *times > DIFFERING && !*ever_closed
    }

    /// Prepares for the next execution.
    pub(in crate::rt::execution) fn begin(&mut self) {
        self.known = self.shared.get();
        (self.trial, self.in_hand) = (None, None);
        if self.answers.len() > MOST_KEPT {
            self.answers.clear();
        }
    }

    /// How often the round is tried that a look of a thread may close. Each thread may have a budget of its own.
    fn rounds(&self, site: Site, thread: ThreadId) -> u32 {
        if self.tried.contains(&(site, thread)) { 1 } else { ROUNDS }
    }

    /// The round was tried as often as that, in vain.
    fn has_tried(&mut self, site: Site, thread: ThreadId) {
        if !self.tried.contains(&(site, thread)) {
            self.tried.push((site, thread));
        }
    }
}

/// What is known of a thread's next look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Await {
    /// Whether it may close a round without effect.
    may_close: bool,
    /// A hash of what it follows, once that was asked for.
    follows: Option<u128>,
}

impl Thread {
    /// Whether its next look would close a round without effect, if that is known.
    #[inline]
    fn closes(&self, value: State) -> Option<Closes> {
        self.tried.iter().find(|(known, _)| *known == value).map(|(_, closes)| *closes)
    }

    /// It does something that is no look.
    #[inline]
    fn acts(&mut self) {
        self.looks.clear();
        self.looked_at = 0;
        self.acted = self.acted.wrapping_add(1);
    }

    /// Whether it may have looked at this place before; if not, then it may have now.
    #[inline]
    fn may_have_looked_at(&mut self, place: &Place) -> bool {
        let bit = place.bit();
        let before = self.looked_at & bit != 0;
        self.looked_at |= bit;
        before
    }

    /// Whether its next look would close a round without effect.
    #[inline]
    pub(in crate::rt::execution) fn looks_in_vain(&self, value: State) -> bool {
        self.awaits.may_close && self.closes(value).is_some_and(|closes| closes > 0)
    }
}

impl Execution {
    /// Whether local states are of interest, so that the stack is kept clear of what differs by accident.
    #[inline]
    pub(crate) fn observes_loops(&self) -> bool {
        self.awaits.as_ref().is_some_and(|awaits| !awaits.known.is_empty())
    }

    /// Whether the local state is to be known in which the running thread asks for something.
    pub(crate) fn observes_arrival(&self, pending: &Pending) -> bool {
        match (&self.awaits, pending) {
            (Some(awaits), Pending::Op(op)) => awaits.known.of(&Place::of(op)).repeats,
            _ => false,
        }
    }

    /// Whether the running thread yields in a loop that waits at its look, so that its yield need not. It is the
    /// same whether the look before it is being tried or is known. What the clock says changes by waiting only.
    pub(crate) fn yields_in_a_round(&self) -> bool {
        let Some(awaits) = &self.awaits else { return false };
        let me = self.thread(self.current);
        let waits = |look: &Look| {
            let known = awaits.known.of(&look.place);
            known.closes && !known.counts
        };
        !me.looked_at_clock && (awaits.trial.is_some() || me.looks.last().is_some_and(waits))
    }

    /// The running thread, which looked only since it was last there, yields where it did with the same local
    /// state: its last look closed a round.
    pub(crate) fn yields_again(&mut self) {
        let state = &self.threads[self.current.index()];
        let Some(awaits) = self.awaits.as_ref().filter(|awaits| !awaits.follows) else { return };
        let Some(last) = state.looks.last() else { return };
        for look in &state.looks {
            awaits.shared.learn(&look.place, |loops| loops.repeats = true);
        }
        if awaits.shared.learn(&last.place, |loops| loops.closes = true) {
            self.end_with(Cut::StartOver);
        }
    }

    /// The running thread announces an operation, of which nothing was tried yet.
    #[inline]
    pub(in crate::rt::execution) fn begin_await(&mut self, thread: ThreadId, pending: &Pending) {
        let Some(awaits) = &self.awaits else { return };
        if !matches!(pending, Pending::Op(_) | Pending::Yield { .. }) {
            self.threads[thread.index()].acts();
        }
        if awaits.known.is_empty() {
            return;
        }
        let may_close = match pending {
            Pending::Op(op) => {
                let known = awaits.known.of(&Place::of(op));
                known.closes && !known.counts
            }
            _ => false,
        };
        let state = &mut self.threads[thread.index()];
        state.awaits = Await { may_close, follows: None };
        state.tried.clear();
    }

    /// The running thread does something that is no look.
    pub(crate) fn acts(&mut self) {
        if self.awaits.is_some() {
            self.me().acts();
        }
    }

    /// A thread has performed an operation. Learns from it if that was a look in a round.
    #[inline]
    pub(in crate::rt::execution) fn note_look(&mut self, thread: ThreadId, op: &Op, met: State, quiet: bool) {
        if self.awaits.is_none() {
            return;
        }
        let state = &mut self.threads[thread.index()];
        if !is_look(op, met, quiet) {
            state.acts();
            return;
        }
        let place = Place::of(op);
        let look =
            Look { place, local: state.arrived, met, version: self.objects[op.object.index()].version };
        if state.may_have_looked_at(&place) {
            self.looks_again(thread, look);
        } else {
            state.looks.push(look);
        }
    }

    /// A thread has looked where it may have looked before.
    fn looks_again(&mut self, thread: ThreadId, look: Look) {
        let Some(awaits) = &mut self.awaits else { return };
        let state = &mut self.threads[thread.index()];
        let place = look.place;
        if let Some(before) = state.looks.iter().rposition(|look| look.place == place)
            && !awaits.follows
        {
            let round = &state.looks[before..];
            let same =
                look.local.is_some() && state.looks.iter().any(|l| l.place == place && l.local == look.local);
            let closing = round.last().map_or(place, |last| last.place);
            let closes = same && awaits.shared.learn(&closing, |loops| loops.closes = true);
            if closes {
                self.end_with(Cut::StartOver);
                return;
            }
            if awaits.shared.learn(&place, |loops| loops.repeats = true) {
                awaits.known = awaits.shared.get();
            }
        }
        if state.looks.len() >= LONGEST {
            state.acts();
        }
        state.looks.push(look);
    }

    fn end_with(&mut self, cut: Cut) {
        self.cut.get_or_insert(cut);
        self.cancelling = true;
    }
}
