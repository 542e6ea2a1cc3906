//! Loops with a number of rounds: what comes after each read is explored, and a loop that ends is no
//! livelock. Local states distinguish a loop that counts from one that only waits.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::collections::BTreeSet;

use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Mutex};
use raddle::time::{Duration, Instant};
use raddle::{Checker, FailureKind, hint, thread};

/// What the model returns over all executions.
fn outcomes<T: Ord + Send + 'static>(checker: Checker, model: fn() -> T) -> BTreeSet<T> {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let into = std::sync::Arc::clone(&seen);
    let report = checker.check(move || {
        let outcome = model();
        into.lock().unwrap().insert(outcome);
    });
    report.expect_verified();
    std::mem::take(&mut *seen.lock().unwrap())
}

#[test]
fn what_follows_the_third_look_in_vain_is_explored() {
    fn model() -> usize {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let child = thread::spawn(move || theirs.store(true, SeqCst));
        let mut looks = 0;
        while looks < 3 && !flag.load(SeqCst) {
            looks += 1;
            thread::yield_now();
        }
        child.join().unwrap();
        looks
    }
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        assert_eq!(outcomes(checker, model), [0, 1, 2, 3].into());
    }
}

#[test]
fn polling_three_times_and_then_cancelling_can_cancel() {
    let report = Checker::exhaustive().check(|| {
        let done = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
        let theirs = Arc::clone(&done);
        let child = thread::spawn(move || {
            assert!(!theirs.1.load(SeqCst), "cancelled before it was done");
            theirs.0.store(true, SeqCst);
        });
        for polls in 0.. {
            if done.0.load(SeqCst) {
                break;
            }
            if polls == 3 {
                done.1.store(true, SeqCst);
                break;
            }
            hint::spin_loop();
        }
        child.join().unwrap();
    });
    report.expect_failure(FailureKind::Panic);
}

#[test]
fn spinning_three_times_and_then_parking_can_lose_a_wakeup() {
    let report = Checker::exhaustive().spurious_wakeups(0).check(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        // The waker does not unpark.
        let child = thread::spawn(move || theirs.store(true, SeqCst));
        let mut spins = 0;
        while !flag.load(SeqCst) {
            if spins < 3 {
                spins += 1;
                hint::spin_loop();
            } else {
                thread::park();
            }
        }
        child.join().unwrap();
    });
    report.expect_failure(FailureKind::Deadlock);
}

#[test]
fn two_sleeps_through_one_helper_do_not_wait_for_each_other() {
    fn nap() {
        thread::sleep(Duration::from_millis(10));
    }
    fn model() -> Vec<usize> {
        let n = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&n);
        let child = thread::spawn(move || theirs.store(1, SeqCst));
        let mut seen = vec![n.load(SeqCst)];
        nap();
        seen.push(n.load(SeqCst));
        nap();
        seen.push(n.load(SeqCst));
        child.join().unwrap();
        seen
    }
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        assert_eq!(
            outcomes(checker, model),
            [vec![0, 0, 0], vec![0, 0, 1], vec![0, 1, 1], vec![1, 1, 1]].into()
        );
    }
}

#[test]
fn a_loop_that_looks_at_the_clock_can_give_up_while_others_could_go_on() {
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        let report = checker.check(|| {
            let shared = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
            let theirs = Arc::clone(&shared);
            let child = thread::spawn(move || {
                assert!(!theirs.1.load(SeqCst), "given up");
                theirs.0.store(true, SeqCst);
            });
            let begun = Instant::now();
            while !shared.0.load(SeqCst) && begun.elapsed() < Duration::from_secs(1) {
                thread::yield_now();
            }
            if !shared.0.load(SeqCst) {
                shared.1.store(true, SeqCst);
            }
            child.join().unwrap();
        });
        report.expect_failure(FailureKind::Panic);
    }
}

#[test]
fn a_loop_that_sleeps_and_yields_can_reach_its_deadline_while_others_could_go_on() {
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        let report = checker.check(|| {
            let shared = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
            let theirs = Arc::clone(&shared);
            let child = thread::spawn(move || assert!(!theirs.1.load(SeqCst), "given up"));
            let begun = Instant::now();
            while !shared.0.load(SeqCst) && begun.elapsed() < Duration::from_millis(3) {
                thread::sleep(Duration::from_millis(1));
                thread::yield_now();
            }
            shared.1.store(true, SeqCst);
            child.join().unwrap();
        });
        report.expect_failure(FailureKind::Panic);
    }
}

#[test]
fn the_rounds_of_an_unrolled_loop_do_not_wait_for_each_other() {
    #[inline(always)]
    fn look(flag: &AtomicBool) -> bool {
        let seen = flag.load(SeqCst);
        if !seen {
            hint::spin_loop();
        }
        seen
    }
    fn model() -> usize {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let child = thread::spawn(move || theirs.store(true, SeqCst));
        let looks = if look(&flag) {
            0
        } else if look(&flag) {
            1
        } else if look(&flag) {
            2
        } else {
            3
        };
        child.join().unwrap();
        looks
    }
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        assert_eq!(outcomes(checker, model), [0, 1, 2, 3].into());
    }
}

#[test]
fn working_and_sleeping_three_times_can_come_before_another_thread_begins() {
    fn model() -> usize {
        let n = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&n);
        let child = thread::spawn(move || theirs.load(SeqCst));
        for _ in 0..3 {
            n.fetch_add(1, SeqCst);
            thread::sleep(Duration::from_millis(10));
        }
        child.join().unwrap()
    }
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        assert_eq!(outcomes(checker, model), [0, 1, 2, 3].into());
    }
}

#[test]
fn fifty_yields_and_then_giving_up_is_no_livelock() {
    let report = Checker::exhaustive().check(|| {
        let flag = AtomicBool::new(false);
        let mut yields = 0;
        while !flag.load(SeqCst) && yields < 50 {
            yields += 1;
            thread::yield_now();
        }
        assert_eq!(yields, 50);
    });
    report.expect_verified();
}

#[test]
fn sleeping_until_a_deadline_is_no_livelock() {
    let report = Checker::exhaustive().check(|| {
        let flag = AtomicBool::new(false);
        let begun = Instant::now();
        while !flag.load(SeqCst) && begun.elapsed() < Duration::from_secs(1) {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(begun.elapsed() >= Duration::from_secs(1));
    });
    report.expect_verified();
}

#[test]
fn yielding_until_time_has_passed_is_no_livelock() {
    for limit in [Duration::from_millis(1), Duration::from_secs(10)] {
        let report = Checker::exhaustive().check(move || {
            let begun = Instant::now();
            while begun.elapsed() < limit {
                thread::yield_now();
            }
        });
        report.expect_verified();
    }
}

#[test]
fn a_loop_that_looks_at_the_clock_and_never_ends_is_a_livelock() {
    let report = Checker::exhaustive().check(|| {
        loop {
            let _ = Instant::now();
            thread::yield_now();
        }
    });
    report.expect_failure(FailureKind::Livelock);
}

#[test]
fn ten_thousand_loads_in_a_loop_that_ends_are_no_livelock() {
    let report = Checker::exhaustive().check(|| {
        let n = AtomicUsize::new(0);
        for _ in 0..10_100 {
            assert_eq!(n.load(SeqCst), 0);
        }
    });
    report.expect_verified();
}

#[test]
fn fifty_polls_of_is_finished_are_no_deadlock() {
    let report = Checker::exhaustive().check(|| {
        let lock = Arc::new(Mutex::new(()));
        let held = lock.lock().unwrap();
        let theirs = Arc::clone(&lock);
        let child = thread::spawn(move || drop(theirs.lock()));
        for _ in 0..50 {
            assert!(!child.is_finished(), "it waits for the lock");
        }
        drop(held);
        child.join().unwrap();
    });
    report.expect_verified();
}

#[test]
fn a_loop_that_waits_for_a_thread_that_waits_for_it_is_no_silence() {
    let report = Checker::exhaustive().check(|| {
        let lock = Arc::new(Mutex::new(()));
        let _held = lock.lock().unwrap();
        let theirs = Arc::clone(&lock);
        let child = thread::spawn(move || drop(theirs.lock()));
        while !child.is_finished() {
            thread::yield_now();
        }
    });
    assert!(matches!(report.verdict, raddle::Verdict::Refuted(_)), "{report}");
}

#[test]
fn a_yield_that_returns_because_another_loop_waits_in_vain_is_repeated() {
    let budgets = |checker: Checker| {
        checker.fruitless_yields(0).spurious_wakeups(0).weak_failures(0).timeouts(0).stop_on_failure(false)
    };
    for assume in [true, false] {
        let report = budgets(Checker::exhaustive()).spin_assume(assume).max_steps(600).check(|| {
            let flag = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&flag);
            let waits = thread::spawn(move || {
                while theirs.load(SeqCst) == 0 {
                    thread::yield_now();
                }
            });
            for _ in 0..2 {
                if flag.load(SeqCst) != 0 {
                    break;
                }
                thread::yield_now();
            }
            waits.join().unwrap();
        });
        report.expect_failure(FailureKind::Livelock);
        assert_eq!(report.stats.executions, 1, "{report}");
    }
}
