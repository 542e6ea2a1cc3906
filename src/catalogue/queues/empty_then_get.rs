//! It was not empty a moment ago.
//!
//! Two consumers empty a queue. Each checks whether it is empty, and gets an item if not:
//!
//! ```text
//!   consumer 1          consumer 2          queue
//!   empty? no                               1 item
//!                       empty? no
//!                       get                 empty
//!   get  ✗ waits for ever
//! ```
//!
//! The answer is true when it is given and may be wrong when it is used. In Python it is `while not
//! q.empty(): q.get()` in the worker threads of a `queue.Queue`: the program finishes its work and
//! then does not end. The documentation of `empty()` says so.
//!
//! *try-get* asks and takes in one step: `get_nowait()`, which raises `queue.Empty`. It is for
//! queues that were filled beforehand. Where more items may still come, *sentinel* lets `get`
//! wait and ends it with a marker for each consumer.
//!
//! Every engine that chooses its schedules sees it, by one switch between the check and the `get`.
//! Natively the first consumer has emptied the queue before the second one starts.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::queue::Queue;
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::Arc;
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "empty-then-get",
    summary: "a consumer sees an item, another takes it, and the first waits for it",
    variants: &[
        buggy("buggy", || consume(&[], while_not_empty), FailureKind::Deadlock),
        fixed("try-get", || consume(&[], while_there_is_one)),
        fixed("sentinel", || consume(&[None, None], until_the_marker)),
    ],
    source: include_str!("empty_then_get.rs"),
};

/// An item, or the marker of the end.
type Item = Option<u32>;

/// Two consumers, one of them the main thread, share what is in the queue and what comes later.
fn consume(later: &[Item], take: fn(&Queue<Item>) -> usize) {
    let queue = Arc::new(Queue::new([Some(7)]));
    let other = Arc::clone(&queue);
    let child = thread::spawn(move || take(&other));
    for &item in later {
        queue.put(item);
    }
    let mine = take(&queue);
    let others = child.join().expect("consumers do not panic");
    assert_eq!(mine + others, 1, "the item was lost or doubled");
}

fn while_not_empty(queue: &Queue<Item>) -> usize {
    let mut taken = 0;
    while !queue.is_empty() {
        queue.get();
        taken += 1;
    }
    taken
}

fn while_there_is_one(queue: &Queue<Item>) -> usize {
    std::iter::from_fn(|| queue.try_get()).count()
}

fn until_the_marker(queue: &Queue<Item>) -> usize {
    std::iter::from_fn(|| queue.get().flatten()).count()
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("try-get", "it looks first", || consume(&[], while_not_empty), FailureKind::Deadlock),
    mutant(
        "try-get",
        "what was got is put back",
        || consume(&[], |queue| queue.try_get().map(|item| queue.put(item)).iter().count()),
        FailureKind::Panic,
    ),
    mutant(
        "sentinel",
        "there is one marker for two consumers",
        || consume(&[None], until_the_marker),
        FailureKind::Deadlock,
    ),
];
