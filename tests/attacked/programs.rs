//! Programs that aim at special cases of the engines and found no fault: operations that disable others
//! together, waits that end by time, by a panic or by the end of a thread.

use std::cell::RefCell;

use raddle::parking_lot::{self, RwLockUpgradableReadGuard};
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{
    Arc, Barrier, Condition, Condvar, Discipline, Event, LazyLock, Monitor, Mutex, Queue, RwLock,
    RwLockWriteGuard, Semaphore, mpsc,
};
use raddle::{FailureKind, choose, thread};

use super::{SECOND, agree};

/// What the threads return; 99 for one that panicked.
fn all(threads: impl IntoIterator<Item = thread::JoinHandle<usize>>) -> Vec<usize> {
    threads.into_iter().map(|thread| thread.join().unwrap_or(99)).collect()
}

/// Spawns a thread that shares `shared`.
fn spawn<S: Send + Sync + 'static>(
    shared: &Arc<S>,
    f: impl FnOnce(&S) -> usize + Send + 'static,
) -> thread::JoinHandle<usize> {
    let shared = Arc::clone(shared);
    thread::spawn(move || f(&shared))
}

/// Both engines agree on this number of outcomes and on these failures.
#[track_caller]
fn finds(outcomes: usize, failures: &[FailureKind], model: fn() -> Vec<usize>) {
    let found = agree(model);
    assert_eq!(found.outcomes.len(), outcomes, "{found:?}");
    assert_eq!(found.failures.iter().copied().collect::<Vec<_>>(), failures);
}

const NONE: &[FailureKind] = &[];

#[test]
fn readers_a_writer_and_a_mutex_between_them() {
    finds(1, &[FailureKind::Deadlock], || {
        let shared = Arc::new((RwLock::new(0), Mutex::new(0)));
        let one = spawn(&shared, |(rwlock, mutex)| {
            let _read = rwlock.read().unwrap();
            *mutex.lock().unwrap()
        });
        let other = spawn(&shared, |(rwlock, mutex)| {
            let _held = mutex.lock().unwrap();
            *rwlock.read().unwrap()
        });
        let writer = spawn(&shared, |(rwlock, _)| *rwlock.write().unwrap());
        all([one, other, writer])
    });
    finds(1, NONE, || {
        let shared = Arc::new((parking_lot::RwLock::new(0), Mutex::new(0)));
        let one = spawn(&shared, |(rwlock, mutex)| {
            let _read = rwlock.read();
            *mutex.lock().unwrap()
        });
        let other = spawn(&shared, |(rwlock, mutex)| {
            let _held = mutex.lock().unwrap();
            *rwlock.read_recursive()
        });
        let writer = spawn(&shared, |(rwlock, _)| *rwlock.write());
        all([one, other, writer])
    });
}

#[test]
fn a_writer_that_becomes_a_reader_beside_a_writer_and_a_reader() {
    finds(7, NONE, || {
        let lock = Arc::new(RwLock::new(0));
        let one = spawn(&lock, |lock| {
            let mut writer = lock.write().unwrap();
            *writer = 1;
            let reader = RwLockWriteGuard::downgrade(writer);
            *reader * 10 + usize::from(lock.try_read().is_ok())
        });
        let other = spawn(&lock, |lock| {
            *lock.write().unwrap() += 2;
            0
        });
        let reader = spawn(&lock, |lock| *lock.read().unwrap());
        all([one, other, reader])
    });
}

#[test]
fn an_upgrade_that_gives_up_beside_a_writer_that_gives_up() {
    finds(12, NONE, || {
        let lock = Arc::new(parking_lot::RwLock::new(0));
        let upgrades = spawn(&lock, |lock| {
            let upgraded = RwLockUpgradableReadGuard::try_upgrade_for(lock.upgradable_read(), SECOND);
            upgraded.map_or(0, |mut writer| {
                *writer += 1;
                1
            })
        });
        let reads = spawn(&lock, |lock| {
            let read = lock.read();
            usize::from(lock.try_upgradable_read().is_some()) + *read * 10
        });
        let writes = spawn(&lock, |lock| usize::from(lock.try_write_for(SECOND).is_some()));
        all([upgrades, reads, writes])
    });
}

#[test]
fn a_channel_without_room_whose_receiver_gives_up() {
    finds(6, NONE, || {
        let (sender, receiver) = mpsc::sync_channel(0);
        let sends = thread::spawn(move || {
            usize::from(sender.try_send(1).is_ok()) * 10 + usize::from(sender.try_send(2).is_ok())
        });
        let got = [receiver.recv_timeout(SECOND).unwrap_or(9), receiver.recv_timeout(SECOND).unwrap_or(9)];
        [all([sends]), got.into()].concat()
    });
}

#[test]
fn senders_that_are_cloned_and_dropped_while_the_receiver_looks() {
    finds(5, NONE, || {
        let (sender, receiver) = mpsc::channel();
        let other = sender.clone();
        let clones = thread::spawn(move || {
            let third = sender.clone();
            drop(sender);
            usize::from(third.send(1).is_ok())
        });
        let drops = thread::spawn(move || {
            drop(other);
            0
        });
        let looks = receiver
            .try_recv()
            .unwrap_or_else(|error| 5 + usize::from(error == mpsc::TryRecvError::Disconnected));
        let waits = receiver
            .recv_timeout(SECOND)
            .unwrap_or_else(|error| 5 + usize::from(error == mpsc::RecvTimeoutError::Disconnected));
        drop(receiver);
        [all([clones, drops]), vec![looks, waits]].concat()
    });
}

#[test]
fn a_queue_that_is_shut_down_under_two_producers_and_a_consumer() {
    finds(7, NONE, || {
        let queue = Arc::new(Queue::bounded(1));
        let produces = |n| spawn(&queue, move |queue| usize::from(queue.put(n).is_ok()));
        let (one, other) = (produces(0), produces(1));
        let consumes = spawn(&queue, |queue| {
            let item = queue.get().unwrap_or(7);
            usize::from(queue.task_done().is_ok()) * 10 + item
        });
        let shuts = spawn(&queue, |queue| queue.shutdown_now().len());
        all([one, other, consumes, shuts])
    });
}

#[test]
fn a_monitor_that_is_handed_from_condition_to_condition() {
    finds(2, NONE, || {
        let monitor = Arc::new(Monitor::new(Discipline::Hoare, 0));
        let passes_on = spawn(&monitor, |monitor| {
            let mut inside = monitor.enter();
            if *inside == 0 {
                inside.wait(Condition(0));
            }
            let seen = *inside;
            *inside += 1;
            inside.signal(Condition(1));
            seen * 10 + *inside
        });
        let begins = spawn(&monitor, |monitor| {
            let mut inside = monitor.enter();
            *inside += 1;
            inside.signal(Condition(0));
            *inside
        });
        let ends = spawn(&monitor, |monitor| {
            let mut inside = monitor.enter();
            while *inside < 2 {
                inside.wait(Condition(1));
            }
            *inside
        });
        all([passes_on, begins, ends])
    });
}

#[test]
fn timed_waits_that_are_over_in_turn() {
    finds(8, NONE, || {
        let shared = Arc::new((Mutex::new(()), Condvar::new()));
        let twice = spawn(&shared, |(mutex, condvar)| {
            let (held, first) = condvar.wait_timeout(mutex.lock().unwrap(), SECOND).unwrap();
            let (_held, second) = condvar.wait_timeout(held, SECOND).unwrap();
            usize::from(first.timed_out()) * 2 + usize::from(second.timed_out())
        });
        let longer = spawn(&shared, |(mutex, condvar)| {
            let (held, result) = condvar.wait_timeout(mutex.lock().unwrap(), 3 * SECOND).unwrap();
            drop(held);
            condvar.notify_one();
            usize::from(result.timed_out())
        });
        all([twice, longer])
    });
}

#[test]
fn a_barrier_before_an_event_that_may_come_too_late() {
    finds(8, NONE, || {
        let shared = Arc::new((Event::new(), Barrier::new(2), AtomicUsize::new(0)));
        let sets = spawn(&shared, |(event, barrier, _)| {
            barrier.wait();
            event.set();
            0
        });
        let counts = spawn(&shared, |(_, barrier, count)| {
            let leads = barrier.wait().is_leader();
            count.fetch_add(1, SeqCst);
            usize::from(leads)
        });
        let waits = spawn(&shared, |(event, _, count)| {
            usize::from(event.wait_timeout(SECOND)) * 10 + count.load(SeqCst)
        });
        all([sets, counts, waits])
    });
}

#[test]
fn a_choice_between_two_things_to_wait_for() {
    finds(2, &[FailureKind::Deadlock], || {
        let shared = Arc::new((Event::new(), Semaphore::new(0)));
        let waits = spawn(&shared, |(event, permits)| match choose(2) {
            0 => {
                event.wait();
                1
            }
            _ => {
                permits.acquire();
                2
            }
        });
        let gives = spawn(&shared, |(event, permits)| {
            if choose(3) == 0 {
                event.set()
            } else {
                permits.release()
            }
            event.clear();
            0
        });
        all([waits, gives])
    });
}

struct Sends(mpsc::Sender<usize>);

impl Drop for Sends {
    fn drop(&mut self) {
        let _ = self.0.send(1);
    }
}

raddle::thread_local! { static SENDS: RefCell<Option<Sends>> = const { RefCell::new(None) }; }

#[test]
fn a_thread_local_whose_destructor_sends() {
    finds(4, NONE, || {
        let (sender, receiver) = mpsc::channel();
        let child = thread::spawn(move || {
            SENDS.set(Some(Sends(sender)));
            0
        });
        let seen = vec![
            usize::from(child.is_finished()),
            receiver.try_recv().unwrap_or(7),
            receiver.recv().unwrap_or(8),
        ];
        [all([child]), seen].concat()
    });
}

static PERHAPS: [LazyLock<usize>; 2] = [const { LazyLock::new(perhaps) }; 2];

fn perhaps() -> usize {
    assert!(choose(2) == 1, "no value is made");
    5
}

#[test]
fn lazy_values_that_are_made_or_not() {
    finds(4, NONE, || all([0, 1].map(|n| thread::spawn(move || *PERHAPS[n]))));
    finds(2, NONE, || all([0, 1].map(|_| thread::spawn(|| *PERHAPS[0]))));
}
