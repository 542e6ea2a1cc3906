//! Tasks, wakers, and task-locals.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

use raddle::FailureKind::{Deadlock, Panic};
use raddle::future::{self, AtomicWaker};
use raddle::parking_lot::Mutex;
use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicBool, Ordering::SeqCst};
use raddle::thread;

use super::{Copied, Word};

pub(super) const COPIES: &[Copied] = &[
    Copied {
        of: "AtomicWaker",
        real: || moved(AtomicWaker::new(), AtomicWaker::register, AtomicWaker::wake),
        fault: "keeps the waker that it has",
        faulty: || {
            moved(
                Mutex::new(None::<Waker>),
                |slot, waker| _ = slot.lock().get_or_insert_with(|| waker.clone()),
                |slot| {
                    let waker = slot.lock().take();
                    if let Some(waker) = waker {
                        waker.wake();
                    }
                },
            );
        },
        failure: Deadlock,
    },
    Copied {
        of: "JoinHandle",
        real: || {
            let task = future::spawn(async { 7 });
            assert_eq!(future::block_on(task).unwrap(), 7);
        },
        fault: "looks for the result and leaves its waker in two steps",
        faulty: || {
            let shared = Arc::new((Word::default(), Mutex::new(None::<Waker>)));
            let other = Arc::clone(&shared);
            let child = thread::spawn(move || {
                other.0.set(7);
                let waker = other.1.lock().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            });
            future::block_on(poll_fn(|context| {
                if shared.0.get() == 7 {
                    return Poll::Ready(());
                }
                *shared.1.lock() = Some(context.waker().clone());
                Poll::Pending
            }));
            child.join().unwrap();
        },
        failure: Deadlock,
    },
    Copied {
        of: "block_on",
        real: || bridged(|future| future::block_on(future)),
        fault: "forgets a wakeup that comes before it sleeps",
        faulty: || {
            bridged(|future| {
                let alarm = Arc::new(Alarm::default());
                let waker = Waker::from(Arc::clone(&alarm));
                let mut future = pin!(future);
                while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                    alarm.0.set(0);
                    alarm.0.wait_for(1);
                }
            });
        },
        failure: Deadlock,
    },
    Copied {
        of: "TaskLocal",
        real: || {
            future::task_local! { static OWN: i32; }
            let two = [1, 2].map(|n| -> Task {
                Box::pin(OWN.scope(n, async move {
                    future::yield_now().await;
                    assert_eq!(OWN.get(), n);
                }))
            });
            in_turn(two);
        },
        fault: "is set when its task begins, and stays",
        faulty: || {
            raddle::thread_local! { static OWN: Cell<i32> = const { Cell::new(0) }; }
            let two = [1, 2].map(|n| -> Task {
                Box::pin(async move {
                    OWN.set(n);
                    future::yield_now().await;
                    assert_eq!(OWN.get(), n);
                })
            });
            in_turn(two);
        },
        failure: Panic,
    },
];

#[derive(Default)]
struct Alarm(Word);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.set(1);
    }
}

/// A future that is polled first by one task and then by another, which is woken.
fn moved<W: Send + Sync + 'static>(waker: W, register: fn(&W, &Waker), wake: fn(&W)) {
    let shared = Arc::new((AtomicBool::new(false), waker));
    let other = Arc::clone(&shared);
    let mut raised = poll_fn(move |context| {
        register(&shared.1, context.waker());
        if shared.0.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    });
    let polled = Pin::new(&mut raised).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    let child = thread::spawn(move || {
        other.0.store(true, SeqCst);
        wake(&other.1);
    });
    future::block_on(raised);
    child.join().unwrap();
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A future that a thread wakes.
fn bridged(run: fn(Task)) {
    let shared = Arc::new((AtomicBool::new(false), AtomicWaker::new()));
    let other = Arc::clone(&shared);
    let child = thread::spawn(move || {
        other.0.store(true, SeqCst);
        other.1.wake();
    });
    run(Box::pin(poll_fn(move |context| {
        shared.1.register(context.waker());
        if shared.0.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    })));
    child.join().unwrap();
}

/// Two tasks that one thread polls in turn.
fn in_turn(mut tasks: [Task; 2]) {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        for task in &mut tasks {
            let _ = task.as_mut().poll(&mut context);
        }
    }
}
