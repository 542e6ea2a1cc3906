//! Poison is set, read and cleared in separate steps, as in std.

use raddle::sync::{Arc, Mutex, RwLock, TryLockError};
use raddle::{Checker, thread};

use crate::{Finally, verified};

/// A child that panics while it holds the guard that `holds` takes.
fn panics<L: Send + Sync + 'static>(lock: &Arc<L>, holds: fn(&L)) -> thread::JoinHandle<()> {
    let other = Arc::clone(lock);
    thread::spawn(move || holds(&other))
}

fn in_mutex(lock: &Mutex<u32>) {
    let _held = lock.lock();
    panic!("expected");
}

#[test]
fn is_poisoned_races_with_the_unlock_that_poisons() {
    let seen = verified(|| {
        let lock = Arc::new(Mutex::new(0));
        let child = panics(&lock, in_mutex);
        let seen = lock.is_poisoned();
        assert!(child.join().is_err());
        assert!(lock.is_poisoned());
        seen
    });
    assert_eq!(seen, [false, true].into());
}

#[test]
fn clear_poison_races_with_the_unlock_that_poisons() {
    let seen = verified(|| {
        let lock = Arc::new(Mutex::new(0));
        let child = panics(&lock, in_mutex);
        lock.clear_poison();
        assert!(child.join().is_err());
        let poisoned = lock.lock().is_err();
        (poisoned, lock.is_poisoned())
    });
    assert_eq!(seen, [(false, false), (true, true)].into());
}

#[test]
fn is_poisoned_races_with_a_writer_that_panics() {
    let seen = verified(|| {
        let lock = Arc::new(RwLock::new(0));
        let child = panics(&lock, |lock| {
            let _held = lock.write();
            panic!("expected");
        });
        let seen = (lock.is_poisoned(), lock.read().is_err());
        assert!(child.join().is_err());
        assert!(lock.read().is_err() && lock.try_write().is_err());
        lock.clear_poison();
        assert!(lock.read().is_ok() && lock.write().is_ok());
        seen
    });
    assert_eq!(seen, [(false, false), (false, true), (true, true)].into());
}

#[test]
fn a_reader_that_panics_poisons_nothing() {
    verified(|| {
        let lock = Arc::new(RwLock::new(0));
        let child = panics(&lock, |lock| {
            let _held = lock.read();
            panic!("expected");
        });
        assert!(!lock.is_poisoned());
        assert!(child.join().is_err());
        assert!(!lock.is_poisoned() && lock.write().is_ok());
    });
}

#[test]
fn a_writer_that_becomes_a_reader_poisons_nothing() {
    verified(|| {
        let lock = Arc::new(RwLock::new(0));
        let child = panics(&lock, |lock| {
            let _held = raddle::sync::RwLockWriteGuard::downgrade(lock.write().unwrap());
            panic!("expected");
        });
        assert!(child.join().is_err());
        assert!(!lock.is_poisoned());
    });
}

#[test]
fn a_poisoned_lock_still_excludes() {
    let seen = verified(|| {
        let lock = Arc::new(Mutex::new(0));
        assert!(panics(&lock, in_mutex).join().is_err());
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || {
            let mut n = other.lock().unwrap_err().into_inner();
            let seen = *n;
            thread::yield_now();
            *n = seen + 1;
        });
        let tried = lock.try_lock();
        let free = !matches!(tried, Err(TryLockError::WouldBlock));
        drop(tried);
        *lock.lock().unwrap_err().into_inner() += 1;
        child.join().unwrap();
        let n = *lock.lock().unwrap_err().into_inner();
        assert_eq!(n, 2);
        free
    });
    assert_eq!(seen, [false, true].into());
}

#[test]
fn a_lock_taken_by_a_destructor_during_a_panic_is_not_poisoned_by_it() {
    let seen = verified(|| {
        let lock = Arc::new(Mutex::new(0));
        let child = panics(&lock, |lock| {
            let _last = Finally(|| *lock.lock().unwrap() += 1);
            panic!("expected");
        });
        let seen = *lock.lock().unwrap();
        assert!(child.join().is_err());
        assert!(!lock.is_poisoned());
        seen
    });
    assert_eq!(seen, [0, 1].into());
}

#[test]
fn looking_at_poison_orders_nothing() {
    use crate::Racy;
    Checker::exhaustive()
        .check(|| {
            let shared = Arc::new((Mutex::new(0), Racy::new()));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                let _held = other.0.lock();
                other.1.write();
                panic!("expected");
            });
            if shared.0.is_poisoned() {
                shared.1.read();
            }
            assert!(child.join().is_err());
        })
        .expect_failure(raddle::FailureKind::DataRace);
}

#[test]
fn locks_pass_on_what_was_done_under_them_though_poison_is_cleared_between() {
    use crate::Racy;
    verified(|| {
        let shared = Arc::new((Mutex::new(0), Racy::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let _held = other.0.lock();
            other.1.write();
            panic!("expected");
        });
        shared.0.clear_poison();
        {
            let _held = shared.0.lock();
            shared.1.write();
        }
        assert!(child.join().is_err());
    });
}

#[test]
fn a_lock_is_poisoned_before_it_is_free() {
    let seen = verified(|| {
        let lock = Arc::new(Mutex::new(0));
        let child = panics(&lock, in_mutex);
        let poisoned = lock.is_poisoned();
        let tried = match lock.try_lock() {
            Ok(_) => "free",
            Err(TryLockError::Poisoned(_)) => "poisoned",
            Err(TryLockError::WouldBlock) => "held",
        };
        assert!(child.join().is_err());
        (poisoned, tried)
    });
    let all = [(false, "free"), (false, "held"), (false, "poisoned"), (true, "held"), (true, "poisoned")];
    assert_eq!(seen, all.into());
}

#[test]
fn poison_may_be_taken_back_after_a_thread_has_the_lock_and_before_it_looks() {
    let seen = verified(|| {
        let lock = Arc::new(Mutex::new(0));
        assert!(panics(&lock, in_mutex).join().is_err());
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || other.lock().is_err());
        let held = matches!(lock.try_lock(), Err(TryLockError::WouldBlock));
        lock.clear_poison();
        (held, child.join().unwrap())
    });
    assert_eq!(seen, [(false, false), (false, true), (true, false), (true, true)].into());
}

#[test]
fn a_writer_behind_readers_finds_the_poison_of_the_writer_before() {
    let seen = verified(|| {
        let lock = Arc::new(RwLock::new(0));
        assert!(
            panics(&lock, |lock| {
                let _held = lock.write();
                panic!("expected");
            })
            .join()
            .is_err()
        );
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || other.write().is_err());
        let reads = lock.read().is_err();
        (reads, child.join().unwrap(), lock.try_read().is_err())
    });
    assert_eq!(seen, [(true, true, true)].into());
}
