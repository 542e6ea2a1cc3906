//! Names that equivalent executions share.
//!
//! A thread is "the k-th child of that thread", an object "the k-th object made by that thread".
//! Addresses and the order of first use differ between equivalent executions, these names do not.
//! [`Identities`] turns them into small numbers, the same ones throughout a check.

use crate::op::{MAX_THREADS, ObjectId, Site, ThreadId};

/// The numbers given so far; they outlive an execution.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    children: Vec<Vec<ThreadId>>,
    objects: Vec<Vec<ObjectId>>,
    /// What is made when it is first used, by the place that says so and how many came before.
    statics: Vec<((Site, usize), ObjectId)>,
    threads: u32,
    made: u32,
}

impl Identities {
    /// Only the main thread.
    pub(crate) fn new() -> Self {
        Identities {
            children: vec![Vec::new()],
            objects: vec![Vec::new()],
            statics: Vec::new(),
            threads: 1,
            made: 0,
        }
    }

    /// The number of the `k`-th child of `parent`, or nothing if there are too many threads.
    pub(crate) fn child(&mut self, parent: ThreadId, k: usize) -> Option<ThreadId> {
        if let Some(&known) = self.children[parent.index()].get(k) {
            return Some(known);
        }
        if self.threads as usize == MAX_THREADS {
            return None;
        }
        let child = ThreadId(self.threads);
        self.threads += 1;
        self.children[parent.index()].push(child);
        self.children.push(Vec::new());
        self.objects.push(Vec::new());
        Some(child)
    }

    /// The number of the `k`-th object made by `creator`.
    pub(crate) fn object(&mut self, creator: ThreadId, k: usize) -> ObjectId {
        let objects = &mut self.objects[creator.index()];
        if let Some(&known) = objects.get(k) {
            return known;
        }
        let object = ObjectId(self.made);
        self.made += 1;
        objects.push(object);
        object
    }

    /// The first `n` objects made by `creator`.
    pub(crate) fn objects_of(&self, creator: ThreadId, n: usize) -> &[ObjectId] {
        &self.objects[creator.index()][..n]
    }

    /// The objects that were declared at these places, each place as often as it has an object.
    pub(crate) fn declared_at(&self, places: &[Site]) -> Vec<ObjectId> {
        let count = |place: Site| places.iter().filter(|&&other| other == place).count();
        let here = self.statics.iter().filter(|((place, k), _)| *k < count(place));
        let mut here: Vec<_> = here.map(|((place, k), id)| (*place, *k, *id)).collect();
        here.sort_unstable();
        here.into_iter().map(|(.., id)| id).collect()
    }

    /// The first `n` children of `parent`.
    pub(crate) fn children_of(&self, parent: ThreadId, n: usize) -> &[ThreadId] {
        &self.children[parent.index()][..n]
    }

    /// The number of the `k`-th object that was declared at a place and is made when it is first used,
    /// by whichever thread: that thread differs between equivalent executions, so it gives no name.
    pub(crate) fn declared(&mut self, place: Site, k: usize) -> ObjectId {
        if let Some((_, known)) = self.statics.iter().find(|(name, _)| *name == (place, k)) {
            return *known;
        }
        let object = ObjectId(self.made);
        self.made += 1;
        self.statics.push(((place, k), object));
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_has_the_same_number_whatever_the_order() {
        let mut ids = Identities::new();
        let first = ids.child(ThreadId::MAIN, 0).expect("there is room");
        let second = ids.child(ThreadId::MAIN, 1).expect("there is room");
        let a = ids.object(second, 0);
        let b = ids.object(first, 0);
        assert_ne!(a, b);
        assert_eq!(ids.object(first, 0), b);
        assert_eq!(ids.object(second, 0), a);
        assert_eq!(ids.child(ThreadId::MAIN, 1), Some(second));
    }
}
