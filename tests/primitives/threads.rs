//! Threads, parking, time and thread locals.

use std::cell::Cell;
use std::time::Duration;

use raddle::sync::{Arc, Event};
use raddle::{Checker, FailureKind, thread, time::Instant};

use super::{SOON, fails, holds};

#[test]
fn a_thread_may_look_finished_or_not_and_a_loop_that_waits_for_it_ends() {
    let seen = Arc::new(std::sync::Mutex::new([false; 2]));
    let outcomes = Arc::clone(&seen);
    holds(move || {
        let child = thread::spawn(|| ());
        outcomes.lock().unwrap()[usize::from(child.is_finished())] = true;
        while !child.is_finished() {
            thread::yield_now();
        }
        child.join().unwrap();
    });
    assert_eq!(*seen.lock().unwrap(), [true, true]);
}

#[test]
fn a_thread_that_waits_for_us_does_not_look_finished() {
    holds(|| {
        let go = Arc::new(Event::new());
        let other = Arc::clone(&go);
        let child = thread::spawn(move || other.wait());
        assert!(!child.is_finished());
        go.set();
        child.join().unwrap();
    });
    fails(FailureKind::Panic, || {
        let child = thread::spawn(|| ());
        assert!(child.is_finished());
    });
}

#[test]
fn to_sleep_orders_nothing() {
    fails(FailureKind::Panic, || {
        let done = Arc::new(Event::new());
        let other = Arc::clone(&done);
        thread::spawn(move || other.set());
        thread::sleep(Duration::from_secs(60));
        assert!(done.is_set());
    });
    holds(|| {
        let done = Arc::new(Event::new());
        let other = Arc::clone(&done);
        thread::spawn(move || other.set());
        while !done.is_set() {
            thread::sleep(SOON);
        }
    });
}

#[test]
fn a_loop_that_sleeps_until_nobody_sets_a_flag_is_a_livelock() {
    fails(FailureKind::Livelock, || {
        let done = Event::new();
        while !done.is_set() {
            thread::sleep(SOON);
        }
    });
}

#[test]
fn a_timeout_takes_its_time() {
    holds(|| {
        let begun = Instant::now();
        assert!(!Event::new().wait_timeout(SOON));
        assert!(begun.elapsed() >= SOON);
    });
    fails(FailureKind::Panic, || {
        let begun = Instant::now();
        Event::new().wait_timeout(SOON);
        assert!(begun.elapsed() < SOON);
    });
}

#[test]
fn a_park_with_a_timeout_ends() {
    holds(|| thread::park_timeout(SOON));
    // Budgets of 0, so that the failure is the lost token.
    Checker::exhaustive().spurious_wakeups(0).check(thread::park).expect_failure(FailureKind::Deadlock);
}

raddle::thread_local! {
    static OWN: Cell<i32> = const { Cell::new(1) };
    static LAST_WORDS: Says = Says(Cell::new(None));
}

/// Sets an event when it is dropped.
struct Says(Cell<Option<Arc<Event>>>);

impl Drop for Says {
    fn drop(&mut self) {
        if let Some(event) = self.0.take() {
            event.set();
        }
    }
}

#[test]
fn each_thread_has_its_own_value_which_is_dropped_when_it_ends() {
    holds(|| {
        assert_eq!(OWN.replace(2), 1, "the value of an earlier execution");
        let dropped = Arc::new(Event::new());
        let other = Arc::clone(&dropped);
        let child = thread::spawn(move || {
            LAST_WORDS.with(|words| words.0.set(Some(other)));
            OWN.get()
        });
        dropped.wait();
        assert_eq!((child.join().unwrap(), OWN.get()), (1, 2));
    });
    fails(FailureKind::Deadlock, || {
        let dropped = Arc::new(Event::new());
        LAST_WORDS.with(|words| words.0.set(Some(Arc::clone(&dropped))));
        dropped.wait();
    });
}
