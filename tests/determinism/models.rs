//! Models that depend on more than their schedule.
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Captured;

use raddle::sync::atomic::AtomicUsize;
use raddle::sync::atomic::Ordering::SeqCst;
use raddle::{Checker, FailureKind, Reason, Verdict, thread};

fn checkers() -> [Checker; 4] {
    [
        Checker::exhaustive(),
        Checker::dfs(),
        Checker::exhaustive().workers(2),
        Checker::dfs().preemption_bound(2),
    ]
}

/// Checks a model, whose argument is the number of the run, with every engine that concludes.
fn diverges(model: impl Fn(usize) + Copy + Send + Sync + 'static) {
    for (at, checker) in checkers().into_iter().enumerate() {
        let runs = Captured::new(0);
        let report = checker.check(move || model(runs.fetch_add(1, SeqCst)));
        let Verdict::Inconclusive(Reason::Diverged { step, why }) = &report.verdict else {
            panic!("checker {at}: {report}")
        };
        assert!(*step > 0 && why.contains("HashMap") && why.lines().count() == 1, "checker {at}: {report}");
    }
}

/// Two threads that add to one number, with other code before and after.
fn two_add(before: impl FnOnce(), after: impl FnOnce()) {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    before();
    let child = thread::spawn(move || other.fetch_add(1, SeqCst));
    n.fetch_add(1, SeqCst);
    child.join().unwrap();
    after();
}

#[test]
fn a_captured_counter_that_chooses_the_object() {
    diverges(|run| {
        let n = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let other = Arc::clone(&n);
        let child = thread::spawn(move || other[0].fetch_add(1, SeqCst));
        n[run % 2].fetch_add(1, SeqCst);
        n[0].fetch_add(1, SeqCst);
        child.join().unwrap();
    });
}

#[test]
fn a_captured_counter_whose_value_is_stored() {
    diverges(|run| AtomicUsize::new(0).store(run, SeqCst));
    diverges(|run| two_add(|| (), || AtomicUsize::new(0).store(run, SeqCst)));
}

#[test]
fn a_captured_counter_that_is_where_an_atomic_begins() {
    diverges(|run| _ = AtomicUsize::new(run).load(SeqCst));
}

#[test]
fn a_large_value_that_is_no_address() {
    diverges(|run| AtomicUsize::new(0).store(1_000_000 + run, SeqCst));
    diverges(|run| AtomicUsize::new(0).store(run << 50 | 1 << 20, SeqCst));
}

#[test]
fn the_order_of_a_hash_map() {
    diverges(|_| {
        let map: HashMap<usize, AtomicUsize> = (0..10).map(|key| (key, AtomicUsize::new(key))).collect();
        two_add(|| map.values().for_each(|n| _ = n.load(SeqCst)), || ());
    });
}

#[test]
fn a_model_that_ends_sooner_in_its_second_execution() {
    let last = |run| {
        if run == 0 {
            AtomicUsize::new(0).load(SeqCst);
        }
    };
    diverges(last);
    diverges(move |run| two_add(|| (), || last(run)));
    diverges(move |run| two_add(|| last(run), || ()));
}

#[test]
fn a_model_that_ends_later_in_its_second_execution() {
    diverges(|run| {
        for _ in 0..run {
            AtomicUsize::new(0).load(SeqCst);
        }
    });
}

#[test]
fn a_model_that_does_more_from_some_execution_on() {
    diverges(|run| {
        two_add(
            || (),
            || {
                if run > 2 {
                    AtomicUsize::new(0).load(SeqCst);
                }
            },
        );
    });
}

#[test]
fn another_number_of_threads() {
    diverges(|run| {
        for _ in 0..=run % 2 {
            thread::spawn(|| ());
        }
    });
    diverges(|run| two_add(|| (0..run % 3).for_each(|_| _ = thread::spawn(|| ())), || ()));
    diverges(|run| {
        two_add(|| (0..run % 3).for_each(|_| _ = thread::spawn(|| AtomicUsize::new(0).load(SeqCst))), || ());
    });
}

#[test]
fn one_object_more() {
    let more = |run| {
        if run % 2 == 1 {
            drop(AtomicUsize::new(0));
        }
    };
    diverges(more);
    diverges(move |run| two_add(|| more(run), || ()));
}

#[test]
fn another_number_of_alternatives() {
    diverges(|run| _ = raddle::choose(2 + run % 2));
}

#[test]
fn a_thread_that_would_have_to_wait_in_one_execution_only() {
    diverges(|run| {
        let lock = Arc::new(raddle::sync::Mutex::new(()));
        let other = Arc::clone(&lock);
        let held = (run % 2 == 1).then(|| lock.lock());
        let child = thread::spawn(move || drop(other.lock()));
        drop(held);
        child.join().unwrap();
    });
}

#[test]
fn a_failure_that_does_not_come_again() {
    diverges(|run| two_add(|| (), || assert_ne!(run, 0, "only the first time")));
    for k in 1..6 {
        for (at, checker) in checkers().into_iter().enumerate() {
            let runs = Captured::new(0);
            let model = move || two_add(|| (), || assert_ne!(runs.fetch_add(1, SeqCst), k, "only once"));
            let report = checker.stop_on_failure(k % 2 == 0).check(model);
            // Fewer than `k` executions do not reach the difference.
            let shown = report.stats.executions > k as u64;
            let diverged = matches!(report.verdict, Verdict::Inconclusive(Reason::Diverged { .. }));
            assert!(diverged || !shown && report.verdict.word() == "verified", "{k}, checker {at}: {report}");
        }
    }
}

#[test]
fn a_failure_that_always_comes_but_in_the_first_execution_is_a_failure() {
    let runs = Captured::new(0);
    let report = Checker::exhaustive().check(move || assert_eq!(runs.fetch_add(1, SeqCst), 0, "once only"));
    assert!(report.expect_failure(FailureKind::Panic).message().contains("once only"));
}

#[test]
fn the_first_step_that_differs_is_told() {
    let runs = Captured::new(0);
    let report = Checker::exhaustive().check(move || {
        let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
        x.store(1, SeqCst);
        y.store(runs.fetch_add(1, SeqCst), SeqCst);
    });
    let said = report.to_string();
    assert!(
        said.contains("at step 2: main took AtomicUsize#2.store(0) at tests/determinism/models.rs"),
        "{said}"
    );
    assert!(
        said.contains("is about to take AtomicUsize#2.store(1) at tests/determinism/models.rs"),
        "{said}"
    );
    assert!(!said.contains("address"), "{said}");
}

#[test]
fn samplers_notice_it_too() {
    for checker in [Checker::random(10), Checker::pct(10, 3), Checker::urw(10)] {
        let runs = Captured::new(0);
        let report = checker.check(move || AtomicUsize::new(0).store(runs.fetch_add(1, SeqCst), SeqCst));
        assert!(
            matches!(report.verdict, Verdict::Inconclusive(Reason::Diverged { step: 1, .. })),
            "{report}"
        );
    }
}

#[test]
fn the_repetitions_of_the_first_schedule_are_not_counted() {
    for checker in [Checker::exhaustive(), Checker::dfs()] {
        let report = checker.clone().count_traces(true).check(|| two_add(|| (), || ()));
        let (executions, traces) = (report.stats.executions, report.stats.traces);
        assert_eq!((executions, traces, report.stats.steps), (2, Some(2), 4), "{report}");
        let report = checker.max_executions(2).check(|| two_add(|| (), || ()));
        assert!(matches!(
            report.verdict,
            Verdict::Verified | Verdict::Inconclusive(Reason::MaxExecutions { .. })
        ));
        assert_eq!(report.stats.executions, 2);
    }
    let report = Checker::random(7).check(|| two_add(|| (), || ()));
    assert_eq!(report.stats.executions, 7);
}
