//! The facade's signatures are std's and `parking_lot`'s: the same source compiles against both, and
//! does the same.
//!
//! Each program below is compiled twice, with `std` (or the crate `parking_lot`) and with `raddle` in
//! its paths, so a signature that drifts does not compile. It names methods as functions of a
//! written type as well as calling them: a call alone would accept too much.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
// Types are written out, and methods called, as users do.
#![allow(clippy::items_after_statements, clippy::into_iter_on_ref, clippy::type_complexity)]
#![allow(clippy::incompatible_msrv)] // The facade has what the newest std has.

use raddle::Checker;

/// The same source over std and over the facade.
macro_rules! over_std_and_facade {
    ($($name:ident: $body:tt)*) => { $( mod $name {
        pub(super) mod of_std { over_std_and_facade!(@one std $body); }
        pub(super) mod of_facade { over_std_and_facade!(@one raddle $body); }
    } )* };
    (@one std { use $uses:tt; $($rest:tt)* }) => {
        #[allow(unused_imports)]
        use std::{self as krate};
        $($rest)*
    };
    (@one raddle { use $uses:tt; $($rest:tt)* }) => {
        #[allow(unused_imports)]
        use raddle::{self as krate};
        $($rest)*
    };
}

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

    channels: {
        use krate;
        use std::time::Duration;
        use krate::sync::mpsc::{
            self, Receiver, RecvError, RecvTimeoutError, SendError, Sender, SyncSender, TryRecvError, TrySendError,
        };
        use krate::thread;

        pub(crate) fn run() {
            let channel: fn() -> (Sender<i32>, Receiver<i32>) = mpsc::channel;
            let sync_channel: fn(usize) -> (SyncSender<i32>, Receiver<i32>) = mpsc::sync_channel;
            let send: fn(&Sender<i32>, i32) -> Result<(), SendError<i32>> = Sender::send;
            let sync_send: fn(&SyncSender<i32>, i32) -> Result<(), SendError<i32>> = SyncSender::send;
            let try_send: fn(&SyncSender<i32>, i32) -> Result<(), TrySendError<i32>> = SyncSender::try_send;
            let recv: fn(&Receiver<i32>) -> Result<i32, RecvError> = Receiver::recv;
            let try_recv: fn(&Receiver<i32>) -> Result<i32, TryRecvError> = Receiver::try_recv;
            let recv_timeout: fn(&Receiver<i32>, Duration) -> Result<i32, RecvTimeoutError> = Receiver::recv_timeout;

            let (sender, receiver) = channel();
            let other = sender.clone();
            send(&sender, 1).unwrap();
            send(&other, 2).unwrap();
            assert_eq!((recv(&receiver), try_recv(&receiver)), (Ok(1), Ok(2)));
            assert_eq!(try_recv(&receiver), Err(TryRecvError::Empty));
            assert_eq!(recv_timeout(&receiver, Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
            drop(sender);
            assert_eq!(try_recv(&receiver), Err(TryRecvError::Empty));
            drop(other);
            assert_eq!(try_recv(&receiver), Err(TryRecvError::Disconnected));
            assert_eq!(recv_timeout(&receiver, Duration::from_millis(1)), Err(RecvTimeoutError::Disconnected));
            assert_eq!(recv(&receiver), Err(RecvError));

            let (sender, receiver) = sync_channel(1);
            sync_send(&sender, 1).unwrap();
            assert_eq!(try_send(&sender, 2), Err(TrySendError::Full(2)));
            assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]);
            drop(receiver);
            assert_eq!(try_send(&sender, 3), Err(TrySendError::Disconnected(3)));
            assert_eq!(sync_send(&sender, 4), Err(SendError(4)));

            let (sender, receiver) = sync_channel(0);
            assert_eq!(try_send(&sender, 1), Err(TrySendError::Full(1)));
            let child = thread::spawn(move || (1..3).for_each(|n| sync_send(&sender, n).unwrap()));
            assert_eq!((&receiver).into_iter().next(), Some(1));
            assert_eq!(receiver.iter().next(), Some(2));
            assert_eq!(receiver.into_iter().next(), None);
            child.join().unwrap();
        }
    }

    atomics: {
        use krate;
        use krate::sync::atomic::{AtomicBool, AtomicI8, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

        pub(crate) fn run() {
            let order = Ordering::SeqCst;
            let load: fn(&AtomicUsize, Ordering) -> usize = AtomicUsize::load;
            let exchange: fn(&AtomicUsize, usize, usize, Ordering, Ordering) -> Result<usize, usize> =
                AtomicUsize::compare_exchange;
            let n = AtomicUsize::new(1);
            assert_eq!((load(&n, order), exchange(&n, 1, 2, order, order), exchange(&n, 1, 3, order, order)), (1, Ok(1), Err(2)));
            n.store(3, order);
            assert_eq!((n.swap(4, order), n.fetch_add(1, order), n.fetch_sub(1, order)), (3, 4, 5));
            assert_eq!((n.fetch_and(6, order), n.fetch_or(1, order), n.fetch_xor(5, order)), (4, 4, 5));
            assert_eq!((n.fetch_max(9, order), n.fetch_min(2, order), n.fetch_nand(2, order)), (0, 9, 2));
            assert_eq!(n.fetch_update(order, order, |n| n.checked_add(1)), Err(usize::MAX - 2).or(Ok(usize::MAX - 2)));
            while n.compare_exchange_weak(usize::MAX - 1, 7, order, order).is_err() {}
            assert_eq!(n.into_inner(), 7);
            let wraps = AtomicI8::new(i8::MAX);
            assert_eq!((wraps.fetch_add(1, order), wraps.load(order)), (i8::MAX, i8::MIN));
            let flag = AtomicBool::default();
            assert!(!flag.fetch_or(true, order) && flag.fetch_not(order) && !flag.into_inner());
            let mut target = 7;
            let pointer = AtomicPtr::new(&raw mut target);
            assert!(!pointer.swap(std::ptr::null_mut(), order).is_null() && pointer.into_inner().is_null());
            let _ = AtomicU64::from(1);
            fence(order);
        }
    }

    threads: {
        use krate;
        use std::time::Duration;
        use krate::sync::atomic::{AtomicUsize, Ordering};
        use krate::thread::{self, JoinHandle, Thread, ThreadId};
        use krate::time::Instant;

        pub(crate) fn run() {
            let child: JoinHandle<i32> = thread::Builder::new()
                .name("worker".into())
                .stack_size(1 << 20)
                .spawn(|| {
                    thread::park_timeout(Duration::from_millis(1));
                    7
                })
                .unwrap();
            let (thread, id): (&Thread, ThreadId) = (child.thread(), child.thread().id());
            assert!(thread.name() == Some("worker") && id != thread::current().id());
            thread.unpark();
            let _: bool = child.is_finished();
            assert_eq!(child.join().unwrap(), 7);
            let n = AtomicUsize::new(0);
            let sum = thread::scope(|scope| {
                let handle = scope.spawn(|| n.fetch_add(1, Ordering::SeqCst));
                scope.spawn(|| n.fetch_add(1, Ordering::SeqCst));
                let _: bool = handle.is_finished();
                let named = thread::Builder::new().name("scoped".into());
                assert!(named.spawn_scoped(scope, || ()).unwrap().thread().name() == Some("scoped"));
                handle.join().unwrap()
            });
            assert!(sum < 2 && n.into_inner() == 2);
            let begun = Instant::now();
            thread::sleep(Duration::from_millis(1));
            assert!(begun.elapsed() >= Duration::from_millis(1) && Instant::now() >= begun);
            assert!(begun.checked_add(Duration::from_secs(1)).unwrap() - begun == Duration::from_secs(1));
            assert!(thread::available_parallelism().unwrap().get() > 0 && !thread::panicking());
            thread::yield_now();
            krate::hint::spin_loop();
        }
    }

    statics: {
        use krate;
        use std::cell::{Cell, RefCell};
        use krate::sync::{LazyLock, Mutex};
        use krate::thread;

        static LAZY: LazyLock<Mutex<i32>> = LazyLock::new(|| Mutex::new(1));
        krate::thread_local! {
            static CELL: Cell<i32> = const { Cell::new(1) };
            static REF: RefCell<Vec<i32>> = RefCell::new(vec![1]);
        }

        pub(crate) fn run() {
            let key: &'static thread::LocalKey<Cell<i32>> = &CELL;
            assert_eq!((key.replace(2), key.get(), key.take()), (1, 2, 2));
            key.set(1);
            REF.with_borrow_mut(|list| list.push(2));
            assert_eq!(REF.with_borrow(Vec::len), 2);
            REF.with_borrow_mut(Vec::pop);
            assert_eq!(thread::spawn(|| REF.try_with(|list| list.borrow().len()).unwrap()).join().unwrap(), 1);
            *LAZY.lock().unwrap() += 1;
            *LazyLock::force(&LAZY).lock().unwrap() -= 1;
            assert_eq!(*LAZY.lock().unwrap(), 1);
        }
    }
}

/// What runs over std runs over the facade, natively and in every execution of a model.
macro_rules! both {
    ($($name:ident),*) => { $(
        #[test]
        fn $name() {
            $name::of_std::run();
            $name::of_facade::run();
            Checker::exhaustive().check($name::of_facade::run).expect_verified();
        }
    )* };
}

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
        WaitTimeoutResult,
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

        let once = Once::new();
        once.call_once(|| ());
        once.call_once_force(|state| assert!(!state.poisoned()));
        assert!(once.state().done());
    }
}

both!(locks, poison, channels, atomics, threads, statics);

#[test]
fn parking_lot() {
    of_parking_lot::run();
    of_mirror::run();
    Checker::exhaustive().check(of_mirror::run).expect_verified();
}

/// Whether a type has an auto trait.
macro_rules! has {
    ($of:ty: $auto:path) => {{
        #[allow(dead_code)]
        trait Has {
            const YES: bool = false;
        }
        impl<T: ?Sized> Has for T {}
        struct Asked<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $auto> Asked<T> {
            const YES: bool = true;
        }
        <Asked<$of>>::YES
    }};
}

/// The auto traits of one type over std, and over the facade.
macro_rules! equal {
    ($differ:ident: $($std:ty, $facade:ty;)*) => { $(
        let traits = [
            ("Send", has!($std: Send), has!($facade: Send)),
            ("Sync", has!($std: Sync), has!($facade: Sync)),
            ("UnwindSafe", has!($std: std::panic::UnwindSafe), has!($facade: std::panic::UnwindSafe)),
            ("RefUnwindSafe", has!($std: std::panic::RefUnwindSafe), has!($facade: std::panic::RefUnwindSafe)),
            ("Unpin", has!($std: Unpin), has!($facade: Unpin)),
        ];
        for (name, std, facade) in traits {
            if std != facade {
                $differ.push(format!("{name} for {}: {facade}", stringify!($facade)));
            }
        }
    )* };
}

/// Types with a parameter, for parameters with and without each trait.
macro_rules! equal_with {
    ($differ:ident: $($name:ident)*) => { $(
        equal! { $differ:
            of_std::$name<i32>, of_facade::$name<i32>;
            of_std::$name<std::cell::Cell<i32>>, of_facade::$name<std::cell::Cell<i32>>;
            of_std::$name<std::rc::Rc<i32>>, of_facade::$name<std::rc::Rc<i32>>;
            of_std::$name<&'static mut i32>, of_facade::$name<&'static mut i32>;
        }
    )* };
}

mod of_std {
    pub(super) use std::cell::UnsafeCell;
    pub(super) use std::sync::mpsc::{Receiver, Sender, SyncSender};
    pub(super) use std::sync::{LazyLock, Mutex, OnceLock, RwLock};
    pub(super) use std::thread::JoinHandle;
}

mod of_facade {
    pub(super) use raddle::cell::UnsafeCell;
    pub(super) use raddle::sync::mpsc::{Receiver, Sender, SyncSender};
    pub(super) use raddle::sync::{LazyLock, Mutex, OnceLock, RwLock};
    pub(super) use raddle::thread::JoinHandle;
}

#[test]
fn auto_traits_are_those_of_std() {
    let mut differ: Vec<String> = Vec::new();
    equal! { differ:
        std::sync::Condvar, raddle::sync::Condvar;
        std::sync::Barrier, raddle::sync::Barrier;
        std::sync::Once, raddle::sync::Once;
        std::sync::atomic::AtomicUsize, raddle::sync::atomic::AtomicUsize;
        std::sync::atomic::AtomicBool, raddle::sync::atomic::AtomicBool;
        std::sync::atomic::AtomicPtr<i32>, raddle::sync::atomic::AtomicPtr<i32>;
        std::thread::Thread, raddle::thread::Thread;
        std::thread::ThreadId, raddle::thread::ThreadId;
        std::time::Instant, raddle::time::Instant;
        std::sync::MutexGuard<'static, i32>, raddle::sync::MutexGuard<'static, i32>;
        std::sync::MutexGuard<'static, std::cell::Cell<i32>>, raddle::sync::MutexGuard<'static, std::cell::Cell<i32>>;
        std::sync::RwLockReadGuard<'static, i32>, raddle::sync::RwLockReadGuard<'static, i32>;
        std::sync::RwLockWriteGuard<'static, i32>, raddle::sync::RwLockWriteGuard<'static, i32>;
        parking_lot::Mutex<i32>, raddle::parking_lot::Mutex<i32>;
        parking_lot::Mutex<std::rc::Rc<i32>>, raddle::parking_lot::Mutex<std::rc::Rc<i32>>;
        parking_lot::RwLock<std::cell::Cell<i32>>, raddle::parking_lot::RwLock<std::cell::Cell<i32>>;
        parking_lot::ReentrantMutex<std::cell::Cell<i32>>, raddle::parking_lot::ReentrantMutex<std::cell::Cell<i32>>;
        parking_lot::MutexGuard<'static, i32>, raddle::parking_lot::MutexGuard<'static, i32>;
        parking_lot::Condvar, raddle::parking_lot::Condvar;
        parking_lot::Once, raddle::parking_lot::Once;
    }
    equal_with! { differ: Mutex RwLock OnceLock LazyLock Sender SyncSender Receiver UnsafeCell JoinHandle }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
