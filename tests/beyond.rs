//! What std lacks, and the `parking_lot` mirror: of each a property that the exhaustive engine verifies
//! and a fault that it refutes.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use raddle::future::{self, AtomicWaker};
use raddle::parking_lot::{self, RwLockUpgradableReadGuard};
use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use raddle::sync::{
    Arc, BoundedSemaphore, Condition, Condvar, Discipline, Monitor, Mutex, TaskError, ThreadPool, Timer,
};
use raddle::{Checker, FailureKind, thread};

/// Verifies a model, and finds nothing wrong with it by chance and on the system's threads.
#[track_caller]
fn holds(model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    for checker in [Checker::exhaustive(), Checker::random(50), Checker::native(5)] {
        let model = Arc::clone(&model);
        checker.check(move || model()).expect_no_failure();
    }
    Checker::exhaustive().check(move || model()).expect_verified();
}

/// Refutes a model.
#[track_caller]
fn fails(kind: FailureKind, model: impl Fn() + Send + Sync + 'static) {
    Checker::exhaustive().check(model).expect_failure(kind);
}

/// What happened in at least one execution: one flag for each of two outcomes.
#[derive(Clone, Default)]
struct Seen(Arc<std::sync::Mutex<[bool; 2]>>);

impl Seen {
    fn note(&self, outcome: bool) {
        self.0.lock().unwrap()[usize::from(outcome)] = true;
    }

    #[track_caller]
    fn both(&self) {
        assert_eq!(*self.0.lock().unwrap(), [true, true]);
    }
}

const SOON: Duration = Duration::from_millis(10);

// ---- parking_lot ----

#[test]
fn a_parking_lot_mutex_excludes_and_one_that_is_not_kept_does_not() {
    let counted = |keeps: bool| {
        move || {
            let n = Arc::new(parking_lot::Mutex::new(0));
            let add = move |n: &parking_lot::Mutex<i32>| {
                let mut guard = n.lock();
                let before = *guard;
                if !keeps {
                    drop(guard);
                    guard = n.lock();
                }
                *guard = before + 1;
            };
            let other = Arc::clone(&n);
            let child = thread::spawn(move || add(&other));
            add(&n);
            child.join().unwrap();
            assert_eq!(*n.lock(), 2);
        }
    };
    holds(counted(true));
    fails(FailureKind::Panic, counted(false));
}

#[test]
fn a_release_by_a_thread_that_does_not_hold_the_lock_is_not_owner() {
    fails(FailureKind::NotOwner, || {
        let lock = Arc::new(parking_lot::Mutex::new(()));
        let other = Arc::clone(&lock);
        let guard = lock.lock();
        // SAFETY: wrong on purpose: the other thread does not hold the lock. The data is `()`.
        let child = thread::spawn(move || unsafe { other.force_unlock() });
        child.join().unwrap();
        drop(guard);
    });
    holds(|| {
        let lock = parking_lot::Mutex::new(());
        std::mem::forget(lock.lock());
        // SAFETY: this thread holds the lock, and its guard was forgotten.
        unsafe { lock.force_unlock() };
    });
}

#[test]
fn a_timed_lock_gives_up_only_on_a_lock_that_is_held() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    holds(move || {
        let lock = Arc::new(parking_lot::Mutex::new(()));
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || drop(other.lock()));
        outcomes.note(lock.try_lock_for(SOON).is_some());
        child.join().unwrap();
        assert!(lock.try_lock_for(SOON).is_some(), "nobody holds it");
    });
    seen.both();
    // It is no deadlock to wait in a circle if one gives up.
    let circle = |gives_up: bool| {
        move || {
            let locks = Arc::new([parking_lot::Mutex::new(()), parking_lot::Mutex::new(())]);
            let other = Arc::clone(&locks);
            let child = thread::spawn(move || {
                let _first = other[0].lock();
                drop(other[1].lock());
            });
            let second = locks[1].lock();
            if gives_up {
                drop(locks[0].try_lock_for(SOON));
            } else {
                drop(locks[0].lock());
            }
            drop(second);
            child.join().unwrap();
        }
    };
    holds(circle(true));
    fails(FailureKind::Deadlock, circle(false));
}

#[test]
fn an_upgrade_lets_nobody_between_and_a_second_lock_does() {
    let added = |upgrades: bool| {
        move || {
            let n = Arc::new(parking_lot::RwLock::new(0));
            let add = move |n: &parking_lot::RwLock<i32>| {
                if upgrades {
                    let reader = n.upgradable_read();
                    let before = *reader;
                    *RwLockUpgradableReadGuard::upgrade(reader) = before + 1;
                } else {
                    let before = *n.read();
                    *n.write() = before + 1;
                }
            };
            let other = Arc::clone(&n);
            let child = thread::spawn(move || add(&other));
            add(&n);
            let _ = *n.read();
            child.join().unwrap();
            assert_eq!(*n.read(), 2);
        }
    };
    holds(added(true));
    fails(FailureKind::Panic, added(false));
}

#[test]
fn an_upgrade_waits_for_readers_and_for_ones_own_read_for_ever() {
    holds(|| {
        let n = Arc::new(parking_lot::RwLock::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            let reader = other.read_recursive();
            (*reader, *reader)
        });
        let mut writer = RwLockUpgradableReadGuard::upgrade(n.upgradable_read());
        *writer = 1;
        drop(parking_lot::RwLockWriteGuard::downgrade(writer));
        let (before, after) = child.join().unwrap();
        assert_eq!(before, after);
    });
    fails(FailureKind::Deadlock, || {
        let n = parking_lot::RwLock::new(0);
        let _reader = n.read();
        drop(RwLockUpgradableReadGuard::upgrade(n.upgradable_read()));
    });
}

#[test]
fn a_read_within_a_read_waits_for_a_writer_that_waits_for_it_unless_it_is_recursive() {
    let reads = |recursive: bool| {
        move || {
            let n = Arc::new(parking_lot::RwLock::new(0));
            let other = Arc::clone(&n);
            let child = thread::spawn(move || *other.write() = 1);
            let outer = n.read();
            let inner = if recursive { n.read_recursive() } else { n.read() };
            assert_eq!(*outer, *inner);
            drop((outer, inner));
            child.join().unwrap();
        }
    };
    holds(reads(true));
    fails(FailureKind::Deadlock, reads(false));
    let gives_up = || {
        let n = Arc::new(parking_lot::RwLock::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || other.try_write_for(SOON).map(|mut n| *n = 1).is_some());
        let outer = n.read();
        assert_eq!(*outer, *n.read());
        drop(outer);
        let written = child.join().unwrap();
        assert_eq!(*n.read(), i32::from(written));
    };
    holds(gives_up);
}

#[test]
fn a_reentrant_mutex_may_be_locked_again_and_a_mutex_may_not() {
    holds(|| {
        let lock = Arc::new(parking_lot::ReentrantMutex::new(std::cell::Cell::new(0)));
        let add = |lock: &parking_lot::ReentrantMutex<std::cell::Cell<i32>>| {
            let outer = lock.lock();
            let before = outer.get();
            lock.lock().set(before + 1);
        };
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || add(&other));
        add(&lock);
        child.join().unwrap();
        assert_eq!(lock.lock().get(), 2);
    });
    fails(FailureKind::Deadlock, || {
        let lock = parking_lot::FairMutex::new(());
        let _outer = lock.lock();
        drop(lock.lock());
    });
}

#[test]
fn parking_lots_waits_need_no_loop_and_stds_do() {
    holds(|| {
        let pair = Arc::new((parking_lot::Mutex::new(false), parking_lot::Condvar::new()));
        let other = Arc::clone(&pair);
        let child = thread::spawn(move || {
            *other.0.lock() = true;
            other.1.notify_one();
        });
        let mut ready = pair.0.lock();
        if !*ready {
            pair.1.wait(&mut ready);
        }
        assert!(*ready);
        drop(ready);
        child.join().unwrap();
    });
    fails(FailureKind::Panic, || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&pair);
        let child = thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_one();
        });
        let mut ready = pair.0.lock().unwrap();
        if !*ready {
            ready = pair.1.wait(ready).unwrap();
        }
        assert!(*ready);
        drop(ready);
        child.join().unwrap();
    });
}

#[test]
fn a_notification_before_the_wait_is_lost_unless_the_wait_is_timed() {
    let waited = |timed: bool| {
        move || {
            let pair = Arc::new((parking_lot::Mutex::new(()), parking_lot::Condvar::new()));
            let other = Arc::clone(&pair);
            let child = thread::spawn(move || other.1.notify_all());
            let mut guard = pair.0.lock();
            if timed {
                let timed_out = pair.1.wait_for(&mut guard, SOON).timed_out();
                drop(guard);
                let woken = child.join().unwrap();
                assert!(timed_out || woken == 1);
            } else {
                pair.1.wait(&mut guard);
                drop(guard);
                child.join().unwrap();
            }
        }
    };
    holds(waited(true));
    fails(FailureKind::Deadlock, waited(false));
}

#[test]
fn a_mapped_guard_holds_the_lock() {
    fails(FailureKind::Deadlock, || {
        let lock = parking_lot::Mutex::new((1, 2));
        let part = parking_lot::MutexGuard::map(lock.lock(), |pair| &mut pair.0);
        drop(lock.lock());
        drop(part);
    });
}

#[test]
fn the_parking_lot_mirror_agrees_under_loom_and_natively() {
    let model = || {
        let pair = Arc::new((parking_lot::Mutex::new(0), parking_lot::Condvar::new()));
        let other = Arc::clone(&pair);
        let child = thread::spawn(move || {
            *other.0.lock() += 1;
            other.1.notify_one();
        });
        pair.1.wait_while(&mut pair.0.lock(), |n| *n == 0);
        child.join().unwrap();
        let rw = parking_lot::RwLock::new(1);
        *RwLockUpgradableReadGuard::upgrade(rw.upgradable_read()) += *pair.0.lock();
        assert_eq!(rw.into_inner(), 2);
    };
    holds(model);
    Checker::loom().check(model).expect_verified();
    Checker::native(20).check(model).expect_no_failure();
}

// ---- semaphores, pools, timers, monitors ----

#[test]
fn a_bounded_semaphore_notices_one_release_too_many() {
    let released = |twice: bool| {
        move || {
            let permits = Arc::new(BoundedSemaphore::new(1));
            let other = Arc::clone(&permits);
            let child = thread::spawn(move || {
                other.acquire();
                other.release().unwrap();
                if twice {
                    other.release().unwrap();
                }
            });
            permits.acquire();
            permits.release().unwrap();
            child.join().unwrap();
        }
    };
    holds(released(false));
    fails(FailureKind::Panic, released(true));
}

#[test]
fn a_pool_runs_what_was_submitted_and_cancels_what_has_not_begun() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    holds(move || {
        let pool = ThreadPool::new(1);
        let task = pool.submit(|| 7).unwrap();
        pool.shutdown(true, true);
        let result = task.result();
        assert!(matches!(result, Ok(7) | Err(TaskError::Cancelled)), "{result:?}");
        assert_eq!(task.cancelled(), result.is_err());
        outcomes.note(result.is_ok());
        assert!(pool.submit(|| ()).is_err());
    });
    seen.both();
    holds(|| {
        let pool = ThreadPool::new(2);
        let (one, two) = (pool.submit(|| 1).unwrap(), pool.submit(|| -> i32 { panic!("two") }).unwrap());
        pool.shutdown(false, false);
        assert_eq!((one.result(), two.exception()), (Ok(1), Ok(Some("two".into()))));
    });
}

#[test]
fn a_task_that_waits_for_one_behind_it_needs_a_second_thread() {
    let nested = |threads: usize| {
        move || {
            let pool = Arc::new(ThreadPool::new(threads));
            let inside = Arc::clone(&pool);
            let outer = pool.submit(move || inside.submit(|| 7).unwrap().result().unwrap()).unwrap();
            assert_eq!(outer.result(), Ok(7));
            pool.shutdown(true, false);
        }
    };
    holds(nested(2));
    fails(FailureKind::Deadlock, nested(1));
}

#[test]
fn a_done_callback_is_called_once_whenever_it_is_added() {
    let called = |expected: usize| {
        move || {
            let pool = ThreadPool::new(1);
            let calls = Arc::new(AtomicUsize::new(0));
            let task = pool.submit(|| 7).unwrap();
            let other = Arc::clone(&calls);
            task.add_done_callback(move |task| {
                assert!(task.done());
                other.fetch_add(1, Ordering::SeqCst);
            });
            pool.shutdown(true, false);
            assert_eq!(calls.load(Ordering::SeqCst), expected);
        }
    };
    holds(called(1));
    fails(FailureKind::Panic, called(0));
}

#[test]
fn a_timer_calls_at_most_once_and_not_after_it_was_cancelled() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    holds(move || {
        let calls = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&calls);
        let timer = Timer::start(SOON, move || _ = other.fetch_add(1, Ordering::SeqCst));
        timer.cancel();
        timer.join().unwrap();
        let calls = calls.load(Ordering::SeqCst);
        assert!(calls <= 1);
        outcomes.note(calls == 1);
    });
    seen.both();
    fails(FailureKind::Panic, || Timer::start(SOON, || panic!("called")).join().unwrap());
}

/// Two consumers and a producer of one item; the second consumer takes it only if it finds it.
fn consumers(discipline: Discipline, looks_again: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        const FILLED: Condition = Condition(0);
        let monitor = Arc::new(Monitor::new(discipline, 0));
        let (first, second) = (Arc::clone(&monitor), Arc::clone(&monitor));
        let waits = thread::spawn(move || {
            let mut items = first.enter();
            while *items == 0 {
                items.wait(FILLED);
                if !looks_again {
                    break;
                }
            }
            assert!(*items > 0, "the item is gone");
            *items -= 1;
        });
        let looks = thread::spawn(move || {
            let mut items = second.enter();
            if *items > 1 {
                *items -= 1;
            }
        });
        let steals = thread::spawn({
            let monitor = Arc::clone(&monitor);
            move || {
                let mut items = monitor.enter();
                let stolen = *items;
                *items = 0;
                drop(items);
                // What was stolen is given back, with a signal.
                if stolen > 0 {
                    let mut items = monitor.enter();
                    *items += stolen;
                    items.signal(FILLED);
                }
            }
        });
        let mut items = monitor.enter();
        *items += 1;
        items.signal(FILLED);
        drop(items);
        for child in [waits, looks, steals] {
            child.join().unwrap();
        }
        assert_eq!(*monitor.enter(), 0);
    }
}

#[test]
fn mesas_waiters_look_again_and_hoares_need_not() {
    holds(consumers(Discipline::Mesa, true));
    holds(consumers(Discipline::Hoare, true));
    holds(consumers(Discipline::Hoare, false));
    fails(FailureKind::Panic, consumers(Discipline::Mesa, false));
}

// ---- futures ----

/// A flag that a thread raises and a future waits for.
fn bridge(registers_first: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new((AtomicBool::new(false), AtomicWaker::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.0.store(true, Ordering::Release);
            other.1.wake();
        });
        future::block_on(poll_fn(|context| {
            if registers_first {
                shared.1.register(context.waker());
            }
            if shared.0.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            if !registers_first {
                shared.1.register(context.waker());
            }
            Poll::Pending
        }));
        child.join().unwrap();
    }
}

#[test]
fn a_waker_is_registered_before_the_last_look() {
    holds(bridge(true));
    fails(FailureKind::Deadlock, bridge(false));
    Checker::loom().check(bridge(true)).expect_verified();
    Checker::loom().check(bridge(false)).expect_failure(FailureKind::Deadlock);
}

#[test]
fn spawned_tasks_run_beside_each_other_and_are_awaited() {
    holds(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let tasks = [0; 2].map(|_| {
            let n = Arc::clone(&n);
            future::spawn(async move {
                future::yield_now().await;
                n.fetch_add(1, Ordering::SeqCst)
            })
        });
        let sum = future::block_on(async {
            let [one, two] = tasks;
            one.await.unwrap() + two.await.unwrap()
        });
        assert_eq!(sum, 1);
    });
    fails(FailureKind::Panic, || {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let task = future::spawn(async move { other.store(1, Ordering::SeqCst) });
        assert_eq!(n.load(Ordering::SeqCst), 0, "a task may run before it is awaited");
        future::block_on(task).unwrap();
    });
    holds(|| {
        let task = future::spawn(async { panic!("in vain") });
        assert!(future::block_on(task).is_err());
    });
}
