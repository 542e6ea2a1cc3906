//! The limits of a model's size: a model that exceeds one makes the check inconclusive, with one
//! line that names the limit, and is never refuted for it.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/programs.rs"]
mod programs;

use std::collections::BTreeSet;
use std::sync::Mutex as Std;

use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Condvar, Mutex, mpsc};
use raddle::{Checker, FailureKind, Reason, Report, Verdict, cell, choose, thread};

/// The reason for which the check is inconclusive.
#[track_caller]
fn limit(report: &Report) -> &str {
    match &report.verdict {
        Verdict::Inconclusive(Reason::EngineLimit { why }) => why,
        _ => panic!("{report}"),
    }
}

fn no_budgets(checker: Checker) -> Checker {
    checker.spurious_wakeups(0).weak_failures(0).timeouts(0).fruitless_yields(0)
}

fn join_all(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Assigns the numbers below 64 to threads that have ended, so that the model's numbers are on
/// both sides of 64.
fn use_up_names(n: usize) {
    (0..n).for_each(|_| thread::spawn(|| ()).join().unwrap());
}

fn a_thousand_threads() {
    let gate = Arc::new(AtomicUsize::new(0));
    let spawn = |_| {
        let gate = Arc::clone(&gate);
        thread::spawn(move || {
            gate.load(SeqCst);
            AtomicUsize::new(0).fetch_add(1, SeqCst);
        })
    };
    join_all((0..1_000).map(spawn).collect());
}

#[test]
fn a_thousand_threads_at_once_have_one_trace() {
    let report = Checker::exhaustive().check(a_thousand_threads);
    report.expect_verified();
    assert_eq!((report.stats.executions, report.stats.steps), (1, 2_000));
}

#[test]
fn a_thousand_threads_can_be_sampled() {
    for checker in [Checker::random(2), Checker::pct(2, 3), Checker::urw(2)] {
        let report = checker.check(a_thousand_threads);
        report.expect_no_failure();
        assert_eq!((report.stats.executions, report.stats.steps), (2, 4_000));
    }
    let report = Checker::dfs().max_executions(2).check(a_thousand_threads);
    assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::MaxExecutions { bound: 2 })), "{report}");
}

#[test]
fn the_race_of_the_last_of_a_thousand_threads_is_found() {
    let report = Checker::exhaustive().check(|| {
        let cell = Arc::new(Shared(cell::UnsafeCell::new(0)));
        let threads: Vec<_> = (0..1_000)
            .map(|n| {
                let cell = Arc::clone(&cell);
                thread::spawn(move || {
                    if n == 500 || n == 999 {
                        cell.0.with_mut(|_| ());
                    }
                })
            })
            .collect();
        join_all(threads);
    });
    report.expect_failure(FailureKind::DataRace);
}

struct Shared(cell::UnsafeCell<u32>);

// SAFETY: every access goes through the race detector, and none reads the contents.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

#[test]
fn threads_that_only_some_executions_have_do_not_add_up_to_a_limit() {
    // Names for 60 children and 60 * 60 grandchildren, and 121 threads at most in one execution.
    let report = Checker::exhaustive().check(|| {
        let (parent, read) = (choose(60), Arc::new(AtomicUsize::new(0)));
        for n in 0..60 {
            let read = Arc::clone(&read);
            let reads = move |_| {
                let read = Arc::clone(&read);
                thread::spawn(move || assert_eq!(read.load(SeqCst), 0))
            };
            let nest = move || join_all((0..60).filter(|_| n == parent).map(reads).collect());
            thread::spawn(nest).join().unwrap();
        }
    });
    report.expect_verified();
    assert_eq!(report.stats.executions, 60);
}

#[test]
fn more_threads_than_there_is_room_for_are_inconclusive() {
    for checker in
        [Checker::exhaustive(), Checker::dfs(), Checker::random(1), Checker::exhaustive().workers(2)]
    {
        let report = checker.check(|| {
            let threads: Vec<_> = (0..4_096).map(|_| thread::spawn(|| ())).collect();
            join_all(threads);
        });
        let why = limit(&report);
        assert!(why.contains("room for 4096 threads in one execution"), "{why}");
        assert_eq!(report.stats.failures, 0);
    }
}

#[test]
fn traces_are_the_same_whatever_numbers_their_threads_have() {
    for before in [0, 58, 62, 64, 100, 126] {
        let stats = |model: fn()| {
            let model = move || {
                use_up_names(before);
                model();
            };
            let report = no_budgets(Checker::exhaustive()).stop_on_failure(false).check(model);
            assert!(!matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
            (report.stats.executions, report.stats.redundant, report.stats.failures)
        };
        assert_eq!(stats(|| programs::readers(5)), (32, 0, 0), "readers after {before} threads");
        assert_eq!(stats(|| programs::lockinc(4)), (24, 0, 0), "lockinc after {before} threads");
        assert_eq!(stats(|| programs::ring(3)), (7, 0, 1), "ring after {before} threads");
        assert_eq!(stats(|| programs::lost_wakeup(3)), (133, 0, 81), "lost wakeup after {before} threads");
    }
}

/// Waiters whose numbers are equal modulo 64 would share a slot.
#[test]
fn either_of_two_waiters_is_notified_though_their_numbers_are_alike() {
    let notified = |between: usize| {
        let seen = std::sync::Arc::new(Std::new(BTreeSet::new()));
        let into = std::sync::Arc::clone(&seen);
        let report = no_budgets(Checker::exhaustive()).check(move || {
            let shared = Arc::new((Mutex::new((0, None)), Condvar::new(), Condvar::new()));
            let waiter = |n| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let mut guard = shared.0.lock().unwrap();
                    guard.0 += 1;
                    shared.2.notify_one();
                    guard = shared.1.wait(guard).unwrap();
                    guard.1.get_or_insert(n);
                    shared.2.notify_one();
                })
            };
            let one = waiter(0);
            use_up_names(between);
            let other = waiter(1);
            let guard = shared.2.wait_while(shared.0.lock().unwrap(), |guard| guard.0 < 2).unwrap();
            shared.1.notify_one();
            let guard = shared.2.wait_while(guard, |guard| guard.1.is_none()).unwrap();
            into.lock().unwrap().insert(guard.1);
            shared.1.notify_all();
            drop(guard);
            one.join().unwrap();
            other.join().unwrap();
        });
        report.expect_verified();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        (seen, report.stats.executions)
    };
    let (seen, executions) = notified(63);
    assert_eq!(seen, BTreeSet::from([Some(0), Some(1)]));
    assert_eq!((seen, executions), notified(0));
}

/// This many threads wait for one condition variable, and are notified when all of them do.
fn waiters(n: usize) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        let shared = Arc::new((Mutex::new(0), Condvar::new(), Condvar::new()));
        let waiter = |_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut guard = shared.0.lock().unwrap();
                *guard += 1;
                shared.2.notify_one();
                drop(shared.1.wait_while(guard, |waiting| *waiting > 0).unwrap());
            })
        };
        let threads: Vec<_> = (0..n).map(waiter).collect();
        let mut guard = shared.2.wait_while(shared.0.lock().unwrap(), |waiting| *waiting < n).unwrap();
        *guard = 0;
        shared.1.notify_all();
        drop(guard);
        join_all(threads);
    }
}

#[test]
fn a_condition_variable_has_room_for_64_waiters() {
    no_budgets(Checker::random(3)).check(waiters(64)).expect_no_failure();
}

#[test]
fn more_waiters_than_there_is_room_for_are_inconclusive() {
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(1), Checker::pct(1, 1)] {
        let report = checker.check(waiters(65));
        let why = limit(&report);
        assert!(why.contains("room for 64 threads that ever wait for one condition variable"), "{why}");
    }
}

#[test]
fn a_limit_met_by_a_destructor_that_runs_while_a_thread_unwinds_is_inconclusive_too() {
    struct Spawns;
    impl Drop for Spawns {
        fn drop(&mut self) {
            choose(usize::MAX);
        }
    }
    let report = Checker::exhaustive().check(|| {
        let child = thread::spawn(|| {
            let _spawns = Spawns;
            panic!("on purpose");
        });
        assert!(child.join().is_err());
    });
    assert!(limit(&report).contains("alternatives"), "{report}");
}

#[test]
fn more_senders_of_a_channel_than_are_counted_are_inconclusive() {
    let report = Checker::random(1).max_steps(100_000).check(|| {
        let (sender, receiver) = mpsc::channel::<()>();
        let others: Vec<_> = (0..32_767).map(|_| sender.clone()).collect();
        drop((sender, others, receiver));
    });
    assert!(limit(&report).contains("room for 32767 senders"), "{report}");
}

#[test]
fn a_failure_before_a_limit_is_one_all_the_same() {
    let report = Checker::exhaustive().stop_on_failure(false).check(|| {
        let cell = Arc::new(Shared(cell::UnsafeCell::new(0)));
        let other = Arc::clone(&cell);
        let child = thread::spawn(move || other.0.with_mut(|_| ()));
        cell.0.with_mut(|_| ());
        child.join().unwrap();
        choose(usize::MAX);
    });
    report.expect_failure(FailureKind::DataRace);
}

#[test]
fn a_choice_among_very_many_is_inconclusive_and_says_what_to_do() {
    for n in [65_537, usize::MAX] {
        for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(3)] {
            let report = checker.check(move || _ = choose(n));
            let why = limit(&report);
            assert!(why.contains(&format!("choose({n})")) && why.contains("65536 alternatives"), "{why}");
            assert!(why.contains("tests/limits.rs") && why.lines().count() == 1, "{why}");
        }
    }
}

#[test]
fn a_choice_among_many_is_explored_in_time_that_grows_with_their_number() {
    let report = Checker::exhaustive().check(|| _ = choose(5_000));
    report.expect_verified();
    assert_eq!((report.stats.executions, report.stats.redundant), (5_000, 0));
}

#[test]
fn an_absurd_number_of_workers_is_taken_as_the_nearest_that_makes_sense() {
    for workers in [0, usize::MAX] {
        Checker::exhaustive().workers(workers).check(|| ()).expect_verified();
    }
}

/// The child that is spawned first in this execution need not be the one that was numbered first.
#[test]
fn a_token_names_the_waiter_that_was_notified() {
    let model = || {
        let shared = Arc::new((Mutex::new((0, None)), Condvar::new(), Condvar::new()));
        let gates = Arc::new([(); 2].map(Mutex::new));
        let parent = |n: usize| {
            let (shared, gates) = (Arc::clone(&shared), Arc::clone(&gates));
            thread::spawn(move || {
                drop(gates[n].lock().unwrap());
                thread::spawn(move || {
                    let mut guard = shared.0.lock().unwrap();
                    guard.0 += 1;
                    shared.2.notify_one();
                    guard = shared.1.wait(guard).unwrap();
                    guard.1.get_or_insert(n);
                    shared.2.notify_one();
                })
            })
        };
        let mut closed = [gates[0].lock().unwrap(), gates[1].lock().unwrap()].map(Some);
        let mut parents = [parent(0), parent(1)].map(Some);
        let first = choose(2);
        let children = [first, 1 - first].map(|n| {
            closed[n] = None;
            parents[n].take().unwrap().join().unwrap()
        });
        let guard = shared.2.wait_while(shared.0.lock().unwrap(), |guard| guard.0 < 2).unwrap();
        shared.1.notify_one();
        let guard = shared.2.wait_while(guard, |guard| guard.1.is_none()).unwrap();
        assert_ne!((first, guard.1), (1, Some(1)), "the child that was made first was notified");
        shared.1.notify_all();
        drop(guard);
        children.into_iter().for_each(|child| child.join().unwrap());
    };
    for checker in [Checker::exhaustive(), Checker::random(10_000)] {
        let report = no_budgets(checker).check(model);
        let token = report.expect_failure(FailureKind::Panic).token().to_owned();
        Checker::replay(&token).unwrap().check(model).expect_failure(FailureKind::Panic);
    }
}

/// Long sequences shared a tree as deep as they are long, which overflowed the checker's stack.
#[test]
fn long_threads_that_race_at_their_ends_do_not_overflow_the_checkers_stack() {
    for workers in [1, 2] {
        let report = Checker::exhaustive().workers(workers).check(|| {
            let last = Arc::new(AtomicUsize::new(0));
            let long = |last: Arc<AtomicUsize>| {
                move || {
                    let own = AtomicUsize::new(0);
                    (0..10_000).for_each(|i| own.store(i, SeqCst));
                    last.swap(1, SeqCst)
                }
            };
            let short = Arc::clone(&last);
            let threads = [thread::spawn(move || short.swap(1, SeqCst))];
            let threads = threads.into_iter().chain([0, 1].map(|_| thread::spawn(long(Arc::clone(&last)))));
            threads.collect::<Vec<_>>().into_iter().for_each(|thread| _ = thread.join().unwrap());
        });
        report.expect_verified();
        assert_eq!((report.stats.executions, report.stats.redundant), (6, 0));
    }
}
