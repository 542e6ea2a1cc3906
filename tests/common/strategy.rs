//! Generates programs for proptest.
#![allow(dead_code)]

use proptest::prelude::*;

use crate::generate::{Instr, Program};

/// Operations on atomics only.
pub fn atomic() -> impl Strategy<Value = Instr> {
    prop_oneof![
        4 => (0..2u8).prop_map(Instr::Load),
        4 => (0..2u8, 1..3u8).prop_map(|(v, n)| Instr::Store(v, n)),
        2 => (0..2u8).prop_map(Instr::Add),
        1 => (0..2u8, 0..3u8).prop_map(|(v, n)| Instr::Swap(v, n)),
        2 => (0..2u8, 0..2u8, 1..3u8).prop_map(|(v, old, new)| Instr::Cas(v, old, new)),
        2 => (0..2u8, 0..2u8, 1..3u8).prop_map(|(v, old, new)| Instr::WeakCas(v, old, new)),
    ]
}

/// Programs of two to four threads with at most `size` instructions.
pub fn program(instr: impl Strategy<Value = Instr> + 'static, size: usize) -> impl Strategy<Value = Program> {
    prop::collection::vec(prop::collection::vec(instr, 0..5), 2..5).prop_map(move |threads| {
        // Trimmed rather than rejected: a search without reduction must complete.
        let mut program = Program { threads };
        while program.size() > size {
            let longest = program.threads.iter_mut().max_by_key(|block| block.len());
            longest.and_then(Vec::pop);
        }
        program
    })
}
