//! Counters of the types that std lacks are exact, and an overflow is reported: with the feature
//! `check` and without it, on native threads.
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use raddle::sync::{
    Arc, BoundedSemaphore, Condition, Discipline, GetError, Monitor, OverRelease, Queue, ReentrantMutex,
    Semaphore,
};
use raddle::thread;

const READY: Condition = Condition(0);

/// The message of a panic.
#[track_caller]
fn said(panics: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(panics)).expect_err("it panics");
    payload
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| (*payload.downcast_ref::<&str>().unwrap()).into())
}

/// This many threads wait for a condition of a monitor that counts them and is still entered by the caller.
fn with_waiters(discipline: Discipline, n: usize, then: impl FnOnce(&Monitor<usize>)) {
    let monitor = Arc::new(Monitor::new(discipline, 0));
    let inside = Arc::new(AtomicUsize::new(0));
    let waiter = |_| {
        let (monitor, inside) = (Arc::clone(&monitor), Arc::clone(&inside));
        thread::spawn(move || {
            let mut guard = monitor.enter();
            *guard += 1;
            guard.wait(READY);
            assert_eq!(inside.fetch_add(1, SeqCst), 0, "two threads are inside");
            thread::yield_now();
            *guard -= 1;
            inside.fetch_sub(1, SeqCst);
        })
    };
    let threads: Vec<_> = (0..n).map(waiter).collect();
    while *monitor.enter() < n {
        thread::yield_now();
    }
    then(&monitor);
    monitor.enter().signal_all(READY);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*monitor.enter(), 0);
}

#[test]
fn one_of_very_many_waiters_at_a_time_is_inside_a_monitor() {
    for discipline in [Discipline::Hoare, Discipline::Mesa] {
        for n in [63, 64, 65, 127] {
            with_waiters(discipline, n, |_| ());
        }
    }
}

#[test]
fn one_waiter_more_than_a_monitor_counts_panics_and_leaves_it() {
    for discipline in [Discipline::Hoare, Discipline::Mesa] {
        with_waiters(discipline, 127, |monitor| {
            let said = said(|| monitor.enter().wait(READY));
            assert_eq!(said, "a condition of a monitor has room for 127 waiters");
            assert_eq!(*monitor.enter(), 127, "others are let in");
        });
    }
}

#[test]
fn a_queue_of_two_to_the_24th_items_is_not_empty() {
    let queue = Queue::unbounded();
    for _ in 0..1 << 24 {
        queue.put(()).unwrap();
    }
    assert_eq!(queue.len(), 1 << 24);
    assert_eq!(queue.try_get(), Ok(()));
}

#[test]
fn a_queue_that_drops_more_items_than_there_are_tasks_is_empty_and_has_no_tasks() {
    let queue = Queue::unbounded();
    queue.put(1).unwrap();
    queue.put(2).unwrap();
    queue.task_done().unwrap();
    queue.task_done().unwrap();
    assert_eq!(queue.shutdown_now(), [1, 2]);
    assert_eq!((queue.len(), queue.try_get()), (0, Err(GetError::ShutDown)));
    queue.join();
    assert!(queue.task_done().is_err());
}

#[test]
fn a_reentrant_lock_has_one_owner_however_often_that_holds_it() {
    let lock = ReentrantMutex::new(());
    let mut guards: Vec<_> = (0..65_535).map(|_| lock.lock()).collect();
    let taken_by_another =
        || thread::scope(|scope| scope.spawn(|| lock.try_lock().is_some()).join().unwrap());
    assert!(!taken_by_another());
    let most = "a reentrant mutex can be held 65535 times at once";
    assert_eq!(said(|| drop(lock.lock())), most);
    assert_eq!(said(|| drop(lock.try_lock())), most);
    assert!(!taken_by_another());
    let last = guards.pop();
    drop(guards);
    assert!(!taken_by_another());
    drop(last);
    assert!(taken_by_another());
}

#[test]
fn a_permit_that_a_semaphore_has_no_room_for_is_refused() {
    let permits = Semaphore::new(usize::MAX);
    let said = said(|| permits.release());
    assert!(said.contains("a semaphore has room for 18446744073709551615 permits"), "{said}");
    assert!(permits.try_acquire());
    permits.release();
    assert_eq!(BoundedSemaphore::new(usize::MAX).release(), Err(OverRelease));
}

#[cfg(feature = "check")]
#[test]
fn one_sender_more_than_a_channel_counts_panics() {
    let (sender, receiver) = raddle::sync::mpsc::channel::<()>();
    let clones: Vec<_> = (1..32_767).map(|_| sender.clone()).collect();
    assert_eq!(said(|| drop(sender.clone())), "a channel has room for 32767 senders");
    drop(sender);
    assert!(receiver.try_recv().is_err_and(|error| error == std::sync::mpsc::TryRecvError::Empty));
    drop(clones);
    assert!(receiver.try_recv().is_err_and(|error| error == std::sync::mpsc::TryRecvError::Disconnected));
}
