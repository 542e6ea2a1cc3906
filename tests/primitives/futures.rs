//! Futures, wakers, and task-locals.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use raddle::future::{self, AtomicWaker};
use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use raddle::{Checker, FailureKind, thread};

use super::{fails, holds};

/// A flag that a thread raises and a future waits for.
fn bridge(registers_first: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new((AtomicBool::new(false), AtomicWaker::new()));
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.0.store(true, Ordering::Release);
            other.1.wake();
        });
        future::block_on(poll_fn(|context| {
            if registers_first {
                shared.1.register(context.waker());
            }
            if shared.0.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            if !registers_first {
                shared.1.register(context.waker());
            }
            Poll::Pending
        }));
        child.join().unwrap();
    }
}

#[test]
fn a_waker_is_registered_before_the_last_look() {
    holds(bridge(true));
    fails(FailureKind::Deadlock, bridge(false));
    Checker::loom().check(bridge(true)).expect_verified();
    Checker::loom().check(bridge(false)).expect_failure(FailureKind::Deadlock);
}

#[test]
fn spawned_tasks_run_beside_each_other_and_are_awaited() {
    holds(|| {
        let n = Arc::new(AtomicUsize::new(0));
        let tasks = [0; 2].map(|_| {
            let n = Arc::clone(&n);
            future::spawn(async move {
                future::yield_now().await;
                n.fetch_add(1, Ordering::SeqCst)
            })
        });
        let sum = future::block_on(async {
            let [one, two] = tasks;
            one.await.unwrap() + two.await.unwrap()
        });
        assert_eq!(sum, 1);
    });
    fails(FailureKind::Panic, || {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let task = future::spawn(async move { other.store(1, Ordering::SeqCst) });
        assert_eq!(n.load(Ordering::SeqCst), 0, "a task may run before it is awaited");
        future::block_on(task).unwrap();
    });
    holds(|| {
        let task = future::spawn(async { panic!("in vain") });
        assert!(future::block_on(task).is_err());
    });
}

/// Ready at the second poll, by whichever task.
struct Twice(bool, Arc<AtomicBool>);

impl Future for Twice {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.0 {
            return Poll::Ready(self.1.load(Ordering::Acquire));
        }
        self.0 = true;
        let (flag, waker) = (Arc::clone(&self.1), context.waker().clone());
        thread::spawn(move || {
            flag.store(true, Ordering::Release);
            waker.wake();
        });
        Poll::Pending
    }
}

/// Ready when the condition that it waits for holds.
struct Looks(Twice);

impl Future for Looks {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        match Pin::new(&mut self.0).poll(context) {
            Poll::Ready(false) => Poll::Pending,
            other => other,
        }
    }
}

#[test]
fn a_future_that_is_polled_again_was_not_always_woken() {
    fn twice() -> Twice {
        Twice(false, Arc::default())
    }
    fails(FailureKind::Panic, || assert!(future::block_on(twice())));
    holds(|| assert!(future::block_on(Looks(twice()))));
    // Without a budget for spurious wakeups it is not polled in vain.
    Checker::exhaustive().spurious_wakeups(0).check(|| assert!(future::block_on(twice()))).expect_verified();
}

future::task_local! {
    static REQUEST: usize;
    /// Records what it finds when it is dropped.
    static NOTE: Arc<std::sync::Mutex<Vec<usize>>>;
}

async fn handled() -> (usize, usize) {
    let before = REQUEST.get();
    future::yield_now().await;
    (before, REQUEST.get())
}

#[test]
fn a_task_keeps_its_value_across_awaits_and_others_have_their_own() {
    holds(|| {
        let other = future::spawn(REQUEST.scope(1, handled()));
        let both = REQUEST.scope(2, async {
            let inner = REQUEST.scope(3, handled()).await;
            (inner, handled().await)
        });
        assert_eq!(future::block_on(both), ((3, 3), (2, 2)));
        assert_eq!(future::block_on(other).unwrap(), (1, 1));
        assert!(REQUEST.try_with(|_| ()).is_err());
    });
    fails(FailureKind::Panic, || {
        // A task that is spawned inside does not inherit it.
        REQUEST.sync_scope(1, || future::block_on(future::spawn(handled())).unwrap());
    });
    Checker::loom()
        .check(|| assert_eq!(future::block_on(REQUEST.scope(2, handled())), (2, 2)))
        .expect_verified();
}

/// Two tasks polled in turn by one thread.
#[test]
fn tasks_of_one_thread_do_not_see_each_others_values() {
    holds(|| {
        let mut tasks = [1, 2].map(|n| Box::pin(REQUEST.scope(n, handled())));
        let mut context = Context::from_waker(std::task::Waker::noop());
        for task in &mut tasks {
            assert!(task.as_mut().poll(&mut context).is_pending());
            assert!(REQUEST.try_with(|_| ()).is_err());
        }
        let results = tasks.map(|mut task| task.as_mut().poll(&mut context));
        assert_eq!(results, [Poll::Ready((1, 1)), Poll::Ready((2, 2))]);
    });
}

#[test]
fn what_a_task_holds_is_dropped_where_it_still_has_its_value() {
    struct Noted;
    impl Drop for Noted {
        fn drop(&mut self) {
            NOTE.with(|note| note.lock().unwrap().push(REQUEST.get()));
        }
    }
    let note = Arc::<std::sync::Mutex<Vec<usize>>>::default();
    let held = || {
        let noted = Noted;
        async move {
            future::yield_now().await;
            drop(noted);
        }
    };
    let task = |n| Box::pin(NOTE.scope(Arc::clone(&note), REQUEST.scope(n, held())));
    future::block_on(task(1));
    drop(task(2));
    assert_eq!(*note.lock().unwrap(), [1, 2]);
}
