//! The mirror of the crate `parking_lot`.

use raddle::parking_lot::{self, RwLockUpgradableReadGuard};
use raddle::sync::{Arc, Condvar, Mutex};
use raddle::{Checker, FailureKind, thread};

use super::{SOON, Seen, fails, holds};

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
    // A cycle of waiting is no deadlock if one of its waits times out.
    let cycle = |gives_up: bool| {
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
    holds(cycle(true));
    fails(FailureKind::Deadlock, cycle(false));
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
