//! Steps that depend on the read that ends a waiting loop come after that read, which is a step
//! like any other, however the loop was recognised as waiting.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::cell::Cell;

use raddle::cell::UnsafeCell;
use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicUsize, Ordering::*, fence};
use raddle::time::{Duration, Instant};
use raddle::{Checker, FailureKind, Report, thread};

fn exhaustive(model: fn()) -> Report {
    Checker::exhaustive().check(model)
}

fn set_by_a_child() -> (Arc<AtomicUsize>, thread::JoinHandle<()>) {
    let x = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&x);
    (x, thread::spawn(move || theirs.store(1, SeqCst)))
}

#[test]
fn a_value_that_a_spinning_thread_passes_over_is_seen_although_a_join_follows_the_loop() {
    let report = exhaustive(|| {
        let x = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&x);
        let child = thread::spawn(move || (1..4).for_each(|i| theirs.store(i, SeqCst)));
        loop {
            let value = x.load(SeqCst);
            assert_ne!(value, 2);
            if value == 3 {
                break;
            }
        }
        child.join().unwrap();
    });
    report.expect_failure(FailureKind::Panic);
}

#[test]
fn a_fence_after_a_loop_orders_what_follows_it() {
    struct Cell(UnsafeCell<usize>, AtomicUsize);
    // SAFETY: the flag orders the accesses.
    unsafe impl Sync for Cell {}
    let report = exhaustive(|| {
        let cell = Arc::new(Cell(UnsafeCell::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&cell);
        let child = thread::spawn(move || {
            // SAFETY: nothing reads before the flag is set.
            theirs.0.with_mut(|p| unsafe { *p = 1 });
            theirs.1.store(1, Release);
        });
        while cell.1.load(Relaxed) == 0 {}
        fence(Acquire);
        // SAFETY: the flag was set after the write.
        assert_eq!(cell.0.with(|p| unsafe { *p }), 1);
        child.join().unwrap();
    });
    report.expect_verified();
}

#[test]
fn a_sleep_after_a_loop_takes_its_time() {
    let report = exhaustive(|| {
        let begun = Instant::now();
        let (x, child) = set_by_a_child();
        while x.load(SeqCst) == 0 {}
        thread::sleep(Duration::from_millis(7));
        assert_eq!(begun.elapsed(), Duration::from_millis(7));
        child.join().unwrap();
    });
    report.expect_verified();
}

#[test]
fn a_thread_that_is_spawned_after_a_loop_follows_it() {
    let report = exhaustive(|| {
        let (x, child) = set_by_a_child();
        while x.load(SeqCst) == 0 {}
        let theirs = Arc::clone(&x);
        let later = thread::spawn(move || theirs.swap(5, SeqCst));
        assert_eq!(later.join().unwrap(), 1);
        child.join().unwrap();
    });
    report.expect_verified();
}

#[test]
fn threads_that_spin_for_each_other_without_a_yield_are_a_livelock() {
    let report = exhaustive(|| {
        let x = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&x);
        let child = thread::spawn(move || {
            while theirs.0.load(SeqCst) == 0 {}
            theirs.1.store(1, SeqCst);
        });
        while x.1.load(SeqCst) == 0 || x.0.load(SeqCst) == 1 {}
        x.0.store(1, SeqCst);
        child.join().unwrap();
    });
    report.expect_failure(FailureKind::Livelock);
}

#[test]
fn a_loop_that_waits_for_ever_after_a_write_that_changes_nothing_is_a_livelock() {
    let report = exhaustive(|| {
        let x = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&x);
        let child = thread::spawn(move || while theirs.load(SeqCst) == 0 {});
        x.store(0, SeqCst);
        child.join().unwrap();
    });
    report.expect_failure(FailureKind::Livelock);
}

#[test]
fn a_loop_that_panics_when_it_has_counted_in_the_heap_is_refuted() {
    let report = exhaustive(|| {
        let (x, child) = set_by_a_child();
        let looks = Box::new(Cell::new(0));
        let looks: &Cell<u32> = std::hint::black_box(&looks);
        while x.load(SeqCst) == 0 {
            looks.set(looks.get() + 1);
            assert!(looks.get() < 3);
        }
        child.join().unwrap();
    });
    report.expect_failure(FailureKind::Panic);
}

#[test]
fn a_loop_that_counts_in_a_thread_local_is_explored_round_by_round() {
    raddle::thread_local!(static LOOKS: Cell<u32> = const { Cell::new(0) });
    let seen = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let into = std::sync::Arc::clone(&seen);
    let report = Checker::exhaustive().check(move || {
        let (x, child) = set_by_a_child();
        while x.load(SeqCst) == 0 && LOOKS.get() < 3 {
            LOOKS.set(LOOKS.get() + 1);
        }
        into.lock().unwrap().insert(LOOKS.get());
        child.join().unwrap();
    });
    report.expect_verified();
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2, 3].into());
}
