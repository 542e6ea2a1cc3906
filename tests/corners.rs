//! Programs around panics, ends of threads, thread-locals and nested checks, written to make a verdict wrong:
//! both searches agree on them, run one execution per trace, and native threads show no other outcome.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Mutex as Outside;
use std::task::{Wake, Waker};

use raddle::future::AtomicWaker;
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, PoisonError};
use raddle::{Checker, FailureKind, Verdict, thread};

/// What the executions of a model return, and how the failing ones fail.
fn seen<T: Ord + Send + std::fmt::Debug + 'static>(model: fn() -> T) -> (BTreeSet<T>, BTreeSet<String>) {
    let run = |checker: Checker| {
        let seen = Arc::new(Outside::new(BTreeSet::new()));
        let into = Arc::clone(&seen);
        let report = checker.stop_on_failure(false).count_traces(true).check(move || {
            let outcome = model();
            into.lock().unwrap().insert(outcome);
        });
        let failures: BTreeSet<_> =
            report.failures.iter().map(|failure| failure.kind().to_string()).collect();
        ((std::mem::take(&mut *seen.lock().unwrap()), failures), report)
    };
    let ((every, all), (seen, report)) = (run(Checker::dfs()), run(Checker::exhaustive()));
    assert!(!matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
    assert_eq!(seen, every, "exhaustive, and dfs");
    assert_eq!(Some(report.stats.executions), all.stats.traces, "an execution for each trace");
    assert_eq!(report.stats.redundant, 0);
    let (natively, _) = run(Checker::native(30));
    assert!(natively.0.is_subset(&seen.0) && natively.1.is_subset(&seen.1), "{natively:?}, {seen:?}");
    seen
}

fn outcomes<T: Ord + Send + std::fmt::Debug + 'static>(model: fn() -> T) -> BTreeSet<T> {
    let (outcomes, failures) = seen(model);
    assert!(failures.is_empty(), "{failures:?}");
    outcomes
}

/// Calls a closure when it is dropped.
struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Calls a closure when its thread drops it.
struct AtEnd(RefCell<Option<Box<dyn FnOnce() + Send>>>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Some(f) = self.0.borrow_mut().take() {
            f();
        }
    }
}

raddle::thread_local! { static AT_END: AtEnd = const { AtEnd(RefCell::new(None)) }; }

fn at_end(f: impl FnOnce() + Send + 'static) {
    AT_END.with(|at_end| *at_end.0.borrow_mut() = Some(Box::new(f)));
}

#[test]
fn a_panic_caught_in_a_destructor_leaves_the_outer_one_in_flight() {
    let seen = outcomes(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                let inner = || {
                    let _last = Finally(|| _ = other.fetch_add(1, SeqCst));
                    panic!("inner");
                };
                assert!(catch_unwind(AssertUnwindSafe(inner)).is_err() && thread::panicking());
                other.fetch_add(1, SeqCst);
            });
            panic!("outer");
        });
        let met = n.load(SeqCst);
        assert!(child.join().is_err() && !thread::panicking());
        (met, n.load(SeqCst))
    });
    assert_eq!(seen, [(0, 2), (1, 2), (2, 2)].into());
}

#[test]
fn threads_that_unwind_at_once_lock_and_meet() {
    let seen = outcomes(|| {
        let shared = Arc::new((Mutex::new(0), Barrier::new(2), Mutex::new(())));
        let children = [0; 2].map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let _last = Finally(|| {
                    *shared.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                    shared.1.wait();
                });
                let _held = shared.2.lock();
                panic!("expected");
            })
        });
        assert!(children.map(|child| child.join().is_err()).iter().all(|&panicked| panicked));
        let sum = *shared.0.lock().unwrap();
        (sum, shared.2.is_poisoned())
    });
    assert_eq!(seen, [(2, true)].into());
}

#[test]
fn initializers_that_panic_leave_what_is_done_once_to_others() {
    let seen = outcomes(|| {
        let cell = Arc::new(OnceLock::new());
        let children = [0, 1].map(|n| {
            let cell = Arc::clone(&cell);
            let init = move || if n == 0 { panic!("expected") } else { n };
            thread::spawn(move || catch_unwind(AssertUnwindSafe(|| *cell.get_or_init(init))).ok())
        });
        let own = *cell.get_or_init(|| 9);
        (own, children.map(|child| child.join().unwrap()))
    });
    let all = [(1, [None, Some(1)]), (1, [Some(1); 2]), (9, [None, Some(9)]), (9, [Some(9); 2])];
    assert_eq!(seen, all.into());
    let seen = outcomes(|| {
        let once = Arc::new(Once::new());
        let children = [true, false].map(|panics| {
            let once = Arc::clone(&once);
            let does = move || once.call_once(|| assert!(!panics, "expected"));
            thread::spawn(move || catch_unwind(AssertUnwindSafe(does)).is_err())
        });
        let panicked = children.map(|child| child.join().unwrap());
        let mut poisoned = None;
        once.call_once_force(|state| poisoned = Some(state.is_poisoned()));
        (panicked, poisoned)
    });
    assert_eq!(seen, [([true; 2], Some(true)), ([false; 2], None)].into());
}

#[test]
fn initializers_spawn_threads_and_wait_for_each_other() {
    static SUM: LazyLock<usize> = LazyLock::new(|| thread::spawn(|| *PART + 1).join().unwrap());
    static PART: LazyLock<usize> = LazyLock::new(|| 4);
    let seen_of_two = outcomes(|| {
        let child = thread::spawn(|| *PART);
        (*SUM, child.join().unwrap())
    });
    assert_eq!(seen_of_two, [(5, 4)].into());
    let (_, failures) = seen(|| {
        let cells = Arc::new([OnceLock::new(), OnceLock::new()]);
        let other = Arc::clone(&cells);
        let child = thread::spawn(move || *other[1].get_or_init(|| *other[0].get_or_init(|| 1)));
        let own = *cells[0].get_or_init(|| *cells[1].get_or_init(|| 2));
        (own, child.join().unwrap())
    });
    assert_eq!(failures, ["deadlock".to_owned()].into());
}

#[test]
fn user_code_that_panics_inside_a_wait_or_a_wake_unwinds_its_caller() {
    let seen = outcomes(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let guard = other.0.lock().unwrap();
            let _ = other.1.wait_while(guard, |set| if *set { panic!("expected") } else { true });
        });
        *shared.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        shared.1.notify_all();
        (child.join().is_err(), shared.0.is_poisoned())
    });
    assert_eq!(seen, [(true, true)].into());
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("expected");
        }
    }
    let seen = outcomes(|| {
        let waker = Arc::new(AtomicWaker::new());
        waker.register(&Waker::from(Arc::new(Panics)));
        let other = Arc::clone(&waker);
        let child = thread::spawn(move || other.wake());
        (catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err(), child.join().is_err())
    });
    assert_eq!(seen, [(true, false), (false, true)].into());
}

#[test]
fn the_destructor_of_a_thread_local_spawns_locks_and_joins() {
    let seen = outcomes(|| {
        let lock = Arc::new(Mutex::new(0));
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || {
            at_end(move || {
                assert!(!thread::panicking());
                let adds = Arc::clone(&other);
                let child = thread::spawn(move || *adds.lock().unwrap() += 1);
                *other.lock().unwrap() *= 2;
                child.join().unwrap();
            });
            panic!("expected");
        });
        *lock.lock().unwrap() += 5;
        assert!(child.join().is_err());
        *lock.lock().unwrap()
    });
    assert_eq!(seen, [6, 7, 11, 12].into());
}

#[test]
fn a_scoped_child_borrows_a_thread_local_and_scopes_pass_on_panics() {
    raddle::thread_local! { static N: AtomicUsize = AtomicUsize::new(0); }
    let seen = outcomes(|| {
        N.with(|n| {
            thread::scope(|scope| [0; 2].map(|_| scope.spawn(|| n.fetch_add(1, SeqCst))).map(drop));
            n.load(SeqCst)
        })
    });
    assert_eq!(seen, [2].into());
    let seen = outcomes(|| {
        let n = AtomicUsize::new(0);
        let scopes = || {
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::scope(|inner| _ = inner.spawn(|| panic!("{}", n.fetch_add(1, SeqCst))));
                    n.fetch_add(100, SeqCst);
                });
                n.fetch_add(10, SeqCst);
                panic_any(7);
            });
        };
        let panic = catch_unwind(AssertUnwindSafe(scopes)).unwrap_err();
        (panic.downcast_ref::<i32>().copied(), n.load(SeqCst))
    });
    assert_eq!(seen, [(Some(7), 11)].into());
}

#[test]
fn a_check_inside_of_a_model_a_destructor_and_a_thread_local() {
    fn inner() {
        let report = Checker::exhaustive().check(|| {
            let n = Arc::new(AtomicUsize::new(0));
            let other = Arc::clone(&n);
            let child = thread::spawn(move || panic!("{}", other.fetch_add(1, SeqCst)));
            n.fetch_add(1, SeqCst);
            assert!(child.join().is_err());
        });
        assert_eq!(
            (matches!(report.verdict, Verdict::Verified), report.stats.executions),
            (true, 2),
            "{report}"
        );
    }
    let report = Checker::exhaustive().check(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            at_end(inner);
            let _last = Finally(inner);
            panic!("{}", other.fetch_add(1, SeqCst));
        });
        inner();
        n.fetch_add(1, SeqCst);
        assert!(child.join().is_err());
    });
    report.expect_verified();
}

#[test]
fn a_model_that_catches_its_own_end_lets_no_child_outlive_what_it_borrows() {
    let model = || {
        let lock = Mutex::new(());
        let scope = || {
            let local = Box::new([1, 2, 3]);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _last = Finally(|| assert_eq!(local.iter().sum::<i32>(), 6));
                    let _once = lock.lock();
                    let _twice = lock.lock();
                });
            });
        };
        let _ = catch_unwind(AssertUnwindSafe(scope));
    };
    for checker in [Checker::exhaustive(), Checker::native(1)] {
        checker.check(model).expect_failure(FailureKind::Deadlock);
    }
}
