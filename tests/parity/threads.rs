//! Threads, time, statics and hints.

use raddle::Checker;

over_std_and_facade! {
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
            krate::hint::cold_path();
            assert_eq!(krate::hint::black_box(krate::hint::select_unpredictable(true, 1, 2)), 1);
            #[allow(deprecated)]
            thread::park_timeout_ms(1);
            #[allow(deprecated)]
            thread::sleep_ms(1);
            let mut borrowed = 1;
            // SAFETY: the thread is joined before the end of what it borrows.
            let child = unsafe { thread::Builder::new().spawn_unchecked(|| borrowed += 1) }.unwrap();
            child.join().unwrap();
            assert_eq!(borrowed, 2);
            // SAFETY: it borrows nothing.
            let child = unsafe { thread::Builder::new().spawn_unchecked::<_, ()>(|| panic!("in vain")) }.unwrap();
            assert_eq!(*child.join().unwrap_err().downcast_ref::<&str>().unwrap(), "in vain");
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
            let mut lazy = LazyLock::new(|| 1);
            assert!(LazyLock::get(&lazy).is_none() && LazyLock::get_mut(&mut lazy).is_none());
            *LazyLock::force_mut(&mut lazy) += 1;
            *lazy += 1;
            assert_eq!((LazyLock::get(&lazy).copied(), LazyLock::get_mut(&mut lazy).copied()), (Some(3), Some(3)));
        }
    }
}

both!(threads, statics; under loom: statics);
