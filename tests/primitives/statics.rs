//! One-time initialisation, and statics.

use raddle::cell::UnsafeCell;
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, Condvar, LazyLock, Mutex, Once, OnceLock};
use raddle::{Checker, FailureKind, thread};

use super::{Plain, fails, holds};

#[test]
fn who_waits_for_a_once_sees_what_it_did_and_waits_for_ever_if_it_panics() {
    let initialized = |panics: bool| {
        move || {
            let shared = Arc::new((OnceLock::new(), Plain::default()));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.0.get_or_init(|| {
                    other.1.set(7);
                    assert!(!panics);
                });
            });
            shared.0.wait();
            assert_eq!(shared.1.get(), 7);
            child.join().unwrap();
        }
    };
    holds(initialized(false));
    fails(FailureKind::Deadlock, initialized(true));
}

static SHARED: LazyLock<Mutex<i32>> = LazyLock::new(|| Mutex::new(0));

fn lazily_shared() {
    let children = [0; 2].map(|_| thread::spawn(|| *SHARED.lock().unwrap() += 1));
    let _ = children.map(|child| child.join().unwrap());
    assert_eq!(*SHARED.lock().unwrap(), 2);
}

#[test]
fn a_lazy_static_is_made_afresh_in_each_execution_of_each_engine() {
    let engines =
        [Checker::exhaustive(), Checker::dfs(), Checker::loom(), Checker::random(20), Checker::native(20)];
    for engine in engines {
        engine.check(lazily_shared).expect_no_failure();
    }
    assert_eq!(*SHARED.lock().unwrap(), 0);
}

#[test]
fn a_lazy_static_that_asks_for_itself_is_a_deadlock() {
    static SELF: LazyLock<i32> = LazyLock::new(|| *SELF + 1);
    fails(FailureKind::Deadlock, || _ = *SELF);
}

#[test]
fn a_static_that_is_not_lazy_is_named() {
    static OUTSIDE: std::sync::OnceLock<Mutex<i32>> = std::sync::OnceLock::new();
    OUTSIDE.get_or_init(|| Mutex::new(0));
    let report = Checker::exhaustive().check(|| _ = OUTSIDE.get().map(Mutex::lock));
    let message = report.expect_failure(FailureKind::Panic).message().to_owned();
    assert!(message.contains("outside the execution that made it"), "{message}");
}

raddle::statics! {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static MANY: [AtomicUsize; 2] = [const { 0 }, 0].map(AtomicUsize::new);
    static PAIR: (Mutex<i32>, Condvar) = (Mutex::new(0), Condvar::new());
    static LOT: raddle::parking_lot::Mutex<i32> = raddle::parking_lot::const_mutex(0);
    static CELL: Locked = Locked(raddle::sync::Mutex::new(()), UnsafeCell::new(0));
}

/// Data that its lock protects.
struct Locked(Mutex<()>, UnsafeCell<i32>);
// SAFETY: the cell is accessed only by the thread that holds the lock.
unsafe impl Sync for Locked {}

impl Locked {
    fn add(&self) -> i32 {
        let _held = self.0.lock().unwrap();
        // SAFETY: the lock is held.
        self.1.with_mut(|n| unsafe {
            *n += 1;
            *n
        })
    }
}

fn plainly_shared() {
    let child = thread::spawn(|| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        *PAIR.0.lock().unwrap() += 1;
        PAIR.1.notify_one();
        *LOT.lock() += 1;
        CELL.add();
    });
    COUNT.fetch_add(1, Ordering::Relaxed);
    drop(PAIR.1.wait_while(PAIR.0.lock().unwrap(), |n| *n == 0));
    *LOT.lock() += 1;
    CELL.add();
    child.join().unwrap();
    assert_eq!((COUNT.load(Ordering::Relaxed), *LOT.lock(), CELL.add()), (2, 2, 3));
}

#[test]
fn a_static_is_made_afresh_in_each_execution_of_each_engine() {
    let engines = [
        Checker::exhaustive(),
        Checker::exhaustive().workers(3),
        Checker::dfs(),
        Checker::loom(),
        Checker::random(20),
        Checker::native(20),
    ];
    for engine in engines {
        engine.check(plainly_shared).expect_no_failure();
    }
    assert_eq!(COUNT.load(Ordering::Relaxed), 0);
    COUNT.store(7, Ordering::Relaxed);
    Checker::exhaustive().check(|| assert_eq!(COUNT.load(Ordering::Relaxed), 0)).expect_verified();
    assert_eq!(COUNT.swap(0, Ordering::Relaxed), 7);
}

/// The number of executions of a small program whose threads use `MANY`, or two atomics that were passed
/// along. Three threads take three steps each on those and on a third atomic; `program` selects which.
fn executions(program: u64, declared: bool) -> u64 {
    let report = Checker::exhaustive().check(move || {
        let passed = Arc::new([0; 3].map(AtomicUsize::new));
        let children = [0, 1, 2].map(|thread| {
            let passed = Arc::clone(&passed);
            thread::spawn(move || {
                for step in 0..3 {
                    // Two digits of base 3 and 2: the atomic, and whether it is written.
                    let what =
                        program.wrapping_mul(2_862_933_555_777_941_757) >> (9 * thread + 3 * step + 30);
                    // Up to their first step threads run in spawn order, so the first step is on
                    // none of `MANY`.
                    let atomic = if step == 0 { 2 } else { (what % 3) as usize };
                    let writes = what & 8 == 0;
                    let atomic = if declared && atomic < 2 { &MANY[atomic] } else { &passed[atomic] };
                    if writes {
                        atomic.fetch_add(1, Ordering::SeqCst);
                    } else {
                        atomic.load(Ordering::SeqCst);
                    }
                }
            })
        });
        let _ = children.map(|child| child.join().unwrap());
    });
    report.expect_verified();
    assert_eq!(report.stats.redundant, 0);
    report.stats.executions
}

#[test]
fn whoever_comes_first_upon_a_static_makes_no_difference() {
    let mut most = 0;
    for program in 1..40 {
        let passed = executions(program, false);
        assert_eq!(executions(program, true), passed, "program {program}");
        most = most.max(passed);
    }
    assert!(most > 20, "{most} executions at most: the programs are too small");
}

#[test]
fn an_initializer_that_takes_a_step_is_told_to_be_lazy() {
    raddle::statics! {
        static STEPS: usize = COUNT.fetch_add(1, Ordering::SeqCst);
    }
    let report = Checker::exhaustive().check(|| _ = *STEPS);
    let message = report.expect_failure(FailureKind::Panic).message().to_owned();
    assert!(message.contains("LazyLock"), "{message}");
}

#[test]
fn a_static_that_is_not_declared_is_told_how() {
    static OUTSIDE: std::sync::LazyLock<Once> = std::sync::LazyLock::new(Once::new);
    OUTSIDE.is_completed();
    let report = Checker::exhaustive().check(|| OUTSIDE.call_once(|| ()));
    let message = report.expect_failure(FailureKind::Panic).message().to_owned();
    assert!(message.contains("raddle::statics!") && message.contains("statics.rs"), "{message}");
}

fn loses_an_update() {
    let add = || COUNT.store(COUNT.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    let child = thread::spawn(add);
    add();
    child.join().unwrap();
    assert_eq!(COUNT.load(Ordering::SeqCst), 2);
}

#[test]
fn a_failure_over_a_static_replays_and_says_where_the_static_is_declared() {
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(100)] {
        let report = checker.check(loses_an_update);
        let token = report.expect_failure(FailureKind::Panic).token().to_owned();
        let again = Checker::replay(&token).unwrap().check(loses_an_update);
        let counterexample = again.expect_failure(FailureKind::Panic);
        assert_eq!(counterexample.token(), token);
        let line =
            include_str!("statics.rs").lines().position(|line| line.contains("static COUNT:")).unwrap() + 1;
        let text = counterexample.to_string();
        assert!(text.contains(&format!("tests/primitives/statics.rs:{line}")), "{text}");
    }
}
