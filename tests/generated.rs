//! Random programs over the whole facade, and what settings may not change: the token of every failure replays it, a
//! check that stops at its first failure comes to the verdict of one that goes on, samplers, bounds and several
//! workers find nothing that the whole search does not, and a bound that leaves nothing out finds everything.
//!
//! The variables are those of `tests/facade.rs`.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
#![allow(clippy::print_stdout)] // What was compared is told.

#[path = "common/facade/mod.rs"]
mod facade;

use std::collections::BTreeSet;
use std::sync::Arc;

use raddle::{Checker, Reason, Verdict};

use facade::compare::{Found, explore};
use facade::draw::{Draw, groups, numbers, programs, surveys};
use facade::{Group, Pace, Program, Recorder};

/// More executions than this, and a program is passed over.
const MOST: u64 = 3_000;
/// As the comparison of engines has it.
const STEPS: usize = 600;

fn model(program: &Program) -> impl Fn() + Send + Sync + use<> {
    let (program, recorder) = (program.clone(), Arc::new(Recorder::default()));
    move || program.run(Pace::Model, &recorder)
}

/// The whole search. `None` if it is too much.
fn all(program: &Program, budget: usize) -> Option<Found> {
    let found = explore(program, with(Checker::exhaustive(), budget).max_executions(MOST), Pace::Model);
    (!found.cut() && found.report.stats.executions < MOST).then_some(found)
}

fn named(checker: Checker) -> Checker {
    checker.name("generated")
}

fn with(checker: Checker, budget: usize) -> Checker {
    named(checker).spurious_wakeups(budget).weak_failures(budget).timeouts(budget).fruitless_yields(budget)
}

/// A token that does not lead to its failure.
fn lost_token(program: &Program, report: &raddle::Report) -> Option<String> {
    report.failures.iter().find_map(|failure| {
        let token = failure.token();
        let replay = match Checker::replay(token).map(named) {
            Ok(replay) => replay.max_steps(STEPS),
            Err(error) => return Some(format!("token {token:?}: {error}")),
        };
        let again = replay.check(model(program));
        let same = matches!(&again.verdict, Verdict::Refuted(found) if found.kind() == failure.kind());
        (!same).then(|| format!("{} of {report}\nreplayed: {again}", failure.kind()))
    })
}

fn difference(program: &Program, budget: usize) -> Option<String> {
    let every = all(program, budget)?;
    if let Some(lost) = lost_token(program, &every.report) {
        return Some(format!("a token: {lost}"));
    }
    let fails = !every.kinds.is_empty();
    let dfs = with(Checker::dfs(), budget).max_executions(20 * MOST);
    for (name, checker) in [("exhaustive", Checker::exhaustive()), ("dfs", dfs)] {
        let report = with(checker, budget).max_steps(STEPS).check(model(program));
        let cut = matches!(&report.verdict, Verdict::Inconclusive(reason) if !matches!(reason, Reason::Unseen { .. }));
        if !cut && matches!(report.verdict, Verdict::Refuted(_)) != fails {
            return Some(format!("{name} that stops at a failure: {report}, but: {}", every.report));
        }
        if let Some(lost) = lost_token(program, &report) {
            return Some(format!("a token of {name}: {lost}"));
        }
    }
    let samplers = [
        ("random", Checker::random(40)),
        ("pct", Checker::pct(40, 3)),
        ("urw", Checker::urw(40)),
        ("one preemption", Checker::dfs().preemption_bound(1).max_executions(MOST)),
        ("exhaustive within a preemption", Checker::exhaustive().preemption_bound(1).max_executions(MOST)),
        ("two workers", Checker::exhaustive().workers(2)),
    ];
    for (name, checker) in samplers {
        let some = explore(program, with(checker, budget), Pace::Model);
        let races = every.kinds.contains(&raddle::FailureKind::DataRace);
        if let Some(new) = some.outcomes.difference(&every.outcomes).next().filter(|_| !races) {
            return Some(format!("{name}: outcome {new:x?}"));
        }
        if let Some(new) = some.kinds.difference(&every.kinds).next() {
            return Some(format!("{name}: {new}: {}", some.report));
        }
        if let Some(lost) = lost_token(program, &some.report) {
            return Some(format!("a token of {name}: {lost}"));
        }
        if name == "two workers" {
            let numbers =
                |found: &Found| (found.report.stats.executions, found.outcomes.clone(), found.kinds.clone());
            if numbers(&some) != numbers(&every) {
                return Some(format!("{name}: {} but {}", some.report, every.report));
            }
        }
    }
    let far = explore(
        program,
        with(Checker::dfs().preemption_bound(50).max_executions(20 * MOST), budget),
        Pace::Model,
    );
    if !far.cut() {
        let kinds: BTreeSet<_> = far.kinds.iter().collect();
        // The smallest bound that shows a failure ends the search.
        if kinds.is_empty() == fails || (!fails && far.outcomes != every.outcomes) {
            return Some(format!("a large bound: {} but {}", far.report, every.report));
        }
    }
    None
}

fn run(budget: usize, size: usize) {
    let draw = Draw::new(&groups(|group| group != Group::Waiting), size, 40 + budget as u64);
    let (mut compared, mut differences, cases) = (0, 0, programs(60));
    for n in numbers(cases) {
        let program = draw.program(n);
        let said =
            std::panic::catch_unwind(|| (all(&program, budget).is_some(), difference(&program, budget)));
        let (small_enough, how) = said.unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<String>().cloned();
            (true, Some(format!("the checker failed: {text:?}")))
        });
        compared += usize::from(small_enough);
        if let Some(how) = how {
            let text = format!("program {n} with budget {budget}: {how}\n{program:?}");
            assert!(surveys(), "{text}");
            println!("{text}");
            differences += 1;
        }
    }
    println!("{compared} of {cases} programs; {differences} differ");
    assert_eq!(differences, 0, "programs differ");
    assert!(compared * 10 >= cases as usize * 8, "only {compared} of {cases} programs were small enough");
}

#[test]
fn no_setting_changes_what_a_program_does() {
    run(0, 8);
}

#[test]
fn no_setting_changes_what_a_program_does_within_budgets() {
    run(1, 6);
}
