//! Sets of threads, and of the waiters of one condition variable.
//!
//! The threads of most models have numbers below 64, so a [`ThreadSet`] keeps those in one word of its own;
//! the others are bits of words on the heap, which are allocated for the first such thread. [`Slots`] are
//! always one word: they are the state of an object, so a condition variable has 64 of them.
//! [`crate::runtime::ids`] assigns slots to threads.

use super::{State, ThreadId};

/// A set of threads, e.g. those that are enabled.
#[derive(Clone, Default)]
pub(crate) struct ThreadSet {
    /// Threads 0 to 63.
    low: u64,
    /// The others; `None` until there is one.
    high: Option<Box<High>>,
}

/// Threads from 64 on, 64 in each word. Two sets with the same members may differ in trailing zero words.
#[derive(Clone, Default)]
struct High(Vec<u64>);

impl High {
    #[cold]
    fn contains(&self, thread: ThreadId) -> bool {
        self.0.get(thread.index() / 64 - 1).is_some_and(|word| word >> (thread.0 % 64) & 1 == 1)
    }

    #[cold]
    fn insert(&mut self, thread: ThreadId) {
        let at = thread.index() / 64 - 1;
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (thread.0 % 64);
    }

    #[cold]
    fn remove(&mut self, thread: ThreadId) {
        if let Some(word) = self.0.get_mut(thread.index() / 64 - 1) {
            *word &= !(1 << (thread.0 % 64));
        }
    }

    #[cold]
    fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }
}

impl ThreadSet {
    /// The set with one member.
    #[inline]
    pub(crate) fn one(thread: ThreadId) -> Self {
        let mut set = ThreadSet::default();
        set.insert(thread);
        set
    }

    /// Whether the thread is in the set.
    #[inline]
    pub(crate) fn contains(&self, thread: ThreadId) -> bool {
        if thread.0 < 64 {
            self.low >> thread.0 & 1 == 1
        } else {
            self.high.as_ref().is_some_and(|high| high.contains(thread))
        }
    }

    /// Adds a thread.
    #[inline]
    pub(crate) fn insert(&mut self, thread: ThreadId) {
        if thread.0 < 64 {
            self.low |= 1 << thread.0;
        } else {
            self.high.get_or_insert_default().insert(thread);
        }
    }

    /// Removes a thread.
    #[inline]
    pub(crate) fn remove(&mut self, thread: ThreadId) {
        if thread.0 < 64 {
            self.low &= !(1 << thread.0);
        } else if let Some(high) = &mut self.high {
            high.remove(thread);
        }
    }

    /// Adds or removes a thread.
    #[inline]
    pub(crate) fn set(&mut self, thread: ThreadId, there: bool) {
        if thread.0 < 64 {
            self.low = self.low & !(1 << thread.0) | u64::from(there) << thread.0;
        } else if there {
            self.insert(thread);
        } else {
            self.remove(thread);
        }
    }

    /// Removes every thread and keeps the memory.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.low = 0;
        if let Some(high) = &mut self.high {
            high.0.clear();
        }
    }

    /// Whether it has no member.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.low == 0 && self.high.as_ref().is_none_or(|high| high.is_empty())
    }

    /// The number of its members.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        (0..self.words()).map(|at| self.word(at).count_ones() as usize).sum()
    }

    /// The member with the lowest id.
    #[inline]
    pub(crate) fn first(&self) -> Option<ThreadId> {
        if self.low == 0 { self.iter().next() } else { Some(ThreadId(self.low.trailing_zeros())) }
    }

    /// The members, lowest id first.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = ThreadId> + '_ {
        members(self.words(), |at| self.word(at))
    }

    /// The members of both sets, lowest id first.
    #[inline]
    pub(crate) fn and<'a>(&'a self, other: &'a ThreadSet) -> impl Iterator<Item = ThreadId> + 'a {
        members(self.words(), |at| self.word(at) & other.word(at))
    }

    /// The members that the other set does not have, lowest id first.
    #[inline]
    pub(crate) fn without<'a>(&'a self, other: &'a ThreadSet) -> impl Iterator<Item = ThreadId> + 'a {
        members(self.words(), |at| self.word(at) & !other.word(at))
    }

    /// Whether it is a subset of the other set.
    #[inline]
    pub(crate) fn is_within(&self, other: &ThreadSet) -> bool {
        self.low & !other.low == 0 && (self.high.is_none() || self.without(other).next().is_none())
    }

    /// The members in one of its [`words`](Self::words), lowest id first.
    #[inline]
    pub(crate) fn in_word(&self, at: usize) -> impl Iterator<Item = ThreadId> + use<> {
        let mut bits = self.word(at);
        std::iter::from_fn(move || {
            let first = (bits != 0).then(|| bits.trailing_zeros())?;
            bits &= bits - 1;
            Some(ThreadId(at as u32 * 64 + first))
        })
    }

    /// How many words have members.
    #[inline]
    pub(crate) fn words(&self) -> usize {
        1 + self.high.as_ref().map_or(0, |high| high.0.len())
    }

    /// One word of members; 0 past the last.
    #[inline]
    fn word(&self, at: usize) -> u64 {
        if at == 0 {
            return self.low;
        }
        self.high.as_ref().and_then(|high| high.0.get(at - 1)).copied().unwrap_or(0)
    }
}

/// The numbers of the bits that are set in some words.
#[inline]
fn members(words: usize, word: impl Fn(usize) -> u64) -> impl Iterator<Item = ThreadId> {
    let (mut at, mut bits) = (0, word(0));
    std::iter::from_fn(move || {
        while bits == 0 {
            at += 1;
            if at >= words {
                return None;
            }
            bits = word(at);
        }
        let first = bits.trailing_zeros();
        bits &= bits - 1;
        Some(ThreadId(at as u32 * 64 + first))
    })
}

impl PartialEq for ThreadSet {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        if self.high.is_none() && other.high.is_none() {
            return self.low == other.low;
        }
        (0..self.words().max(other.words())).all(|at| self.word(at) == other.word(at))
    }
}

impl Eq for ThreadSet {}

impl FromIterator<ThreadId> for ThreadSet {
    fn from_iter<I: IntoIterator<Item = ThreadId>>(threads: I) -> Self {
        let mut set = ThreadSet::default();
        threads.into_iter().for_each(|thread| set.insert(thread));
        set
    }
}

impl std::fmt::Debug for ThreadSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(|t| t.0)).finish()
    }
}

/// Slots of one condition variable: its state is the set of those whose threads wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slots(pub(crate) State);

impl Slots {
    /// How many slots a condition variable has.
    pub(crate) const MOST: usize = State::BITS as usize;

    /// The set with one slot.
    #[inline]
    pub(crate) fn one(slot: u32) -> Self {
        Slots(1 << slot)
    }

    /// Whether the slot is in the set.
    #[inline]
    pub(crate) fn contains(self, slot: u32) -> bool {
        slot < State::BITS && self.0 >> slot & 1 == 1
    }

    /// The lowest slot, of a set that has one.
    #[inline]
    pub(crate) fn first(self) -> u32 {
        self.0.trailing_zeros()
    }

    /// The slots, lowest first.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = u32> {
        members(1, move |_| self.0).map(|thread| thread.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(threads: &BTreeSet<u32>) -> ThreadSet {
        threads.iter().map(|&t| ThreadId(t)).collect()
    }

    fn listed(threads: impl Iterator<Item = ThreadId>) -> Vec<u32> {
        threads.map(|t| t.0).collect()
    }

    /// Numbers on both sides of each edge between words.
    fn thread() -> impl Strategy<Value = u32> {
        prop_oneof![0..4_u32, 62..66_u32, 126..130_u32, 0..1_000_u32]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_thread_set_does_what_a_set_does(
            a in prop::collection::btree_set(thread(), 0..8),
            b in prop::collection::btree_set(thread(), 0..8),
            changed in prop::collection::vec((thread(), any::<bool>()), 0..8),
        ) {
            prop_assert_eq!(listed(set(&a).iter()), a.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(listed(set(&a).and(&set(&b))), a.intersection(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(listed(set(&a).without(&set(&b))), a.difference(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(set(&a) == set(&b), a == b);
            prop_assert_eq!(set(&a).is_within(&set(&b)), a.is_subset(&b));
            let words = 0..set(&a).words();
            prop_assert_eq!(words.flat_map(|at| set(&a).in_word(at)).count(), a.len());
            let (mut threads, mut all) = (set(&a), a);
            for (thread, there) in changed {
                if there {
                    all.insert(thread);
                    threads.insert(ThreadId(thread));
                } else {
                    all.remove(&thread);
                    threads.remove(ThreadId(thread));
                }
                prop_assert_eq!(threads.contains(ThreadId(thread)), there);
                let mut again = threads.clone();
                again.set(ThreadId(thread), !there);
                prop_assert_eq!(again.contains(ThreadId(thread)), !there);
                prop_assert_eq!(again.is_within(&threads), there);
                prop_assert_eq!(threads.is_within(&again), !there);
            }
            // Words that have become 0 make no difference.
            prop_assert_eq!(&threads, &set(&all));
            prop_assert_eq!(threads.len(), all.len());
            prop_assert_eq!(threads.is_empty(), all.is_empty());
            prop_assert_eq!(threads.first().map(|t| t.0), all.first().copied());
            threads.clear();
            prop_assert_eq!(threads, ThreadSet::default());
        }
    }
}
