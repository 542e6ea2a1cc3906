//! The ends of thread-locals.

use std::cell::{Cell, RefCell};

use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, Mutex};
use raddle::{Checker, FailureKind, thread};

use crate::{Finally, explored, fails, verified};

/// Records its drop in a list.
struct Named(&'static str, RefCell<Option<Arc<Mutex<Vec<String>>>>>);

impl Named {
    const fn new(name: &'static str) -> Self {
        Named(name, RefCell::new(None))
    }

    fn tell(&self, list: &Arc<Mutex<Vec<String>>>) {
        *self.1.borrow_mut() = Some(Arc::clone(list));
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let Some(list) = self.1.borrow_mut().take() else { return };
        let mut text = format!("{}:", self.0);
        for (name, key) in [("first", &FIRST), ("second", &SECOND), ("late", &LATE)] {
            let there = key.try_with(|value| {
                if name == "late" {
                    value.tell(&list)
                }
            });
            text.push_str(if there.is_ok() { " ok" } else { " gone" });
        }
        PLAIN.with(|n| text.push_str(&format!(" {}", n.get())));
        list.lock().unwrap().push(text);
    }
}

raddle::thread_local! {
    static FIRST: Named = const { Named::new("first") };
    static SECOND: Named = Named::new("second");
    static LATE: Named = Named::new("late");
    static PLAIN: Cell<u32> = const { Cell::new(1) };
}

fn order() -> Vec<String> {
    let list = Arc::new(Mutex::new(Vec::new()));
    let other = Arc::clone(&list);
    let child = thread::spawn(move || {
        PLAIN.set(7);
        FIRST.with(|value| value.tell(&other));
        SECOND.with(|value| value.tell(&other));
    });
    child.join().unwrap();
    list.lock().unwrap().clone()
}

#[test]
fn thread_locals_end_as_they_do_natively() {
    // The newest first; one that a destructor initialises again is the newest; one that is being dropped,
    // or was, is inaccessible; one without a destructor never is.
    let native = order();
    assert_eq!(verified(order), [native.clone()].into());
    if cfg!(target_os = "linux") {
        assert_eq!(native, ["second: ok gone ok 7", "late: ok gone gone 7", "first: gone gone gone 7"]);
    }
}

#[test]
fn a_panic_in_the_destructor_of_a_thread_local_ends_the_process() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    raddle::thread_local! { static PANICS: Panics = const { Panics }; }
    let model = || {
        let child = thread::spawn(|| PANICS.with(|_| ()));
        child.join().is_ok()
    };
    fails(FailureKind::Panic, model);
    let report = Checker::exhaustive().check(move || _ = model());
    let message = report.expect_failure(FailureKind::Panic).message().to_owned();
    assert!(message.contains("in a destructor") && message.contains("thread-local"), "{message}");
}

#[test]
fn to_ask_for_a_value_that_is_being_dropped_panics() {
    struct Asks;
    impl Drop for Asks {
        fn drop(&mut self) {
            ASKS.with(|_| ());
        }
    }
    raddle::thread_local! { static ASKS: Asks = const { Asks }; }
    fails(FailureKind::Panic, || {
        let child = thread::spawn(|| ASKS.with(|_| ()));
        _ = child.join();
    });
}

#[test]
fn destructors_of_thread_locals_are_explored_after_a_panic_too() {
    struct Adds(RefCell<Option<Arc<AtomicUsize>>>);
    impl Drop for Adds {
        fn drop(&mut self) {
            let n = self.0.borrow_mut().take().unwrap();
            let seen = n.load(Ordering::SeqCst);
            n.store(seen + 1, Ordering::SeqCst);
        }
    }
    raddle::thread_local! { static ADDS: Adds = const { Adds(RefCell::new(None)) }; }
    let seen = verified(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            ADDS.with(|adds| *adds.0.borrow_mut() = Some(other));
            panic!("expected");
        });
        let seen = n.load(Ordering::SeqCst);
        n.store(seen + 1, Ordering::SeqCst);
        assert!(child.join().is_err());
        n.load(Ordering::SeqCst)
    });
    assert_eq!(seen, [1, 2].into());
}

#[test]
fn thread_locals_of_a_thread_that_never_ends_are_left_alone() {
    raddle::thread_local! { static HELD: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) }; }
    let seen = explored(|| {
        let lock = Arc::new(Mutex::new(()));
        let (other, its) = (Arc::clone(&lock), Arc::clone(&lock));
        let child = thread::spawn(move || {
            HELD.with_borrow_mut(|held| *held = Some(Box::new(Finally(move || drop(its.lock())))));
            let _last = Finally(|| drop(other.lock()));
            panic!("expected");
        });
        let _held = lock.lock();
        child.join().is_err()
    });
    assert_eq!(seen.failures, ["deadlock".to_owned()].into());
}
