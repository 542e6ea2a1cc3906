//! Faults that generated programs have found, minimised.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use raddle::sync::atomic::{AtomicBool, Ordering::SeqCst};
use raddle::sync::{Arc, Condvar, Mutex, mpsc};
use raddle::{Checker, Stats, thread};

/// Runs both searches, without budgets, to their end.
fn explored(model: fn()) -> [Stats; 2] {
    [Checker::exhaustive().spin_assume(false), Checker::dfs()].map(|checker| {
        let checker = checker.spurious_wakeups(0).weak_failures(0).timeouts(0).fruitless_yields(0);
        checker.stop_on_failure(false).count_traces(true).max_steps(600).check(model).stats
    })
}

/// While another thread was unwound, the words at the beginning of the loop's stack were the
/// other's, so the loop was taken for a new one.
#[test]
fn a_loop_takes_as_many_rounds_while_another_thread_unwinds() {
    let [exhaustive, dfs] = explored(|| {
        let (never, lock) = (Arc::new(AtomicBool::new(false)), Mutex::new(()));
        let waits = thread::spawn(move || {
            while !never.load(SeqCst) {
                thread::yield_now();
            }
        });
        let panics = catch_unwind(AssertUnwindSafe(|| {
            let _held = lock.lock();
            panic!("expected");
        }));
        assert!(panics.is_err());
        waits.join().unwrap();
    });
    assert_eq!((exhaustive.executions, exhaustive.redundant), (1, 0));
    assert_eq!(dfs.traces, Some(1));
}

/// An alternative was proposed once, while nothing after its choice distinguished it from what a sleeping
/// step of another thread covers, and was dropped; it was not proposed again when something did.
#[test]
fn a_choice_whose_alternative_another_order_covered_was_not_made_otherwise_in_this_one() {
    let checker = |checker: Checker| {
        let checker = checker.spurious_wakeups(1).weak_failures(1).timeouts(1).fruitless_yields(1);
        let report = checker.stop_on_failure(false).count_traces(true).check(|| {
            let (pair, (tx, rx)) = (Arc::new((Mutex::new(0), Condvar::new())), mpsc::channel());
            let (notified, other) = (Arc::clone(&pair), tx.clone());
            let sends = thread::spawn(move || _ = tx.send(1));
            let notifies = thread::spawn(move || {
                notified.1.notify_one();
                drop(other);
            });
            let held = pair.0.lock().unwrap();
            let soon = Duration::from_micros(300);
            drop(pair.1.wait_timeout_while(held, soon, |n| *n == 0).unwrap());
            drop(rx);
            sends.join().unwrap();
            notifies.join().unwrap();
        });
        (report.stats.traces, report.stats.executions, report.stats.redundant)
    };
    assert_eq!(checker(Checker::exhaustive()), (Some(113), 113, 0));
    assert_eq!(checker(Checker::dfs()).0, Some(113));
}
