//! A barrier that works once.
//!
//! Threads count themselves; the last one sets the count back to zero and wakes the others, which
//! wait until it is zero. The second round begins before the first is over:
//!
//! ```text
//!   thread 1                    thread 2
//!   count = 1, wait for zero
//!                               count = 2: all here; count = 0, notify
//!                               next round: count = 1, wait for zero
//!   woken: count is 1, wait  ✗                     ✗ for ever
//! ```
//!
//! The fast thread has overwritten the count before the slow one has read it. In Python it is a barrier
//! written by hand around a `threading.Condition`, between the phases of a computation; the standard
//! library's `threading.Barrier` (and its sibling in `asyncio`) drains one round before it fills the next.
//!
//! *generation* numbers the rounds, and a thread waits until the number differs from its own round's:
//! later rounds cannot restore an old number. *sense-reversing* has just two values, and each thread
//! keeps track of which is next; the last thread to arrive resets the count *before* it flips the sense,
//! because the others count themselves for the next round from then on.
//!
//! Every engine sees it. Native threads show it often: the thread that completes a round is running and
//! the other has yet to be woken, so the fast one is usually back first.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::hint;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "barrier-reuse",
    summary: "a fast thread begins the next round before a slow one has left the last",
    variants: &[
        buggy("buggy", || two_rounds(Counted::wait_for_zero), FailureKind::Deadlock),
        fixed("generation", || two_rounds(Counted::wait_for_the_next)),
        fixed("sense-reversing", || two_rounds_by_sense(reset_then_turn)),
    ],
    source: include_str!("barrier_reuse.rs"),
};

/// Two suffice for one to be faster than the other.
const PARTIES: usize = 2;

/// How many have arrived, and in which round.
#[derive(Default)]
struct Counted {
    state: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Counted {
    fn wait_for_zero(&self) {
        let mut state = self.state.lock().expect("no thread panics");
        state.0 += 1;
        if state.0 == PARTIES {
            state.0 = 0;
            self.changed.notify_all();
        } else {
            drop(self.changed.wait_while(state, |(count, _)| *count != 0).expect("no thread panics"));
        }
    }

    fn wait_for_the_next(&self) {
        let mut state = self.state.lock().expect("no thread panics");
        state.0 += 1;
        if state.0 == PARTIES {
            *state = (0, state.1 + 1);
            self.changed.notify_all();
        } else {
            let mine = state.1;
            drop(self.changed.wait_while(state, |(_, round)| *round == mine).expect("no thread panics"));
        }
    }
}

fn two_rounds(wait: fn(&Counted)) {
    let barrier = Arc::new(Counted::default());
    let other = Arc::clone(&barrier);
    let child = thread::spawn(move || (0..2).for_each(|_| wait(&other)));
    (0..2).for_each(|_| wait(&barrier));
    child.join().expect("waiting does not panic");
}

/// Both as one atomic word each: how many have arrived, and the sense of the previous round.
struct Sense {
    count: AtomicUsize,
    sense: AtomicBool,
}

fn two_rounds_by_sense(last: fn(&Sense, bool)) {
    let barrier = Arc::new(Sense { count: AtomicUsize::new(0), sense: AtomicBool::new(false) });
    let other = Arc::clone(&barrier);
    let rounds = move |barrier: &Sense| {
        for sense in [true, false] {
            if barrier.count.fetch_add(1, Ordering::AcqRel) + 1 == PARTIES {
                last(barrier, sense);
            } else {
                while barrier.sense.load(Ordering::Acquire) != sense {
                    hint::spin_loop();
                }
            }
        }
    };
    let child = thread::spawn(move || rounds(&other));
    rounds(&barrier);
    child.join().expect("waiting does not panic");
}

fn reset_then_turn(barrier: &Sense, sense: bool) {
    barrier.count.store(0, Ordering::Relaxed);
    barrier.sense.store(sense, Ordering::Release);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("generation", "it waits for zero", || two_rounds(Counted::wait_for_zero), FailureKind::Deadlock),
    mutant(
        "sense-reversing",
        "the sense is turned before the count is reset",
        || {
            two_rounds_by_sense(|barrier, sense| {
                barrier.sense.store(sense, Ordering::Release);
                barrier.count.store(0, Ordering::Relaxed);
            });
        },
        FailureKind::Livelock,
    ),
];
