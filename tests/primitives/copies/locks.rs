//! Locks, semaphores, condition variables and barriers.

use raddle::FailureKind::{Deadlock, Panic};
use raddle::parking_lot::{self, RwLockUpgradableReadGuard};
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Barrier, BoundedSemaphore, Condvar, Mutex, ReentrantMutex, RwLock, Semaphore};

use super::{Copied, Word, both, excludes};

pub(super) const COPIES: &[Copied] = &[
    Copied {
        of: "Mutex",
        real: || {
            excludes(Mutex::new(()), |lock, inside| {
                let _held = lock.lock().unwrap();
                inside();
            });
            excludes(parking_lot::Mutex::new(()), |lock, inside| {
                let _held = lock.lock();
                inside();
            });
        },
        fault: "does not wait for its holder",
        faulty: || {
            excludes(Word::default(), |lock, inside| {
                lock.set(1);
                inside();
                lock.set(0);
            });
        },
        failure: Panic,
    },
    Copied {
        of: "FairMutex",
        real: || {
            excludes(parking_lot::FairMutex::new(()), |lock, inside| {
                let _held = lock.lock();
                inside();
            });
        },
        fault: "draws a ticket in two steps",
        faulty: || {
            excludes((AtomicUsize::new(0), Word::default()), |(tickets, turn), inside| {
                let ticket = tickets.load(SeqCst);
                tickets.store(ticket + 1, SeqCst);
                turn.when(|turn| turn >= ticket as i64, |turn| turn);
                inside();
                turn.when(|_| true, |turn| turn + 1);
            });
        },
        failure: Panic,
    },
    Copied {
        of: "ReentrantMutex",
        real: || {
            excludes(parking_lot::ReentrantMutex::new(()), |lock, inside| {
                let _outer = lock.lock();
                drop(lock.lock());
                inside();
            });
            excludes(ReentrantMutex::new(()), |lock, inside| {
                let _outer = lock.lock();
                drop(lock.lock());
                inside();
            });
        },
        fault: "is free when it is unlocked once",
        faulty: || {
            excludes(Word::default(), |lock, inside| {
                lock.when(|held| held == 0, |_| 1);
                // Locked again by the thread that holds it, and unlocked.
                lock.set(2);
                lock.set(0);
                inside();
                lock.set(0);
            });
        },
        failure: Panic,
    },
    Copied {
        of: "RwLock",
        real: || {
            halves(
                RwLock::new(()),
                |lock, inside| {
                    let _held = lock.write().unwrap();
                    inside();
                },
                |lock, inside| {
                    let _held = lock.read().unwrap();
                    inside();
                },
            );
        },
        fault: "lets readers in beside a writer",
        faulty: || {
            halves(
                Word::default(),
                |lock, inside| {
                    lock.when(|state| state == 0, |_| -1);
                    inside();
                    lock.when(|_| true, |state| state + 1);
                },
                |lock, inside| {
                    lock.when(|_| true, |state| state + 1);
                    inside();
                    lock.when(|_| true, |state| state - 1);
                },
            );
        },
        failure: Panic,
    },
    Copied {
        of: "RwLock",
        real: || {
            upgraded(parking_lot::RwLock::new(0), |lock| {
                let reader = lock.upgradable_read();
                let before = *reader;
                *RwLockUpgradableReadGuard::upgrade(reader) = before + 1;
            });
        },
        fault: "gives the lock up to upgrade it",
        faulty: || {
            upgraded(parking_lot::RwLock::new(0), |lock| {
                let reader = lock.upgradable_read();
                let before = *reader;
                drop(reader);
                *lock.write() = before + 1;
            });
        },
        failure: Panic,
    },
    Copied {
        of: "Condvar",
        real: || {
            raised(
                (Mutex::new(false), Condvar::new()),
                |(flag, raised)| {
                    *flag.lock().unwrap() = true;
                    raised.notify_one();
                },
                |(flag, raised)| drop(raised.wait_while(flag.lock().unwrap(), |flag| !*flag).unwrap()),
            );
            raised(
                (parking_lot::Mutex::new(false), parking_lot::Condvar::new()),
                |(flag, raised)| {
                    *flag.lock() = true;
                    raised.notify_one();
                },
                |(flag, raised)| raised.wait_while(&mut flag.lock(), |flag| !*flag),
            );
        },
        fault: "unlocks before it begins to wait",
        faulty: || {
            raised(
                (parking_lot::Mutex::new(false), Word::default()),
                |(flag, calls)| {
                    *flag.lock() = true;
                    // Wakes the threads that wait, counted in the word.
                    calls.when(|_| true, |waiting| if waiting > 0 { -1 } else { waiting });
                },
                |(flag, calls)| {
                    while !*flag.lock() {
                        calls.set(1);
                        calls.when(|waiting| waiting < 0, |_| 0);
                    }
                },
            );
        },
        failure: Deadlock,
    },
    Copied {
        of: "Barrier",
        real: || {
            rounds(Barrier::new(2), |barrier| {
                barrier.wait();
            });
        },
        fault: "counts arrivals and no generations",
        faulty: || {
            rounds(Word::default(), |arrived| {
                arrived.when(|_| true, |n| if n == 1 { 0 } else { n + 1 });
                arrived.wait_for(0);
            });
        },
        failure: Deadlock,
    },
    Copied {
        of: "Semaphore",
        real: || {
            excludes(Semaphore::new(1), |permits, inside| {
                permits.acquire();
                inside();
                permits.release();
            });
        },
        fault: "looks for a permit and takes it in two steps",
        faulty: || {
            excludes(Word::new(1), |permits, inside| {
                permits.when(|n| n > 0, |n| n);
                permits.when(|_| true, |n| n - 1);
                inside();
                permits.when(|_| true, |n| n + 1);
            });
        },
        failure: Panic,
    },
    Copied {
        of: "BoundedSemaphore",
        real: || {
            bounded(BoundedSemaphore::new(1), BoundedSemaphore::acquire, |permits| permits.release().is_ok());
        },
        fault: "looks at the bound and releases in two steps",
        faulty: || {
            bounded(
                Word::new(1),
                |permits| _ = permits.when(|n| n > 0, |n| n - 1),
                |permits| {
                    let room = permits.get() < 1;
                    if room {
                        permits.when(|_| true, |n| n + 1);
                    }
                    room
                },
            );
        },
        failure: Panic,
    },
];

type Inside<L> = fn(&L, &dyn Fn());

/// A writer writes two halves, and a reader reads them as equal.
fn halves<L: Send + Sync + 'static>(lock: L, write: Inside<L>, read: Inside<L>) {
    let halves = [AtomicUsize::new(0), AtomicUsize::new(0)];
    both(
        (lock, write, read, halves),
        |(lock, write, _, halves)| write(lock, &|| halves.iter().for_each(|half| half.store(1, SeqCst))),
        |(lock, _, read, halves)| {
            read(lock, &|| assert_eq!(halves[0].load(SeqCst), halves[1].load(SeqCst)));
        },
    );
}

/// Two threads read and then add.
fn upgraded(lock: parking_lot::RwLock<i32>, add: fn(&parking_lot::RwLock<i32>)) {
    let shared = both((lock, add), |(lock, add)| add(lock), |(lock, add)| add(lock));
    assert_eq!(*shared.0.read(), 2);
}

/// A thread that waits for a flag continues when it is raised.
fn raised<S: Send + Sync + 'static>(shared: S, raise: fn(&S), wait: fn(&S)) {
    both((shared, raise, wait), |(shared, raise, _)| raise(shared), |(shared, _, wait)| wait(shared));
}

/// Two threads meet twice, and each time both have arrived.
fn rounds<B: Send + Sync + 'static>(barrier: B, wait: fn(&B)) {
    fn meet<B>((barrier, wait, came): &(B, fn(&B), AtomicUsize)) {
        for round in 1..=2 {
            came.fetch_add(1, SeqCst);
            wait(barrier);
            assert!(came.load(SeqCst) >= 2 * round);
        }
    }
    both((barrier, wait, AtomicUsize::new(0)), meet, meet);
}

/// One permit is taken, and one of two releases is refused.
fn bounded<S: Send + Sync + 'static>(permits: S, acquire: fn(&S), release: fn(&S) -> bool) {
    fn back<S>((permits, release, accepted): &(S, fn(&S) -> bool, AtomicUsize)) {
        if release(permits) {
            accepted.fetch_add(1, SeqCst);
        }
    }
    acquire(&permits);
    let shared = both((permits, release, AtomicUsize::new(0)), back, back);
    assert_eq!(shared.2.load(SeqCst), 1);
}
