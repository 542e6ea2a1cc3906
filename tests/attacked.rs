//! What programs of an adversary found: each test is named after the symptom that it had.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex as StdMutex;
use std::time::Duration;

use raddle::cell::UnsafeCell;
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Condvar, LazyLock, Mutex, Semaphore, mpsc};
use raddle::time::Instant;
use raddle::{Checker, FailureKind, Verdict, parking_lot, thread};

const SECOND: Duration = Duration::from_secs(1);

/// What an engine found of a model.
#[derive(Debug, PartialEq, Eq)]
struct Found<T> {
    outcomes: BTreeSet<T>,
    failures: BTreeSet<FailureKind>,
    traces: Option<u64>,
}

fn explore<T: Ord + Send + 'static>(checker: Checker, model: fn() -> T) -> (Found<T>, u64) {
    let outcomes = std::sync::Arc::new(StdMutex::new(BTreeSet::new()));
    let noted = std::sync::Arc::clone(&outcomes);
    let report = checker.stop_on_failure(false).count_traces(true).check(move || {
        let outcome = model();
        noted.lock().unwrap().insert(outcome);
    });
    assert!(!matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
    let failures = report.failures.iter().map(|failure| failure.kind()).collect();
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
    (Found { outcomes, failures, traces: report.stats.traces }, report.stats.executions)
}

/// The exhaustive engine finds what dfs finds, in an execution for each trace; what they find.
#[track_caller]
fn agree<T: Ord + Debug + Send + 'static>(model: fn() -> T) -> Found<T> {
    let (every, _) = explore(Checker::dfs(), model);
    let (found, executions) = explore(Checker::exhaustive(), model);
    assert_eq!(found, every);
    assert_eq!(found.traces, Some(executions), "an execution per trace");
    found
}

/// Both engines find these outcomes and no failure.
#[track_caller]
fn ends_with<T: Ord + Debug + Send + 'static>(model: fn() -> T, outcomes: impl IntoIterator<Item = T>) {
    let found = agree(model);
    assert_eq!(found.outcomes, outcomes.into_iter().collect());
    assert_eq!(found.failures, BTreeSet::new());
}

/// Both engines refute the model; what they say.
#[track_caller]
fn fails(kind: FailureKind, model: fn()) -> String {
    let [dfs, exhaustive] = [Checker::dfs(), Checker::exhaustive()]
        .map(|checker| checker.check(model).expect_failure(kind).message().to_owned());
    assert!(!dfs.is_empty());
    exhaustive
}

// ---- time ----

#[test]
fn a_park_with_a_timeout_may_return_before_it_is_over() {
    ends_with(
        || {
            let begun = Instant::now();
            thread::park_timeout(SECOND);
            begun.elapsed() < SECOND
        },
        [false, true],
    );
}

#[test]
fn a_wait_without_time_is_in_vain_more_than_once() {
    fn on_a_condition() -> usize {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || *other.0.lock().unwrap() = true);
        let (mut looks, mut ready) = (0, shared.0.lock().unwrap());
        while looks < 3 && !*ready {
            looks += 1;
            ready = shared.1.wait_timeout(ready, Duration::ZERO).unwrap().0;
        }
        drop(ready);
        child.join().unwrap();
        looks
    }
    fn on_a_token() -> usize {
        let ready = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&ready);
        let child = thread::spawn(move || other.store(1, SeqCst));
        let mut looks = 0;
        while looks < 3 && ready.load(SeqCst) == 0 {
            looks += 1;
            thread::park_timeout(Duration::ZERO);
        }
        child.join().unwrap();
        looks
    }
    ends_with(on_a_condition, 0..=3);
    ends_with(on_a_token, 0..=3);
}

#[test]
fn a_wait_for_longer_than_a_clock_can_tell_is_never_over() {
    ends_with(
        || {
            let (sender, receiver) = mpsc::channel();
            let child = thread::spawn(move || sender.send(7).unwrap());
            let received = receiver.recv_timeout(Duration::MAX);
            child.join().unwrap();
            received.is_ok()
        },
        [true],
    );
    let never: [fn(); 3] = [
        || {
            let pair = (Mutex::new(()), Condvar::new());
            while pair
                .1
                .wait_timeout(pair.0.lock().unwrap(), Duration::MAX)
                .is_ok_and(|(_, result)| !result.timed_out())
            {}
        },
        || (0..2).for_each(|_| thread::park_timeout(Duration::MAX)),
        || assert!(!Semaphore::new(0).acquire_timeout(Duration::MAX)),
    ];
    for model in never {
        fails(FailureKind::Deadlock, model);
    }
}

// ---- ends of threads ----

#[test]
fn a_thread_that_looked_finished_is_not_unfinished_afterwards() {
    fn asked_twice() -> (bool, bool) {
        let child = thread::spawn(|| ());
        let seen = (child.is_finished(), child.is_finished());
        child.join().unwrap();
        seen
    }
    ends_with(asked_twice, [(false, false), (false, true), (true, true)]);
}

#[test]
fn a_thread_that_looked_finished_to_one_looks_so_to_whoever_learns_of_it() {
    fn by_a_message() -> (bool, bool) {
        let child = Arc::new(thread::spawn(|| ()));
        let (sender, receiver) = mpsc::channel();
        let other = Arc::clone(&child);
        let asks = thread::spawn(move || sender.send(other.is_finished()).unwrap());
        let seen = (receiver.recv().unwrap(), child.is_finished());
        asks.join().unwrap();
        seen
    }
    fn by_a_notification() -> (bool, bool) {
        let child = Arc::new(thread::spawn(|| ()));
        let shared = Arc::new((Mutex::new(None), Condvar::new()));
        let (other, theirs) = (Arc::clone(&child), Arc::clone(&shared));
        let asks = thread::spawn(move || {
            let seen = other.is_finished();
            *theirs.0.lock().unwrap() = Some(seen);
            theirs.1.notify_one();
        });
        let first = shared.1.wait_while(shared.0.lock().unwrap(), |seen| seen.is_none()).unwrap().unwrap();
        let seen = (first, child.is_finished());
        asks.join().unwrap();
        seen
    }
    fn by_its_end() -> (bool, bool) {
        let child = Arc::new(thread::spawn(|| ()));
        let other = Arc::clone(&child);
        let first = thread::spawn(move || other.is_finished()).join().unwrap();
        (first, child.is_finished())
    }
    for model in [by_a_message, by_a_notification, by_its_end] {
        ends_with(model, [(false, false), (false, true), (true, true)]);
    }
}

#[test]
fn what_one_thread_saw_of_an_end_another_need_not_see() {
    fn model() -> (bool, bool) {
        let child = Arc::new(thread::spawn(|| ()));
        let other = Arc::clone(&child);
        let asks = thread::spawn(move || other.is_finished());
        let mine = child.is_finished();
        (mine, asks.join().unwrap())
    }
    ends_with(model, [(false, false), (false, true), (true, false), (true, true)]);
}

struct Tells(Arc<AtomicUsize>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.store(1, SeqCst);
    }
}

raddle::thread_local! {
    static LOCAL: RefCell<Option<Tells>> = const { RefCell::new(None) };
}

/// Leaves a thread-local behind, whose destructor says that it has run.
fn leaves(dropped: &Arc<AtomicUsize>) -> impl FnOnce() + Send + use<> {
    let dropped = Arc::clone(dropped);
    move || LOCAL.set(Some(Tells(dropped)))
}

#[test]
fn a_thread_looks_finished_before_its_thread_locals_are_dropped() {
    fn model() -> (bool, usize) {
        let dropped = Arc::new(AtomicUsize::new(0));
        let child = thread::spawn(leaves(&dropped));
        let seen = (child.is_finished(), dropped.load(SeqCst));
        child.join().unwrap();
        assert_eq!(dropped.load(SeqCst), 1, "join waits for them");
        seen
    }
    ends_with(model, [(false, 0), (false, 1), (true, 0), (true, 1)]);
}

#[test]
fn a_scope_ends_before_the_thread_locals_of_its_threads_are_dropped() {
    fn left_to_the_scope() -> usize {
        let dropped = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| _ = scope.spawn(leaves(&dropped)));
        dropped.load(SeqCst)
    }
    fn joined() -> usize {
        let dropped = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| scope.spawn(leaves(&dropped)).join().unwrap());
        dropped.load(SeqCst)
    }
    ends_with(left_to_the_scope, [0, 1]);
    ends_with(joined, [1]);
}

#[test]
fn a_data_race_with_the_destructor_of_a_thread_local_is_found_behind_a_scope() {
    struct Shared(UnsafeCell<usize>);
    // SAFETY: whether its accesses are ordered is what the model is about.
    unsafe impl Sync for Shared {}
    struct Writes(Arc<Shared>);
    impl Drop for Writes {
        fn drop(&mut self) {
            self.0.0.with_mut(|n| unsafe { *n = 1 });
        }
    }
    raddle::thread_local! { static WRITES: RefCell<Option<Writes>> = const { RefCell::new(None) }; }
    fn read_after(joins: bool) {
        let shared = Arc::new(Shared(UnsafeCell::new(0)));
        let theirs = Writes(Arc::clone(&shared));
        thread::scope(|scope| {
            let child = scope.spawn(move || WRITES.set(Some(theirs)));
            if joins {
                child.join().unwrap();
            }
        });
        shared.0.with(|n| unsafe { *n });
    }
    fails(FailureKind::DataRace, || read_after(false));
    Checker::exhaustive().check(|| read_after(true)).expect_verified();
    let report = Checker::exhaustive().check(|| {
        let (one, other) = (Arc::new(Shared(UnsafeCell::new(0))), Shared(UnsafeCell::new(0)));
        let (theirs, borrowed) = (Writes(Arc::clone(&one)), &other);
        thread::scope(|scope| {
            scope.spawn(move || {
                WRITES.set(Some(theirs));
                borrowed.0.with_mut(|n| unsafe { *n = 1 });
            });
        });
        assert_eq!(
            other.0.with(|n| unsafe { *n }),
            1,
            "what the function did is ordered before the scope's end"
        );
    });
    report.expect_verified();
}

/// A handle that one thread of a scope passes to an older one, while the scope waits for the newest first.
fn with_a_handle(
    older: impl FnOnce(thread::ScopedJoinHandle<'_, usize>, &AtomicUsize) -> usize + Send,
    panics: bool,
) -> usize {
    let (done, seen) = (AtomicUsize::new(0), AtomicUsize::new(9));
    let ended = catch_unwind(AssertUnwindSafe(|| {
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            let (done, seen) = (&done, &seen);
            scope.spawn(move || seen.store(older(receiver.recv().unwrap(), done), SeqCst));
            let handle = scope.spawn(move || {
                assert!(!panics);
                done.store(1, SeqCst);
                7
            });
            sender.send(handle).unwrap();
        });
    }));
    assert!(ended.is_ok(), "the panic was asked for");
    seen.load(SeqCst)
}

#[test]
fn a_scoped_thread_can_be_joined_while_its_scope_waits_for_it() {
    ends_with(|| with_a_handle(|handle, done| handle.join().unwrap() + done.load(SeqCst), false), [8]);
    ends_with(|| with_a_handle(|handle, _| usize::from(handle.join().is_err()), true), [1]);
}

#[test]
fn a_scoped_thread_does_not_look_finished_because_its_scope_waits_for_it() {
    let asks =
        || with_a_handle(|handle, done| usize::from(handle.is_finished()) * 2 + done.load(SeqCst), false);
    ends_with(asks, [0, 1, 3]);
}

#[test]
fn two_threads_that_ask_for_the_end_of_a_third_share_something() {
    let report = Checker::exhaustive().check(|| {
        let child = Arc::new(thread::spawn(|| ()));
        let other = Arc::clone(&child);
        thread::spawn(move || other.is_finished()).join().unwrap();
    });
    report.expect_verified();
}

#[test]
fn a_verdict_about_a_model_that_looks_at_the_clock_says_that_its_time_is_virtual() {
    let says = |model: fn()| {
        Checker::exhaustive().check(model).assumptions.iter().any(|text| text.contains("virtual"))
    };
    assert!(says(|| _ = Instant::now()) && !says(|| thread::park_timeout(SECOND)));
}

// ---- lazy values ----

static SHARDS: [LazyLock<AtomicUsize>; 2] = [const { LazyLock::new(|| AtomicUsize::new(0)) }; 2];

#[test]
fn lazy_values_that_one_line_makes_do_not_diverge() {
    fn model() -> [usize; 2] {
        let flag = Arc::new(AtomicUsize::new(0));
        let children = [0, 1].map(|shard| {
            let flag = Arc::clone(&flag);
            thread::spawn(move || flag.load(SeqCst) * 10 + SHARDS[shard].fetch_add(1, SeqCst))
        });
        flag.store(1, SeqCst);
        children.map(|child| child.join().unwrap())
    }
    ends_with(model, [[0, 0], [0, 10], [10, 0], [10, 10]]);
}

#[test]
fn lazy_values_that_one_line_makes_do_not_order_each_others_users() {
    struct Cell(UnsafeCell<usize>);
    // SAFETY: whether its accesses are ordered is what the model is about.
    unsafe impl Sync for Cell {}
    static VALUES: [LazyLock<usize>; 2] = [const { LazyLock::new(|| 1) }; 2];
    fn model(theirs: usize) {
        let shared = Arc::new(Cell(UnsafeCell::new(0)));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.0.with_mut(|n| unsafe { *n = 1 });
            LazyLock::force(&VALUES[theirs]);
        });
        if LazyLock::get(&VALUES[0]).is_some()
            || LazyLock::get(&VALUES[1]).is_some() && LazyLock::force(&VALUES[0]) > &0
        {
            shared.0.with(|n| unsafe { *n });
        }
        child.join().unwrap();
    }
    Checker::exhaustive().check(|| model(0)).expect_verified();
    Checker::exhaustive().check(|| model(1)).expect_verified();
    fails(FailureKind::DataRace, || {
        let shared = Arc::new(Cell(UnsafeCell::new(0)));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.0.with_mut(|n| unsafe { *n = 1 });
            LazyLock::force(&VALUES[0]);
        });
        LazyLock::force(&VALUES[1]);
        shared.0.with(|n| unsafe { *n });
        child.join().unwrap();
    });
}

#[test]
fn more_lazy_values_of_one_line_than_there_is_room_for_are_inconclusive() {
    let values = |n: usize| {
        let report = Checker::exhaustive().check(move || {
            let values: Vec<LazyLock<usize, _>> = (0..n).map(|_| LazyLock::new(|| 1)).collect();
            assert_eq!(values.iter().map(|value| **value).sum::<usize>(), n);
        });
        report.verdict
    };
    assert!(matches!(values(32), Verdict::Verified));
    assert!(matches!(values(33), Verdict::Inconclusive(raddle::Reason::EngineLimit { .. })));
}

// ---- condition variables ----

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

// ---- values that are made, and values that are left over ----

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
    let complaint = catch_unwind(AssertUnwindSafe(|| drop(left_over))).unwrap_err();
    let complaint = complaint.downcast_ref::<String>().unwrap();
    assert!(complaint.contains("outside the execution that made it"), "{complaint}");
}
