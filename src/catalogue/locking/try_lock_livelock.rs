//! After you. No, after you.
//!
//! Each of two threads needs two locks. To avoid lock-order's deadlock, neither waits for the second
//! while it holds the first: it only tries, and if that fails releases the first one and begins again.
//!
//! ```text
//!   thread 1             thread 2
//!   acquire a            acquire b
//!   try b → no           try a → no
//!   release a            release b
//!   acquire a            acquire b
//!   try b → no           try a → no
//!   ...                  ...
//! ```
//!
//! No thread is blocked, both are running, and nothing gets done: a livelock, as of two people who step
//! aside to the same side. It may end by chance, which is why it shows itself as a slow program with a
//! high load. In Python it is `acquire(blocking=False)`, or `acquire(timeout=...)` with the same
//! timeout on both sides, in a `while True`. Sleeping for a random time makes it rarer and is what
//! Ethernet does; it leaves no bound on how long it may take.
//!
//! *ordered* takes the locks in one order and waits. *one-side* lets only one of the two back off; having
//! done so it waits, without holding a lock, until the other has finished.
//!
//! The exhaustive engine and dfs see it: an execution reaches its bound on steps, and its end repeats
//! the same steps as a cycle in which every enabled thread takes steps. Random schedules leave the
//! cycle sooner or later and never see it, and pct's strict priorities let one thread run on, which is
//! not fair. Loom has no such notion: it gives up on executions that are too long (loom#162). Native
//! threads leave the cycle by chance, like the random ones.

use crate::FailureKind;
use crate::catalogue::locks::Lock;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined, skip};
use crate::engine::Kind;
use crate::sync::Arc;
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "try-lock-livelock",
    summary: "two polite threads give way to each other for ever",
    variants: &[
        buggy("buggy", || two_threads(polite, polite), FailureKind::Livelock).max_steps(MAX_STEPS).except(&[
            skip(Kind::Random, "a random schedule leaves every cycle sooner or later"),
            skip(Kind::Urw, "a random schedule leaves every cycle sooner or later"),
            skip(Kind::Pct, "strict priorities are not fair, and only a fair cycle is a livelock"),
            skip(
                Kind::Loom,
                "loom#162: loom gives up on executions of more than 1,000 branches, and knows no livelock",
            ),
        ]),
        fixed("ordered", || two_threads(in_order, in_order)),
        fixed("one-side", || two_threads(firm, steps_back)),
    ],
    source: include_str!("try_lock_livelock.rs"),
};

/// Many rounds of six steps each, so that the cycle is recognised.
const MAX_STEPS: usize = 1_000;

struct Locks([Lock; 2]);

impl Locks {
    /// The caller holds both locks.
    fn work_and_release(&self) {
        (0..2).for_each(|which| self.release(which));
    }

    /// The caller holds the lock, so it is not refused.
    fn release(&self, which: usize) {
        let _ = self.0[which].release();
    }
}

/// Each side is given the lock to begin with.
fn two_threads(one: fn(&Locks, usize), other: fn(&Locks, usize)) {
    let locks = Arc::new(Locks([Lock::new(), Lock::new()]));
    let theirs = Arc::clone(&locks);
    let child = thread::spawn(move || other(&theirs, 1));
    one(&locks, 0);
    joined(child);
}

fn polite(locks: &Locks, first: usize) {
    loop {
        locks.0[first].acquire();
        if locks.0[1 - first].try_acquire() {
            return locks.work_and_release();
        }
        locks.release(first);
    }
}

fn in_order(locks: &Locks, _: usize) {
    locks.0[0].acquire();
    locks.0[1].acquire();
    locks.work_and_release();
}

fn firm(locks: &Locks, first: usize) {
    locks.0[first].acquire();
    locks.0[1 - first].acquire();
    locks.work_and_release();
}

fn steps_back(locks: &Locks, first: usize) {
    loop {
        locks.0[first].acquire();
        if locks.0[1 - first].try_acquire() {
            return locks.work_and_release();
        }
        locks.release(first);
        // Waits for the other to be done, holding nothing.
        locks.0[1 - first].acquire();
        locks.release(1 - first);
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("ordered", "each begins with its own", || two_threads(firm, firm), FailureKind::Deadlock),
    mutant(
        "one-side",
        "the other steps back as well",
        || two_threads(steps_back, steps_back),
        FailureKind::Livelock,
    ),
    mutant(
        "one-side",
        "no thread waits after stepping back",
        || two_threads(polite, polite),
        FailureKind::Livelock,
    ),
];
