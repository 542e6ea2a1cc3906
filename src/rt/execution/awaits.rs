//! Threads whose next look would close a round without effect: finding that out, and what it means that they
//! wait. See [`crate::rt::spinloop`].

use std::collections::BTreeMap;

use super::{Cut, Execution};
use crate::op::{Op, Role, Site, State, ThreadId, ThreadSet};
use crate::rt::history::{Lets, Next};
use crate::rt::spinloop::{
    Arrival, Key, Knowledge, LONGEST, Later, Look, Met, Place, ROUNDS, Shared, Trial, Tried,
};
use crate::rt::thread::{Pending, Thread};
use crate::schedule::Choice;

/// How many looks the round has that a look closes; 0 if it closes none.
type Closes = usize;

/// How often a round may end in a state in which it has not begun, before its loop is explored round by round.
const DIFFERING: u32 = 8;

/// The most answers that are kept.
const MOST_KEPT: usize = 1 << 20;

/// Whether an operation leaves its object as it is and means nothing to other threads. One that commutes with
/// such as change the object may meet what they do or not: it depends on an order that no trace tells.
fn is_look(op: &Op, value: State) -> bool {
    let quiet = op.command.role != Role::Store && !op.access(value).is_commuting_change();
    let decided = op.waiters(value).is_none() && !op.goes_either_way(value);
    quiet && decided && op.effect(value) == value
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
    pub(super) fn begin(&mut self) {
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

/// How a thread goes on that is being tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Goes {
    /// With this answer.
    On(State),
    /// As threads do: it has taken the step that was tried.
    HasTaken,
}

/// What is to be done with a step that was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weighed {
    /// It is taken.
    Take,
    /// Its thread was given an answer, and goes on.
    Tried,
    /// It is a look that closes a round: another step is to be chosen.
    Drop,
}

/// What is known of a thread's next look.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Await {
    /// Whether it may close a round without effect.
    pub(super) may_close: bool,
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
        self.acted = self.acted.wrapping_add(1);
    }

    /// Whether its next look would close a round without effect.
    #[inline]
    pub(super) fn looks_in_vain(&self, value: State) -> bool {
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

    /// Whether a thread is being tried.
    #[inline]
    pub(crate) fn is_trial(&self) -> bool {
        self.awaits.as_ref().is_some_and(|awaits| awaits.trial.is_some())
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
    pub(super) fn begin_await(&mut self, thread: ThreadId, pending: &Pending) {
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
    pub(super) fn note_look(&mut self, thread: ThreadId, op: &Op, met: State) {
        let Some(awaits) = &mut self.awaits else { return };
        let state = &mut self.threads[thread.index()];
        if !is_look(op, met) {
            state.acts();
            return;
        }
        let place = Place::of(op);
        let look =
            Look { place, local: state.arrived, met, version: self.objects[op.object.index()].version };
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
            state.looks.clear();
        }
        state.looks.push(look);
    }

    fn end_with(&mut self, cut: Cut) {
        self.cut.get_or_insert(cut);
        self.cancelling = true;
    }

    /// Whether a thread's next step is a look that may close a round.
    pub(crate) fn may_wait(&self, thread: ThreadId) -> bool {
        self.thread(thread).awaits.may_close
    }

    /// What is to be done with a step that was chosen, freely or because another execution had it there.
    #[inline]
    pub(super) fn weigh(&mut self, choice: Choice, free: bool) -> Weighed {
        let tried = free && self.may_wait(choice.thread);
        if tried { self.try_chosen(choice) } else { Weighed::Take }
    }

    #[cold]
    fn try_chosen(&mut self, choice: Choice) -> Weighed {
        let thread = choice.thread;
        let Pending::Op(op) = self.thread(thread).pending else { return Weighed::Take };
        let value = self.object(op.object).state;
        if self.thread(thread).closes(value).is_none() && self.try_with(choice, value) {
            return Weighed::Tried;
        }
        if self.thread(thread).looks_in_vain(value) { Weighed::Drop } else { Weighed::Take }
    }

    /// What the scheduler chose before it was tried.
    #[inline]
    pub(super) fn in_hand(&mut self) -> Option<Choice> {
        self.awaits.as_mut()?.in_hand.take()
    }

    /// Looks for the races of a thread's operation.
    pub(super) fn look_for_races(&mut self, thread: ThreadId, op: &Op, met: State) {
        let Execution { history: Some(history), threads, awaits, forced, .. } = self else { return };
        let state = &threads[thread.index()];
        let Some(awaits) = awaits.as_ref().filter(|_| state.awaits.may_close) else {
            history.look_for_races(thread, &Next::Op(op), met);
            return;
        };
        let follows = state.awaits.follows.unwrap_or_else(|| history.followed_by(thread));
        // What is not known is as it would be without loops that wait.
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
        history.look_for_races(thread, &Next::Await(op, &lets), met);
    }

    /// Finds out whether a thread's look closes a round if it meets the value that its object has. Whether the
    /// thread was given an answer for that.
    fn try_with(&mut self, choice: Choice, value: State) -> bool {
        let thread = choice.thread;
        let key = self.key(thread, value);
        let Execution { awaits: Some(awaits), threads, objects, .. } = self else { return false };
        let state = &mut threads[thread.index()];
        let Pending::Op(op) = state.pending else { return false };
        let known =
            if is_look(&op, value) { key.and_then(|key| awaits.answers.get(&key).copied()) } else { Some(0) };
        if let Some(closes) = known {
            state.tried.push((value, closes));
            self.look_again(thread);
            return false;
        }
        let place = Place::of(&op);
        let version = objects[op.object.index()].version;
        let rounds = awaits.rounds(place.site, thread);
        let look = Look { place, local: state.arrived, met: value, version };
        awaits.trial = Some(Trial::new(look, choice, rounds));
        (state.answer, state.way) = (value, op.args[1]);
        true
    }

    fn key(&mut self, thread: ThreadId, value: State) -> Option<Key> {
        let (state, history) = (&mut self.threads[thread.index()], self.history.as_ref()?);
        let Pending::Op(op) = &state.pending else { return None };
        let met = Met::of(value, || history.source(op.object))?;
        let follows = *state.awaits.follows.get_or_insert_with(|| history.followed_by(thread));
        Some(Key { thread, follows, forced: self.forced, object: op.object, met })
    }

    /// The running thread, which is being tried, arrives somewhere or does something. Nothing if it has to
    /// stop there.
    pub(crate) fn goes_on_trial(&mut self, arrival: Option<Arrival>) -> Option<Goes> {
        let thread = self.current;
        let Execution { awaits: Some(awaits), threads, .. } = self else { return None };
        let trial = awaits.trial.as_mut()?;
        let tried = match arrival {
            Some(arrival) => trial.arrives(arrival, &threads[thread.index()].looks),
            None if trial.closed() => Tried::Counts,
            None => Tried::Else,
        };
        if let Tried::Answer(answer) = tried {
            return Some(Goes::On(answer));
        }
        let (look, closes) = (trial.look, trial.round().len());
        let looks_only =
            matches!(&threads[thread.index()].pending, Pending::Op(op) if op.command.role == Role::Load);
        let choice = trial.choice;
        let later = awaits.trial.take().map_or_else(Vec::new, |trial| trial.later);
        let closes = if tried == Tried::InVain { closes } else { 0 };
        let changes = tried == Tried::Differs && !looks_only;
        let closed = closes > 0;
        let differs = (changes || closed) && awaits.differs_always(look.place.site, closed);
        let gives_up = tried == Tried::Counts || differs;
        if gives_up && !awaits.follows && awaits.shared.learn(&look.place, |loops| loops.counts = true) {
            self.end_with(Cut::StartOver);
            return None;
        }
        if closes > 0 {
            awaits.shared.is_used();
            awaits.has_tried(look.place.site, thread);
            // That what was chosen is none will be noticed when it is weighed again.
            awaits.in_hand = Some(choice);
        }
        if let Some(key) = self.key(thread, look.met)
            && let Some(awaits) = &mut self.awaits
        {
            awaits.answers.insert(key, closes);
        }
        self.threads[thread.index()].tried.push((look.met, closes));
        if closes > 0 {
            self.look_again(thread);
            return None;
        }
        self.has_taken(choice, look);
        later.into_iter().for_each(|later| self.passes(later));
        Some(Goes::HasTaken)
    }

    /// The running thread does what is no step, or will have done it if it has taken the step that is tried.
    pub(crate) fn does(&mut self, later: Later) {
        match self.awaits.as_mut().and_then(|awaits| awaits.trial.as_mut()) {
            Some(trial) => trial.later.push(later),
            None => self.passes(later),
        }
    }

    fn passes(&mut self, later: Later) {
        let thread = self.current;
        match later {
            Later::Fence(publish, site) => {
                if let Some(log) = &mut self.log {
                    log.fence(thread, publish, site);
                }
                self.orders.fence(thread, publish);
            }
            Later::Time(nanoseconds) => {
                self.times.begin();
                let slept = &mut self.me().slept;
                *slept = slept.saturating_add(nanoseconds);
            }
        }
    }

    /// The running thread was given the answer of a look and does something else than to turn: the look is a
    /// step, which it has taken.
    fn has_taken(&mut self, choice: Choice, look: Look) {
        let state = &mut self.threads[choice.thread.index()];
        let (local, arrived) = (state.local, std::mem::replace(&mut state.arrived, look.local));
        self.step(choice);
        let state = &mut self.threads[choice.thread.index()];
        (state.local, state.arrived) = (local, arrived);
    }

    /// Looks for the races of looks that would be in vain.
    pub(super) fn check_waiting(&mut self) {
        for index in 0..self.born.len() {
            let thread = self.born[index];
            if let (true, Pending::Op(op)) = (self.awaits_value(thread), self.thread(thread).pending) {
                self.look_for_races(thread, &op, self.object(op.object).state);
            }
        }
    }

    /// The threads that could move, of which these are enabled, and those that would look in vain, which is
    /// not known of all of them in an execution that begins as another did.
    #[inline]
    pub(crate) fn able(&self, enabled: &ThreadSet) -> ThreadSet {
        let mut able = enabled.clone();
        if self.observes_loops() {
            self.born.iter().filter(|&&t| self.awaits_value(t)).for_each(|&t| able.insert(t));
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

    /// A thread that waits before the last look of a round and would go on, because something has changed that
    /// it looked at earlier in that round.
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

    /// Whether a thread would go on that is not let go round: there is an execution in which it looks later.
    #[cold]
    pub(super) fn would_go_on(&self) -> bool {
        self.awaits.as_ref().is_some_and(|awaits| !awaits.follows) && self.goes_round().is_some()
    }

    /// Lets a thread go round if no other can move and there is no other execution in which it would. Whether
    /// there was one.
    #[cold]
    pub(super) fn lets_go_round(&mut self) -> bool {
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
