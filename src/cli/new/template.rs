//! A model of mine, broken and mended, checked under every schedule.
//!
//! `cargo test` runs both; put your own code in the place of the counter. Whatever threads share must
//! come from `raddle::sync`, `raddle::cell` and `raddle::thread`, which have std's names. Make the shared
//! objects inside the model: it runs once for every schedule. Keep it small: two or three threads and a
//! few operations each show nearly every bug.

use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, Mutex};
use raddle::{Checker, FailureKind, thread};

/// Two threads count, and each reads before it writes.
fn buggy() {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    let child = thread::spawn(move || {
        let before = other.load(Ordering::SeqCst);
        other.store(before + 1, Ordering::SeqCst);
    });
    let before = n.load(Ordering::SeqCst);
    n.store(before + 1, Ordering::SeqCst);
    child.join().expect("the child does not panic");
    assert_eq!(n.load(Ordering::SeqCst), 2, "an update was lost");
}

/// The same under a lock.
fn fixed() {
    let n = Arc::new(Mutex::new(0));
    let other = Arc::clone(&n);
    let child = thread::spawn(move || *other.lock().expect("no thread panics") += 1);
    *n.lock().expect("no thread panics") += 1;
    child.join().expect("the child does not panic");
    assert_eq!(*n.lock().expect("no thread panics"), 2, "an update was lost");
}

#[test]
fn the_bug_is_found() {
    // To see the interleaving, write `raddle::check(buggy)` instead: it fails, and draws it.
    Checker::exhaustive().check(buggy).expect_failure(FailureKind::Panic);
}

#[test]
fn the_fix_holds_under_every_schedule() {
    raddle::check(fixed);
}
