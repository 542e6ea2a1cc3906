//! Condition variables with two mutexes, and values that are created or left behind.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex as StdMutex;

use raddle::sync::{Arc, Condvar, Mutex, mpsc};
use raddle::{Checker, FailureKind, parking_lot, thread};

use super::{SECOND, fails};

#[test]
fn a_condition_variable_that_is_waited_for_with_two_mutexes_fails() {
    let message = fails(FailureKind::Panic, || {
        let shared =
            Arc::new((parking_lot::Mutex::new(()), parking_lot::Mutex::new(()), parking_lot::Condvar::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || _ = other.2.wait_for(&mut other.0.lock(), SECOND));
        shared.2.wait_for(&mut shared.1.lock(), SECOND);
        child.join().unwrap();
    });
    assert!(message.contains("more than one mutex"), "{message}");
    fails(FailureKind::Panic, || {
        let shared = (Mutex::new(()), Mutex::new(()), Condvar::new());
        drop(shared.2.wait_timeout(shared.0.lock().unwrap(), SECOND));
        drop(shared.2.wait_timeout(shared.1.lock().unwrap(), SECOND));
    });
}

#[test]
fn one_after_the_other_the_mutexes_of_parking_lots_condition_variable_may_differ() {
    let report = Checker::exhaustive().check(|| {
        let shared = (parking_lot::Mutex::new(()), parking_lot::Mutex::new(()), parking_lot::Condvar::new());
        shared.2.wait_for(&mut shared.0.lock(), SECOND);
        shared.2.wait_for(&mut shared.1.lock(), SECOND);
    });
    report.expect_verified();
}

#[test]
fn a_thread_local_that_is_set_is_not_initialised_before() {
    raddle::thread_local! { static UNMADE: RefCell<usize> = panic!("its initializer has run"); }
    for checker in [Checker::exhaustive(), Checker::native(2)] {
        let report = checker.check(|| {
            let set_twice = || {
                UNMADE.set(1);
                UNMADE.set(2);
                UNMADE.take()
            };
            assert_eq!(thread::spawn(set_twice).join().unwrap() + set_twice(), 4);
        });
        report.expect_no_failure();
    }
}

#[test]
fn objects_that_outlive_their_execution_do_not_abort_the_process() {
    let left_over = std::sync::Arc::new(StdMutex::new(Vec::new()));
    let keep = std::sync::Arc::clone(&left_over);
    let report = Checker::exhaustive().check(move || {
        let (sender, receiver) = mpsc::channel();
        let child = thread::spawn({
            let sender = sender.clone();
            move || sender.send(1).unwrap()
        });
        receiver.recv().unwrap();
        child.join().unwrap();
        keep.lock().unwrap().extend([(sender.clone(), None), (sender, Some(receiver))]);
    });
    report.expect_verified();
    let left_over = std::mem::take(&mut *left_over.lock().unwrap());
    let complaint = catch_unwind(AssertUnwindSafe(|| left_over[0].0.send(2))).unwrap_err();
    drop(left_over);
    let complaint = complaint.downcast_ref::<String>().unwrap();
    assert!(complaint.contains("outside the execution that made it"), "{complaint}");
}
