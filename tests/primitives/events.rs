//! Semaphores, events and queues.

use raddle::sync::{Arc, BoundedSemaphore, Event, Queue, Semaphore};
use raddle::{Checker, FailureKind, thread};

use super::{Plain, SOON, fails, holds};

#[test]
fn a_semaphore_with_a_timeout_gives_up_only_when_it_must_or_may() {
    let late = |release: bool| {
        move || {
            let permits = Arc::new(Semaphore::new(0));
            let other = Arc::clone(&permits);
            let child = thread::spawn(move || {
                if release {
                    other.release();
                }
            });
            let got = permits.acquire_timeout(SOON);
            child.join().unwrap();
            assert!(got);
        }
    };
    Checker::exhaustive().timeouts(0).check(late(true)).expect_verified();
    fails(FailureKind::Panic, late(true));
    Checker::exhaustive().timeouts(0).check(late(false)).expect_failure(FailureKind::Panic);
}

#[test]
fn an_event_wakes_everybody_and_one_that_is_cleared_may_have_been_missed() {
    let signalled = |clears: bool| {
        move || {
            let event = Arc::new(Event::new());
            let children = [0; 2].map(|_| {
                let event = Arc::clone(&event);
                thread::spawn(move || event.wait())
            });
            event.set();
            if clears {
                event.clear();
            }
            let _ = children.map(|child| child.join().unwrap());
        }
    };
    holds(signalled(false));
    fails(FailureKind::Deadlock, signalled(true));
}

#[test]
fn a_queue_is_joined_when_every_task_is_done() {
    let worked = |says_so: bool| {
        move || {
            let queue = Arc::new(Queue::bounded(1));
            let data = Arc::new(Plain::default());
            let (tasks, result) = (Arc::clone(&queue), Arc::clone(&data));
            let worker = thread::spawn(move || {
                while let Ok(n) = tasks.get() {
                    result.set(n);
                    if says_so || n < 2 {
                        tasks.task_done().unwrap();
                    }
                }
            });
            queue.put(1).unwrap();
            queue.put(2).unwrap();
            queue.join();
            assert_eq!(data.get(), 2);
            queue.shutdown();
            worker.join().unwrap();
        }
    };
    holds(worked(true));
    fails(FailureKind::Deadlock, worked(false));
}

#[test]
fn a_bounded_semaphore_notices_one_release_too_many() {
    let released = |twice: bool| {
        move || {
            let permits = Arc::new(BoundedSemaphore::new(1));
            let other = Arc::clone(&permits);
            let child = thread::spawn(move || {
                other.acquire();
                other.release().unwrap();
                if twice {
                    other.release().unwrap();
                }
            });
            permits.acquire();
            permits.release().unwrap();
            child.join().unwrap();
        }
    };
    holds(released(false));
    fails(FailureKind::Panic, released(true));
}
