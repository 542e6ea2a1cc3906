//! Operations that commute with each other may disable another one together. Its reversal is then a race
//! with several events at once.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::collections::BTreeSet;

use raddle::cell::UnsafeCell;
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Barrier, Event, RwLock, mpsc};
use raddle::{Checker, FailureKind, Report, thread};

type Outcomes = BTreeSet<Vec<usize>>;

/// The outcomes that an engine sees, and its report.
fn explore(checker: Checker, model: fn() -> Vec<usize>) -> (Outcomes, Report) {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Outcomes::new()));
    let into = std::sync::Arc::clone(&seen);
    let report = checker.stop_on_failure(false).count_traces(true).check(move || {
        let outcome = model();
        into.lock().unwrap().insert(outcome);
    });
    let outcomes = std::mem::take(&mut *seen.lock().unwrap());
    (outcomes, report)
}

/// The exhaustive engine sees what the search without reduction sees, in one execution per trace.
fn agrees_with_dfs(model: fn() -> Vec<usize>) -> (Outcomes, Report) {
    let (all, dfs) = explore(Checker::dfs(), model);
    let (outcomes, report) = explore(Checker::exhaustive(), model);
    assert_eq!(outcomes, all);
    let kinds = |report: &Report| report.failures.iter().map(|f| f.kind()).collect::<BTreeSet<_>>();
    assert_eq!(kinds(&report), kinds(&dfs));
    assert_eq!(Some(report.stats.executions), dfs.stats.traces, "an execution per trace");
    assert_eq!(report.stats.traces, dfs.stats.traces);
    assert_eq!(report.stats.redundant, 0);
    (outcomes, report)
}

#[test]
fn a_writer_behind_two_readers_that_wait_for_each_other_may_come_first() {
    fn model() -> Vec<usize> {
        let lock = Arc::new(RwLock::new(0));
        let (tx, rx) = mpsc::channel();
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || *theirs.write().unwrap() = 1);
        let theirs = Arc::clone(&lock);
        let reader = thread::spawn(move || {
            let _held = theirs.read().unwrap();
            rx.recv().unwrap();
        });
        let held = lock.read().unwrap();
        tx.send(()).unwrap();
        reader.join().unwrap();
        let seen = *held;
        drop(held);
        writer.join().unwrap();
        vec![seen]
    }
    let (outcomes, _) = agrees_with_dfs(model);
    assert!(outcomes.contains(&vec![0]) && outcomes.contains(&vec![1]), "{outcomes:?}");
}

#[test]
fn a_data_race_behind_two_readers_is_found() {
    struct Shared(UnsafeCell<usize>);
    // SAFETY: the race detector checks the accesses.
    unsafe impl Sync for Shared {}
    // A reader that waits for another can also deadlock behind the writer.
    let report = Checker::exhaustive().stop_on_failure(false).check(|| {
        let lock = Arc::new((RwLock::new(()), Shared(UnsafeCell::new(0)), AtomicUsize::new(0)));
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || {
            let _held = theirs.0.write().unwrap();
            theirs.2.store(1, SeqCst);
        });
        let (tx, rx) = mpsc::channel();
        let theirs = Arc::clone(&lock);
        let reader = thread::spawn(move || {
            let _held = theirs.0.read().unwrap();
            if theirs.2.load(SeqCst) == 1 {
                // SAFETY: a race, which is what this test is about.
                theirs.1.0.with_mut(|value| unsafe { *value = 1 });
            }
            rx.recv().unwrap();
        });
        let held = lock.0.read().unwrap();
        if lock.2.load(SeqCst) == 1 {
            // SAFETY: as above.
            lock.1.0.with_mut(|value| unsafe { *value = 2 });
        }
        tx.send(()).unwrap();
        reader.join().unwrap();
        drop(held);
        writer.join().unwrap();
    });
    assert!(report.failures.iter().any(|failure| failure.kind() == FailureKind::DataRace), "{report}");
}

#[test]
fn a_deadlock_behind_two_readers_is_found() {
    let report = Checker::exhaustive().check(|| {
        let lock = Arc::new((RwLock::new(0), Barrier::new(2)));
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || *theirs.0.write().unwrap() = 1);
        let theirs = Arc::clone(&lock);
        let reader = thread::spawn(move || {
            let held = theirs.0.read().unwrap();
            theirs.1.wait();
            *held
        });
        let held = lock.0.read().unwrap();
        lock.1.wait();
        if reader.join().unwrap() == 1 {
            lock.1.wait();
        }
        drop(held);
        writer.join().unwrap();
    });
    report.expect_failure(FailureKind::Deadlock);
}

#[test]
fn two_clears_that_keep_a_waiter_waiting_may_come_after_it() {
    fn model() -> Vec<usize> {
        let event = Arc::new((Event::new(), AtomicUsize::new(0)));
        event.0.set();
        let theirs = Arc::clone(&event);
        // Detached, because it may wait for ever.
        let waits = thread::spawn(move || {
            theirs.0.wait();
            theirs.1.store(1, SeqCst);
        });
        let theirs = Arc::clone(&event);
        let clears = thread::spawn(move || theirs.0.clear());
        event.0.clear();
        clears.join().unwrap();
        let seen = event.1.load(SeqCst);
        event.0.set();
        waits.join().unwrap();
        vec![seen]
    }
    let (outcomes, _) = agrees_with_dfs(model);
    assert_eq!(outcomes, [vec![0], vec![1]].into());
}

#[test]
fn a_waiter_that_two_clears_shut_out_for_ever_may_have_passed_before() {
    fn model() -> Vec<usize> {
        let event = Arc::new(Event::new());
        event.set();
        let theirs = Arc::clone(&event);
        let waits = thread::spawn(move || theirs.wait());
        let theirs = Arc::clone(&event);
        let clears = thread::spawn(move || theirs.clear());
        event.clear();
        clears.join().unwrap();
        waits.join().unwrap();
        vec![1]
    }
    let (outcomes, report) = agrees_with_dfs(model);
    assert_eq!(outcomes, [vec![1]].into());
    report.expect_failure(FailureKind::Deadlock);
}

#[test]
fn readers_in_two_groups_that_wait_for_each_other_leave_a_writer_every_gap() {
    fn model() -> Vec<usize> {
        let lock = Arc::new((RwLock::new(0), Barrier::new(2)));
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || *theirs.0.write().unwrap() += 1);
        let read_together = |lock: &(RwLock<usize>, Barrier)| {
            let mut seen = vec![*lock.0.read().unwrap()];
            let held = lock.0.read().unwrap();
            seen.push(*held);
            lock.1.wait();
            seen
        };
        let theirs = Arc::clone(&lock);
        let reader = thread::spawn(move || read_together(&theirs));
        let mut seen = read_together(&lock);
        seen.extend(reader.join().unwrap());
        writer.join().unwrap();
        seen
    }
    let (outcomes, _) = agrees_with_dfs(model);
    assert!(outcomes.len() >= 5, "{outcomes:?}");
}
