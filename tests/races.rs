//! Data races by the orderings that the program wrote: found when one is missing, and never
//! reported when none is.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use raddle::cell::UnsafeCell;
use raddle::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use raddle::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, Semaphore, mpsc};
use raddle::{Checker, FailureKind, thread};

/// Plain data beside an object that may or may not protect it.
struct Shared<P> {
    data: UnsafeCell<usize>,
    by: P,
}

// SAFETY: the race detector decides whether the accesses are ordered.
unsafe impl<P: Sync> Sync for Shared<P> {}

impl<P> Shared<P> {
    fn new(by: P) -> Arc<Self> {
        Arc::new(Shared { data: UnsafeCell::new(0), by })
    }

    fn set(&self, n: usize) {
        // SAFETY: as above; in an execution all accesses are made by one operating-system thread.
        self.data.with_mut(|data| unsafe { *data = n });
    }

    fn get(&self) -> usize {
        // SAFETY: as above.
        self.data.with(|data| unsafe { *data })
    }
}

fn publication(store: Ordering, load: Ordering) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        let shared = Shared::new(AtomicBool::new(false));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            other.by.store(true, store);
        });
        if shared.by.load(load) {
            assert_eq!(shared.get(), 1);
        }
        child.join().unwrap();
    }
}

/// A race that loom 0.7.2 does not report; when this fails, loom is fixed.
fn race_unseen_by_loom(model: impl Fn() + Clone + Send + Sync + 'static) {
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(500)] {
        checker.check(model.clone()).expect_failure(FailureKind::DataRace);
    }
    Checker::loom().check(model).expect_verified();
}

fn all_engines(model: impl Fn() + Clone + Send + Sync + 'static, expected: Option<FailureKind>) {
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(500), Checker::loom()] {
        let report = checker.check(model.clone());
        match expected {
            Some(kind) => _ = report.expect_failure(kind),
            None => report.expect_no_failure(),
        }
    }
}

#[test]
fn a_release_that_is_acquired_publishes() {
    for (store, load) in [(Release, Acquire), (SeqCst, SeqCst), (Release, SeqCst)] {
        all_engines(publication(store, load), None);
    }
}

#[test]
fn a_missing_release_or_acquire_is_a_race() {
    for (store, load) in [(Relaxed, Acquire), (Release, Relaxed), (Relaxed, Relaxed)] {
        all_engines(publication(store, load), Some(FailureKind::DataRace));
    }
}

#[test]
fn the_report_names_both_accesses() {
    let report = Checker::exhaustive().check(publication(Relaxed, Relaxed));
    let message = report.expect_failure(FailureKind::DataRace).message();
    assert_eq!(message.matches("tests/races.rs:").count(), 3, "the cell and both accesses: {message}");
    assert!(message.contains("writes") && message.contains("reads"), "{message}");
}

#[test]
fn relaxed_accesses_between_fences_publish() {
    let model = |fences: bool| {
        move || {
            let shared = Shared::new(AtomicBool::new(false));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.set(1);
                if fences {
                    fence(Release);
                }
                other.by.store(true, Relaxed);
            });
            if shared.by.load(Relaxed) {
                fence(Acquire);
                assert_eq!(shared.get(), 1);
            }
            child.join().unwrap();
        }
    };
    all_engines(model(true), None);
    all_engines(model(false), Some(FailureKind::DataRace));
}

#[test]
fn a_read_modify_write_goes_on_with_a_release_sequence_and_a_store_ends_it() {
    let model = |update: bool| {
        move || {
            let shared = Shared::new(AtomicUsize::new(0));
            let (writer, between) = (Arc::clone(&shared), Arc::clone(&shared));
            let writer = thread::spawn(move || {
                writer.set(1);
                writer.by.store(1, Release);
            });
            let between = thread::spawn(move || {
                if between.by.load(Relaxed) == 1 {
                    if update {
                        between.by.fetch_add(1, Relaxed);
                    } else {
                        between.by.store(2, Relaxed);
                    }
                }
            });
            if shared.by.load(Acquire) == 2 {
                assert_eq!(shared.get(), 1);
            }
            writer.join().unwrap();
            between.join().unwrap();
        }
    };
    all_engines(model(true), None);
    race_unseen_by_loom(model(false));
}

#[test]
fn a_failed_compare_exchange_sees_by_its_failure_ordering() {
    let model = |failure: Ordering| {
        move || {
            let shared = Shared::new(AtomicUsize::new(0));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.set(1);
                other.by.store(1, Release);
            });
            if shared.by.compare_exchange(2, 3, AcqRel, failure) == Err(1) {
                assert_eq!(shared.get(), 1);
            }
            child.join().unwrap();
        }
    };
    Checker::exhaustive().check(model(Acquire)).expect_verified();
    Checker::exhaustive().check(model(Relaxed)).expect_failure(FailureKind::DataRace);
}

#[test]
fn locks_order_what_they_protect() {
    let mutex = || {
        let shared = Shared::new(Mutex::new(()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let _held = other.by.lock().unwrap();
            other.set(other.get() + 1);
        });
        {
            let _held = shared.by.lock().unwrap();
            shared.set(shared.get() + 1);
        }
        child.join().unwrap();
        assert_eq!(shared.get(), 2);
    };
    let rwlock = || {
        let shared = Shared::new(RwLock::new(()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let _held = other.by.write().unwrap();
            other.set(1);
        });
        {
            let _held = shared.by.read().unwrap();
            shared.get();
        }
        child.join().unwrap();
    };
    all_engines(mutex, None);
    all_engines(rwlock, None);
}

#[test]
fn a_writer_under_a_shared_lock_races() {
    race_unseen_by_loom(|| {
        let shared = Shared::new(RwLock::new(()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let _held = other.by.read().unwrap();
            other.set(1);
        });
        {
            let _held = shared.by.read().unwrap();
            shared.get();
        }
        child.join().unwrap();
    });
}

#[test]
fn a_lock_taken_only_after_the_write_protects_nothing() {
    let report = Checker::exhaustive().check(|| {
        let shared = Shared::new(RwLock::new(()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            drop(other.by.read().unwrap());
        });
        drop(shared.by.read().unwrap());
        shared.get();
        child.join().unwrap();
    });
    report.expect_failure(FailureKind::DataRace);
}

#[test]
fn spawn_and_join_order() {
    all_engines(
        || {
            let shared = Shared::new(());
            shared.set(1);
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || other.set(other.get() + 1));
            child.join().unwrap();
            assert_eq!(shared.get(), 2);
        },
        None,
    );
}

#[test]
fn semaphores_barriers_onces_conditions_and_parking_order() {
    let semaphore = || {
        let shared = Shared::new(Semaphore::new(0));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            other.by.release();
        });
        shared.by.acquire();
        assert_eq!(shared.get(), 1);
        child.join().unwrap();
    };
    let barrier = || {
        let shared = Shared::new(Barrier::new(2));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            other.by.wait();
        });
        shared.by.wait();
        assert_eq!(shared.get(), 1);
        child.join().unwrap();
    };
    let once = || {
        let shared = Shared::new(Once::new());
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || other.by.call_once(|| other.set(1)));
        shared.by.call_once(|| shared.set(1));
        assert_eq!(shared.get(), 1);
        child.join().unwrap();
    };
    let condition = || {
        let shared = Shared::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            *other.by.0.lock().unwrap() = true;
            other.by.1.notify_one();
        });
        let mut ready = shared.by.0.lock().unwrap();
        while !*ready {
            ready = shared.by.1.wait(ready).unwrap();
        }
        drop(ready);
        assert_eq!(shared.get(), 1);
        child.join().unwrap();
    };
    let parking = || {
        let shared = Shared::new(AtomicBool::new(false));
        let other = Arc::clone(&shared);
        let main = thread::current();
        let child = thread::spawn(move || {
            other.set(1);
            other.by.store(true, Release);
            main.unpark();
        });
        while !shared.by.load(Acquire) {
            thread::park();
        }
        assert_eq!(shared.get(), 1);
        child.join().unwrap();
    };
    all_engines(semaphore, None);
    all_engines(barrier, None);
    all_engines(once, None);
    all_engines(condition, None);
    all_engines(parking, None);
}

#[test]
fn a_permit_that_was_there_already_orders_nothing() {
    Checker::exhaustive()
        .check(|| {
            let shared = Shared::new(Semaphore::new(1));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.set(1);
                other.by.release();
            });
            shared.by.acquire();
            shared.get();
            child.join().unwrap();
        })
        .expect_failure(FailureKind::DataRace);
}

#[test]
fn two_releases_do_not_order_each_other() {
    Checker::exhaustive()
        .check(|| {
            let shared = Shared::new(Semaphore::new(0));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.set(1);
                other.by.release();
            });
            shared.by.release();
            shared.get();
            child.join().unwrap();
        })
        .expect_failure(FailureKind::DataRace);
}

#[test]
fn a_failed_attempt_orders_nothing() {
    Checker::exhaustive()
        .check(|| {
            let shared = Shared::new(Mutex::new(()));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.set(1);
                let _held = other.by.lock().unwrap();
            });
            if shared.by.try_lock().is_err() {
                shared.get();
            }
            child.join().unwrap();
        })
        .expect_failure(FailureKind::DataRace);
}

// ---- channels ----

/// Two senders, the first of which writes before it sends or before it disconnects; the receiver
/// reads after it has received from the second.
fn two_senders(first_sends: bool, receives: usize) -> impl Fn() + Send + Sync + 'static {
    move || {
        let (sender, receiver) = mpsc::channel();
        let second = sender.clone();
        let shared = Shared::new(());
        let other = Arc::clone(&shared);
        let children = [
            thread::spawn(move || {
                other.set(1);
                if first_sends {
                    sender.send(1).unwrap();
                }
            }),
            thread::spawn(move || second.send(2).unwrap()),
        ];
        let received: Vec<i32> = (0..receives).map_while(|_| receiver.recv().ok()).collect();
        if received.last() == Some(&2) || received.len() < receives {
            shared.get();
        }
        let _ = children.map(|child| child.join().unwrap());
    }
}

#[test]
fn an_item_orders_after_its_own_sender_and_not_after_another() {
    // The first sender's item is still queued, or it has disconnected without sending one.
    Checker::exhaustive().check(two_senders(true, 1)).expect_failure(FailureKind::DataRace);
    Checker::exhaustive().check(two_senders(false, 1)).expect_failure(FailureKind::DataRace);
    // Both were received; or the end was, which comes after both have disconnected.
    Checker::exhaustive().check(two_senders(true, 2)).expect_verified();
    Checker::exhaustive().check(two_senders(false, 2)).expect_verified();
}

#[test]
fn an_item_that_waits_orders_nothing_for_whoever_receives_another() {
    let model = |order: Ordering| {
        move || {
            let (sender, receiver) = mpsc::channel();
            let second = sender.clone();
            let shared = Shared::new(AtomicBool::new(false));
            let other = Arc::clone(&shared);
            let children = [
                thread::spawn(move || {
                    other.set(1);
                    sender.send(1).unwrap();
                    other.by.store(true, order);
                }),
                thread::spawn(move || second.send(2).unwrap()),
            ];
            // Both items are queued, or the first alone.
            while !shared.by.load(order_of_load(order)) {
                thread::yield_now();
            }
            if receiver.recv() == Ok(2) {
                shared.get();
            }
            let _ = children.map(|child| child.join().unwrap());
        }
    };
    Checker::exhaustive().check(model(Relaxed)).expect_failure(FailureKind::DataRace);
    Checker::exhaustive().check(model(Release)).expect_verified();
}

fn order_of_load(order: Ordering) -> Ordering {
    if order == Release { Acquire } else { order }
}

/// The receiver writes before it takes the first item; the sender reads after it has sent `sends` more
/// than there is room for.
fn room(bound: usize, sends: usize) -> impl Fn() + Send + Sync + 'static {
    move || {
        let (sender, receiver) = mpsc::sync_channel(bound);
        let shared = Shared::new(());
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            receiver.recv().unwrap();
            receiver
        });
        (0..sends).for_each(|n| sender.send(n).unwrap());
        shared.get();
        let _receiver = child.join().unwrap();
    }
}

#[test]
fn room_orders_after_whoever_made_it() {
    for bound in [0, 1, 2] {
        Checker::exhaustive().check(room(bound, bound + 1)).expect_verified();
    }
    for bound in [1, 2] {
        Checker::exhaustive().check(room(bound, bound)).expect_failure(FailureKind::DataRace);
    }
}

#[test]
fn room_orders_after_the_receipt_that_made_it_and_not_after_a_later_one() {
    let later = |sends: usize| {
        move || {
            let (sender, receiver) = mpsc::sync_channel(1);
            let shared = Shared::new(());
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                receiver.recv().unwrap();
                other.set(1);
                receiver.recv().unwrap();
                receiver
            });
            (0..sends).for_each(|n| sender.send(n).unwrap());
            shared.get();
            drop(sender);
            let _receiver = child.join().unwrap();
        }
    };
    Checker::exhaustive().check(later(2)).expect_failure(FailureKind::DataRace);
    Checker::exhaustive().check(later(3)).expect_verified();
}

#[test]
fn a_sender_that_finds_its_receiver_gone_is_ordered_after_it() {
    for bound in [0, 1] {
        let model = move || {
            let (sender, receiver) = mpsc::sync_channel(bound);
            let shared = Shared::new(());
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.set(1);
                drop(receiver);
            });
            if sender.send(1).is_err() {
                shared.get();
            }
            child.join().unwrap();
        };
        Checker::exhaustive().check(model).expect_verified();
    }
}

#[test]
fn an_attempt_that_meets_the_receiver_is_ordered_after_what_that_did_before() {
    let model = |waits: bool| {
        move || {
            let (sender, receiver) = mpsc::sync_channel(0);
            let shared = Shared::new(());
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                if waits {
                    other.set(1);
                }
                let received = receiver.recv_timeout(std::time::Duration::from_millis(1)).is_ok();
                if !waits {
                    other.set(1);
                }
                received
            });
            if sender.try_send(1).is_ok() {
                shared.get();
            }
            child.join().unwrap();
        }
    };
    Checker::exhaustive().check(model(true)).expect_verified();
    Checker::exhaustive().check(model(false)).expect_failure(FailureKind::DataRace);
}

// ---- statics ----

raddle::statics! {
    static FLAG: AtomicBool = AtomicBool::new(false);
}

/// Published through a static, which gives no more ordering than an atomic that was passed along.
fn published(store: Ordering, load: Ordering) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        let shared = Shared::new(());
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            FLAG.store(true, store);
        });
        if FLAG.load(load) {
            assert_eq!(shared.get(), 1);
        }
        child.join().unwrap();
    }
}

#[test]
fn to_come_first_upon_a_static_orders_nothing() {
    all_engines(published(Release, Acquire), None);
    Checker::exhaustive().check(published(Relaxed, Relaxed)).expect_failure(FailureKind::DataRace);
}
