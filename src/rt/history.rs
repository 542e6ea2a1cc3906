//! Happens-before over the events of one execution, and the races that can be reversed.
//!
//! Two executions are equivalent (the same Mazurkiewicz trace) when they order dependent events
//! alike. [`History`] gives every event a vector clock of that order: program order, spawn, join and
//! wake edges, and the order of conflicting accesses to one object. It follows Flanagan and
//! Godefroid (POPL 2005) and Abdulla et al. (JACM 2017), with three differences:
//!
//! * The accesses to an object form *layers*: maximal runs of accesses that commute with each other.
//!   An access follows everything in the layers before its own and nothing in its own, so two clocks
//!   per object (all earlier layers; the newest layer) are enough.
//! * A race (e, e′) is reversible only if e′ would have been enabled had e and all that follows e not
//!   happened. Operations are guarded commands on one word, so this is *computed*, by running the
//!   guard on that earlier state. An unlock is thus never reversed with the lock that waited for it,
//!   and the search goes on to the lock before that unlock.
//! * How e′ would touch its object after the reversal is computed as well: a compare-exchange that
//!   failed may succeed there, and is then a write.

use smallvec::SmallVec;

use crate::clock::{Clocks, Row};
use crate::op::{Access, Args, ObjectId, Op, State, ThreadId, ThreadSet};

/// An object and how it is touched.
pub(crate) type Touch = (ObjectId, Access);
/// All that one event touches: nearly always one object.
pub(crate) type Touches = SmallVec<[Touch; 1]>;

/// Whether two events that touch these objects may not be swapped.
pub(crate) fn dependent(a: &[Touch], b: &[Touch]) -> bool {
    a.iter().any(|(object, access)| b.iter().any(|(other, by)| object == other && access.conflicts(*by)))
}

const NONE: u32 = u32::MAX;

/// What a command does to its object.
type Effect = (fn(State, Args) -> State, Args);

/// One event: whose it is, its place in that thread, and what it touched.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) thread: ThreadId,
    pub(crate) alternative: u32,
    /// The number of this event among its thread's, from 1.
    sequence: u32,
    clock: Row,
    first_access: u32,
    accesses: u32,
}

/// One access of an event to an object.
#[derive(Debug)]
struct Accessed {
    event: u32,
    object: ObjectId,
    access: Access,
    before: State,
    /// The effect, for those that must be replayed without an earlier one.
    command: Option<Effect>,
    /// The previous access to the same object, or `NONE`.
    previous: u32,
}

impl Accessed {
    /// Whether the object's state was another one afterwards.
    fn changes(&self) -> bool {
        self.command.is_some_and(|(effect, args)| effect(self.before, args) != self.before)
    }
}

/// The happens-before state of one object.
#[derive(Debug, Clone, Copy)]
struct Layers {
    /// Everything before the newest layer.
    earlier: Row,
    /// The newest layer.
    newest: Row,
    class: Access,
    last: u32,
}

/// A pair of events whose order another execution reverses.
#[derive(Debug)]
pub(crate) struct Race {
    /// The event that came first.
    pub(crate) first: u32,
    /// The event that came later; one past the last if it never happened.
    pub(crate) then: u32,
    /// The thread whose event is to come first instead.
    pub(crate) thread: ThreadId,
    /// What that event can be there, one entry per alternative.
    pub(crate) instead: SmallVec<[(u32, Touches); 1]>,
}

/// What a thread is about to do, as far as races are concerned.
pub(crate) enum Next<'a> {
    /// An operation on one object.
    Op(&'a Op),
    /// A yield that waits for a write to one of these objects, each looked at at this version.
    Yield(&'a [(ObjectId, u32)]),
    /// One more operation of the newest event, which it cannot be without.
    Rest(&'a Op),
}

/// The events of one execution and their order.
#[derive(Debug)]
pub(crate) struct History {
    clocks: Clocks,
    events: Vec<Event>,
    accessed: Vec<Accessed>,
    threads: Vec<Row>,
    objects: Vec<Option<Layers>>,
    races: Vec<Race>,
    /// The first event whose races are looked for.
    matter_from: usize,
    /// The events whose races with the current one are recorded; a scratch list.
    covering: Vec<u32>,
}

impl History {
    /// An empty history.
    pub(crate) fn new() -> Self {
        History {
            clocks: Clocks::new(4),
            events: Vec::new(),
            accessed: Vec::new(),
            threads: Vec::new(),
            objects: Vec::new(),
            races: Vec::new(),
            matter_from: 0,
            covering: Vec::new(),
        }
    }

    /// Forgets the execution and keeps the memory.
    pub(crate) fn clear(&mut self, races_matter_from: usize) {
        self.matter_from = races_matter_from;
        self.clocks.clear();
        self.events.clear();
        self.accessed.clear();
        self.threads.clear();
        self.objects.clear();
        self.races.clear();
    }

    /// The events so far.
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The reversible races found so far.
    pub(crate) fn races(&self) -> &[Race] {
        &self.races
    }

    /// What an event touched; nothing, for one that never happened.
    pub(crate) fn touches(&self, event: u32) -> impl Iterator<Item = Touch> + Clone + '_ {
        let event = self.events.get(event as usize);
        let accesses = event.map_or(&[][..], |event| {
            &self.accessed[event.first_access as usize..][..event.accesses as usize]
        });
        accesses.iter().map(|a| (a.object, a.access))
    }

    /// What an event touched, as one value.
    pub(crate) fn touched(&self, event: u32) -> Touches {
        self.touches(event).collect()
    }

    /// Whether `first` happened before `then`, or is it.
    pub(crate) fn ordered(&self, first: u32, then: u32) -> bool {
        let first = &self.events[first as usize];
        first.sequence <= self.clocks.get(self.events[then as usize].clock, first.thread.index())
    }

    /// A hash of the trace: equal for equivalent executions, and for others only by accident.
    pub(crate) fn fingerprint(&self) -> u128 {
        self.events
            .iter()
            .map(|event| {
                let mut hash = 0xcbf2_9ce4_8422_2325_6c62_272e_07bb_0142_u128;
                let mut feed = |word: u32| {
                    hash = (hash ^ u128::from(word)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
                    hash ^= hash >> 61;
                };
                feed(event.thread.0);
                feed(event.alternative);
                let row = self.clocks.row(event.clock);
                let used = row.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1);
                row[..used].iter().for_each(|&count| feed(count));
                hash
            })
            .fold(0, u128::wrapping_add)
    }

    /// A thread begins: it follows all that its parent has done.
    pub(crate) fn spawn(&mut self, thread: ThreadId, parent: Option<ThreadId>) {
        if thread.index() >= self.clocks.width() {
            self.clocks.widen(thread.index() + 1);
        }
        while self.threads.len() <= thread.index() {
            let row = self.clocks.zero();
            self.threads.push(row);
        }
        if let Some(parent) = parent {
            self.clocks.assign(self.threads[thread.index()], self.threads[parent.index()]);
        }
    }

    /// `thread` goes on because of what `other` has done.
    pub(crate) fn follow(&mut self, thread: ThreadId, other: ThreadId) {
        self.clocks.join(self.threads[thread.index()], self.threads[other.index()]);
    }

    /// `thread` goes on because of an event.
    pub(crate) fn follow_event(&mut self, thread: ThreadId, event: u32) {
        if let Some(event) = self.events.get(event as usize) {
            self.clocks.join(self.threads[thread.index()], event.clock);
        }
    }

    /// Something happened that depends on everything: whatever comes next follows all events.
    pub(crate) fn barrier(&mut self) {
        let all = self.clocks.zero();
        for &row in &self.threads {
            self.clocks.join(all, row);
        }
        for &row in &self.threads {
            self.clocks.assign(row, all);
        }
    }

    /// Records an event of `thread` that touches no object.
    pub(crate) fn local(&mut self, thread: ThreadId, alternative: u32) {
        self.open(thread, alternative);
        self.close(thread);
    }

    /// Records an operation, after its races were looked for.
    pub(crate) fn op(&mut self, thread: ThreadId, alternative: u32, op: &Op, before: State) {
        self.open(thread, alternative);
        self.access(op.object, op.access(before), before, Some((op.command.effect, op.args)));
        self.close(thread);
    }

    /// Records a yield: a read of every object that it waited for.
    /// They are given with their states.
    pub(crate) fn yields(&mut self, thread: ThreadId, read: impl Iterator<Item = (ObjectId, State)>) {
        self.open(thread, 0);
        for (object, state) in read {
            self.access(object, Access::READ, state, None);
        }
        self.close(thread);
    }

    /// Adds an operation to the newest event, of which it is an inseparable part: what destructors
    /// do while a panic unwinds.
    pub(crate) fn extend(&mut self, thread: ThreadId, op: &Op, before: State) {
        if let Some(&Event { thread: owner, clock, .. }) = self.events.last() {
            if self.events.len() > self.matter_from {
                self.covering.clear();
                self.walk_back(owner, clock, &Next::Rest(op), op.object, op.access(before));
            }
            self.access(op.object, op.access(before), before, Some((op.command.effect, op.args)));
            self.close(owner);
            if owner != thread {
                self.follow(thread, owner);
            }
        }
    }

    fn open(&mut self, thread: ThreadId, alternative: u32) {
        let own = self.threads[thread.index()];
        let sequence = self.clocks.get(own, thread.index()) + 1;
        self.clocks.set(own, thread.index(), sequence);
        let clock = self.clocks.copy_of(own);
        let first_access = self.accessed.len() as u32;
        self.events.push(Event { thread, alternative, sequence, clock, first_access, accesses: 0 });
    }

    fn close(&mut self, thread: ThreadId) {
        let Some(&Event { clock, first_access, accesses, .. }) = self.events.last() else { return };
        if accesses > 1 {
            // What the event learned from its last object, it passes on through its first.
            for at in first_access..first_access + accesses {
                let object = self.accessed[at as usize].object;
                let layers = self.layers(object);
                self.clocks.join(layers.newest, clock);
            }
        }
        // Only an event that touched an object learned anything that its thread did not know.
        if accesses > 0 {
            self.clocks.assign(self.threads[thread.index()], clock);
        }
    }

    fn layers(&mut self, object: ObjectId) -> Layers {
        if self.objects.len() <= object.index() {
            self.objects.resize(object.index() + 1, None);
        }
        *self.objects[object.index()].get_or_insert_with(|| {
            let (earlier, newest) = (self.clocks.zero(), self.clocks.zero());
            Layers { earlier, newest, class: Access::READ, last: NONE }
        })
    }

    fn access(&mut self, object: ObjectId, access: Access, before: State, command: Option<Effect>) {
        let mut layers = self.layers(object);
        let event = self.events.len() as u32 - 1;
        let clock = self.events[event as usize].clock;
        if access.conflicts(layers.class) {
            // The newest layer knows all that the earlier ones do.
            self.clocks.assign(layers.earlier, layers.newest);
            self.clocks.join(clock, layers.earlier);
            self.clocks.assign(layers.newest, clock);
            layers.class = access;
        } else {
            self.clocks.join(clock, layers.earlier);
            self.clocks.join(layers.newest, clock);
        }
        self.accessed.push(Accessed { event, object, access, before, command, previous: layers.last });
        layers.last = self.accessed.len() as u32 - 1;
        self.objects[object.index()] = Some(layers);
        self.events[event as usize].accesses += 1;
    }

    /// Finds the earlier events with which the next event of `thread` races, and records those
    /// races whose reversal is possible. `state` is its object's present state, or of no meaning for
    /// a yield. Called before the event is performed, or at the end for one that stays blocked.
    pub(crate) fn look_for_races(&mut self, thread: ThreadId, next: &Next<'_>, state: State) {
        if self.events.len() < self.matter_from {
            return;
        }
        self.covering.clear();
        let own = self.threads[thread.index()];
        match next {
            Next::Op(op) | Next::Rest(op) => self.walk_back(thread, own, next, op.object, op.access(state)),
            Next::Yield(read) => {
                for &(object, _) in *read {
                    self.walk_back(thread, own, next, object, Access::READ);
                }
            }
        }
    }

    /// Walks back through the layers of one object until every earlier access is ordered anyway,
    /// by the clock `own` or by a race already found.
    fn walk_back(&mut self, thread: ThreadId, own: Row, next: &Next<'_>, object: ObjectId, access: Access) {
        let Some(Some(layers)) = self.objects.get(object.index()) else { return };
        let mut at = layers.last;
        let (mut class, mut settled) = (layers.class, false);
        while at != NONE {
            let Accessed { event, access: earlier, previous, .. } = self.accessed[at as usize];
            if earlier != class || class == Access::WRITE {
                if settled {
                    return;
                }
                class = earlier;
            }
            if access.conflicts(earlier) {
                let first = &self.events[event as usize];
                if first.sequence <= self.clocks.get(own, first.thread.index())
                    || self.covering.iter().any(|&race| self.ordered(event, race))
                {
                    settled = true;
                } else if let Some(instead) = self.reversed(at, thread, next, object) {
                    settled = true;
                    self.covering.push(event);
                    let part = matches!(next, Next::Rest(_));
                    let then = self.events.len() as u32 - u32::from(part);
                    self.races.push(Race { first: event, then, thread, instead });
                }
            }
            at = previous;
        }
    }

    /// What the next event of `thread` would be if the access at `at`, and all that follows it,
    /// had not happened; nothing if it would not be enabled.
    fn reversed(
        &self,
        at: u32,
        thread: ThreadId,
        next: &Next<'_>,
        object: ObjectId,
    ) -> Option<SmallVec<[(u32, Touches); 1]>> {
        let event = self.accessed[at as usize].event;
        match next {
            Next::Op(op) => {
                let state = self.state_without(at, object);
                op.enabled(state).then(|| alternatives(op, state))
            }
            Next::Yield(read) => {
                let waits_for = |&(object, version): &(ObjectId, u32)| {
                    self.written_without(event, object, version, thread)
                };
                let touches = read.iter().map(|&(object, _)| (object, Access::READ)).collect();
                read.iter().any(waits_for).then(|| SmallVec::from_elem((0, touches), 1))
            }
            Next::Rest(op) => {
                // The event does not follow `event` yet, so its earlier part stays as it is.
                let newest = self.events.len() as u32 - 1;
                let mut touches = self.touched(newest);
                touches.push((op.object, op.access(self.state_without(at, object))));
                Some(SmallVec::from_elem((self.events[newest as usize].alternative, touches), 1))
            }
        }
    }

    /// The state of the object had the access at `at`, and all that follows it, not happened.
    /// Whatever does not follow it commutes with it, so it is in the same layer.
    fn state_without(&self, at: u32, object: ObjectId) -> State {
        let without = &self.accessed[at as usize];
        let mut state = without.before;
        if without.access == Access::READ || without.access == Access::WRITE {
            return state;
        }
        let mut later: SmallVec<[u32; 8]> = SmallVec::new();
        let mut cursor = self.objects[object.index()].as_ref().map_or(NONE, |layers| layers.last);
        while cursor != at {
            later.push(cursor);
            cursor = self.accessed[cursor as usize].previous;
        }
        for &index in later.iter().rev() {
            let access = &self.accessed[index as usize];
            if let (false, Some((effect, args))) = (self.ordered(without.event, access.event), access.command)
            {
                state = effect(state, args);
            }
        }
        state
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
            cursor = accessed.previous;
        }
        writes
            .iter()
            .rev()
            .skip(version as usize)
            .any(|&write| self.events[write as usize].thread != thread && !self.ordered(event, write))
    }
}

/// The alternatives of an operation in a state, each with what it touches.
fn alternatives(op: &Op, state: State) -> SmallVec<[(u32, Touches); 1]> {
    let touches: Touches = SmallVec::from_elem((op.object, op.access(state)), 1);
    match op.waiters(state) {
        Some(waiters) => waiters.iter().map(|waiter| (waiter.0, touches.clone())).collect(),
        None => SmallVec::from_elem((0, touches), 1),
    }
}

/// The number of a choice's alternatives, or the waiters among whom it chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alternatives {
    /// There is nothing to choose.
    One,
    /// The numbers below this one.
    Below(u32),
    /// One of these threads.
    Among(ThreadSet),
}

impl Alternatives {
    /// The alternatives, smallest first.
    pub(crate) fn iter(self) -> impl Iterator<Item = u32> {
        let (count, among) = match self {
            Alternatives::One => (1, ThreadSet::default()),
            Alternatives::Below(n) => (n, ThreadSet::default()),
            Alternatives::Among(set) => (0, set),
        };
        (0..count).chain(among.iter().map(|t| t.0))
    }

    /// Whether this is one of the alternatives.
    pub(crate) fn contains(self, alternative: u32) -> bool {
        match self {
            Alternatives::One => alternative == 0,
            Alternatives::Below(n) => alternative < n,
            Alternatives::Among(set) => alternative < 64 && set.contains(ThreadId(alternative)),
        }
    }
}
