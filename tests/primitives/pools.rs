//! Thread pools and timers.

use raddle::FailureKind;
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, TaskError, ThreadPool, Timer};

use super::{SOON, Seen, fails, holds};

#[test]
fn a_pool_runs_what_was_submitted_and_cancels_what_has_not_begun() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    holds(move || {
        let pool = ThreadPool::new(1);
        let task = pool.submit(|| 7).unwrap();
        pool.shutdown(true, true);
        let result = task.result();
        assert!(matches!(result, Ok(7) | Err(TaskError::Cancelled)), "{result:?}");
        assert_eq!(task.cancelled(), result.is_err());
        outcomes.note(result.is_ok());
        assert!(pool.submit(|| ()).is_err());
    });
    seen.both();
    holds(|| {
        let pool = ThreadPool::new(2);
        let (one, two) = (pool.submit(|| 1).unwrap(), pool.submit(|| -> i32 { panic!("two") }).unwrap());
        pool.shutdown(false, false);
        assert_eq!((one.result(), two.exception()), (Ok(1), Ok(Some("two".into()))));
    });
}

#[test]
fn a_task_that_waits_for_one_behind_it_needs_a_second_thread() {
    let nested = |threads: usize| {
        move || {
            let pool = Arc::new(ThreadPool::new(threads));
            let inside = Arc::clone(&pool);
            let outer = pool.submit(move || inside.submit(|| 7).unwrap().result().unwrap()).unwrap();
            assert_eq!(outer.result(), Ok(7));
            pool.shutdown(true, false);
        }
    };
    holds(nested(2));
    fails(FailureKind::Deadlock, nested(1));
}

#[test]
fn a_done_callback_is_called_once_whenever_it_is_added() {
    let called = |expected: usize| {
        move || {
            let pool = ThreadPool::new(1);
            let calls = Arc::new(AtomicUsize::new(0));
            let task = pool.submit(|| 7).unwrap();
            let other = Arc::clone(&calls);
            task.add_done_callback(move |task| {
                assert!(task.done());
                other.fetch_add(1, Ordering::SeqCst);
            });
            pool.shutdown(true, false);
            assert_eq!(calls.load(Ordering::SeqCst), expected);
        }
    };
    holds(called(1));
    fails(FailureKind::Panic, called(0));
}

#[test]
fn a_timer_calls_at_most_once_and_not_after_it_was_cancelled() {
    let seen = Seen::default();
    let outcomes = seen.clone();
    holds(move || {
        let calls = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&calls);
        let timer = Timer::start(SOON, move || _ = other.fetch_add(1, Ordering::SeqCst));
        timer.cancel();
        timer.join().unwrap();
        let calls = calls.load(Ordering::SeqCst);
        assert!(calls <= 1);
        outcomes.note(calls == 1);
    });
    seen.both();
    fails(FailureKind::Panic, || Timer::start(SOON, || panic!("called")).join().unwrap());
}
