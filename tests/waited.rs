//! Loops that wait and count where local states do not show it: in the heap, in what they write themselves, in the
//! data of a lock. What comes after each of their rounds is a part of the program.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::hint::black_box;

use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Mutex, mpsc};
use raddle::time::Duration;
use raddle::{Checker, FailureKind, Report, Verdict, thread};

/// What the model returns over all executions.
fn explore<T: Ord + Send + 'static>(checker: Checker, model: fn() -> T) -> (Report, BTreeSet<T>) {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let into = std::sync::Arc::clone(&seen);
    let report = checker.check(move || {
        let outcome = model();
        into.lock().unwrap().insert(outcome);
    });
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (report, seen)
}

/// That the exhaustive engine sees these outcomes, and that no other search verifies with fewer.
fn has_outcomes<T: Ord + Send + std::fmt::Debug + 'static, const N: usize>(model: fn() -> T, all: [T; N]) {
    let all = BTreeSet::from(all);
    let (report, seen) = explore(Checker::exhaustive(), model);
    report.expect_verified();
    assert_eq!(seen, all);
    for checker in [Checker::dfs(), Checker::exhaustive().spin_assume(false)] {
        let (report, seen) = explore(checker, model);
        match report.verdict {
            Verdict::Verified => assert_eq!(seen, all),
            Verdict::Inconclusive(_) => assert!(seen.is_subset(&all)),
            _ => panic!("{report}"),
        }
    }
}

/// A number, and a thread that looks at it.
fn looked_at_by_a_child() -> (Arc<AtomicUsize>, thread::JoinHandle<usize>) {
    let number = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&number);
    (number, thread::spawn(move || theirs.load(SeqCst)))
}

/// What counts its calls in the heap, and says when there were so many.
struct Tries(Box<Cell<u32>>);

impl Tries {
    #[inline(never)]
    fn new(most: u32) -> Self {
        black_box(Tries(Box::new(Cell::new(most))))
    }

    #[inline(never)]
    fn are_over(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left == 0
    }
}

#[test]
fn a_loop_that_sleeps_and_counts_its_tries_in_the_heap_can_give_up_before_others_look() {
    fn model() -> usize {
        let (number, child) = looked_at_by_a_child();
        let tries = Tries::new(3);
        while !tries.are_over() {
            thread::sleep(Duration::from_millis(1));
        }
        number.store(1, SeqCst);
        child.join().unwrap()
    }
    has_outcomes(model, [0, 1]);
}

#[test]
fn a_loop_that_yields_and_counts_its_tries_in_the_heap_can_give_up_before_others_look() {
    fn model() -> usize {
        let (number, child) = looked_at_by_a_child();
        let tries = Tries::new(3);
        while !tries.are_over() {
            thread::yield_now();
        }
        number.store(1, SeqCst);
        child.join().unwrap()
    }
    has_outcomes(model, [0, 1]);
}

#[test]
fn a_loop_that_looks_and_yields_and_counts_its_tries_in_the_heap_can_give_up_before_others_look() {
    fn model() -> usize {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let child = thread::spawn(move || {
            theirs.0.store(1, SeqCst);
            theirs.1.load(SeqCst)
        });
        let tries = Tries::new(3);
        while shared.0.load(SeqCst) == 0 {
            if tries.are_over() {
                shared.1.store(1, SeqCst);
                break;
            }
            thread::yield_now();
        }
        child.join().unwrap()
    }
    // Without a trial of its rounds it is not known to count: other searches assume a budget of yields.
    let (report, seen) = explore(Checker::exhaustive(), model);
    report.expect_verified();
    assert_eq!(seen, [0, 1].into());
}

#[test]
fn a_loop_that_counts_by_an_atomic_of_its_own_can_end_before_others_look() {
    fn model() -> usize {
        let (number, child) = looked_at_by_a_child();
        let tries = AtomicUsize::new(0);
        while tries.fetch_add(1, SeqCst) < 3 {
            thread::yield_now();
        }
        number.store(1, SeqCst);
        child.join().unwrap()
    }
    has_outcomes(model, [0, 1]);
}

#[test]
fn a_loop_that_counts_in_the_data_of_a_lock_can_end_before_others_look() {
    fn model() -> usize {
        let (number, child) = looked_at_by_a_child();
        let tries = Arc::new(Mutex::new(0));
        loop {
            let mut tried = tries.lock().unwrap();
            *tried += 1;
            if *tried == 4 {
                break;
            }
            drop(tried);
            thread::sleep(Duration::from_millis(1));
        }
        number.store(1, SeqCst);
        child.join().unwrap()
    }
    has_outcomes(model, [0, 1]);
}

#[test]
fn a_loop_that_empties_a_channel_can_end_before_others_look() {
    fn model() -> usize {
        let (number, child) = looked_at_by_a_child();
        let (sender, receiver) = mpsc::channel();
        (0..4).for_each(|i| sender.send(i).unwrap());
        while receiver.try_recv().is_ok() {
            thread::yield_now();
        }
        number.store(1, SeqCst);
        child.join().unwrap()
    }
    has_outcomes(model, [0, 1]);
}

#[test]
fn fifty_tries_that_are_counted_in_the_heap_are_no_livelock() {
    fn model() {
        let tries = Tries::new(50);
        while !tries.are_over() {
            thread::sleep(Duration::from_millis(1));
        }
    }
    has_outcomes(model, [()]);
}

#[test]
fn a_search_that_cannot_see_why_a_loop_ended_verifies_nothing() {
    fn model() {
        let (number, child) = looked_at_by_a_child();
        let tries = Tries::new(5);
        while !tries.are_over() {
            thread::sleep(Duration::from_millis(1));
        }
        number.store(1, SeqCst);
        child.join().unwrap();
    }
    let report = Checker::dfs().check(model);
    let Verdict::Inconclusive(reason) = &report.verdict else { panic!("{report}") };
    assert!(reason.to_string().contains("raise fruitless_yields"), "{reason}");
    Checker::dfs().fruitless_yields(10).check(model).expect_verified();
}

#[test]
fn what_fails_after_a_loop_that_counts_in_the_heap_is_replayed() {
    fn model() {
        let (number, child) = looked_at_by_a_child();
        let tries = Tries::new(3);
        while !tries.are_over() {
            thread::yield_now();
        }
        number.store(1, SeqCst);
        assert_eq!(child.join().unwrap(), 0, "cancelled before it looked");
    }
    let report = Checker::exhaustive().check(model);
    let found = report.expect_failure(FailureKind::Panic);
    let again = Checker::replay(found.token()).unwrap().check(model);
    assert_eq!(again.expect_failure(FailureKind::Panic).message(), found.message());
}

#[test]
fn a_loop_that_polls_under_a_lock_still_waits() {
    let report = Checker::exhaustive().check(|| {
        let done = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&done);
        let child = thread::spawn(move || {
            *theirs.lock().unwrap() += 1;
            *theirs.lock().unwrap() += 1;
        });
        while *done.lock().unwrap() < 2 {
            thread::yield_now();
        }
        child.join().unwrap();
    });
    report.expect_verified();
    assert_eq!(report.stats.redundant, 0, "{report}");
}

/// Looks until it sees a number, or until it has tried often enough.
#[inline(never)]
fn wait_for(number: &AtomicUsize, tries: &Tries) -> bool {
    while number.load(SeqCst) == 0 {
        if tries.are_over() {
            return false;
        }
    }
    true
}

#[test]
fn a_loop_that_has_waited_for_long_before_can_give_up_soon_the_next_time() {
    fn model() -> (bool, usize) {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let child = thread::spawn(move || theirs.0.store(1, SeqCst));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            theirs.1.store(1, SeqCst);
            theirs.0.load(SeqCst)
        });
        wait_for(&shared.0, &Tries::new(150));
        let came = wait_for(&shared.1, &Tries::new(3));
        if !came {
            shared.0.store(2, SeqCst);
        }
        child.join().unwrap();
        (came, other.join().unwrap())
    }
    let (report, seen) = explore(Checker::exhaustive(), model);
    report.expect_verified();
    assert_eq!(seen, [(false, 0), (false, 1), (false, 2), (true, 0), (true, 1)].into());
}

#[test]
fn a_loop_that_has_waited_for_long_before_and_gives_up_the_next_time_is_no_livelock() {
    let report = Checker::exhaustive().check(|| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let child = thread::spawn(move || theirs.0.store(1, SeqCst));
        wait_for(&shared.0, &Tries::new(150));
        assert!(!wait_for(&shared.1, &Tries::new(3)));
        child.join().unwrap();
    });
    report.expect_verified();
}

#[test]
fn a_loop_that_polls_a_thread_goes_the_same_way_whatever_earlier_executions_left_on_its_stack() {
    fn model() -> usize {
        let (number, child) = looked_at_by_a_child();
        let polls = AtomicUsize::new(0);
        while !child.is_finished() {
            if polls.fetch_add(1, SeqCst) == 3 {
                break;
            }
        }
        number.store(1, SeqCst);
        child.join().unwrap()
    }
    for checker in [Checker::dfs(), Checker::exhaustive(), Checker::exhaustive().spin_assume(false)] {
        let (report, _) = explore(checker, model);
        report.expect_no_failure();
        assert!(!report.to_string().contains("diverged"), "{report}");
    }
}

#[test]
fn a_reader_that_counts_itself_out_again_while_a_writer_leaves_has_seen_why_its_loop_ends() {
    const WRITER: usize = 1;
    fn model() {
        let lock = Arc::new(AtomicUsize::new(WRITER));
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || {
            theirs.fetch_and(!WRITER, SeqCst);
        });
        while lock.fetch_add(2, SeqCst) & WRITER != 0 {
            lock.fetch_sub(2, SeqCst);
            thread::yield_now();
        }
        writer.join().unwrap();
    }
    for checker in [Checker::exhaustive(), Checker::exhaustive().spin_assume(false), Checker::dfs()] {
        let report = checker.check(model);
        report.expect_verified();
        assert_eq!(report.stats.redundant, 0, "{report}");
    }
}

/// Main polls whether its child has finished, and panics after some polls; `round` is called in each, with what counts.
fn polls(round: fn(&AtomicUsize, &Mutex<()>) -> bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let (n, lock) = (AtomicUsize::new(0), Arc::new(Mutex::new(())));
        let (other, seen) = (Arc::clone(&lock), Arc::new(AtomicUsize::new(0)));
        let theirs = Arc::clone(&seen);
        let child = thread::spawn(move || {
            drop(other.lock());
            theirs.store(1, SeqCst);
        });
        while !child.is_finished() {
            assert!(!round(&n, &lock), "the child was too slow");
        }
        child.join().unwrap();
        assert_eq!(seen.load(SeqCst), 1);
    }
}

#[test]
fn a_loop_that_polls_is_finished_and_counts_in_an_atomic_of_its_own_is_not_verified() {
    for checker in [Checker::exhaustive(), Checker::exhaustive().spin_assume(false), Checker::dfs()] {
        let report = checker.check(polls(|n, _| n.fetch_add(1, SeqCst) > 3));
        assert!(!matches!(report.verdict, Verdict::Verified), "{report}");
    }
}

#[test]
fn a_loop_that_polls_is_finished_and_leaves_everything_as_it_was_is_verified() {
    let round = |_: &AtomicUsize, lock: &Mutex<()>| {
        drop(lock.lock());
        false
    };
    Checker::exhaustive().check(polls(round)).expect_verified();
}
