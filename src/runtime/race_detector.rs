//! Data races, found by the memory orderings that the program wrote.
//!
//! Executions are sequentially consistent, but a plain access is protected only by what the program ordered:
//! an Acquire that reads from a Release, a lock, a fence, a spawn or a join. [`RaceDetector`] keeps vector
//! clocks of that order (after `FastTrack`, Flanagan and Freund, PLDI 2009, and C++20's release sequences)
//! and reports two accesses to one cell, at least one of them a write, that it leaves unordered. Since the
//! exhaustive engine runs every trace of the visible operations, every such race appears in one of them,
//! whichever access comes first there.
//!
//! What it can miss: an ordering that holds in every sequentially consistent execution but fails in a weaker
//! one. The loom engine explores those.
//!
//! Operations that commute do not order each other, whichever comes first: the exhaustive engine runs them in
//! one order only, and must find there what it would find in the other. So writers acquire what a reader of a
//! reader-writer lock releases, and other readers do not.
//!
//! Nothing is recorded until the first cell is made, so models without cells have no overhead.

use crate::op::{Access, ObjectId, Op, Role, Site, Synchronization, ThreadId};
use crate::runtime::vector_clock::{ClockRow, Clocks, Column};

/// One access to a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellAccess {
    pub(crate) thread: ThreadId,
    pub(crate) write: bool,
    pub(crate) site: Site,
    place: Column,
    epoch: u32,
}

/// The accesses to a cell.
#[derive(Debug)]
struct Cell {
    write: CellAccess,
    /// The newest read of each thread since the last write.
    reads: Vec<CellAccess>,
}

/// The clocks of one thread.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// In the order of first use.
    place: Column,
    /// The thread's clock.
    seen: ClockRow,
    /// The clock that its relaxed loads would have acquired; an acquire fence joins it into `seen`.
    loaded: ClockRow,
    /// Its clock at its last release fence; its relaxed stores publish that.
    fenced: ClockRow,
}

/// The clocks that have been published through one object.
#[derive(Debug, Clone, Copy)]
struct Published {
    /// The clocks published by operations before the newest run of operations that commute.
    settled: ClockRow,
    /// The clocks published by that run.
    run: ClockRow,
    class: Access,
}

/// A thread's clock when it handed something over, for the thread that takes that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handed(ClockRow);

/// The happens-before order of memory orderings, over one execution.
#[derive(Debug)]
pub(crate) struct RaceDetector {
    active: bool,
    clocks: Clocks,
    threads: Vec<Option<Known>>,
    /// How many threads have a column in the clocks.
    places: u32,
    published: Vec<Option<Published>>,
    cells: Vec<Option<Cell>>,
}

impl Default for RaceDetector {
    fn default() -> Self {
        RaceDetector {
            active: false,
            clocks: Clocks::new(4),
            threads: Vec::new(),
            places: 0,
            published: Vec::new(),
            cells: Vec::new(),
        }
    }
}

impl RaceDetector {
    /// Clears the execution and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.active = false;
        self.clocks.clear();
        self.threads.clear();
        self.places = 0;
        self.published.clear();
        self.cells.clear();
    }

    /// A thread begins with its parent's clock.
    #[inline]
    pub(crate) fn spawn(&mut self, thread: ThreadId, parent: Option<ThreadId>) {
        if self.threads.len() <= thread.index() {
            self.threads.resize(thread.index() + 1, None);
        }
        if let (true, Some(parent)) = (self.active, parent) {
            let (child, known) = (self.known(thread), self.known(parent));
            self.clocks.join(child.seen, known.seen);
            self.tick(known);
        }
    }

    /// `thread` goes on after `other` has finished.
    #[inline]
    pub(crate) fn follow(&mut self, thread: ThreadId, other: ThreadId) {
        if self.active {
            let (thread, other) = (self.known(thread), self.known(other));
            self.clocks.join(thread.seen, other.seen);
        }
    }

    /// An operation on a synchronisation object took effect.
    #[inline]
    pub(crate) fn op(&mut self, thread: ThreadId, op: &Op, access: Access, changed: bool) {
        if !self.active {
            return;
        }
        let read_only = access == Access::READ;
        // An attempt that failed orders nothing.
        match op.command.role {
            Role::TryAcquire | Role::Share if !changed => return,
            Role::Signal if read_only => return,
            // Fences work together with atomics only.
            Role::Load | Role::Store | Role::Update | Role::CompareExchange => {}
            _ if op.synchronization == Synchronization::Nothing => return,
            _ => {}
        }
        let known = self.known(thread);
        if self.published.len() <= op.object.index() {
            self.published.resize(op.object.index() + 1, None);
        }
        let clocks = &mut self.clocks;
        let published = self.published[op.object.index()].get_or_insert_with(|| Published {
            settled: clocks.zero(),
            run: clocks.zero(),
            class: Access::READ,
        });
        if access.conflicts(published.class) {
            clocks.join(published.settled, published.run);
            clocks.reset(published.run);
            published.class = access;
        }
        let role = op.command.role;
        if role != Role::Store {
            clocks.join(known.loaded, published.settled);
            let sees =
                if read_only && role == Role::CompareExchange { op.on_failure } else { op.synchronization };
            if sees.acquires() {
                clocks.join(known.seen, published.settled);
            }
        }
        if read_only {
            return;
        }
        let offered = if op.synchronization.releases() { known.seen } else { known.fenced };
        if role == Role::Store {
            // It begins a new release sequence; a read-modify-write goes on with the old one.
            clocks.reset(published.settled);
            clocks.assign(published.run, offered);
        } else {
            clocks.join(published.run, offered);
        }
        if op.synchronization.releases() {
            self.tick(known);
        }
    }

    /// A fence.
    pub(crate) fn fence(&mut self, thread: ThreadId, synchronization: Synchronization) {
        if !self.active {
            return;
        }
        let known = self.known(thread);
        if synchronization.acquires() {
            self.clocks.join(known.seen, known.loaded);
        }
        if synchronization.releases() {
            self.clocks.assign(known.fenced, known.seen);
            self.tick(known);
        }
    }

    /// A thread hands something over, and its clock with it. Objects that pass on many values, each to the
    /// thread that takes it, keep this beside each; publications through an object as a whole are
    /// [`Self::op`]'s.
    pub(crate) fn hand_over(&mut self, thread: ThreadId) -> Option<Handed> {
        // A hand-over before the first cell was made orders no access to a cell.
        if !self.active {
            return None;
        }
        let known = self.known(thread);
        let row = self.clocks.zero();
        self.clocks.assign(row, known.seen);
        self.tick(known);
        Some(Handed(row))
    }

    /// A thread takes what another handed over.
    pub(crate) fn take(&mut self, thread: ThreadId, handed: Handed) {
        let known = self.known(thread);
        self.clocks.join(known.seen, handed.0);
    }

    /// A cell is made, which counts as a write to it; one inside a static counts as made before everything,
    /// if `first`.
    pub(crate) fn make_cell(&mut self, thread: ThreadId, cell: ObjectId, first: bool, site: Site) {
        self.active = true;
        if self.cells.len() <= cell.index() {
            self.cells.resize_with(cell.index() + 1, || None);
        }
        let known = self.known(thread);
        let epoch = if first { 0 } else { self.epoch(known) };
        let write = CellAccess { thread, write: true, site, place: known.place, epoch };
        self.cells[cell.index()] = Some(Cell { write, reads: Vec::new() });
    }

    /// A thread accesses a cell; returns the earlier access that is not ordered before it, if there is one.
    pub(crate) fn touch_cell(
        &mut self,
        thread: ThreadId,
        cell: ObjectId,
        write: bool,
        site: Site,
    ) -> Option<CellAccess> {
        let known = self.known(thread);
        let access = CellAccess { thread, write, site, place: known.place, epoch: self.epoch(known) };
        let Some(Some(cell)) = self.cells.get_mut(cell.index()) else { return None };
        let clocks = &self.clocks;
        let unordered = |earlier: &&CellAccess| earlier.epoch > clocks.get(known.seen, earlier.place);
        let mut race = Some(&cell.write).filter(unordered).copied();
        if write {
            race = race.or_else(|| cell.reads.iter().find(unordered).copied());
            cell.reads.clear();
            cell.write = access;
        } else {
            cell.reads.retain(|read| read.thread != thread);
            cell.reads.push(access);
        }
        race
    }

    fn known(&mut self, thread: ThreadId) -> Known {
        if let Some(known) = self.threads[thread.index()] {
            return known;
        }
        let place = Column(self.places);
        self.places += 1;
        if self.places as usize > self.clocks.width() {
            self.clocks.widen(self.places as usize);
        }
        let (seen, loaded, fenced) = (self.clocks.zero(), self.clocks.zero(), self.clocks.zero());
        let known = Known { place, seen, loaded, fenced };
        // The first epoch is 1, so that no other thread's clock includes it by default.
        self.clocks.set(seen, place, 1);
        self.threads[thread.index()] = Some(known);
        known
    }

    fn epoch(&self, known: Known) -> u32 {
        self.clocks.get(known.seen, known.place)
    }

    fn tick(&mut self, known: Known) {
        let epoch = self.epoch(known);
        self.clocks.set(known.seen, known.place, epoch + 1);
    }
}
