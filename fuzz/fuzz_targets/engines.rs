//! Programs over the whole facade from bytes: the exhaustive engine and the search without reduction see the
//! same outcomes, failures and traces, and the former runs as many executions as there are traces.
#![no_main]

#[path = "../../tests/common/facade/mod.rs"]
mod facade;

use facade::compare::{Compared, compare};
use facade::{Choices, Group, Program};
use libfuzzer_sys::fuzz_target;

/// A program with more schedules than this is skipped.
const MOST: u64 = 20_000;

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices::new(bytes);
    let budget = choices.below(2);
    let program = Program::decode(&mut choices, Group::ALL, 10 - 2 * budget);
    if let Compared::Differ(what, how) = compare(&program, budget, MOST) {
        panic!("{what} with budget {budget}: {how}\n{program:?}");
    }
});
