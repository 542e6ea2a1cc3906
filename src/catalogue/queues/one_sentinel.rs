//! One goodbye for two.
//!
//! The end of the work is a marker in the queue. Two consumers read from it, and there is one marker:
//!
//! ```text
//!   producer            consumer 1          consumer 2
//!   put the marker
//!                       get the marker
//!                       end
//!                                           get  ✗ waits for ever
//! ```
//!
//! A marker is an item like any other: only one consumer gets it. In Python it is `q.put(None)`
//! once, after the pool of threads was raised from one to two. `multiprocessing.Queue` has the
//! same with processes.
//!
//! *marker-each* puts as many as there are consumers, which requires their number. *put-back*
//! lets each consumer that gets the marker put it back for the next. *close* makes the end a
//! state of the queue and not an item in it: `shutdown()`, which Python's queues have since
//! 3.13; it has to wake all waiting threads.
//!
//! Every engine sees it, native threads too: whichever consumer gets the marker, the other blocks. So a
//! test finds it, provided that it waits for both consumers.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::queue::Queue;
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Condvar};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "one-sentinel",
    summary: "one end marker for two consumers: one of them never ends",
    variants: &[
        buggy("buggy", || consume(|queue| put_markers(queue, 1), until_the_marker), FailureKind::Deadlock),
        fixed("marker-each", || consume(|queue| put_markers(queue, 2), until_the_marker)),
        fixed("put-back", || consume(|queue| put_markers(queue, 1), and_put_it_back)),
        fixed("close", || consume(|queue| queue.close(Condvar::notify_all), until_the_marker)),
    ],
    source: include_str!("one_sentinel.rs"),
};

/// An item, or the marker of the end.
type Item = Option<u32>;

/// One item and the end, for two consumers.
fn consume(end: fn(&Queue<Item>), take: fn(&Queue<Item>) -> usize) {
    let queue = Arc::new(Queue::new([Some(7)]));
    let consumers = [(); 2].map(|()| {
        let queue = Arc::clone(&queue);
        thread::spawn(move || take(&queue))
    });
    end(&queue);
    let taken = consumers.map(|consumer| consumer.join().expect("consumers do not panic"));
    assert_eq!(taken[0] + taken[1], 1, "the item was lost or doubled");
}

fn put_markers(queue: &Queue<Item>, markers: usize) {
    (0..markers).for_each(|_| queue.put(None));
}

fn until_the_marker(queue: &Queue<Item>) -> usize {
    std::iter::from_fn(|| queue.get().flatten()).count()
}

fn and_put_it_back(queue: &Queue<Item>) -> usize {
    let taken = until_the_marker(queue);
    queue.put(None);
    taken
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "marker-each",
        "one is missing",
        || consume(|queue| put_markers(queue, 1), until_the_marker),
        FailureKind::Deadlock,
    ),
    mutant(
        "marker-each",
        "the marker is counted as an item",
        || {
            let count_all = |queue: &Queue<Item>| {
                let mut taken = 1;
                while queue.get().flatten().is_some() {
                    taken += 1;
                }
                taken
            };
            consume(|queue| put_markers(queue, 2), count_all);
        },
        FailureKind::Panic,
    ),
    mutant(
        "put-back",
        "it is not put back",
        || consume(|queue| put_markers(queue, 1), until_the_marker),
        FailureKind::Deadlock,
    ),
    mutant(
        "close",
        "closing wakes one",
        || consume(|queue| queue.close(Condvar::notify_one), until_the_marker),
        FailureKind::Deadlock,
    ),
];
