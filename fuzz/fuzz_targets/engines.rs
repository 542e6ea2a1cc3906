//! Programs from bytes: the exhaustive engine and the search without reduction see the same outcomes,
//! failures and traces, and the former runs as many executions as there are traces.
#![no_main]

#[path = "../../tests/common/generate.rs"]
mod generate;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use arbitrary::{Arbitrary, Unstructured};
use generate::{Instr, Program};
use libfuzzer_sys::fuzz_target;
use raddle::{Checker, FailureKind, Verdict};

/// More schedules than this, and a program is passed over.
const MOST: u64 = 20_000;

fn block(bytes: &mut Unstructured<'_>, depth: usize) -> arbitrary::Result<Vec<Instr>> {
    let length = bytes.int_in_range(0..=3)?;
    (0..length).map(|_| instr(bytes, depth)).collect()
}

fn instr(bytes: &mut Unstructured<'_>, depth: usize) -> arbitrary::Result<Instr> {
    let (v, a, b) = (u8::arbitrary(bytes)? % 2, u8::arbitrary(bytes)? % 3, u8::arbitrary(bytes)? % 3);
    let last = if depth == 0 { 16 } else { 24 };
    Ok(match bytes.int_in_range(0..=last)? {
        0 => Instr::Load(v),
        1 => Instr::Store(v, a),
        2 => Instr::Add(v),
        3 => Instr::Swap(v, a),
        4 => Instr::Cas(v, a, b),
        5 => Instr::WeakCas(v, a, b),
        6 => Instr::Acquire(v),
        7 => Instr::TryAcquire(v),
        8 => Instr::Release(v),
        9 => Instr::Wait(v),
        10 => Instr::NotifyOne(v),
        11 => Instr::NotifyAll(v),
        12 => Instr::Choose(a),
        13 => Instr::Barrier,
        14 => Instr::Once,
        15 => Instr::Spin(v),
        16 => Instr::Check(v, a),
        17 | 24 => Instr::Lock(v, block(bytes, depth - 1)?),
        18 => Instr::TryLock(v, block(bytes, depth - 1)?),
        19 => Instr::Read(v, block(bytes, depth - 1)?),
        20 => Instr::Write(v, block(bytes, depth - 1)?),
        21 => Instr::TryRead(v, block(bytes, depth - 1)?),
        22 => Instr::TryWrite(v, block(bytes, depth - 1)?),
        _ => Instr::Child(block(bytes, depth - 1)?),
    })
}

fn program(bytes: &mut Unstructured<'_>) -> arbitrary::Result<(Program, usize)> {
    let budget = bytes.int_in_range(0..=1)?;
    let threads = bytes.int_in_range(2..=4)?;
    let threads = (0..threads).map(|_| block(bytes, 2)).collect::<arbitrary::Result<_>>()?;
    Ok((Program { threads }, budget))
}

fuzz_target!(|bytes: &[u8]| {
    let Ok((program, budget)) = program(&mut Unstructured::new(bytes)) else { return };
    if program.size() > 10 {
        return;
    }
    let explore = |checker: Checker| {
        let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
        let checker = checker
            .spurious_wakeups(budget)
            .weak_failures(budget)
            .timeouts(budget)
            .fruitless_yields(budget)
            .stop_on_failure(false)
            .count_traces(true)
            .max_executions(MOST);
        let report = checker.check(program.model(&outcomes));
        let kinds: BTreeSet<FailureKind> = report.failures.iter().map(|failure| failure.kind()).collect();
        let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
        (report, outcomes, kinds)
    };
    let (dfs, all, kinds) = explore(Checker::dfs());
    if matches!(dfs.verdict, Verdict::Inconclusive(_)) || dfs.stats.executions >= MOST {
        return;
    }
    let (exhaustive, seen, found) = explore(Checker::exhaustive());
    assert_eq!(seen, all, "outcomes of {program:?} with budget {budget}");
    assert_eq!(found, kinds, "failures of {program:?} with budget {budget}");
    assert_eq!(exhaustive.stats.redundant, 0, "redundant in {program:?} with budget {budget}");
    assert_eq!(exhaustive.stats.traces, dfs.stats.traces, "traces of {program:?} with budget {budget}");
    assert_eq!(
        Some(exhaustive.stats.executions),
        dfs.stats.traces,
        "executions of {program:?} with budget {budget}"
    );
});
