//! Less obvious behaviour that the platform allows is explored: a waiting writer that blocks readers of a
//! reader-writer lock, and a clock that never goes backwards.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Mutex as StdMutex;
use std::time::Duration;

use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Barrier, Condvar, Mutex, RwLock, RwLockWriteGuard, mpsc};
use raddle::time::Instant;
use raddle::{Checker, FailureKind, Report, Verdict, parking_lot, thread};

/// What both engines found of a model.
#[derive(Debug, PartialEq, Eq)]
struct Found<T> {
    outcomes: BTreeSet<T>,
    failures: BTreeSet<FailureKind>,
}

fn explore<T: Ord + Send + 'static>(
    checker: Checker,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> (Report, Found<T>) {
    let outcomes = std::sync::Arc::new(StdMutex::new(BTreeSet::new()));
    let noted = std::sync::Arc::clone(&outcomes);
    let report = checker.stop_on_failure(false).count_traces(true).check(move || {
        let outcome = model();
        noted.lock().unwrap().insert(outcome);
    });
    assert!(!matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
    let failures = report.failures.iter().map(|failure| failure.kind()).collect();
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
    (report, Found { outcomes, failures })
}

/// Checks that the exhaustive engine finds what dfs finds, in one execution per trace; returns
/// what they find.
#[track_caller]
fn agree<T: Ord + Debug + Send + 'static>(model: impl Fn() -> T + Send + Sync + Clone + 'static) -> Found<T> {
    agree_with(|checker| checker, model)
}

#[track_caller]
fn agree_with<T: Ord + Debug + Send + 'static>(
    set: fn(Checker) -> Checker,
    model: impl Fn() -> T + Send + Sync + Clone + 'static,
) -> Found<T> {
    let (dfs, every) = explore(set(Checker::dfs()), model.clone());
    let (exhaustive, found) = explore(set(Checker::exhaustive()), model);
    assert_eq!(found, every, "outcomes and failures");
    assert_eq!(exhaustive.stats.redundant, 0, "redundant");
    assert_eq!(exhaustive.stats.traces, Some(exhaustive.stats.executions), "an execution per trace");
    assert_eq!(Some(exhaustive.stats.executions), dfs.stats.traces, "traces");
    found
}

// ---- reader-writer locks ----

/// Refuted by both engines; the counterexample as text.
#[track_caller]
fn deadlocks(model: fn()) -> String {
    Checker::dfs().check(model).expect_failure(FailureKind::Deadlock);
    Checker::exhaustive().check(model).expect_failure(FailureKind::Deadlock).to_string()
}

fn recursive_read() {
    let lock = Arc::new(RwLock::new(0));
    let other = Arc::clone(&lock);
    let writer = thread::spawn(move || *other.write().unwrap() += 1);
    let outer = lock.read().unwrap();
    let inner = lock.read().unwrap();
    assert_eq!(*outer, *inner);
    drop((outer, inner));
    writer.join().unwrap();
}

#[test]
fn a_recursive_read_behind_a_waiting_writer_can_deadlock() {
    let told = deadlocks(recursive_read);
    assert!(told.contains("behind"), "{told}");
}

fn recursive_read_of_parking_lot() {
    let lock = Arc::new(parking_lot::RwLock::new(0));
    let other = Arc::clone(&lock);
    let writer = thread::spawn(move || *other.write() += 1);
    let outer = lock.read();
    let inner = lock.read();
    assert_eq!(*outer, *inner);
    drop((outer, inner));
    writer.join().unwrap();
}

#[test]
fn a_recursive_read_of_parking_lot_behind_a_waiting_writer_deadlocks() {
    let told = deadlocks(recursive_read_of_parking_lot);
    assert!(told.contains("behind"), "{told}");
}

#[test]
fn a_read_that_says_that_it_is_recursive_passes_a_waiting_writer() {
    let found = agree(|| {
        let lock = Arc::new(parking_lot::RwLock::new(0));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || *other.write() += 1);
        let outer = lock.read();
        let inner = lock.read_recursive();
        assert_eq!(*outer, *inner);
        let tried = (lock.try_read().is_some(), lock.try_read_recursive().is_some());
        drop((outer, inner));
        writer.join().unwrap();
        tried
    });
    assert_eq!(found.failures, BTreeSet::new());
    assert_eq!(found.outcomes, [(false, true), (true, true)].into());
}

fn handed_over_read() {
    let lock = Arc::new(RwLock::new(0));
    let (one, two) = (Arc::clone(&lock), Arc::clone(&lock));
    let (sender, receiver) = mpsc::channel();
    let writer = thread::spawn(move || *one.write().unwrap() += 1);
    let reader = thread::spawn(move || sender.send(*two.read().unwrap()).unwrap());
    let seen = lock.read().unwrap();
    let told = receiver.recv().unwrap();
    assert!(told <= *seen);
    drop(seen);
    writer.join().unwrap();
    reader.join().unwrap();
}

#[test]
fn a_reader_that_waits_for_another_reader_can_deadlock_behind_a_waiting_writer() {
    let told = deadlocks(handed_over_read);
    assert!(told.contains("behind"), "{told}");
}

#[test]
fn a_read_handed_over_under_parking_lot_deadlocks_and_a_recursive_one_does_not() {
    fn model(again: bool) {
        let lock = Arc::new(parking_lot::RwLock::new(0));
        let (one, two) = (Arc::clone(&lock), Arc::clone(&lock));
        let (sender, receiver) = mpsc::channel();
        let writer = thread::spawn(move || *one.write() += 1);
        let reader = thread::spawn(move || {
            let seen = if again { two.read_recursive() } else { two.read() };
            sender.send(*seen).unwrap();
        });
        let _seen = lock.read();
        receiver.recv().unwrap();
        drop(_seen);
        writer.join().unwrap();
        reader.join().unwrap();
    }
    deadlocks(|| model(false));
    Checker::exhaustive().check(|| model(true)).expect_verified();
}

#[test]
fn readers_that_do_not_wait_for_each_other_never_deadlock() {
    fn model() {
        let lock = Arc::new(RwLock::new(0));
        let others: Vec<_> = (0..2)
            .map(|n| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || if n == 0 { *lock.write().unwrap() += 1 } else { drop(lock.read()) })
            })
            .collect();
        assert!(*lock.read().unwrap() <= 1);
        others.into_iter().for_each(|other| other.join().unwrap());
    }
    Checker::exhaustive().check(model).expect_verified();
    Checker::native(50).check(model).expect_no_failure();
}

#[test]
fn a_writer_of_parking_lot_that_waits_for_a_reader_has_locked_exclusively() {
    let found = agree(|| {
        let lock = Arc::new(parking_lot::RwLock::new(()));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || drop(other.write()));
        let reader = lock.read();
        let locked = lock.is_locked_exclusive();
        drop(reader);
        writer.join().unwrap();
        locked
    });
    assert_eq!(found.outcomes, [false, true].into());
}

#[test]
fn two_attempts_behind_one_writer_can_both_fail() {
    // Each fails alone in an execution in which the other succeeds; both fail only if each one's
    // choice is to fail.
    let found = agree(|| {
        let lock = Arc::new(RwLock::new(()));
        let (one, two) = (Arc::clone(&lock), Arc::clone(&lock));
        let writer = thread::spawn(move || drop(one.write().unwrap()));
        let reader = thread::spawn(move || two.try_read().is_ok());
        let outer = lock.read().unwrap();
        let again = lock.try_read().is_ok();
        drop(outer);
        writer.join().unwrap();
        (again, reader.join().unwrap())
    });
    let both = [false, true];
    assert_eq!(found.outcomes, both.iter().flat_map(|&a| both.map(|b| (a, b))).collect());
}

#[test]
fn an_attempt_to_read_can_fail_while_a_writer_waits() {
    let found = agree(|| {
        let lock = Arc::new(RwLock::new(0));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || *other.write().unwrap() += 1);
        let outer = lock.read().unwrap();
        let again = [lock.try_read().is_ok(), lock.try_read().is_ok()];
        drop(outer);
        writer.join().unwrap();
        again
    });
    assert_eq!(found.failures, BTreeSet::new());
    let both = [false, true];
    assert_eq!(found.outcomes, both.iter().flat_map(|&a| both.map(|b| [a, b])).collect());
}

#[test]
fn an_attempt_to_read_can_fail_on_the_lock_of_the_reader_that_was_a_writer() {
    let found = agree(|| {
        let lock = Arc::new(RwLock::new(0));
        let other = Arc::clone(&lock);
        let writer = lock.write().unwrap();
        let second = thread::spawn(move || *other.write().unwrap() += 1);
        let reader = RwLockWriteGuard::downgrade(writer);
        let again = lock.try_read().is_ok();
        drop(reader);
        second.join().unwrap();
        again
    });
    assert_eq!(found.outcomes, [false, true].into());
}

/// One step of a thread in the programs below.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Reads, and reads again inside.
    Read,
    ReadTwice,
    Write,
    TryRead,
    TryWrite,
    Downgrade,
    Upgrade,
}
use Act::{Downgrade, Read, ReadTwice, TryRead, TryWrite, Upgrade, Write};

fn act(lock: &RwLock<u32>, act: Act) -> u32 {
    match act {
        Read => *lock.read().unwrap(),
        ReadTwice => {
            let outer = lock.read().unwrap();
            *outer * 10 + *lock.read().unwrap()
        }
        Write | Upgrade => {
            let mut writer = lock.write().unwrap();
            *writer += 1;
            *writer
        }
        TryRead => lock.try_read().map_or(90, |n| *n),
        TryWrite => lock.try_write().map_or(90, |mut n| {
            *n += 1;
            *n
        }),
        Downgrade => {
            let mut writer = lock.write().unwrap();
            *writer += 1;
            let reader = RwLockWriteGuard::downgrade(writer);
            *reader * 10 + lock.try_read().map_or(9, |n| *n)
        }
    }
}

fn act_under_parking_lot(lock: &parking_lot::RwLock<u32>, act: Act) -> u32 {
    match act {
        Read => *lock.read(),
        ReadTwice => {
            let outer = lock.read();
            *outer * 10 + *lock.read_recursive()
        }
        Write => {
            let mut writer = lock.write();
            *writer += 1;
            *writer
        }
        TryRead => lock.try_read().map_or(90, |n| *n),
        TryWrite => lock.try_write().map_or(90, |mut n| {
            *n += 1;
            *n
        }),
        Downgrade => {
            let mut writer = lock.write();
            *writer += 1;
            let reader = parking_lot::RwLockWriteGuard::downgrade(writer);
            *reader * 10 + lock.try_read().map_or(9, |n| *n)
        }
        Upgrade => {
            let reader = lock.upgradable_read();
            let before = *reader;
            let mut writer = parking_lot::RwLockUpgradableReadGuard::upgrade(reader);
            *writer = before + 1;
            *writer
        }
    }
}

/// Threads that each take a few steps; the last is main. Returns what each saw.
macro_rules! program {
    ($lock:path, $act:path, $threads:expr) => {{
        let threads: &'static [&'static [Act]] = $threads;
        move || {
            let lock = Arc::new(<$lock>::new(0));
            let (main, others) = threads.split_last().unwrap();
            let others: Vec<_> = others
                .iter()
                .map(|acts| {
                    let lock = Arc::clone(&lock);
                    thread::spawn(move || acts.iter().map(|&act| $act(&lock, act)).collect::<Vec<_>>())
                })
                .collect();
            let mut seen = vec![main.iter().map(|&act| $act(&lock, act)).collect::<Vec<_>>()];
            seen.extend(others.into_iter().map(|other| other.join().unwrap()));
            seen
        }
    }};
}

const PROGRAMS: &[&[&[Act]]] = &[
    &[&[Write], &[Read]],
    &[&[Write], &[Read], &[Read]],
    &[&[Write], &[Read, Read]],
    &[&[Write, Write], &[Read]],
    &[&[Write], &[Write], &[Read]],
    &[&[Write], &[ReadTwice]],
    &[&[Write], &[ReadTwice], &[Read]],
    &[&[Write], &[Read], &[TryRead]],
    &[&[Write], &[Read], &[TryWrite]],
    &[&[Write], &[Read, TryRead], &[TryRead]],
    &[&[Write], &[TryWrite], &[TryRead]],
    &[&[Downgrade], &[Write]],
    &[&[Downgrade], &[Write], &[Read]],
    &[&[Downgrade], &[Downgrade], &[TryRead]],
    &[&[Write], &[ReadTwice], &[TryWrite]],
    &[&[Upgrade], &[Write], &[Read]],
    &[&[Upgrade], &[Upgrade], &[Read]],
    &[&[Upgrade], &[ReadTwice], &[TryRead]],
];

#[test]
fn programs_of_readers_and_writers_have_an_execution_for_each_trace() {
    for &threads in PROGRAMS {
        agree(program!(RwLock<u32>, act, threads));
    }
}

#[test]
fn programs_of_parking_lots_readers_and_writers_have_an_execution_for_each_trace() {
    for &threads in PROGRAMS {
        agree(program!(parking_lot::RwLock<u32>, act_under_parking_lot, threads));
    }
}

/// The exhaustive engine's executions of these numbers of readers and writers, each of which enters once.
fn executions(readers: usize, writers: usize, std: bool) -> u64 {
    let report = Checker::exhaustive().check(move || {
        let lock = Arc::new((RwLock::new(0), parking_lot::RwLock::new(0)));
        let all: Vec<_> = (0..readers + writers)
            .map(|n| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || match (std, n < writers) {
                    (true, true) => *lock.0.write().unwrap() += 1,
                    (true, false) => drop(lock.0.read()),
                    (false, true) => *lock.1.write() += 1,
                    (false, false) => drop(lock.1.read()),
                })
            })
            .collect();
        all.into_iter().for_each(|one| one.join().unwrap());
    });
    report.expect_verified();
    assert_eq!(report.stats.redundant, 0);
    report.stats.executions
}

#[test]
fn a_lock_without_both_readers_and_writers_costs_what_a_mutex_does() {
    for std in [false, true] {
        assert_eq!((executions(0, 3, std), executions(4, 0, std)), (6, 1), "std: {std}");
    }
}

// ---- time ----

const HOUR: Duration = Duration::from_secs(3600);

/// A thread sleeps, reads its clock and passes the value on; the receiver's clock is not behind
/// it. Waits do not end spuriously.
#[track_caller]
fn monotone(model: impl Fn() + Send + Sync + Clone + 'static) {
    let found = agree_with(|checker| checker.spurious_wakeups(0).timeouts(0), model);
    assert_eq!(found.failures, BTreeSet::new());
}

/// The moment that was passed on; the running thread's clock must not be before it.
#[track_caller]
fn not_ahead(moment: Option<Instant>) -> bool {
    assert!(moment.is_none_or(|moment| Instant::now() >= moment), "time went backwards");
    moment.is_some()
}

#[test]
fn time_does_not_go_backwards_across_a_mutex() {
    monotone(|| {
        let shared = Arc::new(Mutex::new(None));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            thread::sleep(HOUR);
            *other.lock().unwrap() = Some(Instant::now());
        });
        not_ahead(*shared.lock().unwrap());
        child.join().unwrap();
        assert!(not_ahead(*shared.lock().unwrap()));
    });
}

#[test]
fn time_does_not_go_backwards_across_a_channel() {
    monotone(|| {
        let (sender, receiver) = mpsc::channel();
        let child = thread::spawn(move || {
            thread::sleep(HOUR);
            sender.send(Instant::now()).unwrap();
        });
        not_ahead(receiver.try_recv().ok());
        not_ahead(receiver.recv().ok());
        drop(receiver);
        child.join().unwrap();
    });
    monotone(|| {
        let (sender, receiver) = mpsc::sync_channel(0);
        let child = thread::spawn(move || {
            thread::sleep(HOUR);
            sender.send(Instant::now()).unwrap();
            // The receiver had slept for longer.
            Instant::now()
        });
        thread::sleep(2 * HOUR);
        let before = Instant::now();
        not_ahead(receiver.recv().ok());
        assert!(child.join().unwrap() >= before);
    });
}

#[test]
fn time_does_not_go_backwards_across_an_atomic() {
    monotone(|| {
        let shared = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            thread::sleep(HOUR);
            let now = Instant::now();
            other.store(true, SeqCst);
            now
        });
        let seen = shared.load(SeqCst);
        let mine = Instant::now();
        let theirs = child.join().unwrap();
        assert!(!seen || mine >= theirs);
    });
}

#[test]
fn time_does_not_go_backwards_across_a_read_that_a_write_follows() {
    monotone(|| {
        let shared = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            thread::sleep(HOUR);
            let now = Instant::now();
            (other.load(SeqCst) == 0, now)
        });
        shared.store(1, SeqCst);
        let mine = Instant::now();
        let (before, theirs) = child.join().unwrap();
        assert!(!before || mine >= theirs);
    });
}

#[test]
fn time_does_not_go_backwards_across_a_notification() {
    monotone(|| {
        let shared = Arc::new((Mutex::new(()), Condvar::new()));
        let other = Arc::clone(&shared);
        let guard = shared.0.lock().unwrap();
        let child = thread::spawn(move || {
            drop(other.0.lock().unwrap());
            thread::sleep(HOUR);
            let now = Instant::now();
            other.1.notify_all();
            thread::sleep(HOUR);
            now
        });
        drop(shared.1.wait(guard).unwrap());
        let mine = Instant::now();
        assert!(mine >= child.join().unwrap());
    });
    monotone(|| {
        let shared = Arc::new((parking_lot::Mutex::new(()), parking_lot::Condvar::new()));
        let other = Arc::clone(&shared);
        let mut guard = shared.0.lock();
        let child = thread::spawn(move || {
            drop(other.0.lock());
            thread::sleep(HOUR);
            let now = Instant::now();
            other.1.notify_one();
            now
        });
        shared.1.wait(&mut guard);
        let mine = Instant::now();
        assert!(mine >= child.join().unwrap());
    });
}

#[test]
fn time_does_not_go_backwards_across_unpark_and_join() {
    monotone(|| {
        let main = thread::current();
        let child = thread::spawn(move || {
            thread::sleep(HOUR);
            let now = Instant::now();
            main.unpark();
            thread::sleep(HOUR);
            (now, Instant::now())
        });
        thread::park();
        let mine = Instant::now();
        let (unparked, end) = child.join().unwrap();
        assert!(mine >= unparked && Instant::now() >= end);
    });
}

#[test]
fn time_does_not_go_backwards_across_a_barrier() {
    monotone(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = Arc::clone(&barrier);
        let child = thread::spawn(move || {
            thread::sleep(HOUR);
            let before = Instant::now();
            other.wait();
            (before, Instant::now())
        });
        let before = Instant::now();
        barrier.wait();
        let after = Instant::now();
        let theirs = child.join().unwrap();
        assert!(theirs.1 >= before && after >= theirs.0);
    });
}

/// Hours since the model began.
fn hours(begun: Instant) -> u64 {
    begun.elapsed().as_secs() / 3600
}

#[test]
fn clocks_do_not_depend_on_the_order_of_steps_that_commute() {
    // Two readers, one of which slept: whichever enters first, the other's clock is not affected.
    let found = agree(|| {
        let begun = Instant::now();
        let lock = Arc::new(RwLock::new(()));
        let readers = [1, 2].map(|n| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                thread::sleep(n * HOUR);
                let inside = lock.read().unwrap();
                let now = hours(begun);
                drop(inside);
                (now, hours(begun))
            })
        });
        let seen = readers.map(|reader| reader.join().unwrap());
        drop(lock.write().unwrap());
        (seen, hours(begun))
    });
    assert_eq!(found.outcomes, [([(1, 1), (2, 2)], 2)].into());
    // With a writer between them it is.
    let found = agree(|| {
        let begun = Instant::now();
        let lock = Arc::new(RwLock::new(()));
        let (one, two) = (Arc::clone(&lock), Arc::clone(&lock));
        let reader = thread::spawn(move || {
            thread::sleep(HOUR);
            drop(one.read().unwrap());
            hours(begun)
        });
        let writer = thread::spawn(move || {
            drop(two.write().unwrap());
            hours(begun)
        });
        drop(lock.read().unwrap());
        let mine = hours(begun);
        (mine, writer.join().unwrap(), reader.join().unwrap())
    });
    assert_eq!(found.outcomes, [(0, 0, 1), (0, 1, 1), (1, 1, 1)].into());
    // Two loads, two adds, and two sends commute exactly as declared.
    agree(|| {
        let begun = Instant::now();
        let word = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = mpsc::channel();
        let children = [1, 2].map(|n| {
            let (word, sender) = (Arc::clone(&word), sender.clone());
            thread::spawn(move || {
                thread::sleep(n * HOUR);
                let seen = word.fetch_add(1, SeqCst);
                sender.send(n).unwrap();
                (seen, hours(begun))
            })
        });
        let seen = (word.load(SeqCst), receiver.recv().unwrap(), hours(begun));
        (seen, children.map(|child| child.join().unwrap()))
    });
}
