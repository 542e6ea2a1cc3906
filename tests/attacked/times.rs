//! How long waits take.

use std::time::Duration;

use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Condvar, Mutex, Semaphore, mpsc};
use raddle::time::Instant;
use raddle::{FailureKind, thread};

use super::{SECOND, ends_with, fails};

#[test]
fn a_park_with_a_timeout_may_return_before_it_is_over() {
    ends_with(
        || {
            let begun = Instant::now();
            thread::park_timeout(SECOND);
            begun.elapsed() < SECOND
        },
        [false, true],
    );
}

#[test]
fn a_wait_without_time_is_in_vain_more_than_once() {
    fn on_a_condition() -> usize {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || *other.0.lock().unwrap() = true);
        let (mut looks, mut ready) = (0, shared.0.lock().unwrap());
        while looks < 3 && !*ready {
            looks += 1;
            ready = shared.1.wait_timeout(ready, Duration::ZERO).unwrap().0;
        }
        drop(ready);
        child.join().unwrap();
        looks
    }
    fn on_a_token() -> usize {
        let ready = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&ready);
        let child = thread::spawn(move || other.store(1, SeqCst));
        let mut looks = 0;
        while looks < 3 && ready.load(SeqCst) == 0 {
            looks += 1;
            thread::park_timeout(Duration::ZERO);
        }
        child.join().unwrap();
        looks
    }
    ends_with(on_a_condition, 0..=3);
    ends_with(on_a_token, 0..=3);
}

#[test]
fn a_wait_for_longer_than_a_clock_can_tell_is_never_over() {
    ends_with(
        || {
            let (sender, receiver) = mpsc::channel();
            let child = thread::spawn(move || sender.send(7).unwrap());
            let received = receiver.recv_timeout(Duration::MAX);
            child.join().unwrap();
            received.is_ok()
        },
        [true],
    );
    let never: [fn(); 3] = [
        || {
            let pair = (Mutex::new(()), Condvar::new());
            while pair
                .1
                .wait_timeout(pair.0.lock().unwrap(), Duration::MAX)
                .is_ok_and(|(_, result)| !result.timed_out())
            {}
        },
        || (0..2).for_each(|_| thread::park_timeout(Duration::MAX)),
        || assert!(!Semaphore::new(0).acquire_timeout(Duration::MAX)),
    ];
    for model in never {
        fails(FailureKind::Deadlock, model);
    }
}
