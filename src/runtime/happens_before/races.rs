//! Reversible races: which earlier events the next event does not follow, and what the event would be without
//! them.
//!
//! # Races with several events at once
//!
//! Let e′ be the next event of a thread, on an object o, and q an earlier event on o that conflicts with it
//! and does not happen before it otherwise. In the papers, e′ is to be tried before q if it is enabled once q
//! and all that follows q are removed. That is too little where operations commute with each other and
//! *jointly* disable e′: of two readers each alone keeps a writer out, so e′ = `write` stays disabled
//! whichever of the two is removed. Hence a reversal is defined by what *stays*: a set D of events that is
//! closed under happens-before, contains all that e′ follows anyway and all that came before q in the
//! execution, does not contain q, and in whose state e′ is enabled. For each q the reversals with the
//! *largest* sets D are recorded. If e′ is enabled without q alone, there is one, and it is that of the
//! papers.
//!
//! *Why this leaves nothing out.* As in the proof of Abdulla et al. (JACM 2017, theorem 7.4), assume that
//! an extension E.W.e′.… of an explored prefix E is not covered, and let q be among the steps explored
//! from E such that the part W that commutes with q is longest; e′ conflicts with q. If e′ is enabled after
//! E.q.W, the papers' argument holds. If not, take an execution that begins with E.q.W, and the largest
//! set D that contains E.W but not q and in which e′ is enabled; there is one, for E.W is such a set. The
//! recorded sequence is (W ∪ X).e′ for some X that q does not precede. Some initial q′ of it is explored
//! from E. If q′ is in W, or is independent of e′, or is e′, then it commutes with more of W.e′ than q
//! does, against the choice of q. So q′ is in X and conflicts with e′. Everything from E.q′ is explored
//! too, among it the execution E.(W ∪ X).e′.…, and there the same argument with q′ in the place of q gives a
//! set X′ that is properly contained in X, since q′ is missing. This ends with a contradiction.
//!
//! Which events of o can be in D is decided within q's layer: later layers follow q, earlier ones are before
//! it. The members of a layer commute, so the state is computed by their effects. The search for the largest
//! sets prunes a branch as soon as no choice among the remaining events can enable e′.

use smallvec::SmallVec;

use super::{Accessed, HappensBefore, NONE, Touches};
use crate::op::{Access, ObjectId, Op, Slots, State, ThreadId};
use crate::runtime::vector_clock::ClockRow;

/// Events whose order another execution reverses.
#[derive(Debug)]
pub(crate) struct Race {
    /// The event that came first.
    pub(crate) first: u32,
    /// Later events that commute with the first, and without which the reversal is not possible either.
    pub(crate) others: Others,
    /// The thread whose event is to come first instead.
    pub(crate) thread: ThreadId,
    /// The later event after the reversal.
    pub(crate) instead: Instead,
}

/// The properties of an event in another execution.
#[derive(Clone, Debug)]
pub(crate) struct Instead {
    /// The first of its alternatives.
    pub(crate) alternative: u32,
    pub(crate) touches: Touches,
    /// True if it may turn out to be disabled there.
    pub(crate) supposed: bool,
}

/// A thread's next step, for the search of its races.
pub(crate) enum Next<'a> {
    /// An operation on one object.
    Op(&'a Op),
    /// An operation on one object that is performed only when it reads a value that lets its thread go on.
    Await(&'a Op, &'a Judge<'a>),
    /// A yield that waits for a write to one of these objects, each last read at this version.
    Yield(&'a [(ObjectId, u32)]),
}

/// Returns for a value, and the event that wrote it, whether it lets a thread go on.
type Judge<'a> = dyn Fn(State, Option<u128>) -> Lets + 'a;

/// Whether a value lets a waiting thread go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lets {
    GoOn,
    Wait,
    /// The thread has not read that value there yet.
    Unknown,
}

impl Next<'_> {
    /// Whether an operation could be performed in a state; `source` is the event that wrote it, if it was a
    /// single one.
    #[inline]
    fn enabled(&self, state: State, source: Option<u128>) -> bool {
        match self {
            Next::Op(op) => op.enabled(state),
            Next::Await(op, lets) => op.enabled(state) && lets(state, source) != Lets::Wait,
            Next::Yield(_) => true,
        }
    }

    /// The properties of an operation that is enabled in a state.
    #[inline]
    fn instead(&self, op: &Op, state: State, source: Option<u128>) -> Instead {
        let supposed = matches!(self, Next::Await(_, lets) if lets(state, source) == Lets::Unknown);
        let touches = Touches::One((op.object, op.access(state)));
        Instead { alternative: first_alternative(op, state), touches, supposed }
    }
}

/// Events that are removed besides the first of a race; nearly always none.
pub(crate) type Others = SmallVec<[u32; 2]>;

/// A way to reverse a race: the events removed besides its first one, and the later event after that.
type Reversal = (Others, Instead);

/// The bound on sets of events that are tried for one race. It is reached only if many commuting operations
/// disable another one jointly and enable it again in many combinations.
const MOST_SETS: usize = 100_000;

impl HappensBefore {
    /// Finds the earlier events with which the next event of `thread` races, and records those races whose
    /// reversal is possible. `state` is its object's present state, or meaningless for a yield. Called before
    /// the event is performed, or at the end for one that stays blocked.
    #[inline]
    pub(crate) fn look_for_races(&mut self, thread: ThreadId, next: &Next<'_>, state: State) {
        if self.happened < self.matter_from {
            return;
        }
        self.covering.clear();
        let own = self.threads[thread.index()];
        match next {
            Next::Op(op) | Next::Await(op, _) => {
                self.walk_back(thread, own, next, op.object, op.access(state));
            }
            Next::Yield(read) => {
                for &(object, _) in *read {
                    self.walk_back(thread, own, next, object, Access::READ);
                }
            }
        }
    }

    /// Walks back through the layers of one object until every earlier access is ordered anyway,
    /// by the clock `own` or by a race already found.
    fn walk_back(
        &mut self,
        thread: ThreadId,
        own: ClockRow,
        next: &Next<'_>,
        object: ObjectId,
        access: Access,
    ) {
        let Some(Some(layers)) = self.objects.get(object.index()) else { return };
        let mut at = layers.last;
        let (mut class, mut settled) = (layers.class, false);
        while at != NONE {
            let accessed = &self.accessed[at as usize];
            let Accessed { event, access: earlier, .. } = *accessed;
            let previous = accessed.previous();
            if earlier != class || class == Access::WRITE {
                if settled {
                    return;
                }
                class = earlier;
            }
            if access.conflicts(earlier) {
                let first = &self.events[event as usize];
                if first.sequence <= self.clocks.get(own, first.place)
                    || self.covering.iter().any(|&race| self.ordered(event, race))
                {
                    settled = true;
                } else {
                    let reversals = self.reversals(at, thread, own, next, object);
                    if !reversals.is_empty() {
                        settled = true;
                        self.covering.push(event);
                    }
                    for (others, instead) in reversals {
                        self.races.push(Race { first: event, others, thread, instead });
                    }
                }
            }
            at = previous;
        }
    }

    /// The next event of `thread` if the access at `at`, and all that follows it, had not happened, and the
    /// other events that must be removed for it to be enabled.
    fn reversals(
        &mut self,
        at: u32,
        thread: ThreadId,
        own: ClockRow,
        next: &Next<'_>,
        object: ObjectId,
    ) -> SmallVec<[Reversal; 1]> {
        let event = self.accessed[at as usize].event;
        let mut reversals = SmallVec::new();
        match next {
            Next::Op(op) | Next::Await(op, _) => {
                let state = self.state_without(at, object);
                let source = self.source_without(at, next);
                if next.enabled(state, source) {
                    reversals.push((Others::new(), next.instead(op, state, source)));
                } else if self.accessed[at as usize].access.is_commuting_change() {
                    let mut search = Jointly::new(self, at, own, op.object, next);
                    search.run(0, search.before, &mut SmallVec::new());
                    let Jointly { found, gave_up, .. } = search;
                    reversals.extend(
                        found.into_iter().map(|(others, state)| (others, next.instead(op, state, None))),
                    );
                    self.gave_up |= gave_up;
                }
            }
            Next::Yield(read) => {
                let waits_for = |&(object, version): &(ObjectId, u32)| {
                    self.written_without(event, object, version, thread)
                };
                let touches = read.iter().map(|&(object, _)| (object, Access::READ)).collect();
                if read.iter().any(waits_for) {
                    reversals.push((Others::new(), Instead { alternative: 0, touches, supposed: false }));
                }
            }
        }
        reversals
    }

    /// The state of the object if the access at `at`, and all that follows it, had not happened. Accesses
    /// that do not follow it commute with it, so they are in the same layer.
    fn state_without(&self, at: u32, object: ObjectId) -> State {
        let without = &self.accessed[at as usize];
        let mut state = without.before;
        if !without.access.is_commuting_change() {
            return state;
        }
        for index in self.beside(at, object) {
            if let Some((effect, args)) = self.accessed[index as usize].command {
                state = effect(state, args);
            }
        }
        state
    }

    /// A hash of the event that would have written the object's state if the access at `at` had not happened,
    /// if that is needed.
    fn source_without(&self, at: u32, next: &Next<'_>) -> Option<u128> {
        let without = &self.accessed[at as usize];
        let alone = matches!(next, Next::Await(..)) && !without.access.is_commuting_change();
        if alone { self.source_of(without.previous()) } else { None }
    }

    /// A hash of the event that wrote an object's state, if it is a single one.
    pub(crate) fn source(&self, object: ObjectId) -> Option<u128> {
        let layers = self.objects.get(object.index()).copied().flatten();
        self.source_of(layers.map_or(NONE, |layers| layers.last))
    }

    /// The same for an access.
    fn source_of(&self, mut at: u32) -> Option<u128> {
        while at != NONE {
            let accessed = &self.accessed[at as usize];
            if accessed.changes() {
                let alone = !accessed.access.is_commuting_change();
                return alone.then(|| self.hash_of(&self.events[accessed.event as usize]));
            }
            at = accessed.previous();
        }
        Some(0)
    }

    /// The later accesses to the object that do not follow the access at `at`, in their order.
    fn beside(&self, at: u32, object: ObjectId) -> SmallVec<[u32; 8]> {
        let first = self.accessed[at as usize].event;
        let mut later: SmallVec<[u32; 8]> = SmallVec::new();
        let mut cursor = self.objects[object.index()].as_ref().map_or(NONE, |layers| layers.last);
        while cursor != at {
            if !self.ordered(first, self.accessed[cursor as usize].event) {
                later.push(cursor);
            }
            cursor = self.accessed[cursor as usize].previous();
        }
        later.reverse();
        later
    }

    /// Whether a thread other than `thread` changed the object after its `version`-th change, in
    /// an event that does not follow `event`.
    fn written_without(&self, event: u32, object: ObjectId, version: u32, thread: ThreadId) -> bool {
        let mut cursor = self.objects.get(object.index()).copied().flatten().map_or(NONE, |l| l.last);
        let mut writes = SmallVec::<[u32; 8]>::new();
        while cursor != NONE {
            let accessed = &self.accessed[cursor as usize];
            if accessed.changes() {
                writes.push(accessed.event);
            }
            cursor = accessed.previous();
        }
        writes
            .iter()
            .rev()
            .skip(version as usize)
            .any(|&write| self.events[write as usize].thread != thread && !self.ordered(event, write))
    }
}

/// The search for the largest sets of commuting accesses after which an operation is enabled.
struct Jointly<'a> {
    happens_before: &'a HappensBefore,
    next: &'a Next<'a>,
    /// What the operation follows anyway.
    own: ClockRow,
    /// The state before the race's first event.
    before: State,
    /// The accesses of which some are removed.
    beside: SmallVec<[u32; 8]>,
    /// The sets found: the removed events, and the state without them.
    found: Vec<(Others, State)>,
    looked_at: usize,
    gave_up: bool,
}

impl<'a> Jointly<'a> {
    fn new(
        happens_before: &'a HappensBefore,
        at: u32,
        own: ClockRow,
        object: ObjectId,
        next: &'a Next<'a>,
    ) -> Self {
        let before = happens_before.accessed[at as usize].before;
        let beside = happens_before.beside(at, object);
        Jointly { happens_before, next, own, before, beside, found: Vec::new(), looked_at: 0, gave_up: false }
    }

    /// Decides about the accesses from `index` on; those before it led to `state`, except the events `away`.
    /// An access is kept if it can be, so that larger sets are found first.
    fn run(&mut self, index: usize, state: State, away: &mut Others) {
        self.looked_at += 1;
        self.gave_up |= self.looked_at > MOST_SETS;
        if self.gave_up || self.contained(away) || !self.can_be_enabled(index, state, away) {
            return;
        }
        let Some(&at) = self.beside.get(index) else {
            self.found.push((away.clone(), state));
            return;
        };
        let event = self.happens_before.accessed[at as usize].event;
        if self.follows(event, away) {
            return self.run(index + 1, state, away);
        }
        self.run(index + 1, self.after(at, state), away);
        let first = &self.happens_before.events[event as usize];
        if first.sequence > self.happens_before.clocks.get(self.own, first.place) {
            away.push(event);
            self.run(index + 1, state, away);
            away.pop();
        }
    }

    /// Whether a set that was found already contains all sets still to come: the events missing there are
    /// missing here.
    fn contained(&self, away: &Others) -> bool {
        self.found.iter().any(|(missing, _)| missing.iter().all(|&event| self.follows(event, away)))
    }

    /// Whether the operation is enabled after some combination of the remaining accesses.
    fn can_be_enabled(&self, index: usize, state: State, away: &Others) -> bool {
        let mut states: SmallVec<[State; 8]> = SmallVec::from_slice(&[state]);
        let mut enabled = self.next.enabled(state, None);
        for &at in &self.beside[index..] {
            if enabled {
                break;
            }
            if self.follows(self.happens_before.accessed[at as usize].event, away) {
                continue;
            }
            for known in 0..states.len() {
                let next = self.after(at, states[known]);
                if !states.contains(&next) {
                    enabled |= self.next.enabled(next, None);
                    states.push(next);
                }
            }
        }
        enabled
    }

    /// Whether an event is one of these or follows one.
    fn follows(&self, event: u32, away: &Others) -> bool {
        away.iter().any(|&gone| self.happens_before.ordered(gone, event))
    }

    fn after(&self, at: u32, state: State) -> State {
        let Some((effect, args)) = self.happens_before.accessed[at as usize].command else { return state };
        effect(state, args)
    }
}

/// The first alternative of an operation in a state.
fn first_alternative(op: &Op, state: State) -> u32 {
    op.waiters(state).map_or(0, Slots::first)
}
