//! How the threads of a failed execution are ended: nothing aborts, and nothing is used after its drop.

use std::sync::atomic::AtomicBool as Flag;

use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, Mutex, mpsc};
use raddle::{Checker, FailureKind, thread};

use crate::{Finally, Racy, explored};

/// Records that it is dropped.
struct Canary(&'static Flag);

impl Drop for Canary {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_scoped_child_that_fails_before_its_first_operation_outlives_nothing_that_it_borrows() {
    static DROPPED: Flag = Flag::new(false);
    static TOO_LATE: Flag = Flag::new(false);
    let model = || {
        DROPPED.store(false, Ordering::SeqCst);
        let racy = Racy::new();
        let local = Canary(&DROPPED);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let local = &local;
                    let _last = Finally(|| {
                        TOO_LATE.fetch_or(local.0.load(Ordering::SeqCst), Ordering::SeqCst);
                    });
                    racy.write();
                });
            }
        });
    };
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(3)] {
        checker.check(model).expect_failure(FailureKind::DataRace);
    }
    assert!(!TOO_LATE.load(Ordering::SeqCst), "a child ran after its parent's locals were dropped");
}

#[test]
fn a_scoped_child_that_races_while_it_unwinds_outlives_nothing_that_it_borrows() {
    static DROPPED: Flag = Flag::new(false);
    static TOO_LATE: Flag = Flag::new(false);
    let model = || {
        DROPPED.store(false, Ordering::SeqCst);
        let (racy, n) = (Racy::new(), AtomicUsize::new(0));
        let local = Canary(&DROPPED);
        let child = || {
            let _checks = Finally(|| {
                TOO_LATE.fetch_or(local.0.load(Ordering::SeqCst), Ordering::SeqCst);
            });
            n.fetch_add(1, Ordering::Relaxed);
            n.fetch_add(1, Ordering::Relaxed);
        };
        thread::scope(|scope| {
            scope.spawn(child);
            let _last = Finally(|| racy.write());
            scope.spawn(|| racy.write());
            panic!("unwinds");
        });
    };
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(20)] {
        checker.check(model).expect_failure(FailureKind::DataRace);
    }
    assert!(!TOO_LATE.load(Ordering::SeqCst), "a child ran after its parent's locals were dropped");
}

#[test]
fn a_pool_that_joins_with_unwrap_when_dropped_does_not_abort_a_check_that_fails() {
    let seen = explored(|| {
        let (send, receive) = mpsc::channel::<()>();
        let mut worker = Some(thread::spawn(move || receive.recv().unwrap()));
        let _pool = Finally(move || worker.take().unwrap().join().unwrap());
        let lock = Mutex::new(());
        let _held = lock.lock();
        let _again = lock.lock();
        send.send(()).unwrap();
    });
    assert_eq!(seen.failures, ["deadlock".to_owned()].into());
}

#[test]
fn a_destructor_that_asserts_what_it_loads_does_not_abort_a_check_that_fails() {
    let seen = explored(|| {
        let n = Arc::new((AtomicUsize::new(0), Mutex::new(())));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            let _none_left = Finally(|| assert_eq!(other.0.load(Ordering::SeqCst), 0));
            other.0.fetch_add(1, Ordering::SeqCst);
            drop(other.1.lock().unwrap());
            other.0.fetch_sub(1, Ordering::SeqCst);
        });
        let _held = n.1.lock().unwrap();
        child.join().unwrap();
    });
    assert_eq!(seen.failures, ["deadlock".to_owned()].into());
}

#[test]
fn a_destructor_that_unwraps_a_lock_does_not_abort_a_check_that_fails() {
    let seen = explored(|| {
        let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
        let other = Arc::clone(&locks);
        let _last = {
            let locks = Arc::clone(&locks);
            Finally(move || *locks.0.lock().unwrap() += 1)
        };
        let child = thread::spawn(move || {
            let _held = other.0.lock().unwrap();
            drop(other.1.lock().unwrap());
        });
        let _held = locks.1.lock().unwrap();
        child.join().unwrap();
    });
    assert_eq!(seen.failures, ["deadlock".to_owned()].into());
}

#[test]
fn a_destructor_that_spins_or_spawns_does_not_hang_a_check_that_fails() {
    for spins in [false, true] {
        let report = Checker::exhaustive().check(move || {
            let n = Arc::new(AtomicUsize::new(0));
            let _last = Finally(|| {
                if spins {
                    while n.swap(1, Ordering::SeqCst) == 1 {}
                } else {
                    thread::spawn(|| ()).join().unwrap();
                }
            });
            n.store(1, Ordering::SeqCst);
            let lock = Mutex::new(());
            let _held = lock.lock();
            let _again = lock.lock();
        });
        report.expect_failure(FailureKind::Deadlock);
    }
}

#[test]
fn a_thread_that_catches_every_panic_does_not_hang_a_check_that_fails() {
    let report = Checker::exhaustive().check(|| {
        let never = Arc::new(Mutex::new(()));
        let other = Arc::clone(&never);
        let child = thread::spawn(move || {
            loop {
                let attempt = std::panic::AssertUnwindSafe(|| drop(other.lock()));
                if std::panic::catch_unwind(attempt).is_ok() {
                    return;
                }
            }
        });
        let _held = never.lock();
        child.join().unwrap();
    });
    report.expect_failure(FailureKind::Deadlock);
}

#[test]
fn samplers_go_on_after_a_destructor_that_waits_for_ever() {
    let model = || {
        assert!(!std::thread::panicking());
        let lock = Arc::new(Mutex::new(()));
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || {
            let _last = Finally(|| drop(other.lock()));
            panic!("expected");
        });
        let held = lock.lock();
        if raddle::choose(2) == 0 {
            drop(held);
        }
        assert!(child.join().is_err());
    };
    for checker in [Checker::random(40), Checker::pct(40, 3), Checker::urw(40)] {
        let report = checker.stop_on_failure(false).check(model);
        assert_eq!(report.stats.executions, 40);
        assert!(report.failures.iter().all(|failure| failure.kind() == FailureKind::Deadlock), "{report}");
        assert!(0 < report.stats.failures && report.stats.failures < 40, "{report}");
    }
}

#[test]
fn workers_see_what_one_sees_when_destructors_wait() {
    let model = || {
        let n = Arc::new(AtomicUsize::new(0));
        let children: Vec<_> = (0..3)
            .map(|_| {
                let n = Arc::clone(&n);
                thread::spawn(move || {
                    let _last = Finally(|| {
                        let seen = n.load(Ordering::SeqCst);
                        n.store(seen + 1, Ordering::SeqCst);
                    });
                    panic!("expected");
                })
            })
            .collect();
        for child in children {
            assert!(child.join().is_err());
        }
    };
    let executions = |workers| {
        let report = Checker::exhaustive().workers(workers).check(model);
        report.expect_verified();
        report.stats.executions
    };
    assert_eq!(executions(1), 36);
    assert_eq!(executions(2), 36);
}
