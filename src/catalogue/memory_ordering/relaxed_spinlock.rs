//! A lock that keeps threads out and lets their data through.
//!
//! A spinlock is one flag: exchange false for true until that succeeds, and set it to false to unlock. The
//! unlock is `Relaxed`, since it is only a flag:
//!
//! ```text
//!   thread 1                        thread 2
//!   false → true: locked
//!   n = n + 1
//!   locked = false (Relaxed)
//!                                   false → true: locked
//!                                   n = n + 1  ✗ not ordered after the first
//! ```
//!
//! Never are two threads inside at once, so mutual exclusion holds. But what was written inside may
//! become visible after the flag is cleared, and the next thread inside works on old data. In Python
//! there is no need for such a lock between threads, because `threading.Lock` orders memory; it occurs in
//! C extensions, and in hand-made locks between processes over `multiprocessing.shared_memory`.
//!
//! The fix is to unlock with `Release`: a thread that takes the lock with `Acquire` sees all that was
//! done before the unlock. A lock is this pair of orderings as much as it is mutual exclusion.
//!
//! Raddle's own engines run one step after the other, and still see it: they judge plain data by the
//! orderings that were written. Loom sees it for the same reason. It is not run on native threads,
//! because their behaviour would be undefined; on x86 they would hardly ever show it.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::cell::UnsafeCell;
use crate::engine::Kind;
use crate::hint;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "relaxed-spinlock",
    summary: "a spinlock is unlocked with an ordering that publishes nothing",
    variants: &[
        buggy("buggy", || count(Ordering::Acquire, Ordering::Relaxed), FailureKind::DataRace)
            .except(&[skip(Kind::Native, "a data race is undefined behaviour, so it is not run for real")]),
        fixed("release", || count(Ordering::Acquire, Ordering::Release)),
    ],
    source: include_str!("relaxed_spinlock.rs"),
};

struct Locked {
    locked: AtomicBool,
    n: UnsafeCell<u32>,
}

// SAFETY: the number is accessed only by the thread that holds the lock.
unsafe impl Sync for Locked {}

fn count(lock: Ordering, unlock: Ordering) {
    let shared = Arc::new(Locked { locked: AtomicBool::new(false), n: UnsafeCell::new(0) });
    let increment = move |shared: &Locked| {
        while shared.locked.compare_exchange(false, true, lock, Ordering::Relaxed).is_err() {
            hint::spin_loop();
        }
        // SAFETY: the flag was down, so no other thread is inside.
        shared.n.with_mut(|n| unsafe { *n += 1 });
        shared.locked.store(false, unlock);
    };
    let other = Arc::clone(&shared);
    let child = thread::spawn(move || increment(&other));
    increment(&shared);
    child.join().expect("counting does not panic");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "release",
        "the unlock is Relaxed",
        || count(Ordering::Acquire, Ordering::Relaxed),
        FailureKind::DataRace,
    ),
    mutant(
        "release",
        "the lock is Relaxed",
        || count(Ordering::Relaxed, Ordering::Release),
        FailureKind::DataRace,
    ),
];
