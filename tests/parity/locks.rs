//! Locks, condition variables, barriers, and one-time initialisation.

use raddle::Checker;

over_std_and_facade! {
    locks: {
        use krate;
        use std::time::Duration;
        use krate::sync::{
            Arc, Barrier, BarrierWaitResult, Condvar, LockResult, Mutex, MutexGuard, Once, OnceLock, RwLock,
            RwLockReadGuard, RwLockWriteGuard, TryLockResult, WaitTimeoutResult,
        };
        use krate::thread;

        pub(crate) fn run() {
            type M = Mutex<i32>;
            let new: fn(i32) -> M = Mutex::new;
            let lock: for<'a> fn(&'a M) -> LockResult<MutexGuard<'a, i32>> = Mutex::lock;
            let try_lock: for<'a> fn(&'a M) -> TryLockResult<MutexGuard<'a, i32>> = Mutex::try_lock;
            let into_inner: fn(M) -> LockResult<i32> = Mutex::into_inner;
            let get_mut: for<'a> fn(&'a mut M) -> LockResult<&'a mut i32> = Mutex::get_mut;
            let poisoned: fn(&M) -> bool = Mutex::is_poisoned;
            let clear: fn(&M) = Mutex::clear_poison;
            let mut mutex = new(1);
            *lock(&mutex).unwrap() += 1;
            assert!(try_lock(&mutex).is_ok() && !poisoned(&mutex));
            clear(&mutex);
            *get_mut(&mut mutex).unwrap() += 1;
            assert_eq!(into_inner(mutex).unwrap(), 3);
            let _: (M, M) = (Mutex::default(), Mutex::from(1));

            type R = RwLock<i32>;
            let read: for<'a> fn(&'a R) -> LockResult<RwLockReadGuard<'a, i32>> = RwLock::read;
            let write: for<'a> fn(&'a R) -> LockResult<RwLockWriteGuard<'a, i32>> = RwLock::write;
            let try_read: for<'a> fn(&'a R) -> TryLockResult<RwLockReadGuard<'a, i32>> = RwLock::try_read;
            let try_write: for<'a> fn(&'a R) -> TryLockResult<RwLockWriteGuard<'a, i32>> = RwLock::try_write;
            fn downgrade(writer: RwLockWriteGuard<'_, i32>) -> RwLockReadGuard<'_, i32> {
                RwLockWriteGuard::downgrade(writer)
            }
            let lock = RwLock::new(1);
            *write(&lock).unwrap() += 1;
            assert!(try_write(&lock).is_ok());
            let reader = read(&lock).unwrap();
            assert!(try_read(&lock).is_ok() && try_write(&lock).is_err());
            drop(reader);
            let reader = downgrade(write(&lock).unwrap());
            assert!(try_read(&lock).is_ok() && *reader == 2);
            assert_eq!(format!("{reader} {reader:?}"), "2 2");
            drop(reader);
            assert_eq!(lock.into_inner().unwrap(), 2);

            type G<'a> = MutexGuard<'a, i32>;
            let wait_timeout: for<'a> fn(&Condvar, G<'a>, Duration) -> LockResult<(G<'a>, WaitTimeoutResult)> =
                Condvar::wait_timeout;
            let wait: for<'a> fn(&Condvar, G<'a>) -> LockResult<G<'a>> = Condvar::wait;
            let _ = wait;
            let pair = (Mutex::new(0), Condvar::default());
            let (guard, result) = wait_timeout(&pair.1, pair.0.lock().unwrap(), Duration::ZERO).unwrap();
            let _: bool = result.timed_out();
            let guard = pair.1.wait_while(guard, |n| *n != 0).unwrap();
            let (guard, result) = pair.1.wait_timeout_while(guard, Duration::ZERO, |n| *n != 0).unwrap();
            assert!(*guard == 0 && !result.timed_out());
            drop(guard);
            #[allow(deprecated)]
            let (guard, woken): (_, bool) = pair.1.wait_timeout_ms(pair.0.lock().unwrap(), 1).unwrap();
            std::hint::black_box(woken);
            assert_eq!(format!("{guard} {guard:?}"), "0 0");
            drop(guard);
            pair.1.notify_one();
            pair.1.notify_all();

            let barrier: Arc<Barrier> = Arc::new(Barrier::new(2));
            let other = Arc::clone(&barrier);
            let wait: fn(&Barrier) -> BarrierWaitResult = Barrier::wait;
            let child = thread::spawn(move || wait(&other).is_leader());
            assert_ne!(wait(&barrier).is_leader(), child.join().unwrap());

            let once = Once::new();
            once.call_once(|| ());
            once.call_once_force(|state| assert!(!state.is_poisoned()));
            once.wait();
            once.wait_force();
            assert!(once.is_completed());

            type O = OnceLock<i32>;
            let get: for<'a> fn(&'a O) -> Option<&'a i32> = OnceLock::get;
            let set: fn(&O, i32) -> Result<(), i32> = OnceLock::set;
            let take: fn(&mut O) -> Option<i32> = OnceLock::take;
            let mut cell: O = OnceLock::new();
            assert_eq!((get(&cell), set(&cell, 1), set(&cell, 2)), (None, Ok(()), Err(2)));
            assert_eq!(*cell.wait(), 1);
            assert!(cell.clone() == cell && cell != OnceLock::new() && cell == OnceLock::from(1));
            assert_eq!((*cell.get_or_init(|| 3), take(&mut cell), cell.into_inner()), (1, Some(1), None));
        }
    }

    poison: {
        use krate;
        use krate::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
        use krate::thread;

        pub(crate) fn run() {
            let shared = Arc::new((Mutex::new(1), RwLock::new(1)));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                let _guards = (other.0.lock().unwrap(), other.1.write().unwrap());
                panic!("in vain");
            });
            assert!(child.join().is_err());
            assert!(shared.0.is_poisoned() && shared.1.is_poisoned());
            assert!(matches!(shared.0.try_lock(), Err(TryLockError::Poisoned(_))));
            assert_eq!(*shared.0.lock().unwrap_or_else(PoisonError::into_inner), 1);
            shared.1.clear_poison();
            assert_eq!(*shared.1.read().unwrap(), 1);
        }
    }
}

both!(locks, poison);
