//! Objects that leave the execution that made them: use elsewhere is a clear panic, a drop
//! elsewhere has no effect.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/alone.rs"]
mod common;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use common::{alone, run_alone, said};
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, mpsc};
use raddle::thread::{self, JoinHandle, Thread};
use raddle::{Checker, Report, Verdict};

/// The panic message of a use outside of the execution.
const OUTSIDE: &str = "outside the execution that made it";

/// The report in the child process; `None` in the process that runs the test there.
fn in_a_process(test: &str, check: impl FnOnce() -> Report, after: impl FnOnce()) -> Option<Report> {
    if alone() {
        let report = check();
        after();
        return Some(report);
    }
    let output = run_alone(&[test, "--nocapture"], &[]);
    assert!(output.status.success(), "{}", said(&output));
    None
}

fn message(f: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(f)).unwrap_err().downcast::<String>().unwrap_or_default()
}

#[test]
fn a_thread_of_an_execution_that_is_over_cannot_be_unparked() {
    static KEPT: Mutex<Option<Thread>> = Mutex::new(None);
    let _ = Checker::exhaustive().check(|| *KEPT.lock().unwrap() = Some(thread::current()));
    let kept = KEPT.lock().unwrap().take().unwrap();
    let said = message(move || kept.unpark());
    assert!(said.contains(OUTSIDE), "{said}");
}

#[test]
fn a_thread_of_an_execution_that_is_over_cannot_be_joined() {
    static KEPT: Mutex<Option<JoinHandle<i32>>> = Mutex::new(None);
    let _ = Checker::exhaustive().check(|| *KEPT.lock().unwrap() = Some(thread::spawn(|| 7)));
    let kept = KEPT.lock().unwrap().take().unwrap();
    let said = message(move || _ = kept.join());
    assert!(said.contains(OUTSIDE), "{said}");
}

#[test]
fn a_thread_of_the_execution_before_cannot_be_joined() {
    static KEPT: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
    let report = Checker::exhaustive().check(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || other.store(1, Ordering::SeqCst));
        n.store(2, Ordering::SeqCst);
        let before = KEPT.lock().unwrap_or_else(PoisonError::into_inner).replace(child);
        if let Some(before) = before {
            before.join().unwrap();
        }
    });
    let Verdict::Refuted(counterexample) = &report.verdict else { panic!("{report}") };
    assert!(counterexample.message().contains(OUTSIDE), "{report}");
}

#[test]
fn a_sender_used_by_a_thread_of_stds_is_a_panic_and_does_not_abort_the_process() {
    let check = || {
        Checker::exhaustive().check(|| {
            let (sender, receiver) = mpsc::channel();
            let child = std::thread::spawn(move || sender.send(1).unwrap());
            let panic = child.join().unwrap_err();
            assert!(panic.downcast_ref::<String>().unwrap().contains(OUTSIDE));
            drop(receiver);
        })
    };
    let test = "a_sender_used_by_a_thread_of_stds_is_a_panic_and_does_not_abort_the_process";
    let Some(report) = in_a_process(test, check, || ()) else { return };
    assert!(matches!(report.verdict, Verdict::Verified), "{report}");
}

#[test]
fn channels_kept_beyond_their_execution_can_be_dropped() {
    static KEPT: Mutex<Vec<(mpsc::Sender<i32>, mpsc::Receiver<i32>)>> = Mutex::new(Vec::new());
    let check = || {
        Checker::exhaustive().check(|| {
            for _ in 0..2 {
                KEPT.lock().unwrap().push(mpsc::channel());
            }
        })
    };
    let test = "channels_kept_beyond_their_execution_can_be_dropped";
    let _ = in_a_process(test, check, || KEPT.lock().unwrap().clear());
}

#[test]
fn a_channel_in_a_thread_local_of_stds_does_not_abort_the_process() {
    std::thread_local! { static KEPT: RefCell<Option<mpsc::Sender<i32>>> = const { RefCell::new(None) }; }
    let check = || {
        std::thread::spawn(|| {
            let report = Checker::exhaustive().check(|| KEPT.set(Some(mpsc::channel().0)));
            assert!(
                report.to_string().contains(OUTSIDE),
                "the second execution drops what the first made: {report}"
            );
            report
        })
        .join()
        .unwrap()
    };
    let wait = || std::thread::sleep(std::time::Duration::from_millis(200));
    let _ = in_a_process("a_channel_in_a_thread_local_of_stds_does_not_abort_the_process", check, wait);
}

/// The stack of a thread that is unwound with its execution is leaked where a destructor needs a result.
#[test]
fn what_is_beside_a_channel_or_a_monitor_is_dropped_with_its_execution() {
    use raddle::sync::{Condition, Discipline, Monitor, ThreadPool};
    use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};
    static LIVE: AtomicIsize = AtomicIsize::new(0);
    struct Counted;
    impl Counted {
        fn new() -> Self {
            LIVE.fetch_add(1, SeqCst);
            Counted
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            LIVE.fetch_sub(1, SeqCst);
        }
    }
    let report = Checker::exhaustive().check(|| {
        let _counted = Counted::new();
        let (_sender, receiver) = mpsc::channel::<i32>();
        let _other = mpsc::sync_channel::<i32>(1);
        let _pool = ThreadPool::new(1);
        let _ = receiver.recv();
    });
    report.expect_failure(raddle::FailureKind::Deadlock);
    let report = Checker::exhaustive().check(|| {
        let _counted = Counted::new();
        let monitor = Monitor::new(Discipline::Mesa, ());
        monitor.enter().wait(Condition(0));
    });
    report.expect_failure(raddle::FailureKind::Deadlock);
    assert_eq!(LIVE.load(SeqCst), 0);
}
