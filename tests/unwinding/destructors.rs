//! Operations in destructors while their thread unwinds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use raddle::FailureKind;
use raddle::sync::atomic::{AtomicUsize, Ordering, fence};
use raddle::sync::{Arc, Condvar, Mutex, mpsc};
use raddle::thread;

use crate::{Finally, Racy, explored, fails, verified};

#[test]
fn a_store_in_a_destructor_publishes_nothing_that_follows_it() {
    fails(FailureKind::DataRace, || {
        let shared = Arc::new((AtomicUsize::new(0), Racy::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                other.0.store(1, Ordering::Release);
                other.1.write();
            });
            panic!("expected");
        });
        if shared.0.load(Ordering::Acquire) == 1 {
            shared.1.read();
        }
        assert!(child.join().is_err());
    });
}

#[test]
fn a_store_in_a_destructor_publishes_what_precedes_it() {
    let seen = verified(|| {
        let shared = Arc::new((AtomicUsize::new(0), Racy::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                other.1.write();
                other.0.store(1, Ordering::Release);
            });
            panic!("expected");
        });
        let seen = if shared.0.load(Ordering::Acquire) == 1 { shared.1.read() } else { 7 };
        assert!(child.join().is_err());
        seen
    });
    assert_eq!(seen, [1, 7].into());
}

#[test]
fn an_unlock_in_a_destructor_publishes_nothing_that_follows_it() {
    fails(FailureKind::DataRace, || {
        let shared = Arc::new((Mutex::new(()), Racy::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let mut guard = Some(other.0.lock());
            let _last = Finally(|| {
                guard.take();
                other.1.write();
            });
            panic!("expected");
        });
        let held = shared.0.lock();
        let seen = shared.1.read();
        drop(held);
        assert!(child.join().is_err());
        seen
    });
}

#[test]
fn a_fence_in_a_destructor_does_not_publish_the_store_before_it() {
    fails(FailureKind::DataRace, || {
        let shared = Arc::new((AtomicUsize::new(0), Racy::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                other.1.write();
                other.0.store(1, Ordering::Relaxed);
                fence(Ordering::Release);
            });
            panic!("expected");
        });
        if shared.0.load(Ordering::Acquire) == 1 {
            shared.1.read();
        }
        assert!(child.join().is_err());
    });
}

#[test]
fn a_destructor_that_loads_and_stores_loses_an_update() {
    let seen = verified(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                let seen = other.load(Ordering::SeqCst);
                other.store(seen + 1, Ordering::SeqCst);
            });
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
fn a_choice_in_a_destructor_takes_every_alternative() {
    let seen = verified(|| {
        let chosen = Arc::new(AtomicUsize::new(9));
        let other = Arc::clone(&chosen);
        let child = thread::spawn(move || {
            let _last = Finally(|| other.store(raddle::choose(3), Ordering::SeqCst));
            panic!("expected");
        });
        assert!(child.join().is_err());
        chosen.load(Ordering::SeqCst)
    });
    assert_eq!(seen, [0, 1, 2].into());
}

#[test]
fn a_destructor_asks_whether_a_thread_has_finished_and_hears_both() {
    let seen = verified(|| {
        let answers = Arc::new(AtomicUsize::new(9));
        let other = Arc::clone(&answers);
        let slow = thread::spawn(|| ());
        let child = thread::spawn(move || {
            let _last = Finally(|| other.store(slow.is_finished().into(), Ordering::SeqCst));
            panic!("expected");
        });
        assert!(child.join().is_err());
        answers.load(Ordering::SeqCst)
    });
    assert_eq!(seen, [0, 1].into());
}

#[test]
fn a_destructor_may_wait_for_a_lock_during_an_expected_panic() {
    let seen = verified(|| {
        let lock = Arc::new(Mutex::new(Vec::new()));
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || {
            let _last = Finally(|| other.lock().unwrap().push("child"));
            panic!("expected");
        });
        let mut held = lock.lock().unwrap();
        held.push("main");
        drop(held);
        assert!(child.join().is_err());
        lock.lock().unwrap().clone()
    });
    assert_eq!(seen, [vec!["child", "main"], vec!["main", "child"]].into());
}

#[test]
fn a_destructor_may_wait_for_a_thread_during_an_expected_panic() {
    let seen = verified(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let (mine, its) = (Arc::clone(&n), Arc::clone(&n));
        let child = thread::spawn(move || {
            let worker = thread::spawn(move || its.fetch_add(1, Ordering::SeqCst));
            let mut worker = Some(worker);
            let _last = Finally(|| {
                assert!(worker.take().unwrap().join().unwrap() < 3);
                n.fetch_add(1, Ordering::SeqCst);
            });
            panic!("expected");
        });
        let seen = mine.load(Ordering::SeqCst);
        assert!(child.join().is_err());
        (seen, mine.load(Ordering::SeqCst))
    });
    assert_eq!(seen, [(0, 2), (1, 2), (2, 2)].into());
}

#[test]
fn a_destructor_may_wait_for_a_message_during_an_expected_panic() {
    let seen = verified(|| {
        let (send, receive) = mpsc::channel();
        let (back, heard) = mpsc::channel();
        let child = thread::spawn(move || {
            let _last = Finally(|| back.send(receive.recv()).unwrap());
            panic!("expected");
        });
        send.send(7).unwrap();
        assert!(child.join().is_err());
        heard.recv().unwrap().unwrap()
    });
    assert_eq!(seen, [7].into());
}

#[test]
fn a_destructor_may_wait_for_a_notification_during_an_expected_panic() {
    verified(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                let mut set = other.0.lock().unwrap();
                while !*set {
                    set = other.1.wait(set).unwrap();
                }
            });
            panic!("expected");
        });
        *shared.0.lock().unwrap() = true;
        shared.1.notify_one();
        assert!(child.join().is_err());
    });
}

#[test]
fn a_destructor_that_waits_for_ever_is_a_deadlock() {
    let seen = explored(|| {
        let lock = Arc::new(Mutex::new(()));
        let other = Arc::clone(&lock);
        let child = thread::spawn(move || {
            let _last = Finally(|| drop(other.lock()));
            panic!("expected");
        });
        let _held = lock.lock().unwrap();
        child.join().is_err()
    });
    assert_eq!(seen.failures, ["deadlock".to_owned()].into());
    assert_eq!(seen.outcomes, [true].into());
}

#[test]
fn executions_after_a_destructor_that_waits_for_ever_are_not_affected() {
    // If the operating-system thread were still panicking, the mutex would not be poisoned, and
    // the others would be taken for threads that unwind.
    let seen = explored(|| {
        assert!(!std::thread::panicking(), "a thread of a new execution panics");
        let waits = raddle::choose(2) == 0;
        let (lock, gate) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let (other, its) = (Arc::clone(&lock), Arc::clone(&gate));
        let closed = gate.lock();
        let child = thread::spawn(move || {
            let _held = other.lock();
            let _last = Finally(|| drop(waits.then(|| its.lock())));
            panic!("expected");
        });
        assert!(child.join().is_err());
        drop(closed);
        lock.is_poisoned()
    });
    assert_eq!(seen.failures, ["deadlock".to_owned()].into());
    assert_eq!(seen.outcomes, [true].into());
}

#[test]
fn a_destructor_may_spawn_a_thread_during_an_expected_panic() {
    let seen = verified(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                let its = Arc::clone(&other);
                let helper = thread::spawn(move || its.fetch_add(1, Ordering::SeqCst));
                other.fetch_add(1, Ordering::SeqCst);
                helper.join().unwrap();
            });
            panic!("expected");
        });
        let seen = n.load(Ordering::SeqCst);
        assert!(child.join().is_err());
        seen
    });
    assert_eq!(seen, [0, 1, 2].into());
}

#[test]
fn a_thread_does_not_panic_because_another_does() {
    let seen = verified(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                other.store(1, Ordering::SeqCst);
                assert!(std::thread::panicking() && thread::panicking());
                other.store(2, Ordering::SeqCst);
                assert!(std::thread::panicking() && thread::panicking());
            });
            panic!("expected");
        });
        let seen = n.load(Ordering::SeqCst);
        assert!(!std::thread::panicking() && !thread::panicking());
        assert!(child.join().is_err());
        assert!(!std::thread::panicking());
        seen
    });
    assert_eq!(seen, [0, 1, 2].into());
}

#[test]
fn panics_that_overlap_are_caught_each_by_its_own_thread() {
    let seen = verified(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let panics = |n: &Arc<AtomicUsize>, by: usize| {
            let n = Arc::clone(n);
            thread::spawn(move || {
                let payload = catch_unwind(AssertUnwindSafe(|| {
                    let _last = Finally(|| {
                        n.fetch_add(by, Ordering::SeqCst);
                        // One more, inside the first.
                        assert!(catch_unwind(|| panic!("inner")).is_err());
                        n.fetch_add(by, Ordering::SeqCst);
                    });
                    std::panic::panic_any(by);
                }));
                assert!(!std::thread::panicking());
                *payload.unwrap_err().downcast::<usize>().unwrap()
            })
        };
        let (one, ten) = (panics(&n, 1), panics(&n, 10));
        let seen = n.load(Ordering::SeqCst);
        assert_eq!((one.join().unwrap(), ten.join().unwrap()), (1, 10));
        seen
    });
    assert_eq!(seen, [0, 1, 2, 10, 11, 12, 20, 21, 22].into());
}

#[test]
fn a_payload_that_is_thrown_again_keeps_its_destructors_scheduled() {
    let seen = verified(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            let _last = Finally(|| {
                other.store(1, Ordering::SeqCst);
                other.store(2, Ordering::SeqCst);
            });
            std::panic::resume_unwind(Box::new(7));
        });
        let seen = n.load(Ordering::SeqCst);
        assert_eq!(*child.join().unwrap_err().downcast::<i32>().unwrap(), 7);
        seen
    });
    assert_eq!(seen, [0, 1, 2].into());
}

#[test]
fn two_destructors_are_never_inside_one_mutex() {
    static INSIDE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    // Some executions deadlock, and are cut while threads are in destructors or run them because of the cut.
    let seen = explored(|| {
        INSIDE.store(0, Ordering::SeqCst);
        let (lock, never) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let panics = || {
            let (lock, never) = (Arc::clone(&lock), Arc::clone(&never));
            thread::spawn(move || {
                let _last = Finally(|| {
                    let _held = lock.lock();
                    assert_eq!(INSIDE.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
                    drop(never.lock());
                    INSIDE.fetch_sub(1, Ordering::SeqCst);
                });
                if raddle::choose(2) == 0 {
                    panic!("expected");
                }
                drop(never.lock());
            })
        };
        let children = [panics(), panics()];
        let held = never.lock();
        if raddle::choose(2) == 0 {
            drop(held);
        }
        children.map(|child| child.join().is_err())
    });
    assert_eq!(seen.failures, ["deadlock".to_owned()].into());
    assert_eq!(seen.outcomes.len(), 4);
}
