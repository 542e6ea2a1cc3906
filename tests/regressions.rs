//! Programs on which an engine was once wrong, each named after its symptom.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/generate.rs"]
mod generate;

use generate::{Instr, Program};
use raddle::Checker;

/// The exhaustive engine runs as many executions as the search without reduction sees traces.
fn an_execution_per_trace(threads: Vec<Vec<Instr>>, budget: usize) {
    let program = Program { threads };
    let traces = |checker: Checker| {
        let checker = checker
            .spurious_wakeups(budget)
            .weak_failures(budget)
            .timeouts(budget)
            .fruitless_yields(budget)
            .stop_on_failure(false)
            .count_traces(true);
        checker.check(program.model(&std::sync::Arc::default())).stats
    };
    let (dfs, exhaustive) = (traces(Checker::dfs()), traces(Checker::exhaustive()));
    assert_eq!(Some(exhaustive.executions), dfs.traces);
    assert_eq!(exhaustive.redundant, 0);
}

#[test]
fn a_race_before_a_choice_is_reversed_under_every_alternative() {
    use Instr::{Choose, Load, NotifyOne, Store};
    an_execution_per_trace(vec![vec![Store(0, 1)], vec![Load(0)], vec![NotifyOne(0), Choose(1)]], 0);
}

#[test]
fn a_trace_is_missed_beside_a_weak_compare_exchange() {
    use Instr::{Cas, NotifyAll, NotifyOne, Swap, WeakCas};
    an_execution_per_trace(
        vec![
            vec![Swap(0, 1)],
            vec![NotifyOne(1), NotifyAll(1), Cas(0, 0, 0)],
            vec![Cas(1, 2, 0), WeakCas(1, 2, 2)],
            vec![Swap(1, 1)],
        ],
        1,
    );
}

#[test]
fn an_alternative_of_a_choice_covers_a_sequence_for_itself_only() {
    use Instr::{Choose, Load, Store};
    let chooses = vec![Load(1), Choose(1), Load(1)];
    an_execution_per_trace(vec![vec![Store(0, 1)], vec![Load(0)], chooses, vec![Store(1, 1)]], 0);
}

#[test]
fn others_come_between_a_panic_and_what_it_gives_back() {
    use Instr::{Check, Store, TryRead, TryWrite};
    let checks = vec![TryRead(1, vec![Check(1, 0)])];
    an_execution_per_trace(vec![vec![Store(1, 1)], checks, vec![TryWrite(1, vec![])]], 0);
}

/// Found by fuzzing: 615 executions for 581 traces, because sequences behind a choice were planned for
/// one of its alternatives and the others were not treated as its races.
#[test]
fn several_choices_in_one_model_ran_some_traces_twice() {
    use Instr::{Load, Store, WeakCas};
    let program = Program {
        threads: vec![
            vec![WeakCas(1, 0, 0), Store(1, 0), WeakCas(1, 0, 0)],
            vec![Load(1), WeakCas(0, 0, 0), WeakCas(1, 0, 0)],
            vec![Load(0), Load(1), Load(0)],
        ],
    };
    let explore = |checker: Checker| {
        let outcomes = std::sync::Arc::default();
        let report = checker.count_traces(true).check(program.model(&outcomes));
        report.expect_verified();
        let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
        (report.stats, outcomes)
    };
    let ((dfs, all), (exhaustive, seen)) = (explore(Checker::dfs()), explore(Checker::exhaustive()));
    assert_eq!(seen, all);
    assert_eq!(exhaustive.traces, dfs.traces);
    assert_eq!((exhaustive.executions, exhaustive.traces), (581, Some(581)));
}

/// Found by fuzzing: main panics and a thread locks twice, in every execution. The engines took the two
/// for one failure and reported different ones, whichever was detected first in their schedule.
#[test]
fn of_two_failures_in_one_execution_engines_showed_different_ones() {
    use Instr::{Check, Choose, Lock, WeakCas};
    let program = Program {
        threads: vec![vec![WeakCas(1, 0, 0), Check(1, 0)], vec![Choose(2), Lock(1, vec![Lock(1, vec![])])]],
    };
    for checker in [Checker::dfs(), Checker::exhaustive()] {
        let outcomes = std::sync::Arc::default();
        let report = checker.stop_on_failure(false).check(program.model(&outcomes));
        let kinds: Vec<_> = report.failures.iter().map(|failure| failure.kind()).collect();
        assert_eq!(kinds, [raddle::FailureKind::Panic], "{report}");
    }
}
