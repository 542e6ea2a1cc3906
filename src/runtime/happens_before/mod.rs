//! Happens-before over the events of one execution; in [`races`], the races that can be reversed.
//!
//! Two executions are equivalent (the same Mazurkiewicz trace) when they order dependent events
//! alike. [`HappensBefore`] gives every event a vector clock of that order: program order, spawn, join and
//! wake edges, and the order of conflicting accesses to one object. It follows Flanagan and
//! Godefroid (POPL 2005) and Abdulla et al. (JACM 2017), with three differences:
//!
//! * The accesses to an object form *layers*: maximal runs of accesses that commute with each other.
//!   An access follows everything in the layers before its own and nothing in its own, so two clocks
//!   per object (all earlier layers; the newest layer) are enough.
//! * A race (e, e′) is reversible only if e′ would have been enabled had e and all that follows e not
//!   happened, and perhaps some more that commutes with e; see [`races`]. Operations are guarded commands on
//!   one word, so this is *computed*, by evaluating the guard in that earlier state. An unlock is thus never
//!   reversed with the lock that waited for it, and the search continues with the lock before that unlock.
//! * The access of e′ after the reversal is computed as well: a compare-exchange that failed may succeed
//!   there, and is then a write.
//!
//! A thread's column in the clocks is its index in the order of creation of this execution: the clocks are as
//! wide as the number of threads of an execution, however many names a check has assigned. An execution that
//! begins as the previous one did creates the same threads in the same order so far, so clocks that are kept
//! stay valid.

mod races;
#[cfg(test)]
mod tests;
mod touches;

pub(crate) use races::{Instead, Lets, Next, Race};
pub(crate) use touches::{Touch, Touches, dependent};

use std::cell::Cell;

use crate::op::{Access, Args, ObjectId, Op, Slots, State, ThreadId};
use crate::runtime::vector_clock::{ClockRow, Clocks, Column};

const NONE: u32 = u32::MAX;

/// The clock of a thread that follows nothing.
const NOTHING: ClockRow = ClockRow(0);

/// What a command does to its object.
type Effect = (fn(State, Args) -> State, Args);

/// One event: its thread, its index in that thread, and its accesses.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) thread: ThreadId,
    pub(crate) alternative: u32,
    place: Column,
    /// The number of this event among its thread's, from 1.
    sequence: u32,
    clock: ClockRow,
    first_access: u32,
    accesses: u32,
    /// A hash of the event and of what it follows, in two halves; 0 until computed.
    hash: Cell<[u64; 2]>,
}

/// One access of an event to an object.
#[derive(Debug)]
struct Accessed {
    event: u32,
    object: ObjectId,
    access: Access,
    before: State,
    /// The effect, for accesses that must be replayed without an earlier one.
    command: Option<Effect>,
    /// The object's layers before the access; its last access is part of that.
    displaced: Option<Layers>,
}

impl Accessed {
    /// The previous access to the same object, or `NONE`.
    #[inline]
    fn previous(&self) -> u32 {
        self.displaced.map_or(NONE, |layers| layers.last)
    }

    /// Whether the access changed the object's state.
    fn changes(&self) -> bool {
        self.command.is_some_and(|(effect, args)| effect(self.before, args) != self.before)
    }
}

/// The happens-before state of one object. Its rows are not changed once an event is complete.
#[derive(Debug, Clone, Copy)]
struct Layers {
    /// Everything before the newest layer, if there is anything.
    earlier: Option<ClockRow>,
    /// The newest layer.
    newest: ClockRow,
    class: Access,
    last: u32,
}

/// The events of one execution and their order.
///
/// An execution that begins as the previous one did has the same events so far, so they are kept. While it
/// takes those steps again only the threads' clocks are updated.
#[derive(Debug)]
pub(crate) struct HappensBefore {
    clocks: Clocks,
    events: Vec<Event>,
    /// The number of events in this execution so far.
    happened: usize,
    /// How many of them are shared with the previous execution.
    kept: usize,
    accessed: Vec<Accessed>,
    /// The threads of this execution in the order of their creation.
    born: Vec<ThreadId>,
    /// Each thread's index in that order, which is its column in the clocks.
    places: Vec<Column>,
    /// The clock of each thread: often that of its last event.
    threads: Vec<ClockRow>,
    objects: Vec<Option<Layers>>,
    races: Vec<Race>,
    /// The first event whose races are searched.
    matter_from: usize,
    /// The events whose races with the current one are recorded; a scratch list.
    covering: Vec<u32>,
    /// True if a race had too many reversals to search all of them.
    gave_up: bool,
}

impl HappensBefore {
    /// The relation without events.
    pub(crate) fn new() -> Self {
        HappensBefore {
            clocks: Clocks::new(4),
            events: Vec::new(),
            happened: 0,
            kept: 0,
            accessed: Vec::new(),
            born: Vec::new(),
            places: Vec::new(),
            threads: Vec::new(),
            objects: Vec::new(),
            races: Vec::new(),
            matter_from: 0,
            covering: Vec::new(),
            gave_up: false,
        }
    }

    /// Begins the next execution. It shares the first `kept` events with this one, and its races are searched
    /// from an event on.
    pub(crate) fn rewind(&mut self, kept: usize, races_matter_from: usize) {
        self.matter_from = races_matter_from;
        self.kept = kept.min(self.events.len());
        self.happened = 0;
        if self.kept == 0 {
            self.clocks.clear();
            let first = self.clocks.zero();
            debug_assert_eq!(first, NOTHING);
            self.accessed.clear();
            self.objects.clear();
        } else if let Some(gone) = self.events.get(self.kept) {
            self.clocks.truncate(gone.clock);
            for accessed in self.accessed.drain(gone.first_access as usize..).rev() {
                self.objects[accessed.object.index()] = accessed.displaced;
            }
        }
        self.events.truncate(self.kept);
        self.born.clear();
        self.threads.clear();
        self.races.clear();
    }

    /// The accesses of the thread's step if the previous execution took it too. Their words are replaced by
    /// those of this execution: they may be addresses, which differ from one execution to the next.
    #[inline]
    fn repeats(&mut self, thread: ThreadId) -> Option<&mut [Accessed]> {
        if self.happened >= self.kept {
            return None;
        }
        let Event { clock, first_access, accesses, .. } = self.events[self.happened];
        self.threads[thread.index()] = clock;
        self.happened += 1;
        self.accessed[first_access as usize..].get_mut(..accesses as usize)
    }

    /// The events so far.
    #[inline]
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The reversible races found so far.
    pub(crate) fn races(&self) -> &[Race] {
        &self.races
    }

    /// Whether reversals were left out, because there were too many.
    pub(crate) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// The accesses of an event; none, for one that never happened.
    #[inline]
    pub(crate) fn touches(&self, event: u32) -> impl Iterator<Item = Touch> + Clone + '_ {
        let event = self.events.get(event as usize);
        let accesses = event.map_or(&[][..], |event| {
            &self.accessed[event.first_access as usize..][..event.accesses as usize]
        });
        accesses.iter().map(|a| (a.object, a.access))
    }

    /// The accesses of an event, as one value.
    #[inline]
    pub(crate) fn touched(&self, event: u32) -> Touches {
        self.touches(event).collect()
    }

    /// Whether `first` happened before `then`, or is the same event.
    #[inline]
    pub(crate) fn ordered(&self, first: u32, then: u32) -> bool {
        let first = &self.events[first as usize];
        first.sequence <= self.clocks.get(self.events[then as usize].clock, first.place)
    }

    /// A hash of the trace: equal for equivalent executions, and for others only by accident.
    pub(crate) fn fingerprint(&self) -> u128 {
        self.events.iter().map(|event| self.hash_of(event)).fold(0, u128::wrapping_add)
    }

    /// A hash of the events that a thread's next one follows, and of their order.
    pub(crate) fn followed_by(&self, thread: ThreadId) -> u128 {
        let own = self.threads[thread.index()];
        let follows = |event: &&Event| event.sequence <= self.clocks.get(own, event.place);
        let events = self.events[..self.happened].iter();
        events.filter(follows).map(|event| self.hash_of(event)).fold(0, u128::wrapping_add)
    }

    /// A hash of an event and of its clock.
    fn hash_of(&self, event: &Event) -> u128 {
        let [low, high] = event.hash.get();
        if low != 0 {
            return u128::from(high) << 64 | u128::from(low);
        }
        let mut hash = 0xcbf2_9ce4_8422_2325_6c62_272e_07bb_0142_u128;
        let mut feed = |word: u32| {
            hash = (hash ^ u128::from(word)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            hash ^= hash >> 61;
        };
        feed(event.thread.0);
        feed(event.alternative);
        // Equivalent executions may create their threads in different orders.
        let row = self.clocks.row(event.clock);
        let counts = self.born.iter().zip(row).filter(|&(_, &count)| count > 0);
        let known = counts.map(|(thread, &count)| mix(u64::from(thread.0) << 32 | u64::from(count)));
        let known = known.fold(0, u128::wrapping_add);
        [known as u32, (known >> 32) as u32, (known >> 64) as u32, (known >> 96) as u32]
            .into_iter()
            .for_each(feed);
        event.hash.set([hash as u64, (hash >> 64) as u64]);
        hash
    }

    /// A thread begins: it follows all events of its parent.
    pub(crate) fn spawn(&mut self, thread: ThreadId, parent: Option<ThreadId>) {
        let place = self.born.len();
        self.born.push(thread);
        if place >= self.clocks.width() {
            self.clocks.widen(place + 1);
        }
        if thread.index() >= self.threads.len() {
            self.threads.resize(thread.index() + 1, NOTHING);
            if thread.index() >= self.places.len() {
                self.places.resize(thread.index() + 1, Column(0));
            }
        }
        self.places[thread.index()] = Column(place as u32);
        if let Some(parent) = parent {
            self.threads[thread.index()] = self.threads[parent.index()];
        }
    }

    /// `thread` goes on because of an event of `other`.
    pub(crate) fn follow(&mut self, thread: ThreadId, other: ThreadId) {
        self.follow_row(thread, self.threads[other.index()]);
    }

    /// The present clock of a thread, for a thread that goes on because of it later.
    pub(crate) fn row_of(&self, thread: ThreadId) -> ClockRow {
        self.threads[thread.index()]
    }

    /// `thread` goes on because of an event.
    pub(crate) fn follow_event(&mut self, thread: ThreadId, event: u32) {
        if let Some(event) = self.events.get(event as usize) {
            self.follow_row(thread, event.clock);
        }
    }

    /// `thread` goes on because of an earlier clock of another.
    #[inline]
    pub(crate) fn follow_row(&mut self, thread: ThreadId, row: ClockRow) {
        let own = self.clocks.copy_of(self.threads[thread.index()]);
        self.clocks.join(own, row);
        self.threads[thread.index()] = own;
    }

    /// Records an event that depends on everything: all later events follow all events so far.
    pub(crate) fn barrier(&mut self) {
        let all = self.clocks.zero();
        for &row in &self.threads {
            self.clocks.join(all, row);
        }
        self.threads.fill(all);
    }

    /// Records an event of `thread` that touches no object.
    pub(crate) fn local(&mut self, thread: ThreadId, alternative: u32) {
        if self.repeats(thread).is_some() {
            return;
        }
        self.open(thread, alternative);
        self.close(thread);
    }

    /// Records an operation, after the search for its races.
    #[inline]
    pub(crate) fn op(&mut self, thread: ThreadId, alternative: u32, op: &Op, before: State) {
        if let Some(again) = self.repeats(thread) {
            for accessed in again {
                (accessed.before, accessed.command) = (before, Some((op.command.effect, op.args)));
            }
            return;
        }
        self.open(thread, alternative);
        self.access(op.object, op.access(before), before, Some((op.command.effect, op.args)));
        self.close(thread);
    }

    /// Records a yield: a read of every object that it waited for, given with their states.
    pub(crate) fn yields(&mut self, thread: ThreadId, read: impl Iterator<Item = (ObjectId, State)>) {
        if let Some(again) = self.repeats(thread) {
            for (accessed, (_, state)) in again.iter_mut().zip(read) {
                accessed.before = state;
            }
            return;
        }
        self.open(thread, 0);
        for (object, state) in read {
            self.access(object, Access::READ, state, None);
        }
        self.close(thread);
    }

    #[inline]
    fn open(&mut self, thread: ThreadId, alternative: u32) {
        let clock = self.clocks.copy_of(self.threads[thread.index()]);
        let place = self.places[thread.index()];
        let sequence = self.clocks.get(clock, place) + 1;
        self.clocks.set(clock, place, sequence);
        let first_access = self.accessed.len() as u32;
        let hash = Cell::new([0; 2]);
        self.events.push(Event {
            thread,
            alternative,
            place,
            sequence,
            clock,
            first_access,
            accesses: 0,
            hash,
        });
        self.happened += 1;
    }

    #[inline]
    fn close(&mut self, thread: ThreadId) {
        let Some(&Event { clock, first_access, accesses, .. }) = self.events.last() else { return };
        if accesses > 1 {
            // The clock that the event learned from its last object is passed on through its first.
            for at in first_access..first_access + accesses {
                if let Some(layers) = self.objects[self.accessed[at as usize].object.index()] {
                    self.clocks.join(layers.newest, clock);
                }
            }
        }
        self.threads[thread.index()] = clock;
    }

    #[inline]
    fn access(&mut self, object: ObjectId, access: Access, before: State, command: Option<Effect>) {
        if self.objects.len() <= object.index() {
            self.objects.resize(object.index() + 1, None);
        }
        let event = self.events.len() as u32 - 1;
        let clock = self.events[event as usize].clock;
        let displaced = self.objects[object.index()];
        let last = self.accessed.len() as u32;
        let layers = match displaced {
            None => Layers { earlier: None, newest: clock, class: access, last },
            Some(layers) if access.conflicts(layers.class) => {
                // The newest layer's clock includes those of the earlier layers.
                self.clocks.join(clock, layers.newest);
                Layers { earlier: Some(layers.newest), newest: clock, class: access, last }
            }
            Some(layers) => {
                if let Some(earlier) = layers.earlier {
                    self.clocks.join(clock, earlier);
                }
                let newest = self.clocks.copy_of(layers.newest);
                self.clocks.join(newest, clock);
                Layers { newest, last, ..layers }
            }
        };
        self.objects[object.index()] = Some(layers);
        self.accessed.push(Accessed { event, object, access, before, command, displaced });
        self.events[event as usize].accesses += 1;
    }
}

/// Spreads a word over 128 bits, so that sums of spread words differ where the words do.
fn mix(word: u64) -> u128 {
    let mut spread = u128::from(word | 1 << 63).wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645);
    spread ^= spread >> 67;
    spread = spread.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    spread ^ spread >> 61
}

/// The number of a choice's alternatives, or the waiters among which it chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alternatives {
    /// There is nothing to choose.
    One,
    /// The numbers below this one.
    Below(u32),
    /// One of these waiters.
    Among(Slots),
}

impl Alternatives {
    /// The alternatives, smallest first.
    pub(crate) fn iter(self) -> impl Iterator<Item = u32> {
        let (count, among) = match self {
            Alternatives::One => (1, Slots(0)),
            Alternatives::Below(n) => (n, Slots(0)),
            Alternatives::Among(set) => (0, set),
        };
        (0..count).chain(among.iter())
    }

    /// Whether this is one of the alternatives.
    pub(crate) fn contains(self, alternative: u32) -> bool {
        match self {
            Alternatives::One => alternative == 0,
            Alternatives::Below(n) => alternative < n,
            Alternatives::Among(set) => set.contains(alternative),
        }
    }
}
