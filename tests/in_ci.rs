//! The page about continuous integration is right: its workflow's commands run, its variables are the
//! existing ones, and each does in another crate what its row promises.

// This crate's configuration and features do not affect the other crate.
#![cfg(all(not(loom), feature = "check"))]
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PAGE: &str = include_str!("../src/in_ci.md");
const CONFIG: &str = include_str!("../src/check/config.rs");

/// The text between the fences of the workflow.
fn workflow() -> &'static str {
    let (_, rest) = PAGE.split_once("```yaml\n").expect("the page has a workflow");
    rest.split_once("```").expect("it ends").0
}

/// The names in a text that begin with `RADDLE_`, except for prefixes and the tests' own.
fn variables(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'))
        .filter(|word| {
            word.starts_with("RADDLE_") && !word.starts_with("RADDLE_TEST_") && !word.ends_with('_')
        })
        .collect()
}

/// Runs cargo on the downstream crate, in a target directory of these tests.
fn downstream(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("in-ci");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).env("CARGO_NET_OFFLINE", "true");
    for variable in variables(CONFIG) {
        cargo.env_remove(variable);
    }
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/downstream"));
    cargo.env("CARGO_TARGET_DIR", target).env_remove("RUSTFLAGS").envs(environment.iter().copied());
    cargo.output().expect("cargo runs")
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Runs one test of the downstream crate; returns whether it passed, and its output.
fn test(name: &str, environment: &[(&str, &str)]) -> (bool, String) {
    let output = downstream(&["test", name], environment);
    let said = said(&output);
    assert!(said.contains("running 1 test"), "{said}");
    (output.status.success(), said)
}

#[test]
fn the_page_and_the_configuration_know_the_same_variables() {
    let known = variables(CONFIG);
    assert!(known.len() >= 7, "{known:?}");
    let table: BTreeSet<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|line| variables(line.split('`').next().unwrap_or_default()))
        .collect();
    assert_eq!(table, known);
    assert!(variables(workflow()).is_subset(&known), "{:?}", variables(workflow()));
}

#[test]
#[ignore = "builds a crate of its own; CI runs it"]
fn every_cargo_command_of_the_workflow_runs() {
    let mut jobs = 0;
    let mut flags = "";
    for line in workflow().lines().map(str::trim) {
        if line.starts_with("runs-on:") {
            (jobs, flags) = (jobs + 1, "");
        }
        flags = line.strip_prefix("RUSTFLAGS: ").unwrap_or(flags);
        let Some(command) = line.strip_prefix("- run: cargo ") else { continue };
        let command = command.replace("${{ matrix.shard }}", "1");
        // Optimisation affects only the time, which is short here.
        let words: Vec<&str> = command.split(' ').filter(|word| *word != "--release").collect();
        let nextest = || Command::new(env!("CARGO")).args(["nextest", "--version"]).output();
        if words[0] == "nextest" && !nextest().is_ok_and(|output| output.status.success()) {
            continue;
        }
        let output = downstream(&words, &[("RUSTFLAGS", flags)]);
        // In nextest a shard without a test is an error; this crate has fewer tests than shards.
        let empty = words[0] == "nextest" && output.status.code() == Some(4);
        assert!(output.status.success() || empty, "cargo {command}\n{}", said(&output));
    }
    assert_eq!(jobs, 3);
}

#[test]
#[ignore = "builds a crate of its own; CI runs it"]
fn every_variable_does_what_its_row_says() {
    let (passed, text) = test("nothing_is_lost", &[]);
    assert!(passed, "{text}");
    let (passed, text) = test("nothing_is_lost", &[("RADDLE_MAX_EXECUTIONS", "1")]);
    assert!(!passed && text.contains("stopped after 1 executions"), "{text}");
    let (passed, text) = test("nothing_is_lost", &[("RADDLE_TIME_LIMIT", "0.0000001")]);
    assert!(!passed && text.contains("the time limit was reached"), "{text}");
    let (passed, text) = test("nothing_is_lost", &[("RADDLE_TIME_LIMIT", "soon")]);
    assert!(!passed && text.contains("RADDLE_TIME_LIMIT"), "{text}");
    let (passed, text) = test("nothing_is_lost", &[("RADDLE_WORKERS", "2")]);
    assert!(passed, "{text}");
}

/// The failing test, ignored unless requested.
fn failing(environment: &[(&str, &str)]) -> String {
    let output = downstream(&["test", "an_update_is_lost", "--", "--ignored"], environment);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(101), "{said}");
    said
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no line {start}: {text}"))
}

#[test]
#[ignore = "builds a crate of its own; CI runs it"]
fn a_failure_leaves_a_report_whose_line_replays_it() {
    let reports = Path::new(env!("CARGO_TARGET_TMPDIR")).join("in-ci-reports");
    let _ = std::fs::remove_dir_all(&reports);
    let directory = reports.to_str().expect("a plain name");
    let first = failing(&[("RADDLE_REPORT_DIR", directory)]);
    assert!(
        !first.contains(" in 1 execution:"),
        "the first schedule fails, so that a replay shows nothing: {first}"
    );
    let entries = std::fs::read_dir(&reports).expect("it was made");
    let files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let report = std::fs::read_to_string(&files[0]).expect("readable");
    let replay = line(&report, "replay").split_whitespace().nth(1).expect("a token");
    let (variable, token) = replay.split_once('=').expect("a variable");
    assert_eq!(variable, "RADDLE_REPLAY");
    let again = failing(&[("RADDLE_REPLAY", token)]);
    assert!(again.contains("an update was lost") && again.contains(" in 1 execution:"), "{again}");
}

#[test]
#[ignore = "builds a crate of its own; CI runs it"]
fn an_engine_that_samples_is_asked_for_by_its_name_its_seed_and_its_size() {
    let sampled = |engine, seed| failing(&[("RADDLE_ENGINE", engine), ("RADDLE_SEED", seed)]);
    let by_chance: BTreeSet<String> = ["1", "2", "3", "4"]
        .map(|seed| line(&sampled("random", seed), "refuted by random").to_owned())
        .into();
    assert!(by_chance.len() > 1, "no seed makes a difference: {by_chance:?}");
    assert!(sampled("loom", "1").contains("refuted by loom"));
    let (passed, text) =
        test("nothing_is_lost", &[("RADDLE_ENGINE", "random"), ("RADDLE_MAX_EXECUTIONS", "20000")]);
    assert!(passed, "{text}");
}
