//! Small faults of their own kind: each test states what was wrong once.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/alone.rs"]
mod alone;

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Condition, Discipline, Monitor, Mutex, ThreadPool};
use raddle::{Checker, FailureKind, Reason, Verdict, parking_lot, thread};

use alone::{alone, run_alone, said};

const CHANGED: Condition = Condition(0);

/// A waiter that looks again, and waits again, whenever it is signalled.
fn a_waiter_that_waits_again(discipline: Discipline) {
    let monitor = Arc::new(Monitor::new(discipline, 0));
    let other = Arc::clone(&monitor);
    let waiter = thread::spawn(move || {
        let mut inside = other.enter();
        while *inside == 0 {
            inside.wait(CHANGED);
        }
    });
    let mut inside = monitor.enter();
    inside.signal_all(CHANGED);
    *inside = 1;
    inside.signal_all(CHANGED);
    drop(inside);
    waiter.join().unwrap();
}

#[test]
fn a_waiter_that_waits_again_does_not_keep_the_signaller_of_all() {
    for discipline in [Discipline::Mesa, Discipline::Hoare] {
        for checker in [Checker::exhaustive(), Checker::dfs()] {
            checker.max_steps(500).check(move || a_waiter_that_waits_again(discipline)).expect_verified();
        }
    }
}

#[test]
fn natively_a_waiter_that_waits_again_does_not_keep_the_signaller_of_all() {
    for discipline in [Discipline::Mesa, Discipline::Hoare] {
        let report = Checker::native(50).check(move || a_waiter_that_waits_again(discipline));
        assert!(
            matches!(report.verdict, Verdict::Inconclusive(Reason::Sampled { executions: 50 })),
            "{report}"
        );
    }
}

/// Two threads of which each waits until the other one has gone first, by rounds that differ.
fn after_you() {
    let turns = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let others = Arc::clone(&turns);
    let polite = |turns: &[AtomicUsize; 2], me: usize| {
        loop {
            turns[me].store(1, SeqCst);
            if turns[1 - me].load(SeqCst) == 0 {
                return;
            }
            turns[me].store(0, SeqCst);
        }
    };
    let child = thread::spawn(move || polite(&others, 1));
    polite(&turns, 0);
    child.join().unwrap();
}

#[test]
fn a_livelock_that_was_found_beyond_the_search_does_not_make_the_search_complete() {
    let checkers = [
        Checker::exhaustive().max_steps(1_000),
        Checker::dfs().max_steps(1_000),
        Checker::exhaustive().max_steps(5_000),
    ];
    for checker in checkers {
        let report = checker.stop_on_failure(false).check(after_you);
        report.expect_failure(FailureKind::Livelock);
        let said = report.to_string();
        assert!(said.contains("not complete") && said.contains("max_steps"), "{said}");
    }
}

#[test]
fn failures_that_were_not_all_looked_for_are_told_as_such() {
    let racy = || {
        let n = Arc::new(AtomicUsize::new(0));
        let child = thread::spawn({
            let n = Arc::clone(&n);
            move || n.store(n.load(SeqCst) + 1, SeqCst)
        });
        n.store(n.load(SeqCst) + 1, SeqCst);
        child.join().unwrap();
        panic!("always");
    };
    let all = Checker::exhaustive().stop_on_failure(false).check(racy);
    assert!(!all.to_string().contains("not complete"), "{all}");
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        let some = checker.stop_on_failure(false).max_executions(2).check(racy);
        some.expect_failure(FailureKind::Panic);
        assert!(some.to_string().contains("not complete"), "{some}");
    }
}

#[test]
fn a_sleep_without_an_end_does_not_return() {
    for endless in [Duration::MAX, Duration::from_secs(u64::MAX)] {
        let sleeps = move || {
            let shared = Arc::new(AtomicUsize::new(0));
            let other = Arc::clone(&shared);
            let _sleeper = thread::spawn(move || {
                other.store(1, SeqCst);
                thread::sleep(endless);
                other.store(2, SeqCst);
            });
            assert_ne!(shared.load(SeqCst), 2, "woken");
        };
        let checkers =
            [Checker::exhaustive(), Checker::dfs(), Checker::random(10), Checker::loom(), Checker::native(1)];
        for checker in checkers {
            let report = checker.check(sleeps);
            let deadlock = report.expect_failure(FailureKind::Deadlock);
            assert!(deadlock.message().contains("sleep"), "{report}");
        }
    }
}

#[test]
fn a_sleep_of_five_centuries_ends() {
    let long = Duration::from_secs(500 * 365 * 86_400);
    let model = move || {
        let begun = raddle::time::Instant::now();
        thread::sleep(long);
        assert_eq!(begun.elapsed(), long);
    };
    Checker::exhaustive().check(model).expect_verified();
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("the captured value's last words");
    }
}

#[test]
fn a_value_that_the_model_captured_and_that_panics_when_dropped_is_the_models_mistake() {
    let checkers = || {
        [
            Checker::exhaustive(),
            Checker::exhaustive().workers(2),
            Checker::dfs(),
            Checker::random(3),
            Checker::loom(),
            Checker::native(2),
        ]
    };
    for checker in checkers() {
        let captured = PanicsWhenDropped;
        let check = AssertUnwindSafe(|| {
            let _ = checker.check(move || _ = &captured);
        });
        let payload = panic::catch_unwind(check).unwrap_err();
        let said = payload.downcast_ref::<String>().unwrap();
        assert!(!said.contains("raddle itself failed"), "{said}");
        assert!(said.contains("captured") && said.contains("last words"), "{said}");
    }
}

/// Ends the process with success from a thread of the system that a model starts.
fn exits_from_a_thread_of_std() {
    let _ = Checker::exhaustive().check(|| {
        std::thread::spawn(|| std::process::exit(0)).join().unwrap();
    });
}

#[test]
fn a_process_that_a_std_thread_of_a_model_ends_is_no_success() {
    if alone() {
        exits_from_a_thread_of_std();
        unreachable!("the process has ended");
    }
    let output = run_alone(&["a_process_that_a_std_thread_of_a_model_ends_is_no_success"], &[]);
    assert!(said(&output).contains("without a verdict"), "{}", said(&output));
    assert!(!output.status.success(), "{}", said(&output));
}

#[test]
fn a_process_may_end_well_after_a_check_that_hangs() {
    if alone() {
        let report = Checker::exhaustive().check(|| {
            std::thread::sleep(Duration::from_secs(3_600));
        });
        assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::NoProgress { .. })), "{report}");
        return;
    }
    let output = run_alone(&["a_process_may_end_well_after_a_check_that_hangs"], &[]);
    assert!(output.status.success(), "{}", said(&output));
}

struct Second;

impl Drop for Second {
    fn drop(&mut self) {
        panic!("the second");
    }
}

fn panics_twice() {
    let child = thread::Builder::new().name("worker".into()).spawn(|| {
        let _last = Second;
        panic!("the first");
    });
    _ = child.unwrap().join();
}

#[test]
fn both_messages_of_a_double_panic_are_printed_by_every_engine() {
    const ENGINE: &str = "LEFTOVERS_ENGINE";
    if alone() {
        let checker = match std::env::var(ENGINE).unwrap().as_str() {
            "random" => Checker::random(1),
            "loom" => Checker::loom(),
            "native" => Checker::native(1),
            _ => Checker::dfs(),
        };
        let _ = checker.check(panics_twice);
        return;
    }
    for engine in ["random", "loom", "native", "dfs"] {
        let output =
            run_alone(&["both_messages_of_a_double_panic_are_printed_by_every_engine"], &[(ENGINE, engine)]);
        let said = said(&output);
        assert!(!output.status.success(), "{engine}: {said}");
        assert!(said.contains("the first") && said.contains("the second"), "{engine}: {said}");
        assert!(said.contains("raddle: ") && said.contains("aborts the process"), "{engine}: {said}");
    }
}

/// Uses that much of the stack, or a few times as much without optimisation.
#[allow(unconditional_recursion)]
fn deep(bytes: usize) -> usize {
    let room = std::hint::black_box([0_u8; 4096]);
    if bytes <= room.len() { room.len() } else { deep(bytes - room.len()) + usize::from(room[7]) }
}

#[test]
#[cfg(target_os = "linux")]
fn a_stack_that_overflows_natively_says_whose_it_is_and_how_to_raise_it() {
    const WHERE: &str = "LEFTOVERS_WHERE";
    if alone() {
        let inside = std::env::var(WHERE).unwrap();
        let _ = Checker::native(1).check(move || {
            if inside == "main" {
                deep(1 << 40);
            }
            let child = thread::Builder::new().name("worker".into()).spawn(|| deep(1 << 40));
            _ = child.unwrap().join();
        });
        return;
    }
    for inside in ["worker", "main"] {
        let output = run_alone(
            &["a_stack_that_overflows_natively_says_whose_it_is_and_how_to_raise_it"],
            &[(WHERE, inside)],
        );
        let said = said(&output);
        assert!(!output.status.success(), "{said}");
        assert!(
            said.contains(inside) && said.contains("overflowed") && said.contains("stack_size"),
            "{said}"
        );
    }
}

/// A result that waits for a lock when it is cloned.
struct Waits(std::sync::Arc<Mutex<u32>>);

impl Clone for Waits {
    fn clone(&self) -> Self {
        *self.0.lock().unwrap() += 1;
        Waits(std::sync::Arc::clone(&self.0))
    }
}

/// A result that needs a lock to be cloned, and does not wait for it a second time.
struct ClonesUnder(std::sync::Arc<Mutex<()>>);

impl Clone for ClonesUnder {
    fn clone(&self) -> Self {
        if thread::current().name() == Some("main") {
            drop(self.0.lock().unwrap());
        }
        ClonesUnder(std::sync::Arc::clone(&self.0))
    }
}

/// Asks for one result in as many threads, besides main.
fn cloned_by(children: usize) {
    let lock = std::sync::Arc::new(Mutex::new(0));
    let pool = ThreadPool::new(1);
    let given = std::sync::Arc::clone(&lock);
    let task = pool.submit(move || Waits(given)).unwrap();
    let ask = |_| {
        let task = task.clone();
        thread::spawn(move || _ = task.result().unwrap())
    };
    let children: Vec<_> = (0..children).map(ask).collect();
    task.result().unwrap();
    let clones = children.len() as u32 + 1;
    children.into_iter().for_each(|child| child.join().unwrap());
    pool.shutdown(true, false);
    assert_eq!(*lock.lock().unwrap(), clones);
}

#[test]
fn a_result_that_performs_operations_when_it_is_cloned_is_explored() {
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        checker.check(|| cloned_by(0)).expect_verified();
    }
}

#[test]
fn a_result_that_performs_operations_when_two_threads_clone_it_is_inconclusive_and_does_not_hang() {
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(20), Checker::loom()] {
        let report = checker.check(|| cloned_by(1));
        let Verdict::Inconclusive(Reason::EngineLimit { why }) = &report.verdict else { panic!("{report}") };
        assert!(why.contains("Arc"), "{report}");
    }
    let report = Checker::native(20).check(|| cloned_by(3));
    assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::Sampled { executions: 20 })), "{report}");
}

/// A thread that asks for the result while it holds the lock for which the other one's clone waits.
#[test]
fn a_deadlock_of_two_threads_that_clone_one_result_is_not_verified() {
    let model = || {
        let other = std::sync::Arc::new(Mutex::new(()));
        let pool = ThreadPool::new(1);
        let given = std::sync::Arc::clone(&other);
        let task = pool.submit(move || ClonesUnder(given)).unwrap();
        let (asked, held) = (task.clone(), std::sync::Arc::clone(&other));
        let child = thread::spawn(move || {
            let _held = held.lock().unwrap();
            // Its own clone finds the lock taken and goes on.
            asked.result().unwrap();
        });
        task.result().unwrap();
        child.join().unwrap();
        pool.shutdown(true, false);
    };
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        let report = checker.check(model);
        assert!(!matches!(report.verdict, Verdict::Verified), "{report}");
    }
}

#[test]
fn results_that_several_threads_clone_are_verified() {
    let model = || {
        let pool = ThreadPool::new(1);
        let task = pool.submit(|| String::from("seven")).unwrap();
        let other = task.clone();
        let child = thread::spawn(move || assert_eq!(other.result().unwrap(), "seven"));
        assert_eq!(task.result().unwrap(), "seven");
        child.join().unwrap();
        pool.shutdown(true, false);
    };
    Checker::exhaustive().check(model).expect_verified();
}

/// The model's main thread is as it is in production, and as other engines have it.
#[test]
fn natively_main_has_its_name_and_a_stack_of_eight_megabytes() {
    let report = Checker::native(1).check(|| {
        assert_eq!(thread::current().name(), Some("main"));
        assert!(deep(2 << 20) > 0);
    });
    report.expect_no_failure();
}

/// What a wait says that times out when its condition has just ceased to hold, and how often it asks.
#[test]
fn a_wait_of_parking_lots_that_timed_out_says_so_whatever_has_become_of_the_condition() {
    let real = {
        let (lock, condvar, mut asked) = (::parking_lot::Mutex::new(()), ::parking_lot::Condvar::new(), 0);
        let holds = |(): &mut ()| {
            asked += 1;
            asked < 2
        };
        let result = condvar.wait_while_for(&mut lock.lock(), holds, Duration::from_millis(1));
        (result.timed_out(), asked)
    };
    assert_eq!(real, (true, 1));
    let model = move || {
        let (lock, condvar, mut asked) = (parking_lot::Mutex::new(()), parking_lot::Condvar::new(), 0);
        let holds = |(): &mut ()| {
            asked += 1;
            asked < 2
        };
        let result = condvar.wait_while_for(&mut lock.lock(), holds, Duration::from_millis(1));
        assert_eq!((result.timed_out(), asked), real);
    };
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::native(3)] {
        checker.check(model).expect_no_failure();
    }
}

#[test]
fn what_objects_print_does_not_tell_one_execution_from_the_next() {
    let printed = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let into = std::sync::Arc::clone(&printed);
    let report = Checker::exhaustive().check(move || {
        raddle::choose(3);
        let event = raddle::sync::Event::new();
        let text = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {event:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            Mutex::new(1),
            raddle::sync::RwLock::new(1),
            raddle::sync::Condvar::new(),
            raddle::sync::Once::new(),
            raddle::sync::OnceLock::<u8>::new(),
            raddle::sync::Barrier::new(1),
            raddle::sync::Semaphore::new(1),
            raddle::sync::mpsc::channel::<u8>(),
            AtomicUsize::new(1),
            raddle::cell::UnsafeCell::new(1),
            parking_lot::Condvar::new(),
            parking_lot::Once::new(),
            parking_lot::Mutex::new(1),
            raddle::sync::Queue::<u8>::unbounded(),
        );
        into.lock().unwrap().insert(text);
    });
    assert_eq!(report.stats.executions, 3, "{report}");
    let printed = printed.lock().unwrap();
    assert_eq!(printed.len(), 1, "{printed:#?}");
}

#[test]
fn what_objects_of_std_print_is_what_std_prints() {
    Checker::exhaustive()
        .check(|| {
            let barrier = raddle::sync::Barrier::new(1);
            assert_eq!(format!("{barrier:?}"), format!("{:?}", std::sync::Barrier::new(1)));
            assert_eq!(format!("{:?}", barrier.wait()), format!("{:?}", std::sync::Barrier::new(1).wait()));
            assert_eq!(format!("{:?}", raddle::sync::Once::new()), format!("{:?}", std::sync::Once::new()));
            assert_eq!(
                format!("{:?}", raddle::sync::Condvar::new()),
                format!("{:?}", std::sync::Condvar::new())
            );
        })
        .expect_verified();
}

#[test]
fn loom_failing_itself_on_a_thread_that_reads_twice_is_no_refutation() {
    let report = Checker::loom().check(|| {
        let lock = Arc::new(raddle::sync::RwLock::new(0));
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || assert_eq!(*other.read().unwrap(), 0));
        let (once, again) = (lock.read().unwrap(), lock.read().unwrap());
        assert_eq!((*once, *again), (0, 0));
        drop((once, again));
        child.join().unwrap();
    });
    let Verdict::Inconclusive(Reason::EngineLimit { why }) = &report.verdict else { panic!("{report}") };
    assert!(why.contains("RwLock"), "{report}");
}

#[test]
fn loom_failing_itself_on_a_task_that_nothing_wakes_is_no_panic_of_the_model() {
    let report = Checker::loom().check(|| drop(raddle::future::spawn(std::future::pending::<()>())));
    let Verdict::Inconclusive(Reason::EngineLimit { why }) = &report.verdict else { panic!("{report}") };
    assert!(why.starts_with("loom failed itself"), "{report}");
}

/// Performs an operation when it is dropped.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn under_loom_the_value_of_a_panic_is_not_dropped_outside_of_its_execution() {
    let report = Checker::loom().check(|| {
        let n = Arc::new(AtomicUsize::new(0));
        std::panic::panic_any(Counts(n));
    });
    report.expect_failure(FailureKind::Panic);
}
