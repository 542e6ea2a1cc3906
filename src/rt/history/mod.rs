//! Happens-before over the events of one execution; in [`races`], the races that can be reversed.
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

mod races;

use smallvec::SmallVec;

pub(crate) use races::{Next, Race};

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
