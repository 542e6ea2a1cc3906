//! Small models that fail, one for each kind of failure and of report. The snapshots of `reports` contain
//! their line numbers.

#![allow(dead_code)]
// Models are written here as their users write them; what is unsafe is so on purpose.
#![allow(clippy::unwrap_used, clippy::undocumented_unsafe_blocks)]

use raddle::cell::UnsafeCell;
use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use raddle::sync::{Arc, Condvar, Mutex};
use raddle::{FailureKind, named, parking_lot, thread};

pub(crate) fn lost_update() {
    let n = Arc::new(AtomicUsize::new(0));
    let add = |n: Arc<AtomicUsize>| {
        let seen = n.load(Ordering::SeqCst);
        n.store(seen + 1, Ordering::SeqCst);
    };
    let children: Vec<_> = (0..2).map(|_| Arc::clone(&n)).map(|n| thread::spawn(move || add(n))).collect();
    for child in children {
        child.join().unwrap();
    }
    assert_eq!(n.load(Ordering::SeqCst), 2, "an update was lost");
}

pub(crate) fn opposite_orders() {
    let accounts = Arc::new((Mutex::new(10), Mutex::new(20)));
    let other = Arc::clone(&accounts);
    let child = thread::Builder::new()
        .name("teller".into())
        .spawn(move || {
            let mut to = other.1.lock().unwrap();
            let mut from = other.0.lock().unwrap();
            *from -= 1;
            *to += 1;
        })
        .unwrap();
    {
        let mut from = accounts.0.lock().unwrap();
        let mut to = accounts.1.lock().unwrap();
        *from -= 1;
        *to += 1;
    }
    child.join().unwrap();
}

pub(crate) fn lost_wakeup() {
    let pair = Arc::new((Mutex::new(()), Condvar::new(), AtomicBool::new(false)));
    let other = Arc::clone(&pair);
    let child = thread::spawn(move || {
        other.2.store(true, Ordering::SeqCst);
        other.1.notify_one();
    });
    let mut guard = pair.0.lock().unwrap();
    while !pair.2.load(Ordering::SeqCst) {
        guard = pair.1.wait(guard).unwrap();
    }
    drop(guard);
    child.join().unwrap();
}

pub(crate) fn locked_twice() {
    let lock = Mutex::new(());
    let _once = lock.lock().unwrap();
    let _twice = lock.lock().unwrap();
}

pub(crate) fn nobody_sets_the_flag() {
    let flag = Arc::new(AtomicBool::new(false));
    let child = {
        let flag = Arc::clone(&flag);
        thread::spawn(move || {
            if flag.load(Ordering::SeqCst) {
                flag.store(true, Ordering::SeqCst);
            }
        })
    };
    while !flag.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    child.join().unwrap();
}

pub(crate) struct Shared {
    pub(crate) data: UnsafeCell<usize>,
    pub(crate) ready: AtomicBool,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Shared { data: UnsafeCell::new(0), ready: AtomicBool::new(false) }
    }
}

// SAFETY: unsound on purpose, as the reports say.
unsafe impl Sync for Shared {}

pub(crate) fn publish(store: Ordering, load: Ordering) {
    let shared = Arc::new(Shared::new());
    let writer = Arc::clone(&shared);
    let child = thread::spawn(move || {
        writer.data.with_mut(|data| unsafe { *data = 7 });
        writer.ready.store(true, store);
    });
    if shared.ready.load(load) {
        shared.data.with(|data| assert_eq!(unsafe { *data }, 7));
    }
    child.join().unwrap();
}

pub(crate) fn published_relaxed() {
    publish(Ordering::Relaxed, Ordering::Acquire);
}

pub(crate) fn seen_relaxed() {
    publish(Ordering::Release, Ordering::Relaxed);
}

pub(crate) fn not_published_at_all() {
    let shared = Arc::new(Shared::new());
    let writer = Arc::clone(&shared);
    let child = thread::spawn(move || writer.data.with_mut(|data| unsafe { *data += 1 }));
    shared.data.with_mut(|data| unsafe { *data += 1 });
    child.join().unwrap();
}

pub(crate) fn an_unlucky_choice() {
    let dice = raddle::choose(6);
    assert!(dice < 5, "a six");
}

pub(crate) fn nobody_joins_the_panic() {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    drop(thread::spawn(move || assert_eq!(other.load(Ordering::SeqCst), 0, "somebody was faster")));
    n.fetch_add(1, Ordering::SeqCst);
}

pub(crate) fn many_threads() {
    let n = Arc::new(AtomicUsize::new(0));
    let children: Vec<_> = (0..9)
        .map(|i| {
            let n = Arc::clone(&n);
            thread::spawn(move || {
                let seen = n.load(Ordering::SeqCst);
                n.store(seen + i, Ordering::SeqCst);
            })
        })
        .collect();
    for child in children {
        child.join().unwrap();
    }
    assert_eq!(n.load(Ordering::SeqCst), 36);
}

pub(crate) fn long_way_to_fail() {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    let child = thread::spawn(move || {
        for _ in 0..40 {
            other.load(Ordering::SeqCst);
        }
        other.store(1, Ordering::SeqCst);
    });
    child.join().unwrap();
    assert_eq!(n.load(Ordering::SeqCst), 0);
}

pub(crate) fn after_you() {
    let flags = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
    let go = |mine: &AtomicBool, other: &AtomicBool| {
        mine.store(true, Ordering::SeqCst);
        while other.load(Ordering::SeqCst) {
            mine.store(false, Ordering::SeqCst);
            mine.store(true, Ordering::SeqCst);
        }
        mine.store(false, Ordering::SeqCst);
    };
    let theirs = Arc::clone(&flags);
    let child = thread::spawn(move || go(&theirs.1, &theirs.0));
    go(&flags.0, &flags.1);
    child.join().unwrap();
}

pub(crate) fn a_panic_that_is_passed_on() {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    let child = thread::spawn(move || assert_eq!(other.load(Ordering::SeqCst), 0, "somebody was faster"));
    n.store(1, Ordering::SeqCst);
    child.join().expect("the child is well");
}

pub(crate) struct Counted {
    data: UnsafeCell<usize>,
    owners: AtomicUsize,
}
// SAFETY: unsound on purpose, as the report says.
unsafe impl Sync for Counted {}

pub(crate) fn dropped_too_early() {
    let shared = Arc::new(Counted { data: UnsafeCell::new(7), owners: AtomicUsize::new(2) });
    let drop_one = |shared: &Counted| {
        shared.data.with(|data| assert_eq!(unsafe { *data }, 7));
        if shared.owners.fetch_sub(1, Ordering::Relaxed) == 1 {
            shared.data.with_mut(|data| unsafe { *data = 0 });
        }
    };
    let other = Arc::clone(&shared);
    let child = thread::spawn(move || drop_one(&other));
    drop_one(&shared);
    child.join().unwrap();
}

pub(crate) fn lost_update_under_a_lock() {
    let n = Arc::new(Mutex::new(0));
    let add = |n: &Mutex<i32>| {
        let seen = *n.lock().unwrap();
        *n.lock().unwrap() = seen + 1;
    };
    let other = Arc::clone(&n);
    let child = thread::spawn(move || add(&other));
    add(&n);
    child.join().unwrap();
    assert_eq!(*n.lock().unwrap(), 2);
}

pub(crate) fn named_forks() {
    let forks: Arc<Vec<_>> = Arc::new(named("fork", || (0..3).map(|_| Mutex::new(())).collect()));
    let diners = ["Plato", "Kant", "Arendt"].into_iter().enumerate().map(|(seat, name)| {
        let forks = Arc::clone(&forks);
        let eat = move || {
            let _left = forks[seat].lock().unwrap();
            let _right = forks[(seat + 1) % 3].lock().unwrap();
        };
        thread::Builder::new().name(name.into()).spawn(eat).unwrap()
    });
    let diners: Vec<_> = diners.collect();
    for diner in diners {
        diner.join().unwrap();
    }
}

pub(crate) fn unlocked_by_another() {
    let door = Arc::new(named("door", || parking_lot::Mutex::new(())));
    let other = Arc::clone(&door);
    let child = thread::spawn(move || {
        if other.is_locked() {
            // SAFETY: unsound on purpose, as the report says.
            unsafe { other.force_unlock() };
        }
    });
    let _inside = door.lock();
    child.join().unwrap();
}

/// Fails under loom only.
pub(crate) fn both_read_the_past() {
    let flags = Arc::new(["x", "y"].map(|name| named(name, || AtomicBool::new(false))));
    let other = Arc::clone(&flags);
    let child = thread::spawn(move || {
        other[0].store(true, Ordering::Relaxed);
        other[1].load(Ordering::Relaxed)
    });
    flags[1].store(true, Ordering::Relaxed);
    let here = flags[0].load(Ordering::Relaxed);
    let there = child.join().unwrap();
    assert!(here || there, "both read the past");
}

/// Every failing model of this file that fails under sequential consistency, by name.
pub(crate) const FAILING: &[(&str, fn(), FailureKind)] = &[
    ("lost_update", lost_update, FailureKind::Panic),
    ("opposite_orders", opposite_orders, FailureKind::Deadlock),
    ("lost_wakeup", lost_wakeup, FailureKind::Deadlock),
    ("locked_twice", locked_twice, FailureKind::Deadlock),
    ("nobody_sets_the_flag", nobody_sets_the_flag, FailureKind::Livelock),
    ("published_relaxed", published_relaxed, FailureKind::DataRace),
    ("seen_relaxed", seen_relaxed, FailureKind::DataRace),
    ("not_published_at_all", not_published_at_all, FailureKind::DataRace),
    ("an_unlucky_choice", an_unlucky_choice, FailureKind::Panic),
    ("nobody_joins_the_panic", nobody_joins_the_panic, FailureKind::Panic),
    ("long_way_to_fail", long_way_to_fail, FailureKind::Panic),
    ("a_panic_that_is_passed_on", a_panic_that_is_passed_on, FailureKind::Panic),
    ("lost_update_under_a_lock", lost_update_under_a_lock, FailureKind::Panic),
    ("dropped_too_early", dropped_too_early, FailureKind::DataRace),
    ("named_forks", named_forks, FailureKind::Deadlock),
    ("unlocked_by_another", unlocked_by_another, FailureKind::NotOwner),
];
