//! Whatever a counterexample, a row or a page shows, and in any width from 1 to 200 columns: nothing panics,
//! text stays on its page, HTML, SVG and JUnit are well-formed and escaped, JSON parses.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| raddle::fuzzing::report(bytes));
