//! Channels of `std::sync::mpsc`.

use raddle::sync::{Arc, Event, mpsc};
use raddle::{FailureKind, thread};

use super::{Plain, SOON, fails, holds};

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
        // With room for one the sender would return before the receiver had begun.
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
            // No thread sends any more: only the timeout can end this.
            assert_eq!(receiver.recv_timeout(SOON), Err(mpsc::RecvTimeoutError::Timeout));
        }
    });
    assert_eq!(*seen.lock().unwrap(), [true, true]);
}
