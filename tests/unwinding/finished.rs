//! What `is_finished` guarantees, and what it does not.

use raddle::FailureKind;
use raddle::sync::Arc;
use raddle::thread;

use crate::{Racy, fails, verified};

#[test]
fn to_see_that_a_thread_has_finished_is_not_to_join_it() {
    fails(FailureKind::Panic, || {
        let child = thread::spawn(|| panic!("not expected"));
        while !child.is_finished() {
            thread::yield_now();
        }
    });
}

#[test]
fn a_join_after_is_finished_asks_for_the_panic() {
    verified(|| {
        let child = thread::spawn(|| panic!("expected"));
        while !child.is_finished() {
            thread::yield_now();
        }
        assert!(child.join().is_err());
    });
}

#[test]
fn to_see_that_a_thread_has_finished_orders_nothing() {
    fails(FailureKind::DataRace, || {
        let shared = Arc::new(Racy::new());
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || other.write());
        if child.is_finished() {
            shared.read();
        }
        child.join().unwrap();
    });
}

#[test]
fn a_join_after_is_finished_orders_everything() {
    let seen = verified(|| {
        let shared = Arc::new(Racy::new());
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || other.write());
        let finished = child.is_finished();
        child.join().unwrap();
        (finished, shared.read())
    });
    assert_eq!(seen, [(false, 1), (true, 1)].into());
}
