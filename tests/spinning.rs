//! Loops that wait, without a yield or a hint: locks, barriers and queues as in textbooks, each verified
//! in as many executions as its threads have ways to interleave, and refuted when it is broken.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use raddle::{Checker, FailureKind, thread};

/// Threads that each run `body` once; returns what they shared.
fn threads<S: Send + Sync + 'static>(n: usize, shared: S, body: fn(&S, usize)) -> Arc<S> {
    let shared = Arc::new(shared);
    let spawn = |i: usize| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || body(&shared, i))
    };
    let children: Vec<_> = (1..n).map(spawn).collect();
    body(&shared, 0);
    for child in children {
        child.join().unwrap();
    }
    shared
}

/// Verified; in an optimised build in this many executions, plus at most ten times as many that were begun
/// and cut. In a debug build dead values stay on the stack for longer, and fewer rounds have equal states.
#[track_caller]
fn verified_in(executions: u64, model: fn()) {
    let report = Checker::exhaustive().check(model);
    report.expect_verified();
    if !cfg!(debug_assertions) {
        assert_eq!(report.stats.executions, executions, "{report}");
        assert!(report.stats.redundant <= 10 * executions, "{report}");
    }
}

/// Needs too many executions in a debug build.
#[track_caller]
fn verified_if_optimised(executions: u64, model: fn()) {
    if !cfg!(debug_assertions) {
        verified_in(executions, model);
    }
}

#[track_caller]
fn refuted(kind: FailureKind, model: fn()) {
    let report = Checker::exhaustive().check(model);
    let token = report.expect_failure(kind).token().to_owned();
    Checker::replay(&token).unwrap().check(model).expect_failure(kind);
}

/// The body of a critical section, in which mutual exclusion must hold.
fn add(inside: &AtomicUsize) {
    let seen = inside.load(SeqCst);
    inside.store(seen + 1, SeqCst);
}

#[derive(Default)]
struct Ticket {
    next: AtomicUsize,
    serving: AtomicUsize,
    inside: AtomicUsize,
}

fn ticket(n: usize) {
    let lock = threads(n, Ticket::default(), |lock, _| {
        let mine = lock.next.fetch_add(1, SeqCst);
        while lock.serving.load(SeqCst) != mine {}
        add(&lock.inside);
        lock.serving.store(mine + 1, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), n);
}

#[derive(Default)]
struct Ttas {
    locked: AtomicBool,
    inside: AtomicUsize,
}

fn ttas(n: usize) {
    let lock = threads(n, Ttas::default(), |lock, _| {
        loop {
            while lock.locked.load(SeqCst) {}
            if !lock.locked.swap(true, SeqCst) {
                break;
            }
        }
        add(&lock.inside);
        lock.locked.store(false, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), n);
}

fn tas(n: usize) {
    let lock = threads(n, Ttas::default(), |lock, _| {
        while lock.locked.swap(true, SeqCst) {}
        add(&lock.inside);
        lock.locked.store(false, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), n);
}

#[derive(Default)]
struct Peterson {
    wants: [AtomicBool; 2],
    turn: AtomicUsize,
    inside: AtomicUsize,
}

fn peterson() {
    let lock = threads(2, Peterson::default(), |lock, i| {
        lock.wants[i].store(true, SeqCst);
        lock.turn.store(1 - i, SeqCst);
        while lock.wants[1 - i].load(SeqCst) && lock.turn.load(SeqCst) == 1 - i {}
        add(&lock.inside);
        lock.wants[i].store(false, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), 2);
}

#[derive(Default)]
struct McsNode {
    next: AtomicUsize,
    granted: AtomicBool,
}

/// Mellor-Crummey and Scott (TOCS 1991). A node is named by its thread's number plus one.
#[derive(Default)]
struct Mcs {
    tail: AtomicUsize,
    nodes: [McsNode; 4],
    inside: AtomicUsize,
}

fn mcs(n: usize) {
    let lock = threads(n, Mcs::default(), |lock, i| {
        let mine = &lock.nodes[i];
        let before = lock.tail.swap(i + 1, SeqCst);
        if before != 0 {
            lock.nodes[before - 1].next.store(i + 1, SeqCst);
            while !mine.granted.load(SeqCst) {}
        }
        add(&lock.inside);
        if mine.next.load(SeqCst) == 0 {
            if lock.tail.compare_exchange(i + 1, 0, SeqCst, SeqCst).is_ok() {
                return;
            }
            while mine.next.load(SeqCst) == 0 {}
        }
        lock.nodes[mine.next.load(SeqCst) - 1].granted.store(true, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), n);
}

/// Linux's old rwlock: the remaining bias.
struct Linux {
    left: AtomicUsize,
    data: AtomicUsize,
}

const BIAS: usize = 0x10_0000;

fn linux_rwlock(n: usize) {
    let unlocked = Linux { left: AtomicUsize::new(BIAS), data: AtomicUsize::new(0) };
    let lock = threads(n, unlocked, |lock, i| {
        if i % 2 == 0 {
            while lock.left.fetch_sub(BIAS, SeqCst) != BIAS {
                lock.left.fetch_add(BIAS, SeqCst);
                while lock.left.load(SeqCst) != BIAS {}
            }
            add(&lock.data);
            lock.left.fetch_add(BIAS, SeqCst);
        } else {
            while lock.left.fetch_sub(1, SeqCst).wrapping_sub(1) >= BIAS {
                lock.left.fetch_add(1, SeqCst);
                while lock.left.load(SeqCst).wrapping_sub(1) >= BIAS {}
            }
            lock.data.load(SeqCst);
            lock.left.fetch_add(1, SeqCst);
        }
    });
    assert_eq!(lock.data.load(SeqCst), n.div_ceil(2));
}

struct Barrier {
    left: AtomicUsize,
    sense: AtomicBool,
}

fn sense_barrier(n: usize) {
    let barrier = Barrier { left: AtomicUsize::new(n), sense: AtomicBool::new(false) };
    threads(n, barrier, |barrier, _| {
        if barrier.left.fetch_sub(1, SeqCst) == 1 {
            barrier.sense.store(true, SeqCst);
        } else {
            while !barrier.sense.load(SeqCst) {}
        }
        assert_eq!(barrier.left.load(SeqCst), 0);
    });
}

/// Szymanski (ICS 1988).
#[derive(Default)]
struct Szymanski {
    flag: [AtomicUsize; 2],
    inside: AtomicUsize,
}

fn szymanski() {
    let lock = threads(2, Szymanski::default(), |lock, i| {
        let (mine, theirs) = (&lock.flag[i], &lock.flag[1 - i]);
        mine.store(1, SeqCst);
        while theirs.load(SeqCst) >= 3 {}
        mine.store(3, SeqCst);
        if theirs.load(SeqCst) == 1 {
            mine.store(2, SeqCst);
            while theirs.load(SeqCst) != 4 {}
        }
        mine.store(4, SeqCst);
        if i == 1 {
            while theirs.load(SeqCst) >= 2 {}
        }
        add(&lock.inside);
        if i == 0 {
            while matches!(theirs.load(SeqCst), 2 | 3) {}
        }
        mine.store(0, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), 2);
}

/// Michael and Scott (PODC 1996). Nodes are never used again; 0 is none, 1 the first dummy.
struct Queue {
    head: AtomicUsize,
    tail: AtomicUsize,
    next: [AtomicUsize; 6],
}

fn michael_scott(producers: usize, consumers: usize) {
    let queue = Queue { head: AtomicUsize::new(1), tail: AtomicUsize::new(1), next: Default::default() };
    fn enqueue(q: &Queue, node: usize) {
        loop {
            let tail = q.tail.load(SeqCst);
            let next = q.next[tail].load(SeqCst);
            if tail != q.tail.load(SeqCst) {
                continue;
            }
            if next == 0 {
                if q.next[tail].compare_exchange(0, node, SeqCst, SeqCst).is_ok() {
                    let _ = q.tail.compare_exchange(tail, node, SeqCst, SeqCst);
                    return;
                }
            } else {
                let _ = q.tail.compare_exchange(tail, next, SeqCst, SeqCst);
            }
        }
    }
    fn dequeue(q: &Queue) -> Option<usize> {
        loop {
            let head = q.head.load(SeqCst);
            let tail = q.tail.load(SeqCst);
            let next = q.next[head].load(SeqCst);
            if head != q.head.load(SeqCst) {
                continue;
            }
            if head == tail {
                if next == 0 {
                    return None;
                }
                let _ = q.tail.compare_exchange(tail, next, SeqCst, SeqCst);
            } else if q.head.compare_exchange(head, next, SeqCst, SeqCst).is_ok() {
                return Some(next);
            }
        }
    }
    let queue = Arc::new(queue);
    let producing: Vec<_> = (0..producers)
        .map(|i| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || enqueue(&queue, i + 2))
        })
        .collect();
    let consuming: Vec<_> = (0..consumers)
        .map(|_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || dequeue(&queue))
        })
        .collect();
    for child in producing {
        child.join().unwrap();
    }
    let got: Vec<_> = consuming.into_iter().filter_map(|child| child.join().unwrap()).collect();
    assert!(got.len() < 2 || got[0] != got[1]);
}

/// Treiber (1986): each thread pushes its own node and pops once.
struct Stack {
    top: AtomicUsize,
    next: [AtomicUsize; 4],
}

fn treiber(n: usize) {
    let stack = Stack { top: AtomicUsize::new(0), next: Default::default() };
    threads(n, stack, |s, i| {
        loop {
            let top = s.top.load(SeqCst);
            s.next[i + 1].store(top, SeqCst);
            if s.top.compare_exchange(top, i + 1, SeqCst, SeqCst).is_ok() {
                break;
            }
        }
        loop {
            let top = s.top.load(SeqCst);
            if top == 0 {
                break;
            }
            let next = s.next[top].load(SeqCst);
            if s.top.compare_exchange(top, next, SeqCst, SeqCst).is_ok() {
                break;
            }
        }
    });
}

/// Craig; Landin and Hagersten (1993). Each thread spins on the node before its own.
#[derive(Default)]
struct Clh {
    tail: AtomicUsize,
    waits: [AtomicBool; 5],
    inside: AtomicUsize,
}

fn clh(n: usize) {
    let lock = threads(n, Clh::default(), |lock, i| {
        lock.waits[i + 1].store(true, SeqCst);
        let before = lock.tail.swap(i + 1, SeqCst);
        while lock.waits[before].load(SeqCst) {}
        add(&lock.inside);
        lock.waits[i + 1].store(false, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), n);
}

/// Dekker, after Dijkstra (1965).
fn dekker() {
    let lock = threads(2, Peterson::default(), |lock, i| {
        lock.wants[i].store(true, SeqCst);
        while lock.wants[1 - i].load(SeqCst) {
            if lock.turn.load(SeqCst) != i {
                lock.wants[i].store(false, SeqCst);
                while lock.turn.load(SeqCst) != i {}
                lock.wants[i].store(true, SeqCst);
            }
        }
        add(&lock.inside);
        lock.turn.store(1 - i, SeqCst);
        lock.wants[i].store(false, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), 2);
}

/// Lamport's bakery (CACM 1974).
#[derive(Default)]
struct Bakery {
    choosing: [AtomicBool; 3],
    number: [AtomicUsize; 3],
    inside: AtomicUsize,
}

fn bakery(n: usize) {
    let lock = threads(n, Bakery::default(), |lock, i| {
        lock.choosing[i].store(true, SeqCst);
        let highest = lock.number.iter().map(|number| number.load(SeqCst)).max().unwrap();
        lock.number[i].store(highest + 1, SeqCst);
        lock.choosing[i].store(false, SeqCst);
        for j in 0..3 {
            while lock.choosing[j].load(SeqCst) {}
            loop {
                let theirs = lock.number[j].load(SeqCst);
                if theirs == 0 || (theirs, j) >= (highest + 1, i) {
                    break;
                }
            }
        }
        add(&lock.inside);
        lock.number[i].store(0, SeqCst);
    });
    assert_eq!(lock.inside.load(SeqCst), n);
}

/// A writer and a reader of two words.
#[derive(Default)]
struct Seqlock {
    sequence: AtomicUsize,
    words: [AtomicUsize; 2],
}

fn seqlock(writes: fn(&Seqlock), reads: fn(&Seqlock) -> [usize; 2]) {
    let lock = Arc::new(Seqlock::default());
    let theirs = Arc::clone(&lock);
    let writer = thread::spawn(move || writes(&theirs));
    let [one, other] = reads(&lock);
    assert_eq!(one, other, "torn");
    writer.join().unwrap();
}

fn write_words(lock: &Seqlock) {
    for word in &lock.words {
        word.store(1, SeqCst);
    }
}

fn read_words(lock: &Seqlock) -> [usize; 2] {
    [lock.words[0].load(SeqCst), lock.words[1].load(SeqCst)]
}

fn write_in_sequence(lock: &Seqlock) {
    lock.sequence.fetch_add(1, SeqCst);
    write_words(lock);
    lock.sequence.fetch_add(1, SeqCst);
}

fn read_in_sequence(lock: &Seqlock) -> [usize; 2] {
    loop {
        let before = lock.sequence.load(SeqCst);
        if before.is_multiple_of(2) {
            let words = read_words(lock);
            if lock.sequence.load(SeqCst) == before {
                return words;
            }
        }
    }
}

#[test]
fn a_test_and_set_lock_is_a_lock() {
    verified_in(2, || tas(2));
    verified_in(6, || tas(3));
    verified_in(24, || tas(4));
}

#[test]
fn a_test_and_test_and_set_lock_is_a_lock() {
    verified_in(4, || ttas(2));
    verified_in(36, || ttas(3));
    verified_if_optimised(576, || ttas(4));
}

#[test]
fn a_ticket_lock_is_a_lock() {
    verified_in(2, || ticket(2));
    verified_in(6, || ticket(3));
    verified_if_optimised(120, || ticket(5));
    verified_if_optimised(720, || ticket(6));
}

#[test]
fn an_mcs_lock_is_a_lock() {
    verified_in(6, || mcs(2));
    verified_in(66, || mcs(3));
    verified_if_optimised(1_080, || mcs(4));
}

#[test]
fn a_clh_lock_is_a_lock() {
    verified_in(2, || clh(2));
    verified_in(6, || clh(3));
    verified_if_optimised(24, || clh(4));
}

#[test]
fn locks_of_loads_and_stores_are_locks() {
    verified_in(4, peterson);
    verified_in(8, dekker);
    verified_in(29, szymanski);
    verified_in(9, || bakery(2));
    verified_if_optimised(254, || bakery(3));
}

#[test]
fn a_seqlock_is_never_torn() {
    verified_in(15, || seqlock(write_in_sequence, read_in_sequence));
}

#[test]
fn linuxs_rwlock_keeps_writers_apart() {
    verified_in(6, || linux_rwlock(2));
    verified_if_optimised(582, || linux_rwlock(3));
}

#[test]
fn a_sense_reversing_barrier_lets_no_thread_through_early() {
    verified_in(6, || sense_barrier(3));
    verified_if_optimised(720, || sense_barrier(6));
}

/// Their loops retry an update, so a round is without effect only if what it read is stored nowhere any more.
#[test]
fn lock_free_structures_have_no_more_executions_than_traces() {
    let at_most = |most: u64, model: fn()| {
        let report = Checker::exhaustive().check(model);
        report.expect_verified();
        assert!(report.stats.executions <= most, "{report}");
    };
    at_most(46, || treiber(2));
    at_most(4, || michael_scott(1, 1));
    if !cfg!(debug_assertions) {
        at_most(68_892, || treiber(3));
        at_most(11_198, || michael_scott(2, 2));
    }
}

#[test]
fn rounds_are_explored_one_by_one_if_that_is_asked_for() {
    let rounds = Checker::exhaustive().spin_assume(false).fruitless_yields(0).check(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let child = thread::spawn(move || theirs.store(true, SeqCst));
        while !flag.load(SeqCst) {
            thread::yield_now();
        }
        child.join().unwrap();
    });
    rounds.expect_verified();
    assert_eq!((rounds.stats.executions, rounds.stats.redundant), (2, 0));
}

#[test]
fn a_test_and_set_in_two_steps_is_no_lock() {
    refuted(FailureKind::Panic, || {
        let lock = threads(2, Ttas::default(), |lock, _| {
            while lock.locked.load(SeqCst) {}
            lock.locked.store(true, SeqCst);
            add(&lock.inside);
            lock.locked.store(false, SeqCst);
        });
        assert_eq!(lock.inside.load(SeqCst), 2);
    });
}

#[test]
fn a_ticket_that_two_threads_may_draw_is_no_lock() {
    // The thread that loaded first and stored last holds a ticket that has been served.
    refuted(FailureKind::Livelock, || {
        let lock = threads(2, Ticket::default(), |lock, _| {
            let mine = lock.next.load(SeqCst);
            lock.next.store(mine + 1, SeqCst);
            while lock.serving.load(SeqCst) != mine {}
            add(&lock.inside);
            lock.serving.store(mine + 1, SeqCst);
        });
        assert_eq!(lock.inside.load(SeqCst), 2);
    });
}

#[test]
fn an_mcs_lock_that_is_not_handed_on_leaves_its_waiter_spinning() {
    refuted(FailureKind::Livelock, || {
        threads(2, Mcs::default(), |lock, i| {
            let before = lock.tail.swap(i + 1, SeqCst);
            if before != 0 {
                lock.nodes[before - 1].next.store(i + 1, SeqCst);
                while !lock.nodes[i].granted.load(SeqCst) {}
            }
            add(&lock.inside);
            // The link may be written after this load.
            let next = lock.nodes[i].next.load(SeqCst);
            if next != 0 {
                lock.nodes[next - 1].granted.store(true, SeqCst);
            }
        });
    });
}

#[test]
fn petersons_lock_without_its_turn_is_a_livelock() {
    refuted(FailureKind::Livelock, || {
        threads(2, Peterson::default(), |lock, i| {
            lock.wants[i].store(true, SeqCst);
            while lock.wants[1 - i].load(SeqCst) {}
            lock.wants[i].store(false, SeqCst);
        });
    });
}

#[test]
fn petersons_lock_with_the_turn_first_is_no_lock() {
    refuted(FailureKind::Panic, || {
        let lock = threads(2, Peterson::default(), |lock, i| {
            lock.turn.store(1 - i, SeqCst);
            lock.wants[i].store(true, SeqCst);
            while lock.wants[1 - i].load(SeqCst) && lock.turn.load(SeqCst) == 1 - i {}
            add(&lock.inside);
            lock.wants[i].store(false, SeqCst);
        });
        assert_eq!(lock.inside.load(SeqCst), 2);
    });
}

#[test]
fn a_bakery_without_doors_is_no_lock() {
    refuted(FailureKind::Panic, || {
        let lock = threads(2, Bakery::default(), |lock, i| {
            let highest = lock.number.iter().map(|number| number.load(SeqCst)).max().unwrap();
            lock.number[i].store(highest + 1, SeqCst);
            let theirs = &lock.number[1 - i];
            loop {
                let theirs = theirs.load(SeqCst);
                if theirs == 0 || (theirs, 1 - i) >= (highest + 1, i) {
                    break;
                }
            }
            add(&lock.inside);
            lock.number[i].store(0, SeqCst);
        });
        assert_eq!(lock.inside.load(SeqCst), 2);
    });
}

#[test]
fn a_seqlock_whose_reader_does_not_look_again_is_torn() {
    refuted(FailureKind::Panic, || {
        seqlock(write_in_sequence, |lock| {
            while !lock.sequence.load(SeqCst).is_multiple_of(2) {}
            read_words(lock)
        });
    });
}

#[test]
fn a_loop_that_counts_to_fifty_in_the_heap_is_no_loop_that_waits() {
    let report = Checker::exhaustive().check(|| {
        let flag = AtomicBool::new(false);
        let tries = std::hint::black_box(std::rc::Rc::new(std::cell::Cell::new(0)));
        while !flag.load(SeqCst) && tries.get() < 50 {
            tries.set(tries.get() + 1);
        }
        assert_eq!(tries.get(), 50);
    });
    report.expect_verified();
}

#[test]
fn every_number_of_workers_gives_the_same_executions() {
    let executions = |workers| {
        let report = Checker::exhaustive().workers(workers).check(|| ttas(3));
        report.expect_verified();
        report.stats.executions
    };
    assert_eq!(executions(1), executions(2));
    assert_eq!(executions(1), executions(3));
}
