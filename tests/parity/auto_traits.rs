//! Which of the auto traits the types have.

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
        std::sync::OnceState, raddle::sync::OnceState;
        std::sync::BarrierWaitResult, raddle::sync::BarrierWaitResult;
        std::sync::WaitTimeoutResult, raddle::sync::WaitTimeoutResult;
        std::sync::mpsc::Iter<'static, i32>, raddle::sync::mpsc::Iter<'static, i32>;
        std::sync::mpsc::TryIter<'static, i32>, raddle::sync::mpsc::TryIter<'static, i32>;
        std::sync::mpsc::IntoIter<i32>, raddle::sync::mpsc::IntoIter<i32>;
        std::thread::Scope<'static, 'static>, raddle::thread::Scope<'static, 'static>;
        std::thread::ScopedJoinHandle<'static, i32>, raddle::thread::ScopedJoinHandle<'static, i32>;
        std::thread::ScopedJoinHandle<'static, std::rc::Rc<i32>>, raddle::thread::ScopedJoinHandle<'static, std::rc::Rc<i32>>;
        std::thread::Builder, raddle::thread::Builder;
        std::thread::AccessError, raddle::thread::AccessError;
        std::thread::LocalKey<std::cell::Cell<i32>>, raddle::thread::LocalKey<std::cell::Cell<i32>>;
        std::sync::LazyLock<i32, fn() -> i32>, raddle::sync::LazyLock<i32, fn() -> i32>;
        &'static std::sync::atomic::AtomicUsize, &'static raddle::Static<raddle::sync::atomic::AtomicUsize>;
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
        parking_lot::FairMutex<std::cell::Cell<i32>>, raddle::parking_lot::FairMutex<std::cell::Cell<i32>>;
        parking_lot::RwLockReadGuard<'static, i32>, raddle::parking_lot::RwLockReadGuard<'static, i32>;
        parking_lot::RwLockWriteGuard<'static, i32>, raddle::parking_lot::RwLockWriteGuard<'static, i32>;
        parking_lot::RwLockUpgradableReadGuard<'static, i32>, raddle::parking_lot::RwLockUpgradableReadGuard<'static, i32>;
        parking_lot::MappedMutexGuard<'static, i32>, raddle::parking_lot::MappedMutexGuard<'static, i32>;
        parking_lot::ReentrantMutexGuard<'static, i32>, raddle::parking_lot::ReentrantMutexGuard<'static, i32>;
        parking_lot::WaitTimeoutResult, raddle::parking_lot::WaitTimeoutResult;
        parking_lot::RawMutex, raddle::parking_lot::RawMutex;
        parking_lot::RawRwLock, raddle::parking_lot::RawRwLock;
        parking_lot::Condvar, raddle::parking_lot::Condvar;
        parking_lot::Once, raddle::parking_lot::Once;
    }
    equal_with! { differ: Mutex RwLock OnceLock LazyLock Sender SyncSender Receiver UnsafeCell JoinHandle }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
