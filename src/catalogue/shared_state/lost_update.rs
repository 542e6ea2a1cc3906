//! A counter that forgets.
//!
//! Two threads add one to a counter. Each reads it, adds, and writes it back:
//!
//! ```text
//!   thread 1            thread 2
//!   n.load() → 0
//!                       n.load() → 0
//!                       n.store(1)
//!   n.store(1)          the first update is lost
//! ```
//!
//! Every single access is atomic, and still the total is short: between the read and the write the other
//! thread may run. In Python it is `counter += 1` in a `threading.Thread`: one line, but several
//! bytecodes, and the interpreter lock is released between them. It fails so rarely that a test of a
//! million rounds may pass.
//!
//! Each fix makes the three steps one. *lock* keeps others out for their duration; *atomic*, a
//! read-modify-write, is a single step of the machine; *cas-loop*, a loop around a compare-exchange,
//! writes only if the value is still the one that was read, and tries again otherwise.
//!
//! Every engine that chooses its schedules sees it: one switch between the read and the write is
//! enough. Native threads seldom do, for the reason for which the million rounds pass. It is no data
//! race in Rust's sense, since every access is atomic: a race detector has nothing to say.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy_of, fixed_of};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "lost-update",
    summary: "threads read a counter, add, and write it back",
    variants: &[
        buggy_of("buggy", |n| count(n, INCREMENTS, read_add_write), THREADS, FailureKind::Panic),
        fixed_of("lock", |n| count_under_a_lock(n, INCREMENTS, add_under_the_lock), THREADS),
        fixed_of("atomic", |n| count(n, INCREMENTS, add_at_once), THREADS),
        fixed_of("cas-loop", |n| count(n, INCREMENTS, exchange_until_it_holds), THREADS),
    ],
    source: include_str!("lost_update.rs"),
};

/// Two threads suffice to interleave.
const THREADS: usize = 2;
/// One increment each suffices to lose one.
const INCREMENTS: usize = 1;

fn count(threads: usize, increments: usize, increment: fn(&AtomicUsize)) {
    let n = Arc::new(AtomicUsize::new(0));
    let handles: Vec<_> = (0..threads)
        .map(|_| {
            let n = Arc::clone(&n);
            thread::spawn(move || (0..increments).for_each(|_| increment(&n)))
        })
        .collect();
    for handle in handles {
        handle.join().expect("increments do not panic");
    }
    assert_eq!(n.load(Ordering::SeqCst), threads * increments, "an update was lost");
}

fn read_add_write(n: &AtomicUsize) {
    let before = n.load(Ordering::SeqCst);
    n.store(before + 1, Ordering::SeqCst);
}

fn add_at_once(n: &AtomicUsize) {
    n.fetch_add(1, Ordering::SeqCst);
}

fn exchange_until_it_holds(n: &AtomicUsize) {
    let mut before = n.load(Ordering::SeqCst);
    while let Err(now) = n.compare_exchange(before, before + 1, Ordering::SeqCst, Ordering::SeqCst) {
        before = now;
    }
}

fn add_under_the_lock(n: &Mutex<usize>) {
    *n.lock().expect("no thread panics") += 1;
}

fn count_under_a_lock(threads: usize, increments: usize, increment: fn(&Mutex<usize>)) {
    let n = Arc::new(Mutex::new(0));
    let handles: Vec<_> = (0..threads)
        .map(|_| {
            let n = Arc::clone(&n);
            thread::spawn(move || (0..increments).for_each(|_| increment(&n)))
        })
        .collect();
    for handle in handles {
        handle.join().expect("increments do not panic");
    }
    assert_eq!(*n.lock().expect("no thread panics"), threads * increments, "an update was lost");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "lock",
        "the lock is given up between the read and the write",
        || {
            count_under_a_lock(THREADS, INCREMENTS, |n| {
                let before = *n.lock().expect("no thread panics");
                *n.lock().expect("no thread panics") = before + 1;
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "atomic",
        "a load and a store for the read-modify-write",
        || count(THREADS, INCREMENTS, read_add_write),
        FailureKind::Panic,
    ),
    mutant(
        "cas-loop",
        "no second attempt",
        || {
            count(THREADS, INCREMENTS, |n| {
                let before = n.load(Ordering::SeqCst);
                let _ = n.compare_exchange(before, before + 1, Ordering::SeqCst, Ordering::SeqCst);
            });
        },
        FailureKind::Panic,
    ),
];
