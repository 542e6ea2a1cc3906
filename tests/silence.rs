//! Raddle speaks where a silent pass would mislead. Tests that need a process of their own run this binary
//! again, with the name of the test.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, clippy::disallowed_types)]

use std::process::{Command, Output};

use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::{Checker, thread};

/// Set in a process that runs one test only.
const ALONE: &str = "RADDLE_TEST_ALONE";

fn alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// Runs a test of this binary in a process of its own, with these variables and none other of raddle's.
fn run_alone(test: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RADDLE_") {
            command.env_remove(name);
        }
    }
    command.args([test, "--exact", "--include-ignored", "--nocapture"]);
    command.env(ALONE, "1").envs(environment.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Two threads that lose no update.
fn counts() {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    let child = thread::spawn(move || other.fetch_add(1, SeqCst));
    n.fetch_add(1, SeqCst);
    child.join().unwrap();
    assert_eq!(n.load(SeqCst), 2);
}

#[test]
fn loom_stays_quiet_after_a_check_by_loom() {
    if alone() {
        Checker::loom().check(counts).expect_verified();
        loom::model(|| {
            let n = std::sync::Arc::new(loom::sync::atomic::AtomicUsize::new(0));
            let other = std::sync::Arc::clone(&n);
            let child = loom::thread::spawn(move || other.fetch_add(1, SeqCst));
            n.fetch_add(1, SeqCst);
            child.join().unwrap();
        });
        return;
    }
    let output = run_alone("loom_stays_quiet_after_a_check_by_loom", &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).matches("panicked at").count(), 0, "{}", said(&output));
}

#[test]
fn a_hook_that_was_installed_during_a_check_survives_it() {
    static HEARD: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    if alone() {
        // Over ours, as `generator` does it.
        let install = || {
            let below = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if info.payload().is::<u8>() {
                    HEARD.fetch_add(1, SeqCst);
                } else {
                    below(info);
                }
            }));
        };
        static ONCE: std::sync::Once = std::sync::Once::new();
        Checker::dfs().check(move || ONCE.call_once(install)).expect_verified();
        for round in 1..=3 {
            assert!(std::panic::catch_unwind(|| std::panic::panic_any(1u8)).is_err());
            assert_eq!(HEARD.load(SeqCst), round);
            Checker::dfs().check(|| panic!("in silence")).expect_failure(raddle::FailureKind::Panic);
        }
        assert!(std::panic::catch_unwind(|| panic!("aloud")).is_err());
        return;
    }
    let output = run_alone("a_hook_that_was_installed_during_a_check_survives_it", &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains("in silence"), "{}", said(&output));
    assert_eq!(said(&output).matches("aloud").count(), 1, "{}", said(&output));
}
