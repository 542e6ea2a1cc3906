//! For every primitive, a property that the exhaustive engine verifies and a fault that it refutes.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
#![allow(clippy::similar_names)] // A receiver and what it received.

use std::cell::Cell;
use std::time::Duration;

use raddle::sync::{Arc, Event, LazyLock, Mutex, OnceLock, Queue, Semaphore, mpsc};
use raddle::{Checker, FailureKind, cell::UnsafeCell, thread, time::Instant};

/// Verifies a model, and finds nothing wrong with it by chance and on the system's threads.
#[track_caller]
fn holds(model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    for checker in [Checker::exhaustive(), Checker::random(50), Checker::native(5)] {
        let model = Arc::clone(&model);
        checker.check(move || model()).expect_no_failure();
    }
    Checker::exhaustive().check(move || model()).expect_verified();
}

/// Refutes a model.
#[track_caller]
fn fails(kind: FailureKind, model: impl Fn() + Send + Sync + 'static) {
    Checker::exhaustive().check(model).expect_failure(kind);
}

const SOON: Duration = Duration::from_millis(10);

/// Data that a primitive is to protect.
#[derive(Default)]
struct Plain(UnsafeCell<i32>);
// SAFETY: the checker looks for unordered accesses.
unsafe impl Sync for Plain {}

impl Plain {
    fn set(&self, value: i32) {
        // SAFETY: as the model orders it; a model that does not is refuted before this line.
        self.0.with_mut(|n| unsafe { *n = value });
    }

    fn get(&self) -> i32 {
        // SAFETY: as above.
        self.0.with(|n| unsafe { *n })
    }
}

// ---- channels ----

#[test]
fn what_was_written_before_a_send_is_seen_after_its_receipt() {
    for bound in [0, 1] {
        holds(move || {
            let (sender, receiver) = mpsc::sync_channel(bound);
            let data = Arc::new(Plain::default());
            let other = Arc::clone(&data);
            thread::spawn(move || {
                other.set(7);
                sender.send(()).unwrap();
            });
            receiver.recv().unwrap();
            assert_eq!(data.get(), 7);
        });
    }
}

#[test]
fn what_is_written_after_a_send_is_a_race_with_what_is_read_after_its_receipt() {
    fails(FailureKind::DataRace, || {
        let (sender, receiver) = mpsc::channel();
        let data = Arc::new(Plain::default());
        let other = Arc::clone(&data);
        thread::spawn(move || {
            sender.send(()).unwrap();
            other.set(7);
        });
        receiver.recv().unwrap();
        data.get();
    });
}

#[test]
fn a_channel_without_room_makes_the_sender_wait_for_the_receiver() {
    holds(|| {
        let (sender, receiver) = mpsc::sync_channel(0);
        let data = Arc::new(Plain::default());
        let other = Arc::clone(&data);
        thread::spawn(move || {
            other.set(7);
            receiver.recv().unwrap();
        });
        sender.send(()).unwrap();
        // With room for one the sender would be back before the other had begun.
        let _ = data;
    });
    let met = |bound| {
        move || {
            let (sender, receiver) = mpsc::sync_channel(bound);
            let begun = Arc::new(Event::new());
            let other = Arc::clone(&begun);
            let child = thread::spawn(move || {
                other.set();
                receiver.recv().unwrap();
            });
            sender.send(()).unwrap();
            assert!(begun.is_set());
            child.join().unwrap();
        }
    };
    holds(met(0));
    fails(FailureKind::Panic, met(1));
}

#[test]
fn a_bounded_channel_never_holds_more_than_its_bound() {
    holds(|| {
        let (sender, receiver) = mpsc::sync_channel(1);
        let child = thread::spawn(move || {
            sender.send(1).unwrap();
            let second = sender.try_send(2).is_ok();
            (sender, second)
        });
        let first = receiver.try_recv();
        let (sender, second) = child.join().unwrap();
        assert!(first.is_ok() || !second, "two items in a channel with room for one");
        drop(sender);
        let rest: Vec<i32> = receiver.iter().collect();
        assert_eq!(rest.len(), 1 + usize::from(second) - usize::from(first.is_ok()));
    });
}

#[test]
fn items_of_one_sender_come_in_order_and_the_end_is_noticed() {
    holds(|| {
        let (sender, receiver) = mpsc::channel();
        let other = sender.clone();
        let children = [
            thread::spawn(move || (1..=2).for_each(|n| sender.send(n).unwrap())),
            thread::spawn(move || other.send(3).unwrap()),
        ];
        let all: Vec<i32> = receiver.iter().collect();
        assert_eq!(all.iter().filter(|n| **n < 3).collect::<Vec<_>>(), [&1, &2]);
        assert_eq!(all.len(), 3);
        let _ = children.map(|child| child.join().unwrap());
    });
}

#[test]
fn a_receiver_that_keeps_a_sender_waits_for_ever() {
    fails(FailureKind::Deadlock, || {
        let (sender, receiver) = mpsc::channel::<i32>();
        let other = sender.clone();
        let child = thread::spawn(move || other.send(1).unwrap());
        assert_eq!(receiver.iter().count(), 1);
        child.join().unwrap();
        drop(sender);
    });
}

#[test]
fn a_sender_that_waits_learns_that_the_receiver_is_gone() {
    for bound in [0, 1] {
        holds(move || {
            let (sender, receiver) = mpsc::sync_channel(bound);
            let child = thread::spawn(move || (0..2).map(|n| sender.send(n).is_ok()).collect::<Vec<_>>());
            drop(receiver);
            let sent = child.join().unwrap();
            assert!(!sent[1], "the second had no room before the receiver went: {sent:?}");
        });
    }
}

#[test]
fn an_attempt_to_send_without_room_needs_a_receiver_that_waits() {
    let met = |waits: bool| {
        move || {
            let (sender, receiver) = mpsc::sync_channel(0);
            let child = thread::spawn(move || receiver.recv_timeout(SOON));
            let sent = sender.try_send(7).is_ok();
            if waits {
                assert!(sent);
            }
            let received = child.join().unwrap().is_ok();
            assert_eq!(sent, received);
        }
    };
    holds(met(false));
    fails(FailureKind::Panic, met(true));
}

#[test]
fn a_receipt_may_come_too_late_and_always_ends() {
    let seen = Arc::new(std::sync::Mutex::new([false; 2]));
    let outcomes = Arc::clone(&seen);
    holds(move || {
        let (sender, receiver) = mpsc::channel();
        let child = thread::spawn(move || {
            sender.send(7).unwrap();
            sender
        });
        let received = receiver.recv_timeout(SOON).is_ok();
        outcomes.lock().unwrap()[usize::from(received)] = true;
        let _sender = child.join().unwrap();
        if received {
            // Nobody sends any more: only time can end this.
            assert_eq!(receiver.recv_timeout(SOON), Err(mpsc::RecvTimeoutError::Timeout));
        }
    });
    assert_eq!(*seen.lock().unwrap(), [true, true]);
}

// ---- threads and time ----

#[test]
fn a_thread_may_look_finished_or_not_and_a_loop_that_waits_for_it_ends() {
    let seen = Arc::new(std::sync::Mutex::new([false; 2]));
    let outcomes = Arc::clone(&seen);
    holds(move || {
        let child = thread::spawn(|| ());
        outcomes.lock().unwrap()[usize::from(child.is_finished())] = true;
        while !child.is_finished() {
            thread::yield_now();
        }
        child.join().unwrap();
    });
    assert_eq!(*seen.lock().unwrap(), [true, true]);
}

#[test]
fn a_thread_that_waits_for_us_does_not_look_finished() {
    holds(|| {
        let go = Arc::new(Event::new());
        let other = Arc::clone(&go);
        let child = thread::spawn(move || other.wait());
        assert!(!child.is_finished());
        go.set();
        child.join().unwrap();
    });
    fails(FailureKind::Panic, || {
        let child = thread::spawn(|| ());
        assert!(child.is_finished());
    });
}

#[test]
fn to_sleep_orders_nothing() {
    fails(FailureKind::Panic, || {
        let done = Arc::new(Event::new());
        let other = Arc::clone(&done);
        thread::spawn(move || other.set());
        thread::sleep(Duration::from_secs(60));
        assert!(done.is_set());
    });
    holds(|| {
        let done = Arc::new(Event::new());
        let other = Arc::clone(&done);
        thread::spawn(move || other.set());
        while !done.is_set() {
            thread::sleep(SOON);
        }
    });
}

#[test]
fn a_loop_that_sleeps_until_nobody_sets_a_flag_is_a_livelock() {
    fails(FailureKind::Livelock, || {
        let done = Event::new();
        while !done.is_set() {
            thread::sleep(SOON);
        }
    });
}

#[test]
fn a_timeout_takes_its_time() {
    holds(|| {
        let begun = Instant::now();
        assert!(!Event::new().wait_timeout(SOON));
        assert!(begun.elapsed() >= SOON);
    });
    fails(FailureKind::Panic, || {
        let begun = Instant::now();
        Event::new().wait_timeout(SOON);
        assert!(begun.elapsed() < SOON);
    });
}

#[test]
fn a_park_with_a_timeout_ends() {
    holds(|| thread::park_timeout(SOON));
    // Budgets of 0, so that it is the lost token that is found.
    Checker::exhaustive().spurious_wakeups(0).check(thread::park).expect_failure(FailureKind::Deadlock);
}

raddle::thread_local! {
    static OWN: Cell<i32> = const { Cell::new(1) };
    static LAST_WORDS: Says = Says(Cell::new(None));
}

/// Sets an event when it is dropped.
struct Says(Cell<Option<Arc<Event>>>);

impl Drop for Says {
    fn drop(&mut self) {
        if let Some(event) = self.0.take() {
            event.set();
        }
    }
}

#[test]
fn each_thread_has_its_own_value_which_is_dropped_when_it_ends() {
    holds(|| {
        assert_eq!(OWN.replace(2), 1, "the value of an earlier execution");
        let dropped = Arc::new(Event::new());
        let other = Arc::clone(&dropped);
        let child = thread::spawn(move || {
            LAST_WORDS.with(|words| words.0.set(Some(other)));
            OWN.get()
        });
        dropped.wait();
        assert_eq!((child.join().unwrap(), OWN.get()), (1, 2));
    });
    fails(FailureKind::Deadlock, || {
        let dropped = Arc::new(Event::new());
        LAST_WORDS.with(|words| words.0.set(Some(Arc::clone(&dropped))));
        dropped.wait();
    });
}

#[test]
fn who_waits_for_a_once_sees_what_it_did_and_waits_for_ever_if_it_panics() {
    let initialized = |panics: bool| {
        move || {
            let shared = Arc::new((OnceLock::new(), Plain::default()));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.0.get_or_init(|| {
                    other.1.set(7);
                    assert!(!panics);
                });
            });
            shared.0.wait();
            assert_eq!(shared.1.get(), 7);
            child.join().unwrap();
        }
    };
    holds(initialized(false));
    fails(FailureKind::Deadlock, initialized(true));
}

// ---- statics ----

static SHARED: LazyLock<Mutex<i32>> = LazyLock::new(|| Mutex::new(0));

fn lazily_shared() {
    let children = [0; 2].map(|_| thread::spawn(|| *SHARED.lock().unwrap() += 1));
    let _ = children.map(|child| child.join().unwrap());
    assert_eq!(*SHARED.lock().unwrap(), 2);
}

#[test]
fn a_lazy_static_is_made_afresh_in_each_execution_of_each_engine() {
    let engines =
        [Checker::exhaustive(), Checker::dfs(), Checker::loom(), Checker::random(20), Checker::native(20)];
    for engine in engines {
        engine.check(lazily_shared).expect_no_failure();
    }
    assert_eq!(*SHARED.lock().unwrap(), 0);
}

#[test]
fn a_lazy_static_that_asks_for_itself_is_a_deadlock() {
    static SELF: LazyLock<i32> = LazyLock::new(|| *SELF + 1);
    fails(FailureKind::Deadlock, || _ = *SELF);
}

#[test]
fn a_static_that_is_not_lazy_is_named() {
    static OUTSIDE: std::sync::OnceLock<Mutex<i32>> = std::sync::OnceLock::new();
    OUTSIDE.get_or_init(|| Mutex::new(0));
    let report = Checker::exhaustive().check(|| _ = OUTSIDE.get().map(Mutex::lock));
    let message = report.expect_failure(FailureKind::Panic).message().to_owned();
    assert!(message.contains("outside the execution that made it"), "{message}");
}

// ---- what std lacks ----

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
