//! Killed with the key in its pocket.
//!
//! Two processes share a lock. One of them is terminated while it holds it:
//!
//! ```text
//!   main                    worker
//!                           take the lock
//!                           write one half
//!   terminate the worker    ✗ gone, and the lock with it
//!   take the lock  ✗ for ever
//! ```
//!
//! A signal that kills a process runs no destructor and no `finally`, and a lock between processes is a
//! semaphore in shared memory, which does not record its holder. In Python it is `Process.terminate()` with
//! a `multiprocessing.Lock`, or with a `multiprocessing.Queue`, which has such a lock inside; the
//! documentation warns of both. Threads cannot be terminated in Python and Rust, and this is a good reason.
//!
//! *ask-to-stop* sets a flag that the worker checks between two jobs, when it holds nothing. *robust-lock*
//! records its owner, and the system marks it when that process has died (`PTHREAD_MUTEX_ROBUST`, or a file
//! lock): the next process gets the lock together with that mark, and has to repair the half-written data.
//! Recovering the lock alone would be the smaller half of the repair.
//!
//! Every engine that chooses its schedules sees it; natively the signal would have to strike while the
//! lock is held, a matter of nanoseconds here and of a busy day elsewhere. The termination is modelled:
//! at the points where a signal could strike, the worker checks whether it has, and returns without
//! another step. What the system does for a dead process is done on the way out.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Condvar, Mutex, Semaphore};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "terminated-holder",
    summary: "a worker is terminated while it holds a lock that others need",
    variants: &[
        buggy("buggy", || with_plain_lock(terminated_anywhere), FailureKind::Deadlock),
        fixed("ask-to-stop", || with_plain_lock(stops_between_jobs)),
        fixed("robust-lock", || with_robust_lock(Robust::owner_died)),
    ],
    source: include_str!("terminated_holder.rs"),
};

/// Shared memory: two halves that are to be equal, a lock, and the signal.
struct Shared {
    lock: Semaphore,
    halves: [AtomicBool; 2],
    signal: AtomicBool,
}

impl Shared {
    fn struck(&self) -> bool {
        self.signal.load(Ordering::SeqCst)
    }

    fn write(&self, half: usize) {
        self.halves[half].store(true, Ordering::SeqCst);
    }
}

fn with_plain_lock(worker: fn(&Shared)) {
    let halves = [AtomicBool::new(false), AtomicBool::new(false)];
    let shared = Arc::new(Shared { lock: Semaphore::new(1), halves, signal: AtomicBool::new(false) });
    let other = Arc::clone(&shared);
    let worker = thread::spawn(move || worker(&other));
    shared.signal.store(true, Ordering::SeqCst);
    shared.lock.acquire();
    let halves = [0, 1].map(|half: usize| shared.halves[half].load(Ordering::SeqCst));
    assert_eq!(halves[0], halves[1], "one half is written and the other is not");
    shared.lock.release();
    worker.join().expect("no thread panics");
}

fn terminated_anywhere(shared: &Shared) {
    if shared.struck() {
        return;
    }
    shared.lock.acquire();
    shared.write(0);
    if shared.struck() {
        return;
    }
    shared.write(1);
    shared.lock.release();
}

fn stops_between_jobs(shared: &Shared) {
    if shared.struck() {
        return;
    }
    shared.lock.acquire();
    shared.write(0);
    shared.write(1);
    shared.lock.release();
}

/// A lock that records whether it is held and whether its owner has died.
#[derive(Default)]
struct Robust {
    /// Whether it is held, whether its owner died, and the two halves that it protects.
    state: Mutex<(bool, bool, [bool; 2])>,
    changed: Condvar,
}

impl Robust {
    /// Takes the lock; returns whether its last owner died holding it.
    fn acquire(&self) -> bool {
        let state = self.state.lock().expect("no thread panics");
        let mut state = self.changed.wait_while(state, |(held, ..)| *held).expect("no thread panics");
        state.0 = true;
        std::mem::take(&mut state.1)
    }

    fn release(&self) {
        self.state.lock().expect("no thread panics").0 = false;
        self.changed.notify_all();
    }

    /// What the system does when the process that holds the lock ends.
    fn owner_died(&self) {
        self.state.lock().expect("no thread panics").1 = true;
        self.release();
    }

    /// The halves, for the process that holds the lock.
    fn halves<R>(&self, f: impl FnOnce(&mut [bool; 2]) -> R) -> R {
        f(&mut self.state.lock().expect("no thread panics").2)
    }
}

fn with_robust_lock(at_death: fn(&Robust)) {
    let shared = Arc::new((Robust::default(), AtomicBool::new(false)));
    let other = Arc::clone(&shared);
    let worker = thread::spawn(move || {
        let (lock, signal) = &*other;
        // No owner has died before.
        lock.acquire();
        lock.halves(|halves| halves[0] = true);
        if signal.load(Ordering::SeqCst) {
            return at_death(lock);
        }
        lock.halves(|halves| halves[1] = true);
        lock.release();
    });
    let (lock, signal) = &*shared;
    signal.store(true, Ordering::SeqCst);
    if lock.acquire() {
        // The owner died: undo its half-written data.
        lock.halves(|halves| *halves = [false, false]);
    }
    let [first, second] = lock.halves(|halves| *halves);
    assert_eq!(first, second, "one half is written and the other is not");
    lock.release();
    worker.join().expect("no thread panics");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "ask-to-stop",
        "the worker looks once more while it has the lock",
        || with_plain_lock(terminated_anywhere),
        FailureKind::Deadlock,
    ),
    mutant(
        "ask-to-stop",
        "the worker looks once more, and gives the lock back on its way out",
        || {
            with_plain_lock(|shared| {
                shared.lock.acquire();
                shared.write(0);
                if !shared.struck() {
                    shared.write(1);
                }
                shared.lock.release();
            });
        },
        FailureKind::Panic,
    ),
    mutant("robust-lock", "the system does nothing", || with_robust_lock(|_| ()), FailureKind::Deadlock),
    mutant(
        "robust-lock",
        "it is released without the news",
        || with_robust_lock(Robust::release),
        FailureKind::Panic,
    ),
];
