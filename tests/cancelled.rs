//! A cancelled run of the native engine unwinds its threads, but none before the conditions hold that
//! safe code relies on: a lock that a guard stands for, and the end of threads that borrow.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use raddle::sync::{Condvar, Mutex};
use raddle::{Checker, FailureKind, parking_lot, thread};

/// Long enough for another thread to perform the forbidden action meanwhile.
const LONG: Duration = Duration::from_millis(60);

/// Calls a closure when it is dropped.
struct AtEnd<F: Fn()>(F);

impl<F: Fn()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Runs a model that deadlocks, on native threads, and returns whether the forbidden action happened. To
/// report the failure the check may run the model on other engines, which is not counted.
#[track_caller]
fn deadlocks(model: impl Fn(&AtomicBool) + Send + Sync + 'static) -> bool {
    let (wrong, runs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let into = Arc::clone(&wrong);
    let report = Checker::native(1).check(move || {
        if runs.fetch_add(1, SeqCst) == 0 {
            model(&into);
        }
    });
    report.expect_failure(FailureKind::Deadlock);
    wrong.load(SeqCst)
}

fn lock_twice(lock: &Mutex<()>) {
    let _once = lock.lock().unwrap();
    let _twice = lock.lock().unwrap();
}

#[test]
fn what_a_thread_waits_for_does_not_come_of_others_being_unwound() {
    // The outcome depends on which of the threads is unwound first.
    for _ in 0..20 {
        assert!(!deadlocks(|wrong| {
            let event = Arc::new(raddle::sync::Event::new());
            let child = thread::spawn(move || event.wait());
            _ = child.join();
            wrong.store(true, SeqCst);
        }));
    }
}

#[test]
fn a_scope_does_not_end_before_a_child_that_deadlocks() {
    let wrong = deadlocks(|wrong| {
        let (lock, child_lives) = (Mutex::new(()), AtomicBool::new(false));
        let _look = AtEnd(|| wrong.store(child_lives.load(SeqCst), SeqCst));
        thread::scope(|scope| {
            scope.spawn(|| {
                child_lives.store(true, SeqCst);
                let _slowly = AtEnd(|| {
                    std::thread::sleep(LONG);
                    child_lives.store(false, SeqCst);
                });
                lock_twice(&lock);
            });
        });
    });
    assert!(!wrong, "the parent was unwound while its child still borrowed from it");
}

#[test]
fn a_scoped_child_that_is_being_joined_is_waited_for_too() {
    let wrong = deadlocks(|wrong| {
        let (lock, child_lives) = (Mutex::new(()), AtomicBool::new(false));
        let _look = AtEnd(|| wrong.store(child_lives.load(SeqCst), SeqCst));
        thread::scope(|scope| {
            let child = scope.spawn(|| {
                child_lives.store(true, SeqCst);
                let _slowly = AtEnd(|| {
                    std::thread::sleep(LONG);
                    child_lives.store(false, SeqCst);
                });
                lock_twice(&lock);
            });
            let _ = child.join();
        });
    });
    assert!(!wrong, "the parent was unwound while its child still borrowed from it");
}

#[test]
fn two_destructors_are_not_inside_one_mutex() {
    let wrong = deadlocks(|wrong| {
        let (lock, shared, inside) = (Mutex::new(()), Mutex::new(()), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _enter = AtEnd(|| {
                        let _guard = shared.lock();
                        if inside.fetch_add(1, SeqCst) > 0 {
                            wrong.store(true, SeqCst);
                        }
                        std::thread::sleep(LONG / 3);
                        inside.fetch_sub(1, SeqCst);
                    });
                    lock_twice(&lock);
                });
            }
        });
    });
    assert!(!wrong, "two destructors were inside one mutex");
}

/// Main holds a lock and joins a thread that waits for a condition under it, which main never signals.
#[test]
fn a_wait_that_is_cancelled_does_not_give_back_the_lock_of_another_thread() {
    let wrong = deadlocks(|wrong| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let mut guard = other.0.lock().unwrap();
            *guard = true;
            drop(other.1.wait(guard).unwrap());
        });
        while !*shared.0.lock().unwrap() {
            thread::yield_now();
        }
        let guard = shared.0.lock().unwrap();
        let _look = AtEnd(|| {
            std::thread::sleep(LONG);
            wrong.store(shared.0.try_lock().is_ok(), SeqCst);
        });
        let _ = child.join();
        drop(guard);
    });
    assert!(!wrong, "the lock was released by a thread that did not hold it");
}

#[test]
fn a_wait_of_parking_lots_that_is_cancelled_has_its_lock_again_first() {
    let wrong = deadlocks(|wrong| {
        let shared = Arc::new((parking_lot::Mutex::new(false), parking_lot::Condvar::new()));
        let main_is_inside = Arc::new(AtomicBool::new(false));
        let (other, looks) = (Arc::clone(&shared), Arc::clone(&main_is_inside));
        let seen = Arc::new(AtomicBool::new(false));
        let sees = Arc::clone(&seen);
        let child = thread::spawn(move || {
            let mut guard = other.0.lock();
            // Dropped before the guard is.
            let _look = AtEnd(|| _ = sees.fetch_or(looks.load(SeqCst), SeqCst));
            *guard = true;
            other.1.wait(&mut guard);
        });
        while !*shared.0.lock() {
            thread::yield_now();
        }
        let _tell = AtEnd(|| {
            std::thread::sleep(LONG);
            wrong.store(seen.load(SeqCst), SeqCst);
        });
        let _guard = shared.0.lock();
        main_is_inside.store(true, SeqCst);
        let _slowly = AtEnd(|| {
            std::thread::sleep(LONG);
            main_is_inside.store(false, SeqCst);
        });
        let _ = child.join();
    });
    assert!(!wrong, "two threads were inside one mutex");
}

#[test]
fn a_destructor_that_waits_for_ever_is_left_behind_at_once() {
    let began = Instant::now();
    let wrong = deadlocks(|wrong| {
        let (lock, never) = (Mutex::new(()), Mutex::new(()));
        std::mem::forget(never.lock());
        let _after = AtEnd(|| wrong.store(true, SeqCst));
        let _waits = AtEnd(|| drop(never.lock()));
        lock_twice(&lock);
    });
    assert!(!wrong, "a lock that is held was taken");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}
