//! The result does not depend on the number of workers.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/facade/mod.rs"]
mod facade;
#[path = "common/programs.rs"]
mod programs;

use std::sync::Arc;
use std::time::Duration;

use facade::draw::{Draw, groups, numbers, programs as so_many};
use facade::{Pace, Program, Recorder};
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{LazyLock, RwLock};
use raddle::{Checker, Reason, Stats, Verdict, thread};

fn explore(workers: usize, model: impl Fn() + Send + Sync + 'static) -> Stats {
    let checker = Checker::exhaustive().workers(workers).count_traces(true);
    let report = checker.weak_failures(0).fruitless_yields(0).check(model);
    report.expect_verified();
    report.stats
}

#[test]
fn several_workers_run_every_trace_once() {
    let programs: [(u64, fn()); 5] = [
        (3_328, || programs::lastzero(10)),
        (4_096, || programs::indexer(15)),
        (8_192, || programs::readers(13)),
        (576, || programs::inc(4)),
        (2_305, || programs::wcas(9)),
    ];
    for (executions, program) in programs {
        let one = explore(1, program);
        assert_eq!((one.executions, one.traces, one.redundant), (executions, Some(executions), 0));
        for workers in [2, 3, 8] {
            assert_eq!(explore(workers, program), one, "{workers} workers");
        }
    }
}

#[test]
fn several_workers_say_of_generated_programs_what_one_says() {
    let explore = |program: &Program, workers: usize| {
        let recorder = Arc::new(Recorder::default());
        let checker = Checker::exhaustive().workers(workers).count_traces(true).name("generated");
        let checker = checker.max_executions(20_000).max_steps(600);
        let mut report = checker.check(program.model(Pace::Model, &recorder));
        report.elapsed = Duration::ZERO;
        let seen = std::mem::take(&mut *recorder.outcomes.lock().unwrap());
        // If a model fails, several workers may have seen more than one worker had at the first failure.
        let seen = matches!(report.verdict, Verdict::Verified).then_some(seen);
        (report.to_string(), report.stats, seen)
    };
    let draw = Draw::new(&groups(|_| true), 8, 3);
    for n in numbers(so_many(100)) {
        let program = draw.program(n);
        assert_eq!(explore(&program, 3), explore(&program, 1), "program {n}\n{program:?}");
    }
}

#[test]
fn several_workers_find_the_failure_that_one_finds() {
    let report = |workers| Checker::exhaustive().workers(workers).name("ring").check(|| programs::ring(4));
    let one = report(1);
    let token = |report: &raddle::Report| match &report.verdict {
        Verdict::Refuted(counterexample) => counterexample.token().to_owned(),
        other => panic!("{other:?}"),
    };
    for workers in [2, 4] {
        let several = report(workers);
        assert_eq!((token(&several), several.stats), (token(&one), one.stats), "{workers} workers");
    }
}

#[test]
fn several_workers_stop_when_the_time_is_over() {
    let checker = Checker::exhaustive().workers(3).time_limit(Duration::from_millis(300));
    let report = checker.check(|| programs::inc(6));
    assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::TimeLimit { .. })), "{report}");
    assert!(report.elapsed < Duration::from_secs(20), "{:?}", report.elapsed);
}

#[test]
fn a_bound_on_executions_is_exact_with_several_workers() {
    let report = Checker::exhaustive().workers(4).max_executions(100).check(|| programs::readers(13));
    assert!(
        matches!(report.verdict, Verdict::Inconclusive(Reason::MaxExecutions { bound: 100 })),
        "{report}"
    );
    assert_eq!(report.stats.executions, 100);
}

raddle::statics! {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static SUM: raddle::parking_lot::Mutex<usize> = raddle::parking_lot::const_mutex(0);
}
static LIMIT: LazyLock<RwLock<usize>> = LazyLock::new(|| RwLock::new(3));

#[test]
fn several_workers_each_have_statics_of_their_own() {
    let model = || {
        let add = |n: usize| {
            *SUM.lock() += n;
            COUNT.fetch_add(1, Ordering::SeqCst);
            assert!(COUNT.load(Ordering::SeqCst) <= *LIMIT.read().unwrap(), "another execution's count");
        };
        let others = [1, 2].map(|n| thread::spawn(move || add(n)));
        add(4);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!((COUNT.load(Ordering::SeqCst), *SUM.lock()), (3, 7));
    };
    let one = explore(1, model);
    assert!(one.executions > 100, "{one:?}");
    for workers in [2, 5] {
        assert_eq!(explore(workers, model), one, "{workers} workers");
    }
}
