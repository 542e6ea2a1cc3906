//! Threads whose loops have rounds without effect: what an execution learns about these loops. See
//! [`crate::runtime::spinloop`].

mod blocked;
mod trying;

use std::collections::{BTreeMap, BTreeSet};

use super::{Cut, Execution};
use crate::op::{Op, Role, Site, State, ThreadId};
use crate::runtime::spinloop::{Key, Knowledge, LONGEST, Look, LookSite, ROUNDS, Shared, Trial};
use crate::runtime::thread::{Pending, Thread};
use crate::schedule::Choice;
pub(crate) use trying::Goes;
pub(in crate::runtime::execution) use trying::Weighed;

/// The number of looks in the round that a look closes; 0 if it closes none.
type Closes = usize;

/// How often a round may end in another state than it began in, before its loop is explored round by round.
const DIFFERING: u32 = 8;

/// The bound on cached answers.
const MOST_KEPT: usize = 1 << 20;

/// Whether an operation leaves its object unchanged, and does not belong to a class of commuting changes: the
/// order of such an operation and the changes of its class is not part of a trace.
fn is_quiet(op: &Op, value: State) -> bool {
    !op.access(value).is_commuting_change() && op.effect(value) == value
}

/// Whether an operation is a look: it has no effect that other threads can notice. `quiet` is [`is_quiet`] of
/// it.
#[inline]
fn is_look(op: &Op, value: State, quiet: bool) -> bool {
    quiet && op.command.role != Role::Store && op.waiters(value).is_none() && !op.goes_either_way(value)
}

/// The state of an execution for waiting loops: what is known and what is being tried.
#[derive(Debug)]
pub(crate) struct Awaits {
    pub(super) shared: Shared,
    pub(super) known: Knowledge,
    answers: BTreeMap<Key, Closes>,
    trial: Option<Trial>,
    /// The scheduler's choice, to be weighed again after the trial.
    in_hand: Option<Choice>,
    /// True if a schedule is replayed with complete knowledge: there is no search to start again.
    pub(super) follows: bool,
    /// Where a round was tried many times in a row.
    tried: BTreeSet<Turn>,
    /// The call sites whose rounds ended in other local states, how often, and whether a round was ever
    /// closed.
    differ: Vec<(Site, u32, bool)>,
}

impl Awaits {
    /// No trials yet.
    pub(crate) fn new(shared: Shared, follows: bool) -> Self {
        Awaits {
            shared,
            known: Knowledge::default(),
            answers: BTreeMap::new(),
            trial: None,
            in_hand: None,
            follows,
            tried: BTreeSet::new(),
            differ: Vec::new(),
        }
    }

    /// Records that a round ended in another local state than those in which it began, or was `closed`.
    /// Returns whether the loop is one that retries a change: it goes on when other threads do, and its local
    /// state differs by the value that it read last. Trying its looks would cost more than it saves.
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
    pub(in crate::runtime::execution) fn begin(&mut self) {
        self.known = self.shared.get();
        (self.trial, self.in_hand) = (None, None);
        if self.answers.len() > MOST_KEPT {
            self.answers.clear();
        }
    }

    /// How often the round that a look of a thread may close is tried.
    fn rounds(&self, turn: &Turn) -> u32 {
        if self.tried.contains(turn) { 1 } else { ROUNDS }
    }
}

/// Where a thread repeats a round: the address of the call site, the thread, how many steps it has taken, and the
/// value that it reads. Each thread may have a budget of its own, and another one for each loop.
type Turn = (usize, ThreadId, u32, State);

/// What is known about a thread's next look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Await {
    /// True if it may close a round without effect.
    may_close: bool,
    /// A hash of the events that it follows, once computed.
    follows: Option<u128>,
}

impl Thread {
    /// Whether its next look would close a round without effect, if that is known.
    #[inline]
    fn closes(&self, value: State) -> Option<Closes> {
        self.tried.iter().find(|(known, _)| *known == value).map(|(_, closes)| *closes)
    }

    /// The thread does something other than a look.
    #[inline]
    fn acts(&mut self) {
        if self.looked_at != 0 {
            self.looks.clear();
            self.looked_at = 0;
        }
        self.acted = self.acted.wrapping_add(1);
    }

    /// Whether it may have looked at this place before. Records the look.
    #[inline]
    fn may_have_looked_at(&mut self, place: &LookSite) -> bool {
        let bit = place.bit();
        let before = self.looked_at & bit != 0;
        self.looked_at |= bit;
        before
    }

    /// Whether its next look would close a round without effect.
    #[inline]
    pub(in crate::runtime::execution) fn looks_in_vain(&self, value: State) -> bool {
        self.awaits.may_close && self.closes(value).is_some_and(|closes| closes > 0)
    }
}

impl Execution {
    /// Whether local states are needed, so that dead words must be cleared from the stack.
    #[inline]
    pub(crate) fn observes_loops(&self) -> bool {
        self.awaits.as_ref().is_some_and(|awaits| !awaits.known.is_empty())
    }

    /// Whether the local state is needed in which the running thread announces `pending`.
    pub(crate) fn observes_arrival(&self, pending: &Pending) -> bool {
        match (&self.awaits, pending) {
            (Some(awaits), Pending::Op(op)) => awaits.known.of(&LookSite::of(op)).repeats,
            _ => false,
        }
    }

    /// Whether the running thread yields in a loop that waits at its look, so that the yield need not wait.
    /// The result is the same whether the look before it is being tried or is known. A loop that reads the
    /// clock must wait for the time to change.
    pub(crate) fn yields_in_a_round(&self) -> bool {
        let Some(awaits) = &self.awaits else { return false };
        let me = self.thread(self.current);
        let waits = |look: &Look| {
            let known = awaits.known.of(&look.place);
            known.closes && !known.counts
        };
        !me.looked_at_clock && (awaits.trial.is_some() || me.looks.last().is_some_and(waits))
    }

    /// The running thread, which has only looked since its last yield here, yields with the same local state:
    /// its last look closed a round.
    pub(crate) fn yields_again(&mut self) {
        let state = &self.threads[self.current.index()];
        let Some(awaits) = self.awaits.as_ref().filter(|awaits| !awaits.follows) else { return };
        if !awaits.known.keeps_looks() && state.looked_at != 0 {
            self.is_to_keep_looks();
            return;
        }
        let Some(last) = state.looks.last() else { return };
        for look in &state.looks {
            awaits.shared.learn(&look.place, |loops| loops.repeats = true);
        }
        if awaits.shared.learn(&last.place, |loops| loops.closes = true) {
            self.end_with(Cut::StartOver);
        }
    }

    /// The running thread announces an operation, for which nothing has been tried yet.
    #[inline]
    pub(in crate::runtime::execution) fn begin_await(&mut self, thread: ThreadId, pending: &Pending) {
        let Some(awaits) = &self.awaits else { return };
        if !matches!(pending, Pending::Op(_) | Pending::Yield { .. }) {
            self.threads[thread.index()].acts();
        }
        if awaits.known.is_empty() {
            return;
        }
        let may_close = match pending {
            Pending::Op(op) => {
                let known = awaits.known.of(&LookSite::of(op));
                known.closes && !known.counts
            }
            _ => false,
        };
        let state = &mut self.threads[thread.index()];
        state.awaits = Await { may_close, follows: None };
        state.tried.clear();
    }

    /// The running thread does something other than a look.
    pub(crate) fn acts(&mut self) {
        if self.awaits.is_some() {
            self.me().acts();
        }
    }

    /// A thread has performed an operation. If it was a look in a round, records what follows about the loop.
    #[inline]
    pub(in crate::runtime::execution) fn note_look(
        &mut self,
        thread: ThreadId,
        op: &Op,
        met: State,
        quiet: bool,
    ) {
        if self.awaits.is_none() {
            return;
        }
        let state = &mut self.threads[thread.index()];
        if !is_look(op, met, quiet) {
            state.acts();
            return;
        }
        let place = LookSite::of(op);
        let revisits = state.may_have_looked_at(&place);
        if self.awaits.as_ref().is_some_and(|awaits| awaits.known.keeps_looks()) {
            let version = self.objects[op.object.index()].version;
            let look = Look { place, local: state.arrived, met, version };
            if revisits { self.looks_again(thread, look) } else { state.looks.push(look) }
        } else if revisits {
            self.is_to_keep_looks();
        }
    }

    /// A thread may close rounds: from now on its looks are kept.
    #[cold]
    fn is_to_keep_looks(&mut self) {
        if let Some(awaits) = self.awaits.as_mut().filter(|awaits| !awaits.follows) {
            awaits.shared.revisits();
            awaits.known = awaits.shared.get();
        }
    }

    /// A thread has looked at a place where it may have looked before.
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
