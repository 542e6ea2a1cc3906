//! Tests that need a process of their own: they run their binary again, with the name of one test.

use std::process::{Command, Output};

/// Set in such a process.
const ALONE: &str = "RADDLE_TEST_ALONE";

/// Whether this process runs one test only.
pub(crate) fn alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// Runs tests of this binary in a process of their own, with these variables and none other of raddle's.
pub(crate) fn run_alone(tests: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RADDLE_") {
            command.env_remove(name);
        }
    }
    command.args(tests).arg("--exact");
    command.env(ALONE, "1").env("RUST_BACKTRACE", "0").envs(environment.iter().copied()).output().unwrap()
}

/// What a process printed.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
