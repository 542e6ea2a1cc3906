//! A crate that uses the facade. Its binary compiles only if the facade's types are std's own.

#[cfg(not(test))]
use raddle::sync::Semaphore;
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, Mutex};
use raddle::{parking_lot, thread};

raddle::statics! {
    static COUNTS: AtomicUsize = AtomicUsize::new(0);
    static LATEST: parking_lot::Mutex<usize> = parking_lot::const_mutex(0);
}

raddle::future::task_local! {
    static REQUEST: u32;
}

/// Adds in two ways and returns whether no addition was lost.
fn count() -> bool {
    let total = Arc::new((Mutex::new(0), AtomicUsize::new(0)));
    let children: Vec<_> = (0..2)
        .map(|_| {
            let total = Arc::clone(&total);
            thread::spawn(move || {
                *total.0.lock().unwrap() += 1;
                total.1.fetch_add(1, Ordering::Relaxed);
            })
        })
        .collect();
    for child in children {
        child.join().unwrap();
    }
    *LATEST.lock() = COUNTS.fetch_add(1, Ordering::Relaxed);
    *total.0.lock().unwrap() == 2 && total.1.load(Ordering::Relaxed) == 2
}

#[cfg(not(test))]
fn main() {
    // Each line declares a type of std or parking_lot and assigns the facade's.
    let mutex: std::sync::Mutex<i32> = raddle::named("one", || raddle::sync::Mutex::new(1));
    let rwlock: std::sync::RwLock<i32> = raddle::sync::RwLock::new(1);
    let condvar: std::sync::Condvar = raddle::sync::Condvar::new();
    let (sender, receiver): (std::sync::mpsc::Sender<i32>, std::sync::mpsc::Receiver<i32>) =
        raddle::sync::mpsc::channel();
    let handle: std::thread::JoinHandle<()> = raddle::thread::spawn(|| ());
    let instant: std::time::Instant = raddle::time::Instant::now();
    let theirs: parking_lot::lock_api::Mutex<parking_lot::RawMutex, i32> = parking_lot::Mutex::new(1);
    static LAZY: std::sync::LazyLock<i32> = raddle::sync::LazyLock::new(|| 7);
    raddle::thread_local! { static LOCAL: std::cell::Cell<i32> = const { std::cell::Cell::new(7) }; }
    let local: &'static std::thread::LocalKey<std::cell::Cell<i32>> = &LOCAL;
    let cell = raddle::cell::UnsafeCell::new(7);
    assert_eq!(size_of_val(&cell), size_of::<i32>());
    assert_eq!((*LAZY, local.get(), cell.into_inner()), (7, 7, 7));
    sender.send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));
    handle.join().unwrap();
    condvar.notify_all();
    assert_eq!(*mutex.lock().unwrap() + *rwlock.read().unwrap() + *theirs.lock(), 3);
    assert!(instant.elapsed() >= std::time::Duration::ZERO);
    // Types that std lacks are present, too.
    let permits = Semaphore::new(1);
    assert!(permits.try_acquire() && !permits.try_acquire());
    let queue = raddle::sync::Queue::bounded(1);
    queue.put(7).unwrap();
    assert_eq!(queue.get(), Ok(7));
    assert_eq!(raddle::future::block_on(async { 7 }), 7);
    assert_eq!(raddle::future::block_on(REQUEST.scope(7, async { REQUEST.get() })), 7);
    assert!(count());
    let counts: &'static std::sync::atomic::AtomicUsize = &COUNTS;
    assert_eq!((counts.load(Ordering::Relaxed), *LATEST.lock()), (1, 0));
    println!("std's own types");
}

#[cfg(test)]
fn main() {}

#[test]
fn nothing_is_lost() {
    raddle::check(|| {
        assert!(count());
        assert_eq!(COUNTS.load(Ordering::Relaxed), 1);
    });
}

/// Fails on purpose: `tests/in_ci.rs` runs it.
#[test]
#[ignore = "it fails"]
fn an_update_is_lost() {
    raddle::check(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || other.store(other.load(Ordering::SeqCst) + 1, Ordering::SeqCst));
        n.store(n.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
        child.join().unwrap();
        assert_eq!(n.load(Ordering::SeqCst), 2, "an update was lost");
    });
}
