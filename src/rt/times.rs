//! Virtual time along the order of operations: a clock that is read after an operation is not behind one that
//! was read before an operation which that one follows.
//!
//! A thread's sleeps pass for itself alone: others may or may not do something meanwhile. But std's `Instant` is
//! one for all threads, so an operation brings its thread's clock up to those of the operations on the same
//! object before it, as a join brings it up to the joined thread's, and a notification to the notifier's.
//!
//! Operations that commute bring nothing to each other, whichever comes first: the exhaustive engine runs them
//! in one order only. So, as in [`crate::rt::orders`], an object keeps apart what came before the newest run of
//! operations that commute, which the next of them sees, and what that run brings, which it does not.
//!
//! Nothing is kept until the first thread sleeps: until then every clock is the same.

use crate::op::{Access, ObjectId};

/// How long the threads had slept that performed operations on one object, at most.
#[derive(Debug, Clone, Copy)]
struct Latest {
    /// Before the newest run of operations that commute.
    settled: u64,
    /// With that run.
    run: u64,
    class: Access,
}

/// What the objects of one execution bring to the clocks of threads.
#[derive(Debug, Default)]
pub(crate) struct Times {
    passes: bool,
    objects: Vec<Option<Latest>>,
}

impl Times {
    /// Forgets the execution and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.passes = false;
        self.objects.clear();
    }

    /// A thread sleeps.
    pub(crate) fn begin(&mut self) {
        self.passes = true;
    }

    /// A thread that has slept for so long performs an operation; how long it counts as having slept then.
    #[inline]
    pub(crate) fn op(&mut self, object: ObjectId, access: Access, slept: u64) -> u64 {
        if self.passes { self.meet(object, access, slept) } else { slept }
    }

    fn meet(&mut self, object: ObjectId, access: Access, slept: u64) -> u64 {
        if self.objects.len() <= object.index() {
            self.objects.resize(object.index() + 1, None);
        }
        // What was done before any thread slept brings nothing.
        let latest = self.objects[object.index()].get_or_insert(Latest { settled: 0, run: 0, class: access });
        if access.conflicts(latest.class) {
            latest.settled = latest.settled.max(latest.run);
            latest.class = access;
        }
        let slept = slept.max(latest.settled);
        latest.run = latest.run.max(slept);
        slept
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

    #[test]
    fn a_write_follows_a_write() {
        let mut times = times();
        assert_eq!(times.op(X, Access::WRITE, 7), 7);
        assert_eq!(times.op(X, Access::WRITE, 3), 7);
        assert_eq!(times.op(ObjectId(1), Access::WRITE, 3), 3);
    }

    #[test]
    fn operations_that_commute_see_what_came_before_all_of_them() {
        for (first, then) in [(5, 9), (9, 5)] {
            let mut times = times();
            assert_eq!(times.op(X, Access::WRITE, 6), 6);
            assert_eq!(times.op(X, READERS, first), first.max(6));
            assert_eq!(times.op(X, READERS, then), then.max(6));
            assert_eq!(times.op(X, Access::READ, 0), 9);
            assert_eq!(times.op(X, Access::WRITE, 0), 9);
        }
    }

    #[test]
    fn nothing_is_kept_until_a_thread_sleeps() {
        let mut times = Times::default();
        assert_eq!(times.op(X, Access::WRITE, 0), 0);
        assert!(times.objects.is_empty());
    }
}
