//! What generated programs have found, as small as it can be.

use std::panic::{AssertUnwindSafe, catch_unwind};

use raddle::sync::atomic::{AtomicBool, Ordering::SeqCst};
use raddle::sync::{Arc, Mutex};
use raddle::{Checker, Stats, thread};

/// What both searches do, without budgets, to their end.
fn explored(model: fn()) -> [Stats; 2] {
    [Checker::exhaustive(), Checker::dfs()].map(|checker| {
        let checker = checker.spurious_wakeups(0).weak_failures(0).timeouts(0).fruitless_yields(0);
        checker.stop_on_failure(false).count_traces(true).max_steps(600).check(model).stats
    })
}

/// The words at the beginning of its stack were another's while a thread was unwound, so the loop was taken for one
/// that had not been there.
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
