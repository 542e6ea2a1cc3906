//! Loops that wait: they end after another thread's write, and are livelocks when no thread can write.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Mutex};
use raddle::{Checker, FailureKind, Reason, Verdict, hint, thread};

#[test]
fn a_spin_loop_ends_when_the_flag_is_set() {
    let model = || {
        let flag = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&flag);
        let child = thread::spawn(move || other.store(true, SeqCst));
        while !flag.load(SeqCst) {
            hint::spin_loop();
        }
        child.join().unwrap();
    };
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        checker.check(model).expect_verified();
    }
    Checker::random(200).check(model).expect_no_failure();
}

#[test]
fn a_spin_loop_that_nobody_can_end_is_a_livelock() {
    let model = || {
        let flag = AtomicBool::new(false);
        while !flag.load(SeqCst) {
            thread::yield_now();
        }
    };
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(10)] {
        checker.check(model).expect_failure(FailureKind::Livelock);
    }
}

#[test]
fn a_spin_loop_without_a_hint_that_nobody_can_end_is_a_livelock() {
    let model = || {
        let flag = AtomicBool::new(false);
        while !flag.load(SeqCst) {}
    };
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(10)] {
        let report = checker.check(model);
        let token = report.expect_failure(FailureKind::Livelock).token().to_owned();
        assert!(token.len() < 100, "{token}");
        Checker::replay(&token).unwrap().check(model).expect_failure(FailureKind::Livelock);
    }
}

#[test]
fn a_spin_loop_without_a_hint_is_verified_or_inconclusive_and_named() {
    let model = || {
        let flag = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&flag);
        let child = thread::spawn(move || other.store(true, SeqCst));
        while !flag.load(SeqCst) {}
        child.join().unwrap();
    };
    Checker::exhaustive().check(model).expect_verified();
    let report = Checker::exhaustive().spin_assume(false).check(model);
    let Verdict::Inconclusive(Reason::MaxSteps { place, .. }) = &report.verdict else { panic!("{report}") };
    assert!(place.contains("tests/waiting.rs"), "{place}");
}

#[test]
fn a_loop_that_gives_up_is_explored_to_its_end() {
    for rounds in [1, 2, 5, 20] {
        let report = Checker::exhaustive().check(move || {
            let flag = AtomicBool::new(false);
            let mut tries = 0;
            while !flag.load(SeqCst) && tries < rounds {
                tries += 1;
                hint::spin_loop();
            }
            assert_eq!(tries, rounds);
        });
        report.expect_verified();
    }
}

#[test]
fn a_loop_may_give_up_before_the_flag_is_set_or_see_it() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let into = std::sync::Arc::clone(&seen);
    Checker::exhaustive()
        .check(move || {
            let flag = Arc::new(AtomicBool::new(false));
            let other = Arc::clone(&flag);
            let child = thread::spawn(move || other.store(true, SeqCst));
            let mut tries = 0;
            while !flag.load(SeqCst) && tries < 2 {
                tries += 1;
                thread::yield_now();
            }
            into.lock().unwrap().insert(tries);
            child.join().unwrap();
        })
        .expect_verified();
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2].into());
}

#[test]
fn two_polite_threads_are_a_livelock() {
    let polite = |own: &Mutex<()>, other: &Mutex<()>| {
        loop {
            let _held = own.lock().unwrap();
            if other.try_lock().is_ok() {
                return;
            }
        }
    };
    let model = move || {
        let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
        let theirs = Arc::clone(&locks);
        let child = thread::spawn(move || polite(&theirs[1], &theirs[0]));
        polite(&locks[0], &locks[1]);
        child.join().unwrap();
    };
    let report = Checker::exhaustive().max_steps(1_000).check(model);
    let token = report.expect_failure(FailureKind::Livelock).token().to_owned();
    let again = Checker::replay(&token).unwrap().max_steps(1_000).check(model);
    again.expect_failure(FailureKind::Livelock);
}

#[test]
fn a_yield_with_nothing_to_wait_for_is_no_wait() {
    Checker::exhaustive()
        .check(|| {
            let n = Arc::new(AtomicUsize::new(0));
            let other = Arc::clone(&n);
            let child = thread::spawn(move || {
                thread::yield_now();
                other.fetch_add(1, SeqCst);
            });
            thread::yield_now();
            n.fetch_add(1, SeqCst);
            thread::yield_now();
            child.join().unwrap();
        })
        .expect_verified();
}

#[test]
fn a_loop_of_nothing_but_yields_is_a_livelock() {
    Checker::exhaustive()
        .check(|| {
            loop {
                thread::yield_now();
            }
        })
        .expect_failure(FailureKind::Livelock);
}

#[test]
fn a_test_and_set_lock_that_spins_on_swap_is_verified() {
    Checker::exhaustive()
        .check(|| {
            let shared = Arc::new((AtomicBool::new(false), AtomicUsize::new(0)));
            let add = |(locked, n): &(AtomicBool, AtomicUsize)| {
                while locked.swap(true, SeqCst) {
                    hint::spin_loop();
                }
                n.store(n.load(SeqCst) + 1, SeqCst);
                locked.store(false, SeqCst);
            };
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || add(&other));
            add(&shared);
            child.join().unwrap();
            assert_eq!(shared.1.load(SeqCst), 2);
        })
        .expect_verified();
}

#[test]
fn a_spinner_beside_a_writer_of_what_it_read_is_reversed_in_the_state_that_was() {
    // The value is not 0: treating a yield as a read of 0 once hid a race.
    let looks = |checker: Checker| {
        let seen = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
        let into = std::sync::Arc::clone(&seen);
        let report = checker.check(move || {
            let n = Arc::new(AtomicUsize::new(1));
            let other = Arc::clone(&n);
            let child = thread::spawn(move || {
                let first = other.compare_exchange(1, 2, SeqCst, SeqCst).is_ok();
                let second = other.compare_exchange(2, 3, SeqCst, SeqCst).is_ok();
                (first, second)
            });
            let mut looks = Vec::new();
            for _ in 0..2 {
                looks.push(n.load(SeqCst));
                thread::yield_now();
            }
            looks.push(n.load(SeqCst));
            child.join().unwrap();
            into.lock().unwrap().insert(looks);
        });
        report.expect_verified();
        std::mem::take(&mut *seen.lock().unwrap())
    };
    let all = looks(Checker::dfs());
    assert_eq!(all.len(), 10, "every order of values that grow: {all:?}");
    assert_eq!(looks(Checker::exhaustive()), all);
}
