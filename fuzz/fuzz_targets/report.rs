//! Reports of any counterexample, row or page, at any width from 1 to 200 columns: nothing panics, text
//! stays within the width, HTML, SVG and JUnit are well-formed and escaped, JSON parses.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| raddle::fuzzing::report(bytes));
