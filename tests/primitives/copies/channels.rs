//! Channels and queues.

use std::collections::VecDeque;

use raddle::FailureKind::Panic;
use raddle::parking_lot::{Condvar, Mutex};
use raddle::sync::{Arc, Queue, mpsc};
use raddle::thread;

use super::{Copied, Word};

pub(super) const COPIES: &[Copied] = &[
    Copied {
        of: "channel",
        real: || {
            let (sender, receiver) = mpsc::channel();
            arrives(move || sender.send(7).unwrap(), || receiver.recv().ok());
        },
        fault: "says that it has ended while something is left in it",
        faulty: || {
            let channel = Arc::new(Copy::default());
            let other = Arc::clone(&channel);
            arrives(
                move || {
                    other.put(7);
                    other.end();
                },
                || channel.take_unless_ended(),
            );
        },
        failure: Panic,
    },
    Copied {
        of: "sync_channel",
        real: || {
            let (sender, receiver) = mpsc::sync_channel(1);
            waits_for_room(2, move || _ = sender.send(7), move || _ = receiver.recv());
            let (sender, receiver) = mpsc::sync_channel(0);
            waits_for_room(1, move || _ = sender.send(7), move || _ = receiver.recv());
        },
        fault: "has room for one item too many",
        faulty: || {
            let channel = Arc::new(Word::default());
            let other = Arc::clone(&channel);
            let send = move || _ = channel.when(|items| items <= 1, |items| items + 1);
            waits_for_room(2, send, move || _ = other.when(|items| items > 0, |items| items - 1));
        },
        failure: Panic,
    },
    Copied {
        of: "Queue",
        real: || {
            let queue = Arc::new(Queue::unbounded());
            let other = Arc::clone(&queue);
            queue.put(7).unwrap();
            all_done(
                move |work| {
                    other.get().unwrap();
                    work();
                    other.task_done().unwrap();
                },
                || queue.join(),
            );
        },
        fault: "is joined when it is empty",
        faulty: || {
            let items = Arc::new(Word::new(1));
            let other = Arc::clone(&items);
            all_done(
                move |work| {
                    other.when(|n| n > 0, |n| n - 1);
                    work();
                },
                || items.wait_for(0),
            );
        },
        failure: Panic,
    },
];

/// What was sent before the sender disconnected is received.
fn arrives(send_and_go: impl FnOnce() + Send + 'static, receive: impl FnOnce() -> Option<i32>) {
    let child = thread::spawn(send_and_go);
    assert_eq!(receive(), Some(7));
    child.join().unwrap();
}

/// The last of `sends` waits until the receiver has begun.
fn waits_for_room(sends: usize, send: impl Fn() + Send + 'static, receive: impl FnOnce() + Send + 'static) {
    let begun = Arc::new(Word::default());
    let other = Arc::clone(&begun);
    let child = thread::spawn(move || {
        other.set(1);
        receive();
    });
    (0..sends).for_each(|_| send());
    assert_eq!(begun.get(), 1);
    child.join().unwrap();
}

/// The work is done when the join returns.
fn all_done(worker: impl FnOnce(&dyn Fn()) + Send + 'static, join: impl FnOnce()) {
    let done = Arc::new(Word::default());
    let other = Arc::clone(&done);
    let child = thread::spawn(move || worker(&|| other.set(1)));
    join();
    assert_eq!(done.get(), 1);
    child.join().unwrap();
}

/// A channel.
#[derive(Default)]
struct Copy {
    items: Mutex<(VecDeque<i32>, bool)>,
    changed: Condvar,
}

impl Copy {
    fn put(&self, item: i32) {
        self.items.lock().0.push_back(item);
        self.changed.notify_one();
    }

    fn end(&self) {
        self.items.lock().1 = true;
        self.changed.notify_one();
    }

    /// The fault: it checks for the end first.
    fn take_unless_ended(&self) -> Option<i32> {
        let mut items = self.items.lock();
        loop {
            if items.1 {
                return None;
            }
            if let Some(item) = items.0.pop_front() {
                return Some(item);
            }
            self.changed.wait(&mut items);
        }
    }
}
