//! What threads learn from operations, along their order: the time, and which threads have ended.
//!
//! *Time.* A clock that is read after an operation is not behind one that was read before an operation which
//! that one follows. A thread's sleeps pass for itself alone: others may or may not do something meanwhile.
//! But std's `Instant` is one for all threads, so an operation advances its thread's clock to those of the
//! operations on the same object before it, as a join advances it to the joined thread's, and a notification
//! to the notifier's.
//!
//! *Ends.* Whether `is_finished` returns true for a thread is open until a call has returned true. For every
//! thread that follows that call it is then true as well.
//!
//! Operations that commute do not learn from each other, whichever comes first: the exhaustive engine runs
//! them in one order only. So, as in [`crate::runtime::race_detector`], an object stores separately what came
//! before the newest run of operations that commute, which the next of them learns, and what that run adds,
//! which it does not.
//!
//! Nothing is recorded until there is something to learn: until the first thread sleeps every clock is the
//! same.

use crate::op::{Access, ObjectId, ThreadId, ThreadSet};

/// What one thread may learn from another.
pub(crate) trait Knowledge: Clone + Default {
    /// Adds the knowledge of another thread.
    fn learn(&mut self, other: &Self);
}

/// How long a thread has slept.
impl Knowledge for u64 {
    fn learn(&mut self, other: &Self) {
        *self = (*self).max(*other);
    }
}

/// The threads that have ended.
impl Knowledge for ThreadSet {
    fn learn(&mut self, other: &Self) {
        other.iter().for_each(|thread: ThreadId| self.insert(thread));
    }
}

/// The knowledge of the threads that performed operations on one object.
#[derive(Debug, Clone)]
struct Latest<K> {
    /// The knowledge from before the newest run of operations that commute.
    settled: K,
    /// The knowledge that includes that run.
    run: K,
    class: Access,
}

/// The knowledge that the objects of one execution pass to threads.
#[derive(Debug, Default)]
pub(crate) struct Brought<K> {
    begun: bool,
    objects: Vec<Option<Latest<K>>>,
}

/// The clocks that they pass to threads.
pub(crate) type Times = Brought<u64>;
/// The threads' ends that they pass to threads.
pub(crate) type Ends = Brought<ThreadSet>;

impl<K: Knowledge> Brought<K> {
    /// Clears the execution and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.begun = false;
        self.objects.clear();
    }

    /// From now on there is something to learn.
    pub(crate) fn begin(&mut self) {
        self.begun = true;
    }

    /// Whether there is something to learn.
    #[inline]
    pub(crate) fn begun(&self) -> bool {
        self.begun
    }

    /// A thread with this knowledge performs an operation, and learns.
    #[inline]
    pub(crate) fn op(&mut self, object: ObjectId, access: Access, known: &mut K) {
        if self.begun {
            self.meet(object, access, known);
        }
    }

    fn meet(&mut self, object: ObjectId, access: Access, known: &mut K) {
        if self.objects.len() <= object.index() {
            self.objects.resize(object.index() + 1, None);
        }
        // Operations before there was anything to learn pass nothing on.
        let latest = self.objects[object.index()].get_or_insert_with(|| Latest {
            settled: K::default(),
            run: K::default(),
            class: access,
        });
        if access.conflicts(latest.class) {
            latest.settled.learn(&latest.run);
            latest.class = access;
        }
        known.learn(&latest.settled);
        latest.run.learn(known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: ObjectId = ObjectId(0);
    const READERS: Access = Access::commuting(1);

    fn times() -> Times {
        let mut times = Times::default();
        times.begin();
        times
    }

    /// How long a thread counts as having slept after an operation.
    fn after(times: &mut Times, object: ObjectId, access: Access, mut slept: u64) -> u64 {
        times.op(object, access, &mut slept);
        slept
    }

    #[test]
    fn a_write_follows_a_write() {
        let mut times = times();
        assert_eq!(after(&mut times, X, Access::WRITE, 7), 7);
        assert_eq!(after(&mut times, X, Access::WRITE, 3), 7);
        assert_eq!(after(&mut times, ObjectId(1), Access::WRITE, 3), 3);
    }

    #[test]
    fn operations_that_commute_see_what_came_before_all_of_them() {
        for (first, then) in [(5, 9), (9, 5)] {
            let mut times = times();
            assert_eq!(after(&mut times, X, Access::WRITE, 6), 6);
            assert_eq!(after(&mut times, X, READERS, first), first.max(6));
            assert_eq!(after(&mut times, X, READERS, then), then.max(6));
            assert_eq!(after(&mut times, X, Access::READ, 0), 9);
            assert_eq!(after(&mut times, X, Access::WRITE, 0), 9);
        }
    }

    #[test]
    fn nothing_is_kept_until_a_thread_sleeps() {
        let mut times = Times::default();
        assert_eq!(after(&mut times, X, Access::WRITE, 0), 0);
        assert!(times.objects.is_empty());
    }
}
