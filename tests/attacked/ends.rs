//! When a thread has ended, as seen by each of the other threads.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Condvar, Mutex, mpsc};
use raddle::time::Instant;
use raddle::{Checker, FailureKind, thread};

use super::{Plain, SECOND, ends_with, fails};

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

/// Sets a thread-local with a destructor that records that it has run.
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
    struct Writes(Arc<Plain>);
    impl Drop for Writes {
        fn drop(&mut self) {
            self.0.set(1);
        }
    }
    raddle::thread_local! { static WRITES: RefCell<Option<Writes>> = const { RefCell::new(None) }; }
    fn read_after(joins: bool) {
        let shared = Arc::new(Plain::new());
        let theirs = Writes(Arc::clone(&shared));
        thread::scope(|scope| {
            let child = scope.spawn(move || WRITES.set(Some(theirs)));
            if joins {
                child.join().unwrap();
            }
        });
        shared.get();
    }
    fails(FailureKind::DataRace, || read_after(false));
    Checker::exhaustive().check(|| read_after(true)).expect_verified();
    let report = Checker::exhaustive().check(|| {
        let (one, other) = (Arc::new(Plain::new()), Plain::new());
        let (theirs, borrowed) = (Writes(Arc::clone(&one)), &other);
        thread::scope(|scope| {
            scope.spawn(move || {
                WRITES.set(Some(theirs));
                borrowed.set(1);
            });
        });
        assert_eq!(other.get(), 1, "what the function did is ordered before the scope's end");
    });
    report.expect_verified();
}

/// One thread of a scope passes a handle to an older one, while the scope waits for the newest first.
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
