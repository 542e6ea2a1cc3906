//! Events, timers, pools and monitors.

use std::collections::VecDeque;

use raddle::FailureKind::{Deadlock, Panic};
use raddle::parking_lot::{Condvar, Mutex};
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Condition, Discipline, Event, Monitor, ThreadPool, Timer};
use raddle::thread;

use super::super::SOON;
use super::{Copied, Word, both};

const FILLED: Condition = Condition(0);

pub(super) const COPIES: &[Copied] = &[
    Copied {
        of: "Event",
        real: || all_woken(Event::new(), Event::set, Event::wait),
        fault: "wakes one of those who wait",
        faulty: || {
            all_woken(Word::default(), |event| event.set(1), |event| _ = event.when(|set| set == 1, |_| 0))
        },
        failure: Deadlock,
    },
    Copied {
        of: "Timer",
        real: || rings(|f| Timer::start(SOON, f).join().unwrap()),
        fault: "rings when it was cancelled, and else not",
        faulty: || {
            rings(|f| {
                let cancelled = Event::new();
                if cancelled.wait_timeout(SOON) {
                    f();
                }
            });
        },
        failure: Panic,
    },
    Copied {
        of: "ThreadPool",
        real: || {
            let done = Arc::new(AtomicUsize::new(0));
            let other = Arc::clone(&done);
            let pool = ThreadPool::new(1);
            pool.submit(move || other.fetch_add(1, SeqCst)).unwrap();
            pool.shutdown(true, false);
            assert_eq!(done.load(SeqCst), 1);
        },
        fault: "leaves tasks behind when it is shut down",
        faulty: || {
            let pool = Arc::new(Pool::default());
            let worker = Arc::clone(&pool);
            let worker = thread::spawn(move || worker.work_unless_ended());
            let done = Arc::new(AtomicUsize::new(0));
            let other = Arc::clone(&done);
            pool.submit(Box::new(move || _ = other.fetch_add(1, SeqCst)));
            pool.shutdown();
            worker.join().unwrap();
            assert_eq!(done.load(SeqCst), 1);
        },
        failure: Panic,
    },
    Copied {
        of: "TaskFuture",
        real: || {
            let pool = ThreadPool::new(1);
            let task = pool.submit(|| 7).unwrap();
            let calls = Arc::new(AtomicUsize::new(0));
            let other = Arc::clone(&calls);
            task.add_done_callback(move |_| _ = other.fetch_add(1, SeqCst));
            pool.shutdown(true, false);
            assert_eq!(calls.load(SeqCst), 1);
        },
        fault: "looks whether it is done and leaves the callback in two steps",
        faulty: || {
            let shared = both(
                (Word::default(), Word::default(), AtomicUsize::new(0)),
                |(done, callback, calls)| {
                    done.set(1);
                    if callback.get() == 1 {
                        calls.fetch_add(1, SeqCst);
                    }
                },
                |(done, callback, calls)| {
                    if done.get() == 1 {
                        calls.fetch_add(1, SeqCst);
                    } else {
                        callback.set(1);
                    }
                },
            );
            assert_eq!(shared.2.load(SeqCst), 1);
        },
        failure: Panic,
    },
    Copied {
        of: "Monitor",
        real: || {
            handed_over(
                Monitor::new(Discipline::Hoare, 0),
                |monitor| {
                    let mut items = monitor.enter();
                    if *items == 0 {
                        items.wait(FILLED);
                    }
                    assert!(*items > 0, "what was signalled holds");
                    *items -= 1;
                },
                |monitor| {
                    let mut items = monitor.enter();
                    *items += 1;
                    items.signal(FILLED);
                },
                |monitor| {
                    let taken = std::mem::take(&mut *monitor.enter());
                    let mut items = monitor.enter();
                    *items += taken.max(1);
                    items.signal(FILLED);
                },
            );
        },
        fault: "is Hoare's, and leaves the door open to others when it signals",
        faulty: || {
            handed_over(
                (Mutex::new(0), Condvar::new()),
                |(items, filled)| {
                    let mut items = items.lock();
                    if *items == 0 {
                        filled.wait(&mut items);
                    }
                    assert!(*items > 0, "what was signalled holds");
                    *items -= 1;
                },
                |(items, filled)| {
                    *items.lock() += 1;
                    filled.notify_one();
                },
                |(items, filled)| {
                    let taken = std::mem::take(&mut *items.lock());
                    *items.lock() += taken.max(1);
                    filled.notify_one();
                },
            );
        },
        failure: Panic,
    },
    Copied {
        of: "Monitor",
        real: || {
            both(
                Monitor::new(Discipline::Mesa, 0),
                |monitor| {
                    let mut items = monitor.enter();
                    while *items == 0 {
                        items.wait(FILLED);
                    }
                },
                |monitor| {
                    let mut items = monitor.enter();
                    *items += 1;
                    items.signal(FILLED);
                },
            );
        },
        fault: "is Mesa's, and lets others in before the waiter is counted",
        faulty: || {
            both(
                (Mutex::new(0), Word::default()),
                |(items, calls)| {
                    while *items.lock() == 0 {
                        calls.set(1);
                        calls.when(|waiting| waiting < 0, |_| 0);
                    }
                },
                |(items, calls)| {
                    *items.lock() += 1;
                    calls.when(|_| true, |waiting| if waiting > 0 { -1 } else { waiting });
                },
            );
        },
        failure: Deadlock,
    },
];

/// Two waiters are both woken.
fn all_woken<E: Send + Sync + 'static>(event: E, set: fn(&E), wait: fn(&E)) {
    let event = Arc::new(event);
    let children = [0; 2].map(|_| {
        let event = Arc::clone(&event);
        thread::spawn(move || wait(&event))
    });
    set(&event);
    let _ = children.map(|child| child.join().unwrap());
}

/// A timer that is not cancelled calls its function once.
fn rings(start_and_wait: fn(Box<dyn FnOnce() + Send>)) {
    let calls = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&calls);
    start_and_wait(Box::new(move || _ = other.fetch_add(1, SeqCst)));
    assert_eq!(calls.load(SeqCst), 1);
}

/// One thread waits for an item, another brings one, and a third intervenes.
fn handed_over<M: Send + Sync + 'static>(monitor: M, take: fn(&M), bring: fn(&M), meddle: fn(&M)) {
    let monitor = Arc::new(monitor);
    let children = [take, bring, meddle].map(|run| {
        let monitor = Arc::clone(&monitor);
        thread::spawn(move || run(&monitor))
    });
    let _ = children.map(|child| child.join().unwrap());
}

type Tasks = (VecDeque<Box<dyn FnOnce() + Send>>, bool);

/// A pool of one thread.
#[derive(Default)]
struct Pool {
    tasks: Mutex<Tasks>,
    changed: Condvar,
}

impl Pool {
    fn submit(&self, task: Box<dyn FnOnce() + Send>) {
        self.tasks.lock().0.push_back(task);
        self.changed.notify_one();
    }

    fn shutdown(&self) {
        self.tasks.lock().1 = true;
        self.changed.notify_one();
    }

    /// The fault: it checks for the end first.
    fn work_unless_ended(&self) {
        loop {
            let task = {
                let mut tasks = self.tasks.lock();
                loop {
                    if tasks.1 {
                        return;
                    }
                    if let Some(task) = tasks.0.pop_front() {
                        break task;
                    }
                    self.changed.wait(&mut tasks);
                }
            };
            task();
        }
    }
}
