//! The crate `parking_lot`.

use raddle::Checker;

/// The same source over `parking_lot` and over its mirror.
macro_rules! over_parking_lot_and_mirror {
    ($($body:tt)*) => {
        mod of_parking_lot {
            use parking_lot::{self as krate};
            use std::time::Instant;
            $($body)*
        }
        mod of_mirror {
            use raddle::parking_lot::{self as krate};
            use raddle::time::Instant;
            $($body)*
        }
    };
}

over_parking_lot_and_mirror! {
    use std::time::Duration;
    use krate::{
        Condvar, FairMutex, FairMutexGuard, MappedMutexGuard, MappedRwLockWriteGuard, Mutex, MutexGuard, Once,
        ReentrantMutex, ReentrantMutexGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
        WaitTimeoutResult, const_fair_mutex, const_mutex, const_reentrant_mutex, const_rwlock,
    };

    pub(super) fn run() {
        let soon = Duration::from_millis(1);
        let new: fn((i32, i32)) -> Mutex<(i32, i32)> = Mutex::new;
        let mut lock = new((1, 2));
        let guard: MutexGuard<'_, (i32, i32)> = lock.lock();
        assert!(lock.is_locked() && lock.try_lock().is_none() && lock.try_lock_for(soon).is_none());
        assert!(lock.try_lock_until(Instant::now() + soon).is_none());
        let part: MappedMutexGuard<'_, i32> = MutexGuard::map(guard, |pair| &mut pair.1);
        assert_eq!(*part, 2);
        MappedMutexGuard::unlock_fair(part);
        let mut guard = lock.lock();
        MutexGuard::bump(&mut guard);
        MutexGuard::unlocked(&mut guard, || assert!(lock.try_lock().is_some()));
        drop(guard);
        lock.get_mut().0 = 3;
        assert_eq!(lock.into_inner(), (3, 2));

        let fair = FairMutex::new(1);
        let guard: FairMutexGuard<'_, i32> = fair.lock();
        assert_eq!(*guard, 1);

        let reentrant = ReentrantMutex::new(1);
        let outer: ReentrantMutexGuard<'_, i32> = reentrant.lock();
        assert!(reentrant.is_owned_by_current_thread() && reentrant.try_lock().is_some() && *outer == 1);

        let lock: RwLock<(i32, i32)> = RwLock::default();
        let reader: RwLockReadGuard<'_, (i32, i32)> = lock.read();
        assert!(lock.try_read_recursive().is_some() && lock.try_write_for(soon).is_none());
        let upgradable: RwLockUpgradableReadGuard<'_, (i32, i32)> = lock.upgradable_read();
        assert!(lock.try_upgradable_read().is_none());
        let Err(upgradable) = RwLockUpgradableReadGuard::try_upgrade(upgradable) else { panic!("a reader is there") };
        drop(reader);
        let mut writer: RwLockWriteGuard<'_, (i32, i32)> = RwLockUpgradableReadGuard::upgrade(upgradable);
        writer.0 = 1;
        let upgradable = RwLockWriteGuard::downgrade_to_upgradable(writer);
        let reader = RwLockUpgradableReadGuard::downgrade(upgradable);
        assert!(reader.0 == 1 && !lock.is_locked_exclusive());
        drop(reader);
        let part: MappedRwLockWriteGuard<'_, i32> = RwLockWriteGuard::map(lock.write(), |pair| &mut pair.1);
        drop(part);
        assert!(lock.try_read_for(soon).is_some() && lock.try_read_until(Instant::now() + soon).is_some());

        let (lock, condvar) = (Mutex::new(0), Condvar::new());
        let wait_for: for<'a> fn(&Condvar, &mut MutexGuard<'a, i32>, Duration) -> WaitTimeoutResult = Condvar::wait_for;
        let wait: for<'a> fn(&Condvar, &mut MutexGuard<'a, i32>) = Condvar::wait;
        std::hint::black_box(wait);
        let mut guard = lock.lock();
        assert!(wait_for(&condvar, &mut guard, soon).timed_out());
        assert!(condvar.wait_until(&mut guard, Instant::now()).timed_out());
        condvar.wait_while(&mut guard, |n| *n != 0);
        assert!(condvar.wait_while_for(&mut guard, |n| *n == 0, soon).timed_out());
        drop(guard);
        let (woke, how_many): (bool, usize) = (condvar.notify_one(), condvar.notify_all());
        assert_eq!((woke, how_many), (false, 0));

        assert!(condvar.wait_while_until(&mut lock.lock(), |n| *n == 0, Instant::now()).timed_out());
        let (_, _): (Condvar, Once) = Default::default();
        let made = (const_mutex(1), const_fair_mutex(1), const_rwlock(1), const_reentrant_mutex(1));
        assert_eq!(*made.0.lock() + *made.1.lock() + *made.2.read() + *made.3.lock(), 4);

        let once = Once::new();
        once.call_once(|| ());
        once.call_once_force(|state| assert!(!state.poisoned()));
        assert!(once.state().done());
    }
}

#[test]
fn parking_lot() {
    of_parking_lot::run();
    of_mirror::run();
    Checker::exhaustive().check(of_mirror::run).expect_verified();
}
