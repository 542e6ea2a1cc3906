//! Two consumers of one iterator.
//!
//! Two threads take batches of two from one source of numbers, which stores the next one in a counter.
//! They are meant to share the work: every number once, and the two of a batch next to each other.
//!
//! ```text
//!   consumer 1            consumer 2
//!   next → 0
//!                         next → 0
//!   next = 1
//!   takes 0               next = 1
//!                         takes 0          0 is there twice
//!   next → 1, next = 2
//!   takes 1               next → 2, next = 3
//!                         takes 2          and [0, 2] is no batch
//! ```
//!
//! In Python it is a generator that several threads of a `ThreadPoolExecutor` call `next()` on. A
//! generator written in Python detects it and raises `ValueError: generator already executing`; an
//! iterator that is a class with a counter does not, and returns duplicates.
//!
//! *lock* holds a lock while a whole batch is taken. A lock around each single `next()` would stop
//! the duplicates, but not the torn batches. *own-range* shares nothing: each consumer has its own
//! range, as `multiprocessing.Pool.map` cuts its input into chunks beforehand.
//!
//! Every engine that chooses its schedules sees it; natively a batch is taken before the other consumer
//! has started. Each access is atomic, so a race detector reports nothing.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "shared-iterator",
    summary: "two consumers pull batches from one iterator without a lock",
    variants: &[
        buggy("buggy", || two_consumers(|source, _| [source.next(), source.next()]), FailureKind::Panic),
        fixed("lock", || two_consumers(under_a_lock)),
        fixed("own-range", || two_consumers(|_, consumer| [2 * consumer, 2 * consumer + 1])),
    ],
    source: include_str!("shared_iterator.rs"),
};

/// The numbers from 0.
struct Source {
    next: AtomicUsize,
    lock: Mutex<()>,
}

impl Source {
    fn next(&self) -> usize {
        let n = self.next.load(Ordering::SeqCst);
        self.next.store(n + 1, Ordering::SeqCst);
        n
    }
}

/// Each takes one batch and stores it where main reads it.
fn two_consumers(take: fn(&Source, usize) -> [usize; 2]) {
    let source = Source { next: AtomicUsize::new(0), lock: Mutex::new(()) };
    let shared = Arc::new((source, Mutex::new(Vec::new())));
    let other = Arc::clone(&shared);
    let child = thread::spawn(move || consume(&other.0, take, 1, &other.1));
    consume(&shared.0, take, 0, &shared.1);
    child.join().expect("a consumer does not panic");
    let mut batches = shared.1.lock().expect("no thread panics").clone();
    batches.sort_unstable();
    assert_eq!(batches, [[0, 1], [2, 3]], "a number twice, or a torn batch");
}

fn consume(
    source: &Source,
    take: fn(&Source, usize) -> [usize; 2],
    consumer: usize,
    batches: &Mutex<Vec<[usize; 2]>>,
) {
    let batch = take(source, consumer);
    batches.lock().expect("no thread panics").push(batch);
}

fn under_a_lock(source: &Source, _: usize) -> [usize; 2] {
    let _held = source.lock.lock().expect("no thread panics");
    [source.next(), source.next()]
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "lock",
        "the lock is around each number, not around the batch",
        || {
            two_consumers(|source, _| {
                [(); 2].map(|()| {
                    let _held = source.lock.lock().expect("no thread panics");
                    source.next()
                })
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "own-range",
        "the ranges overlap",
        || two_consumers(|_, consumer| [consumer, consumer + 1]),
        FailureKind::Panic,
    ),
];
