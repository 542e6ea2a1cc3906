//! One is woken, and it is the wrong one.
//!
//! A buffer with room for one item, two producers, two consumers, and one condition variable on which
//! all of them wait. Every change is announced with `notify_one`, since one change concerns one:
//!
//! ```text
//!   consumer 1     consumer 2     producer 1     producer 2
//!   empty: wait
//!                  empty: wait
//!                                 put, notify → consumer 1
//!                                                full: wait
//!   get, notify → consumer 2, though it is producer 2 that could go on
//!                  empty: wait  ✗                full: still waits  ✗
//! ```
//!
//! The notification was meant for a producer and a consumer received it. In Python it is a hand-written
//! queue with a single `threading.Condition` and `notify()`; the standard library's `queue.Queue` has two
//! conditions, `not_empty` and `not_full`, for just this reason.
//!
//! *notify-all* wakes all waiters, and those with nothing to do wait again. *two-conditions* lets
//! producers wait for room and consumers for items, so that `notify_one` cannot wake the wrong kind.
//!
//! Every engine sees the bug, native threads too when the consumers come first. Loom's `notify_one`
//! always wakes the thread that has waited longest, which is one of the orders in which it goes wrong.
//! Verifying the fixes takes a search without a strong reduction too long: four threads interleave in
//! tens of thousands of ways, of which the exhaustive engine runs one per trace.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::engine::Kind;
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "wrong-waiter",
    summary: "notify_one wakes a consumer where only a producer could go on",
    variants: &[
        buggy("buggy", || exchange(ONE_CONDITION, Condvar::notify_one), FailureKind::Deadlock),
        fixed("notify-all", || exchange(ONE_CONDITION, Condvar::notify_all)).except(&[
            skip(Kind::Dfs, "too many schedules for a search without reduction: 8,708 traces"),
            skip(Kind::Loom, "too many for loom: verified in 463,915 executions, which takes too long here"),
        ]),
        fixed("two-conditions", || exchange(TWO_CONDITIONS, Condvar::notify_one)).except(&[
            skip(Kind::Dfs, "too many schedules for a search without reduction: 4,340 traces"),
            skip(Kind::Loom, "too many for loom: verified in 139,992 executions, which takes too long here"),
        ]),
    ],
    source: include_str!("wrong_waiter.rs"),
};

/// Which of the two condition variables each side waits on and notifies.
#[derive(Clone, Copy)]
struct Plan {
    producers_wait_on: usize,
    consumers_wait_on: usize,
    put_notifies: usize,
    get_notifies: usize,
}

const ONE_CONDITION: Plan =
    Plan { producers_wait_on: 0, consumers_wait_on: 0, put_notifies: 0, get_notifies: 0 };
const TWO_CONDITIONS: Plan =
    Plan { producers_wait_on: 1, consumers_wait_on: 0, put_notifies: 0, get_notifies: 1 };

/// A buffer with room for one item, and whether it is full.
struct Buffer {
    full: Mutex<bool>,
    changed: [Condvar; 2],
    plan: Plan,
    notify: fn(&Condvar),
}

impl Buffer {
    fn put(&self) {
        let full = self.full.lock().expect("no thread panics");
        let waits_on = &self.changed[self.plan.producers_wait_on];
        let mut full = waits_on.wait_while(full, |full| *full).expect("no thread panics");
        *full = true;
        (self.notify)(&self.changed[self.plan.put_notifies]);
    }

    fn get(&self) {
        let full = self.full.lock().expect("no thread panics");
        let waits_on = &self.changed[self.plan.consumers_wait_on];
        let mut full = waits_on.wait_while(full, |full| !*full).expect("no thread panics");
        *full = false;
        (self.notify)(&self.changed[self.plan.get_notifies]);
    }
}

/// Two producers and two consumers of one item each; the main thread is one of the producers.
fn exchange(plan: Plan, notify: fn(&Condvar)) {
    let changed = [Condvar::new(), Condvar::new()];
    let buffer = Arc::new(Buffer { full: Mutex::new(false), changed, plan, notify });
    let others: Vec<_> = [Buffer::get, Buffer::get, Buffer::put]
        .into_iter()
        .map(|act| {
            let buffer = Arc::clone(&buffer);
            thread::spawn(move || act(&buffer))
        })
        .collect();
    buffer.put();
    for other in others {
        other.join().expect("no thread panics");
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "notify-all",
        "one is notified",
        || exchange(ONE_CONDITION, Condvar::notify_one),
        FailureKind::Deadlock,
    ),
    mutant(
        "two-conditions",
        "a put notifies the producers",
        || exchange(Plan { put_notifies: 1, ..TWO_CONDITIONS }, Condvar::notify_one),
        FailureKind::Deadlock,
    ),
];
