//! Wakers that several threads share, and unparks that find a thread unparked already.
//!
//! Two unparks of one thread commute, and only the first of them changes anything. So their order must
//! not affect what a waiting loop waits for, since one order represents both.
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use raddle::Checker;
use raddle::cell::UnsafeCell;
use raddle::sync::atomic::AtomicUsize;
use raddle::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use raddle::{Reason, Verdict, future, hint, thread};

const WAITING: usize = 0;
const REGISTERING: usize = 1;
const WAKING: usize = 2;

/// A place for one waker, after tokio's `AtomicWaker`: a state of three values, and a cell.
struct Place {
    state: AtomicUsize,
    waker: UnsafeCell<Option<Waker>>,
}

// SAFETY: the state determines which thread may access the cell; the model checker would find a race.
unsafe impl Sync for Place {}
// SAFETY: as above.
unsafe impl Send for Place {}

impl Place {
    fn new() -> Self {
        Place { state: AtomicUsize::new(WAITING), waker: UnsafeCell::new(None) }
    }

    fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: only the thread that the state selects gets here.
        self.waker.with_mut(|place| std::mem::replace(unsafe { &mut *place }, waker))
    }

    fn register(&self, waker: &Waker) {
        match self.state.compare_exchange(WAITING, REGISTERING, Acquire, Acquire) {
            Ok(_) => {
                let old = self.replace(Some(waker.clone()));
                if self.state.compare_exchange(REGISTERING, WAITING, AcqRel, Acquire).is_err() {
                    let waker = self.replace(None);
                    self.state.swap(WAITING, AcqRel);
                    drop(old);
                    waker.unwrap().wake();
                }
            }
            Err(WAKING) => {
                waker.wake_by_ref();
                hint::spin_loop();
            }
            Err(_) => {}
        }
    }

    fn wake(&self) {
        if self.state.fetch_or(WAKING, AcqRel) == WAITING {
            let waker = self.replace(None);
            self.state.fetch_and(!WAKING, Release);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// A task waits for `notifiers` notifications, in at most `polls` polls; returns what it saw in each.
fn notified(notifiers: usize, polls: usize, joined: bool) -> Vec<usize> {
    let shared = Arc::new((AtomicUsize::new(0), Place::new()));
    let threads: Vec<_> = (0..notifiers)
        .map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.fetch_add(1, Relaxed);
                shared.1.wake();
            })
        })
        .collect();
    let mut seen = Vec::new();
    future::block_on(poll_fn(|context| {
        shared.1.register(context.waker());
        seen.push(shared.0.load(Relaxed));
        if seen.last() == Some(&notifiers) || seen.len() == polls { Poll::Ready(()) } else { Poll::Pending }
    }));
    if joined {
        for thread in threads {
            thread.join().unwrap();
        }
    }
    seen
}

/// The outcomes of a model under an engine, and how many traces it has.
fn explored(
    checker: Checker,
    model: impl Fn() -> Vec<usize> + Send + Sync + 'static,
) -> (BTreeSet<Vec<usize>>, u64) {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let into = Arc::clone(&seen);
    let report = checker.count_traces(true).check(move || {
        let outcome = model();
        into.lock().unwrap().insert(outcome);
    });
    report.expect_verified();
    assert_eq!(report.stats.redundant, 0, "{report}");
    let outcomes = std::mem::take(&mut *seen.lock().unwrap());
    (outcomes, report.stats.traces.unwrap())
}

/// Compares the exhaustive search with the search of every schedule, with and without one yield
/// without progress.
fn agree(name: &str, model: impl Fn() -> Vec<usize> + Copy + Send + Sync + 'static) {
    for fruitless in [0, 1] {
        let budgets = |checker: Checker| {
            checker.weak_failures(0).timeouts(0).spurious_wakeups(1).fruitless_yields(fruitless)
        };
        let (found, all) =
            (explored(budgets(Checker::exhaustive()), model), explored(budgets(Checker::dfs()), model));
        assert_eq!(found, all, "{name}, {fruitless} looks in vain");
    }
}

#[test]
fn tokios_atomic_waker_with_two_notifiers_does_not_diverge() {
    for fruitless in [0, 1] {
        let checker = Checker::exhaustive().fruitless_yields(fruitless).max_executions(500);
        let report = checker.check(|| _ = notified(2, usize::MAX, false));
        assert!(
            matches!(report.verdict, Verdict::Inconclusive(Reason::MaxExecutions { bound: 500 })),
            "{report}"
        );
    }
}

#[test]
fn tokios_atomic_waker_has_the_same_outcomes_and_traces_without_reduction() {
    agree("one notifier", || notified(1, 3, false));
    agree("one notifier, joined", || notified(1, 3, true));
    agree("two notifiers", || notified(2, 2, false));
}

/// Two threads add one and unpark, in the order that `unpark_first` selects; the main thread waits for
/// both in a loop that unparks itself before it parks, as a task does that is polled while it is woken.
fn unparks_itself(unpark_first: bool) -> Vec<usize> {
    let n = Arc::new(AtomicUsize::new(0));
    let main = thread::current();
    for _ in 0..2 {
        let (n, main) = (Arc::clone(&n), main.clone());
        thread::spawn(move || {
            if unpark_first {
                main.unpark();
            }
            n.fetch_add(1, Relaxed);
            if !unpark_first {
                main.unpark();
            }
        });
    }
    let mut last;
    while {
        last = n.load(Relaxed);
        last < 2
    } {
        main.unpark();
        hint::spin_loop();
        thread::park();
    }
    vec![last]
}

#[test]
fn a_loop_that_unparks_itself_waits_for_the_same_whichever_unpark_comes_first() {
    agree("unparked after", || unparks_itself(false));
    agree("unparked before", || unparks_itself(true));
}

#[test]
fn a_loop_that_looks_again_after_it_unparked_itself_has_all_its_traces() {
    agree("no park", || {
        let n = Arc::new(AtomicUsize::new(0));
        let main = thread::current();
        let (other, unparked) = (Arc::clone(&n), main.clone());
        thread::spawn(move || {
            unparked.unpark();
            other.fetch_add(1, Relaxed);
            unparked.unpark();
            other.fetch_add(1, Relaxed);
        });
        while n.load(Relaxed) < 1 {
            main.unpark();
            n.load(Relaxed);
            hint::spin_loop();
        }
        vec![n.load(Relaxed)]
    });
}
