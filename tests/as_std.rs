//! Corner cases of std and `parking_lot` that the facade shares: it panics where theirs panic,
//! and nowhere else.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use raddle::sync::Arc;
use raddle::{Checker, FailureKind, parking_lot, thread};

const SECOND: Duration = Duration::from_secs(1);

/// A mutex that a thread has poisoned, and its guard.
macro_rules! waits_with_a_poisoned_lock {
    ($sync:path) => {{
        use $sync as sync;
        let lock = sync::Mutex::new(());
        let poisons = || {
            let _guard = lock.lock().unwrap();
            panic!("expected");
        };
        assert!(catch_unwind(AssertUnwindSafe(poisons)).is_err());
        let condvar = sync::Condvar::new();
        let guard = || lock.lock().unwrap_err().into_inner();
        let in_vain = condvar.wait_while(guard(), |()| false).is_ok();
        let not_in_time = condvar.wait_timeout_while(guard(), SECOND, |()| false).is_ok();
        let mut calls = 0;
        let waited = condvar.wait_timeout_while(guard(), SECOND / 100, |()| {
            calls += 1;
            true
        });
        let waited = waited.is_err();
        (in_vain, not_in_time, waited, calls)
    }};
}

#[test]
fn a_wait_with_a_lock_that_was_poisoned_before_is_no_error_if_it_does_not_wait() {
    let natively = waits_with_a_poisoned_lock!(std::sync);
    assert_eq!(natively, (true, true, true, 1));
    Checker::exhaustive()
        .check(move || assert_eq!(waits_with_a_poisoned_lock!(raddle::sync), natively))
        .expect_verified();
}

#[test]
fn parking_lots_condition_variable_panics_if_threads_wait_with_two_mutexes() {
    type Shared = Arc<(parking_lot::Mutex<()>, parking_lot::Mutex<()>, parking_lot::Condvar)>;
    let new = || -> Shared { Arc::default() };
    let waits = |shared: &Shared| _ = shared.2.wait_for(&mut shared.0.lock(), SECOND);
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        let report = checker.check(move || {
            let shared = new();
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || waits(&other));
            shared.2.wait_for(&mut shared.1.lock(), SECOND);
            child.join().unwrap();
        });
        let message = report.expect_failure(FailureKind::Panic).to_string();
        assert!(message.contains("with more than one mutex"), "{message}");
    }
    // Used one after the other, two mutexes are allowed.
    let report = Checker::exhaustive().check(move || {
        let shared = new();
        let other = Arc::clone(&shared);
        thread::spawn(move || waits(&other)).join().unwrap();
        shared.2.wait_for(&mut shared.1.lock(), SECOND);
        shared.2.wait_for(&mut shared.0.lock(), SECOND);
    });
    report.expect_verified();
}

#[test]
fn a_result_that_panics_when_it_is_dropped_aborts_the_process() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    // Std aborts in each case: a detached thread, a scope that ends with a caught panic, a dropped handle.
    let models: [fn(); 3] = [
        || drop(thread::spawn(|| Panics)),
        || {
            let scope = || thread::scope(|scope| _ = scope.spawn(|| Panics));
            let _ = catch_unwind(AssertUnwindSafe(scope));
        },
        || {
            let child = thread::spawn(|| Panics);
            while !child.is_finished() {
                thread::yield_now();
            }
            let _ = catch_unwind(AssertUnwindSafe(|| drop(child)));
        },
    ];
    for model in models {
        let report = Checker::exhaustive().check(model);
        let message = report.expect_failure(FailureKind::Panic).message().to_owned();
        assert!(message.contains("aborts the process") && message.contains("in a destructor"), "{message}");
    }
}

#[test]
fn a_thread_local_whose_initializer_asks_for_it_has_the_outer_value() {
    raddle::thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
        static VALUE: Cell<u32> = {
            DEPTH.set(DEPTH.get() + 1);
            if DEPTH.get() == 1 {
                VALUE.set(7);
            }
            Cell::new(DEPTH.get() + 10)
        };
    }
    let model = || (VALUE.get(), VALUE.get());
    let natively = std::thread::spawn(model).join().unwrap();
    Checker::exhaustive().check(move || assert_eq!(model(), natively)).expect_verified();
}

#[test]
fn a_name_that_the_system_does_not_have_is_a_panic() {
    let model = || {
        let named = thread::Builder::new().name("one\0two".to_owned());
        _ = named.spawn(|| ()).unwrap().join();
    };
    assert!(catch_unwind(model).is_err());
    for checker in [Checker::exhaustive(), Checker::loom(), Checker::native(1)] {
        checker.check(model).expect_failure(FailureKind::Panic);
    }
}

#[test]
fn there_are_moments_before_a_model_begins() {
    use raddle::time::Instant;
    let model = || {
        let earlier = Instant::now() - SECOND;
        assert!(Instant::now().duration_since(earlier) >= SECOND);
    };
    model();
    Checker::exhaustive().check(model).expect_verified();
}

#[test]
fn a_task_local_future_can_be_dropped_while_its_value_is_looked_at() {
    use raddle::future;
    raddle::future::task_local! { static NAME: u32; }
    let model = || {
        let inner = NAME.scope(2, future::yield_now());
        NAME.sync_scope(1, || NAME.with(|_| drop(inner)));
    };
    model();
    Checker::exhaustive().check(model).expect_verified();
}

#[test]
fn a_task_that_panics_unseen_fails_the_check_as_a_thread_does() {
    use raddle::future;
    let unseen: fn() = || drop(future::spawn(async { panic!("in a task") }));
    let seen: fn() = || assert!(future::block_on(future::spawn(async { panic!("in a task") })).is_err());
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::native(1)] {
        let message = checker.check(unseen).expect_failure(FailureKind::Panic).message().to_owned();
        assert!(message.contains("in a task"), "{message}");
    }
    Checker::exhaustive().check(seen).expect_verified();
    Checker::native(1).check(seen).expect_no_failure();
}
