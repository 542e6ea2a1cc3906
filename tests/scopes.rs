//! Scopes and `is_finished` end where std's do: when a thread's body has returned, before its
//! thread-locals are dropped; and a scope also waits for the handles of its threads.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
#![allow(clippy::undocumented_unsafe_blocks)] // Models race on purpose.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex as Outside;

use raddle::cell::UnsafeCell;
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, mpsc};
use raddle::thread::{self, ScopedJoinHandle};
use raddle::{Checker, FailureKind, Verdict};

/// What all executions of a model return. Both searches agree, with one execution per trace, and
/// native threads show no other outcome.
fn outcomes<T: Ord + Send + std::fmt::Debug + 'static>(model: fn() -> T) -> BTreeSet<T> {
    let run = |checker: Checker| {
        let seen = Arc::new(Outside::new(BTreeSet::new()));
        let into = Arc::clone(&seen);
        let report = checker.stop_on_failure(false).count_traces(true).check(move || {
            let outcome = model();
            into.lock().unwrap().insert(outcome);
        });
        assert!(!matches!(report.verdict, Verdict::Refuted(_)), "{report}");
        (std::mem::take(&mut *seen.lock().unwrap()), report)
    };
    let ((every, all), (seen, report)) = (run(Checker::dfs()), run(Checker::exhaustive()));
    report.expect_verified();
    assert_eq!(seen, every);
    assert_eq!(Some(report.stats.executions), all.stats.traces, "an execution for each trace");
    assert_eq!(report.stats.redundant, 0);
    let (natively, _) = run(Checker::native(50));
    assert!(natively.is_subset(&seen), "{natively:?}, {seen:?}");
    seen
}

/// Calls a closure when its thread drops it.
struct AtEnd(RefCell<Option<Box<dyn FnOnce()>>>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Some(f) = self.0.borrow_mut().take() {
            f();
        }
    }
}

raddle::thread_local! { static AT_END: AtEnd = const { AtEnd(RefCell::new(None)) }; }

/// The destructor of a thread-local of this thread stores 1.
fn stores_at_its_end(n: &Arc<AtomicUsize>) {
    let n = Arc::clone(n);
    AT_END.with(|at_end| *at_end.0.borrow_mut() = Some(Box::new(move || n.store(1, Ordering::SeqCst))));
}

#[test]
fn a_scope_does_not_wait_for_the_destructors_of_thread_locals() {
    let seen = outcomes(|| {
        let n = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            scope.spawn(|| stores_at_its_end(&n));
        });
        n.load(Ordering::SeqCst)
    });
    assert_eq!(seen, [0, 1].into());
}

#[test]
fn a_scope_does_not_wait_for_the_destructors_of_thread_locals_of_a_thread_that_panics() {
    let seen = outcomes(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let scope = || {
            thread::scope(|scope| {
                scope.spawn(|| {
                    stores_at_its_end(&n);
                    panic!("expected");
                });
            });
        };
        assert!(catch_unwind(AssertUnwindSafe(scope)).is_err());
        n.load(Ordering::SeqCst)
    });
    assert_eq!(seen, [0, 1].into());
}

#[test]
fn the_end_of_a_scope_orders_bodies_and_not_the_destructors_of_thread_locals() {
    struct Racy(UnsafeCell<u32>);
    unsafe impl Sync for Racy {}
    unsafe impl Send for Racy {}
    let model = |in_the_body: bool| {
        move || {
            let cell = Arc::new(Racy(UnsafeCell::new(0)));
            let writes = |cell: Arc<Racy>| move || cell.0.with_mut(|n| unsafe { *n = 1 });
            thread::scope(|scope| {
                scope.spawn(|| {
                    let write = writes(Arc::clone(&cell));
                    if in_the_body {
                        write();
                    }
                    AT_END.with(|at_end| {
                        *at_end.0.borrow_mut() =
                            Some(if in_the_body { Box::new(|| ()) } else { Box::new(write) });
                    });
                });
            });
            cell.0.with(|n| unsafe { *n });
        }
    };
    Checker::exhaustive().check(model(true)).expect_verified();
    Checker::exhaustive().check(model(false)).expect_failure(FailureKind::DataRace);
}

#[test]
fn to_join_a_scoped_thread_is_to_wait_for_its_thread_locals() {
    let seen = outcomes(|| {
        let n = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| scope.spawn(|| stores_at_its_end(&n)).join().unwrap());
        n.load(Ordering::SeqCst)
    });
    assert_eq!(seen, [1].into());
}

#[test]
fn a_thread_looks_finished_before_its_thread_locals_are_dropped() {
    let seen = outcomes(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || stores_at_its_end(&other));
        let seen = child.is_finished().then(|| n.load(Ordering::SeqCst));
        child.join().unwrap();
        assert_eq!(n.load(Ordering::SeqCst), 1);
        seen
    });
    assert_eq!(seen, [None, Some(0), Some(1)].into());
}

/// A scope ends while one of its threads has the handle of another.
fn gives_a_handle_away(asks: fn(ScopedJoinHandle<'_, ()>, &AtomicUsize), does: fn(&AtomicUsize)) -> usize {
    let n = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let n = &n;
        scope.spawn(move || asks(receiver.recv().unwrap(), n));
        sender.send(scope.spawn(|| does(n))).unwrap();
    });
    n.load(Ordering::SeqCst)
}

#[test]
fn a_handle_given_to_a_sibling_joins_although_the_scope_ends_meanwhile() {
    let seen = outcomes(|| {
        gives_a_handle_away(
            |child, n| {
                child.join().unwrap();
                assert_eq!(n.fetch_add(1, Ordering::SeqCst), 1);
            },
            |n| n.store(1, Ordering::SeqCst),
        )
    });
    assert_eq!(seen, [2].into());
}

#[test]
fn a_handle_given_to_a_sibling_does_not_look_finished_because_the_scope_ends() {
    let seen = outcomes(|| {
        gives_a_handle_away(
            |child, n| {
                if child.is_finished() {
                    assert_eq!(n.load(Ordering::SeqCst), 1);
                }
            },
            |n| n.store(1, Ordering::SeqCst),
        )
    });
    assert_eq!(seen, [1].into());
}

#[test]
fn a_panic_that_a_sibling_asks_for_is_not_the_scopes() {
    let seen = outcomes(|| {
        gives_a_handle_away(
            |child, n| {
                assert!(child.join().is_err());
                n.store(2, Ordering::SeqCst);
            },
            |_| panic!("expected"),
        )
    });
    assert_eq!(seen, [2].into());
}

#[test]
fn a_handle_that_is_forgotten_keeps_its_scope_from_ending() {
    // As std's, which waits for the handle to be dropped.
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::native(1)] {
        let report = checker.check(|| thread::scope(|scope| std::mem::forget(scope.spawn(|| ()))));
        report.expect_failure(FailureKind::Deadlock);
    }
}
