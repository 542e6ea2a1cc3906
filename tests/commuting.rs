//! The declarations of which commands of channels, queues, semaphores, monitors and the like commute are
//! right: the exhaustive engine finds exactly the outcomes of all schedules.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use raddle::future::{self, AtomicWaker};
use raddle::parking_lot::{Condvar, Mutex, RwLock, RwLockUpgradableReadGuard};
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Condition, Discipline, Event, Monitor, Queue, Semaphore, ThreadPool, mpsc};
use raddle::{Checker, Verdict, thread};

/// The outcomes of a model under an engine, and the kind of failure if it fails.
fn outcomes<T: Ord + Send + 'static>(
    checker: &Checker,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> (BTreeSet<T>, bool) {
    let seen = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let found = Arc::clone(&seen);
    let report = checker.clone().stop_on_failure(false).check(move || {
        let outcome = model();
        found.lock().unwrap().insert(outcome);
    });
    assert!(!matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, matches!(report.verdict, Verdict::Refuted(_)))
}

/// Both engines find `n` outcomes, the same ones.
#[track_caller]
fn agree<T: Ord + Debug + Send + 'static>(n: usize, model: impl Fn() -> T + Send + Sync + Clone + 'static) {
    let every = outcomes(&Checker::dfs(), model.clone());
    let reduced = outcomes(&Checker::exhaustive(), model);
    assert_eq!(reduced, every);
    assert_eq!(every.0.len(), n, "{every:?}");
}

const SOON: Duration = Duration::from_millis(10);

#[test]
fn channels() {
    for (bound, n) in [(0, 1), (1, 2), (2, 2)] {
        agree(n, move || {
            let (sender, receiver) = mpsc::sync_channel(bound);
            let other = sender.clone();
            let one = thread::spawn(move || sender.try_send(1).is_ok() || bound > 0);
            let two = thread::spawn(move || other.send(2).is_ok());
            let got: Vec<i32> = receiver.iter().filter(|n| bound > 0 || *n == 2).collect();
            let sent = (one.join().unwrap() || bound == 0, two.join().unwrap());
            (got.first().copied(), sent)
        });
    }
    agree(4, || {
        let (sender, receiver) = mpsc::channel();
        let child = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        let got = (receiver.try_recv(), receiver.try_recv());
        child.join().unwrap();
        got_of(got)
    });
    agree(2, || {
        let (sender, receiver) = mpsc::sync_channel(0);
        let child = thread::spawn(move || sender.send(1).is_ok());
        let got = receiver.recv_timeout(SOON).is_ok();
        drop(receiver);
        assert_eq!(child.join().unwrap(), got);
        got
    });
}

type Tried = Result<i32, mpsc::TryRecvError>;

/// Results in an ordered form: an item, 0 for empty, -1 for disconnected.
fn got_of((first, second): (Tried, Tried)) -> (i32, i32) {
    let of = |tried: Tried| tried.unwrap_or_else(|e| if e == mpsc::TryRecvError::Empty { 0 } else { -1 });
    (of(first), of(second))
}

#[test]
fn queues() {
    agree(4, || {
        let queue = Arc::new(Queue::bounded(1));
        let (one, two) = (Arc::clone(&queue), Arc::clone(&queue));
        let puts = thread::spawn(move || one.try_put(1).is_ok());
        let closes = thread::spawn(move || two.shutdown_now().len());
        let (got, len) = (queue.try_get().is_ok(), queue.len());
        (puts.join().unwrap(), closes.join().unwrap(), got, len)
    });
}

#[test]
fn semaphores_and_events() {
    agree(2, || {
        let permits = Arc::new(Semaphore::new(0));
        let children = [0; 2].map(|_| {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.release())
        });
        let got = permits.acquire_timeout(SOON);
        for child in children {
            child.join().unwrap();
        }
        assert!(permits.try_acquire());
        assert_ne!(permits.try_acquire(), got);
        got
    });
    agree(3, || {
        let event = Arc::new(Event::new());
        let (one, two) = (Arc::clone(&event), Arc::clone(&event));
        let sets = thread::spawn(move || one.set());
        let clears = thread::spawn(move || two.clear());
        let seen = event.wait_timeout(SOON);
        sets.join().unwrap();
        clears.join().unwrap();
        (seen, seen && event.is_set())
    });
}

#[test]
fn locks_with_timeouts_and_upgrades() {
    agree(4, || {
        let lock = Arc::new(RwLock::new(0));
        let (one, two) = (Arc::clone(&lock), Arc::clone(&lock));
        let upgrades = thread::spawn(move || {
            let reader = one.upgradable_read();
            match RwLockUpgradableReadGuard::try_upgrade(reader) {
                Ok(mut writer) => *writer += 1,
                Err(reader) => drop(reader),
            }
        });
        let writes = thread::spawn(move || two.try_write_for(SOON).map(|mut n| *n += 2).is_some());
        let seen = *lock.read();
        upgrades.join().unwrap();
        let _ = writes.join().unwrap();
        seen
    });
    agree(2, || {
        let lock = Arc::new(RwLock::new(0));
        let (one, two) = (Arc::clone(&lock), Arc::clone(&lock));
        let writes = thread::spawn(move || *one.write() += 1);
        let tries = thread::spawn(move || drop(two.try_read()));
        let outer = lock.read();
        let again = lock.try_read_recursive().is_some();
        let plainly = lock.try_read().is_some();
        drop(outer);
        writes.join().unwrap();
        tries.join().unwrap();
        (again, plainly)
    });
    agree(2, || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let other = Arc::clone(&pair);
        let child = thread::spawn(move || other.1.notify_one());
        let timed_out = pair.1.wait_for(&mut pair.0.lock(), SOON).timed_out();
        let _ = child.join().unwrap();
        timed_out
    });
}

#[test]
fn monitors_and_pools() {
    for discipline in [Discipline::Hoare, Discipline::Mesa] {
        agree(3, move || {
            let monitor = Arc::new(Monitor::new(discipline, 0));
            let (one, two) = (Arc::clone(&monitor), Arc::clone(&monitor));
            let waits = thread::spawn(move || {
                let mut inside = one.enter();
                if *inside == 0 {
                    inside.wait(Condition(0));
                }
                *inside
            });
            let adds = thread::spawn(move || *two.enter() += 2);
            let mut inside = monitor.enter();
            *inside += 1;
            inside.signal(Condition(0));
            drop(inside);
            adds.join().unwrap();
            waits.join().unwrap()
        });
    }
    agree(2, || {
        let pool = ThreadPool::new(1);
        let task = pool.submit(|| 7).unwrap();
        pool.shutdown(false, true);
        let result = task.result().is_ok();
        pool.shutdown(true, false);
        result
    });
}

#[test]
fn threads_that_end_park_and_sleep() {
    agree(3, || {
        let event = Arc::new(Event::new());
        let other = Arc::clone(&event);
        let child = thread::spawn(move || {
            other.set();
            thread::park_timeout(SOON);
        });
        let seen = (child.is_finished(), event.is_set());
        child.thread().unpark();
        child.join().unwrap();
        seen
    });
    agree(2, || {
        let event = Arc::new(Event::new());
        let other = Arc::clone(&event);
        let child = thread::spawn(move || other.set());
        let before = event.is_set();
        thread::sleep(SOON);
        let seen = (before, event.is_set());
        child.join().unwrap();
        assert!(seen != (true, false));
        seen.1
    });
}

#[test]
fn tasks_that_are_polled_in_vain() {
    agree(9, || {
        let raised = Arc::new((AtomicUsize::new(0), AtomicWaker::new()));
        let other = Arc::clone(&raised);
        let child = thread::spawn(move || {
            for n in 1..=2 {
                other.0.store(n, SeqCst);
                other.1.wake();
            }
        });
        let mut seen = Vec::new();
        future::block_on(poll_fn(|context| {
            raised.1.register(context.waker());
            seen.push(raised.0.load(SeqCst));
            if seen.last() == Some(&2) { Poll::Ready(()) } else { Poll::Pending }
        }));
        child.join().unwrap();
        seen
    });
}

raddle::statics! {
    static COUNTS: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
}

#[test]
fn statics_that_any_thread_comes_first_upon() {
    agree(11, || {
        let children = [0, 1].map(|i| {
            thread::spawn(move || {
                // A step of its own, so that any of the threads may be the first.
                AtomicUsize::new(0).load(SeqCst);
                COUNTS[i].store(1, SeqCst);
                COUNTS[1 - i].load(SeqCst)
            })
        });
        let main = [COUNTS[0].load(SeqCst), COUNTS[1].load(SeqCst)];
        let seen = children.map(|child| child.join().unwrap());
        (seen, main)
    });
}

#[test]
fn values_that_were_borrowed() {
    agree(3, || {
        let mut counts = [AtomicUsize::new(0), AtomicUsize::new(0)];
        *counts[0].get_mut() = 5;
        let counts = Arc::new(counts);
        let other = Arc::clone(&counts);
        let child = thread::spawn(move || {
            other[1].store(1, SeqCst);
            other[0].fetch_add(1, SeqCst)
        });
        let seen = (counts[0].load(SeqCst), counts[1].load(SeqCst));
        assert_eq!(child.join().unwrap(), 5);
        assert_eq!(counts[0].load(SeqCst), 6);
        seen
    });
}
