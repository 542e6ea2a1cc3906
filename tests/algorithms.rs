//! Two published algorithms, written from the papers on the facade, and their failures when one
//! ordering or one fence is weaker.
//!
//! The bounded queue is Vyukov's (1024cores.net, "Bounded MPMC queue"): its cells are plain data, so the
//! exhaustive engine's race detector reports a sequence number that does not publish. The deque is Chase
//! and Lev's (SPAA 2005) with the fences of Lê, Pop, Cohen and Zappa Nardelli (`PPoPP` 2013, figure 1,
//! without growth): its fault needs a stale read, which only loom shows.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicUsize, Ordering, fence};
use raddle::{Checker, FailureKind, cell::UnsafeCell, hint, thread};

// ---- Vyukov's bounded queue ----

struct Cell {
    sequence: AtomicUsize,
    data: UnsafeCell<usize>,
}

struct Bounded<const N: usize> {
    cells: [Cell; N],
    enqueue: AtomicUsize,
    dequeue: AtomicUsize,
    /// The order in which a filled cell is published; Vyukov's is Release.
    publish: Ordering,
}

// SAFETY: a cell's data is accessed only by the thread that won its sequence number; the checker
// decides whether that orders the accesses.
unsafe impl<const N: usize> Sync for Bounded<N> {}

impl<const N: usize> Bounded<N> {
    fn new(publish: Ordering) -> Self {
        let cells =
            std::array::from_fn(|index| Cell { sequence: AtomicUsize::new(index), data: UnsafeCell::new(0) });
        Bounded { cells, enqueue: AtomicUsize::new(0), dequeue: AtomicUsize::new(0), publish }
    }

    fn push(&self, value: usize) -> bool {
        let mut at = self.enqueue.load(Ordering::Relaxed);
        loop {
            let cell = &self.cells[at % N];
            let ahead = cell.sequence.load(Ordering::Acquire).cast_signed() - at.cast_signed();
            if ahead < 0 {
                return false;
            }
            if ahead == 0 {
                match self.enqueue.compare_exchange(at, at + 1, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => {
                        // SAFETY: this thread moved the counter past the cell, so its access is exclusive.
                        cell.data.with_mut(|data| unsafe { *data = value });
                        cell.sequence.store(at + 1, self.publish);
                        return true;
                    }
                    Err(now) => at = now,
                }
            } else {
                at = self.enqueue.load(Ordering::Relaxed);
            }
            hint::spin_loop();
        }
    }

    fn pop(&self) -> Option<usize> {
        let mut at = self.dequeue.load(Ordering::Relaxed);
        loop {
            let cell = &self.cells[at % N];
            let ahead = cell.sequence.load(Ordering::Acquire).cast_signed() - (at + 1).cast_signed();
            if ahead < 0 {
                return None;
            }
            if ahead == 0 {
                match self.dequeue.compare_exchange(at, at + 1, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => {
                        // SAFETY: this thread moved the counter past the cell, so its access is exclusive.
                        let value = cell.data.with(|data| unsafe { *data });
                        cell.sequence.store(at + N, Ordering::Release);
                        return Some(value);
                    }
                    Err(now) => at = now,
                }
            } else {
                at = self.dequeue.load(Ordering::Relaxed);
            }
            hint::spin_loop();
        }
    }
}

/// Two producers and a consumer: nothing is lost, nothing comes twice.
fn produce_and_consume(publish: Ordering) -> impl Fn() + Send + Sync + 'static {
    move || {
        let queue = Arc::new(Bounded::<2>::new(publish));
        let producers = [1, 2].map(|value| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(queue.push(value), "there is room for both"))
        });
        let mut got: Vec<usize> = queue.pop().into_iter().collect();
        for producer in producers {
            producer.join().unwrap();
        }
        got.extend(std::iter::from_fn(|| queue.pop()));
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    }
}

#[test]
fn vyukovs_queue_loses_nothing() {
    Checker::exhaustive().check(produce_and_consume(Ordering::Release)).expect_verified();
    Checker::loom().check(produce_and_consume(Ordering::Release)).expect_verified();
}

#[test]
fn a_cell_that_is_published_relaxed_is_a_race() {
    let report = Checker::exhaustive().check(produce_and_consume(Ordering::Relaxed));
    report.expect_failure(FailureKind::DataRace);
}

#[test]
fn a_full_queue_says_so() {
    let filled = |room: usize| {
        move || {
            let queue = Arc::new(Bounded::<2>::new(Ordering::Release));
            let other = Arc::clone(&queue);
            let child = thread::spawn(move || usize::from(other.push(1)) + usize::from(other.push(2)));
            let mine = usize::from(queue.push(3));
            assert_eq!(mine + child.join().unwrap(), room);
        }
    };
    Checker::exhaustive().check(filled(2)).expect_verified();
    Checker::exhaustive().check(filled(3)).expect_failure(FailureKind::Panic);
}

// ---- Chase and Lev's deque ----

/// Which of the paper's fences are present.
#[derive(Clone, Copy)]
struct Fences {
    /// The release fence in `push`.
    push: bool,
    /// The sequentially consistent fence in `take`.
    take: bool,
}

const AS_PUBLISHED: Fences = Fences { push: true, take: true };

struct Deque<const N: usize> {
    top: AtomicUsize,
    bottom: AtomicUsize,
    items: [AtomicUsize; N],
    /// The data behind the items: written by the owner, read by the thread that gets the item.
    payloads: [UnsafeCell<usize>; N],
    fences: Fences,
}

// SAFETY: a payload is written before its item is pushed and read by the thread that gets the
// item; the checker decides whether that orders the accesses.
unsafe impl<const N: usize> Sync for Deque<N> {}

impl<const N: usize> Deque<N> {
    fn new(fences: Fences) -> Self {
        Deque {
            // Begins at 1, so that the owner of an empty deque can step back without going below 0.
            top: AtomicUsize::new(1),
            bottom: AtomicUsize::new(1),
            items: std::array::from_fn(|_| AtomicUsize::new(0)),
            payloads: std::array::from_fn(|_| UnsafeCell::new(0)),
            fences,
        }
    }

    fn push(&self, item: usize) {
        let bottom = self.bottom.load(Ordering::Relaxed);
        let top = self.top.load(Ordering::Acquire);
        assert!(bottom - top < N, "the deque does not grow");
        // SAFETY: the owner alone writes, before any other thread can get the item.
        self.payloads[item].with_mut(|payload| unsafe { *payload = item });
        self.items[bottom % N].store(item, Ordering::Relaxed);
        if self.fences.push {
            fence(Ordering::Release);
        }
        self.bottom.store(bottom + 1, Ordering::Relaxed);
    }

    fn take(&self) -> Option<usize> {
        let bottom = self.bottom.load(Ordering::Relaxed) - 1;
        self.bottom.store(bottom, Ordering::Relaxed);
        if self.fences.take {
            fence(Ordering::SeqCst);
        }
        let top = self.top.load(Ordering::Relaxed);
        if top > bottom {
            self.bottom.store(bottom + 1, Ordering::Relaxed);
            return None;
        }
        let item = self.items[bottom % N].load(Ordering::Relaxed);
        if top < bottom {
            return Some(item);
        }
        let won = self.top.compare_exchange(top, top + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok();
        self.bottom.store(bottom + 1, Ordering::Relaxed);
        won.then_some(item)
    }

    fn steal(&self) -> Option<usize> {
        let top = self.top.load(Ordering::Acquire);
        fence(Ordering::SeqCst);
        let bottom = self.bottom.load(Ordering::Acquire);
        if top >= bottom {
            return None;
        }
        let item = self.items[top % N].load(Ordering::Relaxed);
        let won = self.top.compare_exchange(top, top + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok();
        // SAFETY: the thread that wins the item reads what the owner wrote before the push.
        won.then(|| self.payloads[item].with(|payload| unsafe { *payload }))
    }
}

/// The owner pushes two and takes one, a thief steals twice: each item is returned once.
fn work_and_steal(fences: Fences) -> impl Fn() + Send + Sync + 'static {
    move || {
        let deque = Arc::new(Deque::<2>::new(fences));
        let other = Arc::clone(&deque);
        deque.push(0);
        deque.push(1);
        let thief = thread::spawn(move || [other.steal(), other.steal()]);
        let mine = deque.take();
        let mut got: Vec<usize> = thief.join().unwrap().into_iter().chain([mine]).flatten().collect();
        got.extend(std::iter::from_fn(|| deque.take()));
        got.sort_unstable();
        assert_eq!(got, [0, 1]);
    }
}

/// The owner pushes while a thief steals.
fn push_and_steal(fences: Fences) -> impl Fn() + Send + Sync + 'static {
    move || {
        let deque = Arc::new(Deque::<2>::new(fences));
        let other = Arc::clone(&deque);
        let thief = thread::spawn(move || other.steal());
        deque.push(1);
        let stolen = thief.join().unwrap();
        assert!(stolen.is_none_or(|item| item == 1));
        assert_eq!(stolen.is_none(), deque.take().is_some());
    }
}

#[test]
fn chase_and_levs_deque_gives_each_item_once() {
    for checker in [Checker::exhaustive(), Checker::loom()] {
        checker.check(work_and_steal(AS_PUBLISHED)).expect_verified();
        checker.check(push_and_steal(AS_PUBLISHED)).expect_verified();
    }
}

#[test]
fn without_the_fence_in_push_the_thief_races_with_the_owner() {
    let without = Fences { push: false, ..AS_PUBLISHED };
    Checker::exhaustive().check(push_and_steal(without)).expect_failure(FailureKind::DataRace);
    // Under loom the thief reads a stale item, from before the push, which fails first.
    Checker::loom().check(push_and_steal(without)).expect_failure(FailureKind::Panic);
}

#[test]
fn without_the_fence_in_take_an_item_comes_twice_and_only_loom_sees_it() {
    let without = Fences { take: false, ..AS_PUBLISHED };
    Checker::loom().check(work_and_steal(without)).expect_failure(FailureKind::Panic);
    // Every sequentially consistent execution is right: the fault needs a stale read.
    Checker::exhaustive().check(work_and_steal(without)).expect_verified();
}
