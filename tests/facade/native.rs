//! What the native engine sees is a subset of what the exhaustive one finds, outcomes and failures. A
//! build without the feature `check`, whose facade is std's own types, reads the exhaustive engine's
//! findings from the file that `FACADE_OUTCOMES` names, which is written here; see [`production`](super).

use std::fmt::Write as _;
use std::time::Instant;

use raddle::{Checker, FailureKind};

use crate::facade::compare::{Found, explore};
use crate::facade::draw::{groups, numbers, programs, surveys, variable};
use crate::facade::{Group, NATIVE_SIZE, Pace, Program, draw::Draw};

/// A program with more executions than this is skipped.
const MOST: u64 = 30_000;

/// Budgets within which native threads stay: no thread times out more often, and no exchange on this hardware
/// fails spuriously. To report a failure the native engine's check runs the model on other engines.
fn within(checker: Checker) -> Checker {
    checker.spurious_wakeups(1).weak_failures(0).timeouts(NATIVE_SIZE / 2)
}

/// What the exhaustive engine finds; `None` if there are too many executions.
fn all_that_happens(program: &Program) -> Option<Found> {
    let found = explore(program, within(Checker::exhaustive()).max_executions(MOST), Pace::Model);
    (!found.cut() && found.report.stats.executions < MOST).then_some(found)
}

/// Whether a program can deadlock or livelock. Its threads that wait in a loop then do so for ever.
fn stands_still(found: &Found) -> bool {
    [FailureKind::Deadlock, FailureKind::Livelock].iter().any(|kind| found.kinds.contains(kind))
}

/// What the native engine sees in this many runs and the exhaustive one does not.
fn difference(program: &Program, found: &Found, runs: u64) -> Option<String> {
    let native = explore(program, within(Checker::native(runs)), Pace::Native(0));
    if let Some(new) = native.kinds.difference(&found.kinds).next() {
        return Some(format!("{new}: {}", native.report));
    }
    if native.lost() {
        return Some(native.report.to_string());
    }
    let new = native.outcomes.difference(&found.outcomes).next()?;
    Some(format!("{new:x?} is none of {:x?}", found.outcomes))
}

#[test]
fn real_threads_do_what_the_engine_finds() {
    let (cases, groups) = (programs(60), groups(Group::runs_natively));
    let draw = Draw::new(&groups, NATIVE_SIZE, 2);
    let (mut compared, mut differences, began) = (0, 0, Instant::now());
    let mut outcomes = String::new();
    for n in numbers(cases) {
        let program = draw.program(n);
        let Some(found) = all_that_happens(&program) else { continue };
        let stands_still = stands_still(&found);
        if !stands_still {
            let panics = found.kinds.contains(&FailureKind::Panic);
            writeln!(outcomes, "{n} {panics} {:x?}", found.outcomes).unwrap();
        }
        if stands_still && program.groups.contains(&Group::Waiting) {
            continue;
        }
        compared += 1;
        if difference(&program, &found, 20).is_some() {
            // With so few runs a difference may not show.
            let differs = |program: &Program| {
                all_that_happens(program).is_some_and(|found| difference(program, &found, 60).is_some())
            };
            let small = draw.shrunk(n, differs);
            let how = all_that_happens(&small).and_then(|found| difference(&small, &found, 300));
            let text = format!("program {n} on real threads: {how:?}\n{small:?}");
            assert!(surveys(), "{text}");
            println!("{text}");
            differences += 1;
        }
    }
    println!("{compared} of {cases} programs in {:?}; {differences} differ", began.elapsed());
    assert!(compared * 10 >= cases * 9, "only {compared} of {cases} programs were small enough and end");
    if let Some(file) = variable("FACADE_OUTCOMES") {
        std::fs::write(file, outcomes).unwrap();
    }
    assert_eq!(differences, 0, "programs differ");
}
