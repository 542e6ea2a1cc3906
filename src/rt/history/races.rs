//! The races that another execution reverses: which earlier events the next one does not follow, and
//! what it would be without them.

use smallvec::SmallVec;

use super::{Accessed, History, NONE, Touches};
use crate::clock::Row;
use crate::op::{Access, ObjectId, Op, State, ThreadId, ThreadSet};

/// A pair of events whose order another execution reverses.
#[derive(Debug)]
pub(crate) struct Race {
    /// The event that came first.
    pub(crate) first: u32,
    /// The event that came later; one past the last if it never happened.
    pub(crate) then: u32,
    /// The thread whose event is to come first instead.
    pub(crate) thread: ThreadId,
    /// What that event can be there: an alternative, and what it touches.
    pub(crate) instead: (u32, Touches),
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

impl History {
    /// Finds the earlier events with which the next event of `thread` races, and records those
    /// races whose reversal is possible. `state` is its object's present state, or of no meaning for
    /// a yield. Called before the event is performed, or at the end for one that stays blocked.
    #[inline]
    pub(crate) fn look_for_races(&mut self, thread: ThreadId, next: &Next<'_>, state: State) {
        if self.happened < self.matter_from {
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
    pub(super) fn walk_back(
        &mut self,
        thread: ThreadId,
        own: Row,
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
    ) -> Option<(u32, Touches)> {
        let event = self.accessed[at as usize].event;
        match next {
            Next::Op(op) => {
                let state = self.state_without(at, object);
                op.enabled(state)
                    .then(|| (first_alternative(op, state), Touches::One((op.object, op.access(state)))))
            }
            Next::Yield(read) => {
                let waits_for = |&(object, version): &(ObjectId, u32)| {
                    self.written_without(event, object, version, thread)
                };
                let touches = read.iter().map(|&(object, _)| (object, Access::READ)).collect();
                read.iter().any(waits_for).then_some((0, touches))
            }
            Next::Rest(op) => {
                // The event does not follow `event` yet, so its earlier part stays as it is.
                let newest = self.events.len() as u32 - 1;
                let mut touches = self.touched(newest);
                touches.push((op.object, op.access(self.state_without(at, object))));
                Some((self.events[newest as usize].alternative, touches))
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
            cursor = self.accessed[cursor as usize].previous();
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
            cursor = accessed.previous();
        }
        writes
            .iter()
            .rev()
            .skip(version as usize)
            .any(|&write| self.events[write as usize].thread != thread && !self.ordered(event, write))
    }
}

/// The first alternative of an operation in a state.
fn first_alternative(op: &Op, state: State) -> u32 {
    op.waiters(state).and_then(ThreadSet::first).map_or(0, |waiter| waiter.0)
}
