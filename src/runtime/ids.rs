//! Names that equivalent executions share.
//!
//! A thread is "the k-th child of that thread", an object "the k-th object made by that thread". Addresses
//! and the order of first use differ between equivalent executions, these names do not. [`Identities`] maps
//! them to small numbers, the same ones throughout a check and in all of its workers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::op::{ObjectId, Site, Slots, ThreadId};

/// The numbers of all names that this worker has used; they outlive an execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities {
    known: Names,
    /// The first worker to use a name assigns its number, for all workers.
    given: Arc<Mutex<Given>>,
}

/// The assigned numbers.
#[derive(Debug, Default)]
struct Given {
    names: Names,
    /// The number of threads except the main one.
    children: u32,
    objects: u32,
}

#[derive(Clone, Debug, Default)]
struct Names {
    children: Numbers<ThreadId>,
    objects: Numbers<ObjectId>,
    /// Objects that are made on first use, by the source line that declares them.
    lazy: Listed<Site>,
    /// Objects inside a static, by its address and an index. A static does not move, so this name is the same
    /// throughout a check; nothing depends on its value.
    statics: Listed<usize>,
    /// Which thread has which slot of a condition variable, by object and slot.
    waiters: Vec<Vec<Option<ThreadId>>>,
}

impl Names {
    /// The preferred slot of a thread: most models have fewer than 64 threads, and each of theirs has its own
    /// number as its slot.
    fn first_slot(thread: ThreadId) -> usize {
        thread.index() % Slots::MOST
    }

    fn slot(&self, object: ObjectId, thread: ThreadId) -> Option<usize> {
        let taken = self.waiters.get(object.index())?;
        let first = Self::first_slot(thread);
        if taken.get(first) == Some(&Some(thread)) {
            return Some(first);
        }
        taken.iter().position(|&waiter| waiter == Some(thread))
    }

    /// A free slot, if there is one.
    fn free_slot(&self, object: ObjectId, thread: ThreadId) -> Option<usize> {
        let taken = self.waiters.get(object.index()).map_or(&[][..], Vec::as_slice);
        let first = Self::first_slot(thread);
        (0..Slots::MOST)
            .map(|n| (first + n) % Slots::MOST)
            .find(|&slot| taken.get(slot).is_none_or(Option::is_none))
    }

    #[cold]
    fn set_slot(&mut self, object: ObjectId, slot: usize, thread: ThreadId) {
        if self.waiters.len() <= object.index() {
            self.waiters.resize_with(object.index() + 1, Vec::new);
        }
        let slots = &mut self.waiters[object.index()];
        if slots.len() <= slot {
            slots.resize(slot + 1, None);
        }
        slots[slot] = Some(thread);
    }
}

/// Numbers by a place and an index, independent of threads.
type Listed<P> = Vec<((P, usize), ObjectId)>;

fn find<P: PartialEq>(listed: &Listed<P>, name: &(P, usize)) -> Option<ObjectId> {
    listed.iter().find(|(other, _)| other == name).map(|(_, known)| *known)
}

/// Numbers by a thread and an index.
#[derive(Clone, Debug)]
struct Numbers<T>(Vec<Vec<Option<T>>>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Numbers(Vec::new())
    }
}

impl<T: Copy> Numbers<T> {
    fn get(&self, thread: ThreadId, k: usize) -> Option<T> {
        self.0.get(thread.index())?.get(k).copied().flatten()
    }

    #[cold]
    fn set(&mut self, thread: ThreadId, k: usize, number: T) {
        if self.0.len() <= thread.index() {
            self.0.resize_with(thread.index() + 1, Vec::new);
        }
        let numbers = &mut self.0[thread.index()];
        if numbers.len() <= k {
            numbers.resize(k + 1, None);
        }
        numbers[k] = Some(number);
    }
}

impl Given {
    fn object(&mut self) -> ObjectId {
        self.objects += 1;
        ObjectId(self.objects - 1)
    }
}

impl Identities {
    /// Only the main thread.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The number of the `k`-th child of `parent`.
    pub(crate) fn child(&mut self, parent: ThreadId, k: usize) -> ThreadId {
        if let Some(known) = self.known.children.get(parent, k) {
            return known;
        }
        let mut given = self.given();
        let child = given.names.children.get(parent, k).unwrap_or_else(|| {
            given.children += 1;
            ThreadId(given.children)
        });
        given.names.children.set(parent, k, child);
        drop(given);
        self.known.children.set(parent, k, child);
        child
    }

    /// The slot of a thread that waits for a condition variable, or `None` if others have them all. It is the
    /// thread's throughout the check, so equivalent executions agree on it.
    pub(crate) fn slot(&mut self, object: ObjectId, thread: ThreadId) -> Option<u32> {
        if let Some(known) = self.known.slot(object, thread) {
            return Some(known as u32);
        }
        let mut given = self.given();
        let slot = given.names.slot(object, thread).or_else(|| given.names.free_slot(object, thread))?;
        given.names.set_slot(object, slot, thread);
        drop(given);
        self.known.set_slot(object, slot, thread);
        Some(slot as u32)
    }

    /// The thread that has a slot, if one was assigned.
    pub(crate) fn waiter(&self, object: ObjectId, slot: u32) -> Option<ThreadId> {
        *self.known.waiters.get(object.index())?.get(slot as usize)?
    }

    /// The number of the `k`-th object made by `creator`.
    pub(crate) fn object(&mut self, creator: ThreadId, k: usize) -> ObjectId {
        if let Some(known) = self.known.objects.get(creator, k) {
            return known;
        }
        let mut given = self.given();
        let object = given.names.objects.get(creator, k).unwrap_or_else(|| given.object());
        given.names.objects.set(creator, k, object);
        drop(given);
        self.known.objects.set(creator, k, object);
        object
    }

    /// The first `n` objects made by `creator`.
    pub(crate) fn objects_of(&self, creator: ThreadId, n: usize) -> impl Iterator<Item = ObjectId> + '_ {
        (0..n).filter_map(move |k| self.known.objects.get(creator, k))
    }

    /// The objects that were declared at these places.
    pub(crate) fn declared_at(&self, places: &[Site]) -> Vec<ObjectId> {
        let here = self.known.lazy.iter().filter(|((place, _), _)| places.contains(place));
        let mut here: Vec<_> = here.map(|((place, _), id)| (*place, *id)).collect();
        here.sort_unstable();
        here.into_iter().map(|(_, id)| id).collect()
    }

    /// The first `n` children of `parent`.
    pub(crate) fn children_of(
        &self,
        parent: ThreadId,
        n: usize,
    ) -> impl DoubleEndedIterator<Item = ThreadId> + '_ {
        (0..n).filter_map(move |k| self.known.children.get(parent, k))
    }

    /// The number of the object for everything that is declared at a place and made on first use, by
    /// whichever thread: that thread differs between equivalent executions, so it is not part of the name.
    pub(crate) fn declared(&mut self, place: Site) -> ObjectId {
        self.listed(|names| &mut names.lazy, (place, 0))
    }

    /// The number of the `k`-th object inside of a static.
    pub(crate) fn within(&mut self, place: usize, k: usize) -> ObjectId {
        self.listed(|names| &mut names.statics, (place, k))
    }

    fn listed<P: PartialEq + Copy>(
        &mut self,
        list: fn(&mut Names) -> &mut Listed<P>,
        name: (P, usize),
    ) -> ObjectId {
        if let Some(known) = find(list(&mut self.known), &name) {
            return known;
        }
        let mut given = self.given();
        let object = find(list(&mut given.names), &name).unwrap_or_else(|| {
            let object = given.object();
            list(&mut given.names).push((name, object));
            object
        });
        drop(given);
        list(&mut self.known).push((name, object));
        object
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_has_the_same_number_whatever_the_order() {
        let mut ids = Identities::new();
        let first = ids.child(ThreadId::MAIN, 0);
        let second = ids.child(ThreadId::MAIN, 1);
        let a = ids.object(second, 0);
        let b = ids.object(first, 0);
        assert_ne!(a, b);
        assert_eq!(ids.object(first, 0), b);
        assert_eq!(ids.object(second, 0), a);
        assert_eq!(ids.child(ThreadId::MAIN, 1), second);
    }

    #[test]
    fn two_workers_give_the_same_name_the_same_number() {
        let mut one = Identities::new();
        let mut other = one.clone();
        let (a, b) = (one.child(ThreadId::MAIN, 0), other.child(ThreadId::MAIN, 1));
        assert_ne!(a, b);
        assert_eq!((other.child(ThreadId::MAIN, 0), one.child(ThreadId::MAIN, 1)), (a, b));
        let made = other.object(ThreadId(2), 0);
        assert_eq!(one.object(ThreadId(2), 0), made);
    }

    #[test]
    fn a_thread_has_its_own_number_as_its_slot_unless_that_is_taken() {
        let (mut one, condvar) = (Identities::new(), ObjectId(3));
        let mut other = one.clone();
        assert_eq!(one.slot(condvar, ThreadId(5)), Some(5));
        assert_eq!(one.slot(condvar, ThreadId(69)), Some(6));
        assert_eq!(other.slot(condvar, ThreadId(6)), Some(7));
        assert_eq!(other.slot(condvar, ThreadId(69)), Some(6));
        assert_eq!((one.waiter(condvar, 6), one.waiter(condvar, 7)), (Some(ThreadId(69)), None));
        assert_eq!(one.slot(ObjectId(4), ThreadId(69)), Some(5));
    }

    #[test]
    fn every_slot_is_given_before_there_is_none() {
        let mut ids = Identities::new();
        let slots: std::collections::BTreeSet<_> =
            (40..104).filter_map(|t| ids.slot(ObjectId(0), ThreadId(t))).collect();
        assert_eq!(slots.len(), Slots::MOST);
        assert_eq!(ids.slot(ObjectId(0), ThreadId(7)), None);
        assert_eq!(ids.slot(ObjectId(0), ThreadId(40)), Some(40));
    }
}
