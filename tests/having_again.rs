//! A guard whose thread has released the lock and waits to reacquire it: when the execution ends
//! meanwhile, destructors find the lock held, as the guard implies, or do not run.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use raddle::parking_lot::{
    Condvar, Mutex, MutexGuard, ReentrantMutex, ReentrantMutexGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};
use raddle::sync::atomic::AtomicUsize;
use raddle::sync::{Condition, Discipline, Event, Monitor};
use raddle::{Checker, FailureKind, thread};

/// Long enough for another thread to perform the forbidden action meanwhile.
const LONG: Duration = Duration::from_millis(30);

/// Which threads are inside, as the destructors see it.
#[derive(Default)]
struct Seen {
    main_is_inside: AtomicBool,
    together: AtomicBool,
}

/// A destructor in place of one that uses what a guard protects.
struct Uses(Arc<Seen>);

impl Drop for Uses {
    fn drop(&mut self) {
        if self.0.main_is_inside.load(SeqCst) {
            self.0.together.store(true, SeqCst);
        }
    }
}

/// Main is inside until this is dropped.
struct IsInside(Arc<Seen>);

impl IsInside {
    fn from_now_on(seen: &Arc<Seen>) -> Self {
        seen.main_is_inside.store(true, SeqCst);
        IsInside(Arc::clone(seen))
    }
}

impl Drop for IsInside {
    fn drop(&mut self) {
        std::thread::sleep(LONG);
        self.0.main_is_inside.store(false, SeqCst);
    }
}

/// A child waits to reacquire a lock that main holds and never releases, because main joins the
/// child. `waits` calls its argument while it holds the lock, and keeps the result as long as
/// the guard; so does `has`.
fn never_inside_together<L: Send + Sync + 'static>(
    make: fn() -> L,
    waits: fn(&L, &dyn Fn() -> Uses),
    has: fn(&L, &mut dyn FnMut()),
) {
    for checker in [Checker::exhaustive(), Checker::native(1)] {
        let seen = Arc::new(Seen::default());
        let into = Arc::clone(&seen);
        let report = checker.check(move || {
            let shared = Arc::new((make(), AtomicUsize::new(0)));
            let (other, sees) = (Arc::clone(&shared), Arc::clone(&into));
            let child = thread::spawn(move || {
                waits(&other.0, &|| {
                    other.1.store(1, SeqCst);
                    Uses(Arc::clone(&sees))
                });
            });
            while shared.1.load(SeqCst) == 0 {
                thread::yield_now();
            }
            let mut child = Some(child);
            has(&shared.0, &mut || {
                let _inside = IsInside::from_now_on(&into);
                let _ = child.take().unwrap().join();
            });
        });
        report.expect_failure(FailureKind::Deadlock);
        assert!(!seen.together.load(SeqCst), "two threads were inside one lock, under {}", report.engine);
    }
}

#[test]
fn a_destructor_is_not_inside_a_monitor_that_its_thread_has_left_to_wait() {
    for make in [|| Monitor::new(Discipline::Mesa, ()), || Monitor::new(Discipline::Hoare, ())] {
        never_inside_together(
            make,
            |monitor, uses| {
                let mut guard = monitor.enter();
                let _uses = uses();
                guard.wait(Condition(0));
            },
            |monitor, stays| {
                let _guard = monitor.enter();
                stays();
            },
        );
    }
}

#[test]
fn a_destructor_is_not_inside_a_monitor_that_its_thread_has_handed_over() {
    for checker in [Checker::exhaustive(), Checker::native(1)] {
        let seen = Arc::new(Seen::default());
        let into = Arc::clone(&seen);
        let report = checker.check(move || {
            let shared = Arc::new((Monitor::new(Discipline::Hoare, 0), Event::new()));
            let (other, inside) = (Arc::clone(&shared), Arc::clone(&into));
            let waits = thread::spawn(move || {
                let mut guard = other.0.enter();
                *guard = 1;
                guard.wait(Condition(0));
                let _inside = IsInside::from_now_on(&inside);
                other.1.wait();
            });
            while *shared.0.enter() == 0 {
                thread::yield_now();
            }
            let mut guard = shared.0.enter();
            let _uses = Uses(Arc::clone(&into));
            guard.signal(Condition(0));
            drop(guard);
            let _ = waits.join();
        });
        report.expect_failure(FailureKind::Deadlock);
        assert!(!seen.together.load(SeqCst), "two threads were inside one monitor, under {}", report.engine);
    }
}

#[test]
fn a_destructor_is_not_inside_a_mutex_that_its_thread_has_left_to_wait() {
    never_inside_together(
        || (Mutex::new(()), Condvar::new()),
        |(lock, condvar), uses| {
            let mut guard = lock.lock();
            let _uses = uses();
            condvar.wait(&mut guard);
        },
        |(lock, _), stays| {
            let _guard = lock.lock();
            stays();
        },
    );
}

/// Releases the lock and takes it again until main has it.
fn now_and_then(mut gives_back: impl FnMut()) {
    for _ in 0..2 {
        gives_back();
        std::thread::sleep(LONG / 10);
    }
}

/// As above, for locks whose guards can be unlocked for a while.
macro_rules! unlocked {
    ($($name:ident: $new:expr, $waits:ident by $unlocked:path, $has:ident;)*) => { $(
        #[test]
        fn $name() {
            never_inside_together(
                || $new,
                |lock, uses| {
                    let mut guard = lock.$waits();
                    let _uses = uses();
                    now_and_then(|| $unlocked(&mut guard, || ()));
                },
                |lock, stays| {
                    let _guard = lock.$has();
                    stays();
                },
            );
        }
    )* };
}

unlocked! {
    a_destructor_is_not_inside_a_mutex_that_was_unlocked_for_a_while: Mutex::new(()),
        lock by MutexGuard::unlocked, lock;
    a_destructor_is_not_inside_a_writers_lock_that_was_unlocked_for_a_while: RwLock::new(()),
        write by RwLockWriteGuard::unlocked, write;
    a_destructor_is_not_inside_a_readers_lock_that_was_unlocked_for_a_while: RwLock::new(()),
        read by RwLockReadGuard::unlocked, write;
    a_destructor_is_not_inside_an_upgradable_lock_that_was_unlocked_for_a_while: RwLock::new(()),
        upgradable_read by RwLockUpgradableReadGuard::unlocked, write;
    a_reentrant_lock_that_was_unlocked_for_a_while_does_not_abort_the_process: ReentrantMutex::new(()),
        lock by ReentrantMutexGuard::unlocked, lock;
}

#[test]
fn a_destructor_is_not_inside_a_mutex_that_let_others_go_first() {
    never_inside_together(
        || Mutex::new(()),
        |lock, uses| {
            let mut guard = lock.lock();
            let _uses = uses();
            now_and_then(|| MutexGuard::bump(&mut guard));
        },
        |lock, stays| {
            let _guard = lock.lock();
            stays();
        },
    );
}

#[test]
fn a_thread_that_waits_in_vain_is_unwound_if_the_lock_is_free() {
    let dropped = Arc::new(AtomicBool::new(false));
    let into = Arc::clone(&dropped);
    struct Tells(Arc<AtomicBool>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    let report = Checker::exhaustive().check(move || {
        let _tells = Tells(Arc::clone(&into));
        let (lock, condvar) = (Mutex::new(()), Condvar::new());
        condvar.wait(&mut lock.lock());
    });
    report.expect_failure(FailureKind::Deadlock);
    assert!(dropped.load(SeqCst), "what is on the stack of a thread that could be unwound was leaked");
}
