//! The crate loom, or where the feature `loom` is off what the facade names of it: types without values, for no
//! thread is inside an execution of loom's then.

#[cfg(feature = "loom")]
pub(crate) use ::loom::{cell, hint, lazy_static, sync, thread};

#[cfg(not(feature = "loom"))]
pub(crate) use without::{cell, hint, lazy_static, sync, thread};

#[cfg(not(feature = "loom"))]
#[allow(clippy::unused_self)] // The methods are loom's.
mod without {
    /// A type without values.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub(crate) enum Never {}

    /// No thread comes here.
    #[cold]
    fn outside() -> ! {
        unreachable!("without the feature `loom` no thread is inside an execution of loom's")
    }

    pub(crate) mod cell {
        use super::{Never, outside};

        #[derive(Debug)]
        pub(crate) struct UnsafeCell<T>(Never, T);

        impl<T> UnsafeCell<T> {
            pub(crate) fn new(_: T) -> Self {
                outside()
            }

            pub(crate) fn with<R>(&self, _: impl FnOnce(*const T) -> R) -> R {
                match self.0 {}
            }

            pub(crate) fn with_mut<R>(&self, _: impl FnOnce(*mut T) -> R) -> R {
                match self.0 {}
            }
        }
    }

    pub(crate) mod hint {
        pub(crate) fn spin_loop() {
            super::outside()
        }
    }

    pub(crate) mod lazy_static {
        use std::marker::PhantomData;

        pub(crate) struct Lazy<T> {
            pub(crate) init: fn() -> T,
            pub(crate) _p: PhantomData<fn(T)>,
        }

        impl<T> Lazy<T> {
            pub(crate) fn get(&'static self) -> &'static T {
                super::outside()
            }
        }
    }

    pub(crate) mod sync {
        use std::marker::PhantomData;
        use std::sync::{LockResult, TryLockResult};

        use super::{Never, outside};

        #[derive(Debug)]
        pub(crate) struct Condvar(Never);

        impl Condvar {
            pub(crate) fn new() -> Self {
                outside()
            }

            pub(crate) fn wait<'a, T>(&self, _: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
                match self.0 {}
            }

            pub(crate) fn notify_one(&self) {
                match self.0 {}
            }

            pub(crate) fn notify_all(&self) {
                match self.0 {}
            }
        }

        #[derive(Debug)]
        pub(crate) struct Mutex<T>(Never, T);

        impl<T> Mutex<T> {
            pub(crate) fn new(_: T) -> Self {
                outside()
            }

            pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
                match self.0 {}
            }

            pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
                match self.0 {}
            }
        }

        /// As loom's guards, these are dropped with an effect.
        macro_rules! guards {
            ($($guard:ident)*) => { $(
                #[derive(Debug)]
                pub(crate) struct $guard<'a, T>(Never, PhantomData<&'a T>);

                impl<T> Drop for $guard<'_, T> {
                    fn drop(&mut self) {
                        match self.0 {}
                    }
                }
            )* };
        }

        guards!(MutexGuard RwLockReadGuard RwLockWriteGuard);

        #[derive(Debug)]
        pub(crate) struct RwLock<T>(Never, T);

        impl<T> RwLock<T> {
            pub(crate) fn new(_: T) -> Self {
                outside()
            }

            pub(crate) fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
                match self.0 {}
            }

            pub(crate) fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
                match self.0 {}
            }

            pub(crate) fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
                match self.0 {}
            }

            pub(crate) fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
                match self.0 {}
            }
        }

        pub(crate) mod atomic {
            use std::marker::PhantomData;
            use std::sync::atomic::Ordering;

            use super::super::{Never, outside};

            pub(crate) fn fence(_: Ordering) {
                outside()
            }

            /// An atomic for values of any type.
            #[derive(Debug)]
            pub(crate) struct Atomic<V>(Never, PhantomData<V>);

            macro_rules! updates {
                ($($name:ident)*) => { $(
                    pub(crate) fn $name(&self, _: V, _: Ordering) -> V {
                        match self.0 {}
                    }
                )* };
            }

            impl<V> Atomic<V> {
                pub(crate) fn new(_: V) -> Self {
                    outside()
                }

                pub(crate) fn load(&self, _: Ordering) -> V {
                    match self.0 {}
                }

                pub(crate) fn store(&self, _: V, _: Ordering) {
                    match self.0 {}
                }

                pub(crate) fn compare_exchange(&self, _: V, _: V, _: Ordering, _: Ordering) -> Result<V, V> {
                    match self.0 {}
                }

                pub(crate) fn compare_exchange_weak(
                    &self,
                    _: V,
                    _: V,
                    _: Ordering,
                    _: Ordering,
                ) -> Result<V, V> {
                    match self.0 {}
                }

                /// The value, without an operation.
                ///
                /// # Safety
                /// None is needed where there is no value.
                pub(crate) unsafe fn unsync_load(&self) -> V {
                    match self.0 {}
                }

                pub(crate) fn fetch_update(
                    &self,
                    _: Ordering,
                    _: Ordering,
                    _: impl FnMut(V) -> Option<V>,
                ) -> Result<V, V> {
                    match self.0 {}
                }

                updates!(swap fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);
            }

            pub(crate) type AtomicBool = Atomic<bool>;
            pub(crate) type AtomicPtr<T> = Atomic<*mut T>;
            pub(crate) type AtomicI8 = Atomic<i8>;
            pub(crate) type AtomicI16 = Atomic<i16>;
            pub(crate) type AtomicI32 = Atomic<i32>;
            pub(crate) type AtomicI64 = Atomic<i64>;
            pub(crate) type AtomicIsize = Atomic<isize>;
            pub(crate) type AtomicU8 = Atomic<u8>;
            pub(crate) type AtomicU16 = Atomic<u16>;
            pub(crate) type AtomicU32 = Atomic<u32>;
            pub(crate) type AtomicU64 = Atomic<u64>;
            pub(crate) type AtomicUsize = Atomic<usize>;
        }
    }

    pub(crate) mod thread {
        use std::io;
        use std::marker::PhantomData;

        use super::{Never, outside};

        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) struct ThreadId(Never);

        #[derive(Clone, Debug)]
        pub(crate) struct Thread(Never);

        impl Thread {
            pub(crate) fn id(&self) -> ThreadId {
                ThreadId(self.0)
            }

            pub(crate) fn name(&self) -> Option<&str> {
                match self.0 {}
            }

            pub(crate) fn unpark(&self) {
                match self.0 {}
            }
        }

        pub(crate) fn current() -> Thread {
            outside()
        }

        pub(crate) fn park() {
            outside()
        }

        pub(crate) fn yield_now() {
            outside()
        }

        pub(crate) struct LocalKey<T> {
            pub(crate) init: fn() -> T,
            pub(crate) _p: PhantomData<fn(T)>,
        }

        impl<T> LocalKey<T> {
            pub(crate) fn try_with<R>(&'static self, _: impl FnOnce(&T) -> R) -> Result<R, Never> {
                outside()
            }
        }

        #[derive(Debug)]
        pub(crate) struct JoinHandle<T>(Thread, PhantomData<T>);

        impl<T> JoinHandle<T> {
            pub(crate) fn join(self) -> std::thread::Result<T> {
                match self.0.0 {}
            }

            pub(crate) fn thread(&self) -> &Thread {
                &self.0
            }
        }

        pub(crate) struct Builder(Never);

        impl Builder {
            pub(crate) fn new() -> Self {
                outside()
            }

            pub(crate) fn name(self, _: String) -> Self {
                match self.0 {}
            }

            pub(crate) fn spawn<F, T>(self, _: F) -> io::Result<JoinHandle<T>>
            where
                F: FnOnce() -> T + 'static,
                T: 'static,
            {
                match self.0 {}
            }
        }
    }
}
