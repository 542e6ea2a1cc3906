//! A replay runs one schedule of one model, once, and never passes without a message. The environment is
//! global to the process, so these tests run their binary again.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "common/alone.rs"]
mod alone;

use std::sync::atomic::AtomicUsize as Plain;

use alone::{alone, run_alone, said};
use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Mutex};
use raddle::{Checker, FailureKind, Reason, Verdict, thread};

/// Two threads of which one may lose the other's update, unless the code is fixed.
fn lost_update() {
    let n = Arc::new(AtomicUsize::new(0));
    let mended = std::env::var_os("RADDLE_TEST_MENDED").is_some();
    let add = move |n: &AtomicUsize| {
        if mended {
            // As many steps as before, so that the schedule still fits.
            n.fetch_add(1, SeqCst);
            n.load(SeqCst);
        } else {
            n.store(n.load(SeqCst) + 1, SeqCst);
        }
    };
    let other = Arc::clone(&n);
    let child = thread::spawn(move || add(&other));
    add(&n);
    child.join().unwrap();
    assert_eq!(n.load(SeqCst), 2, "an update was lost");
}

fn opposite_orders() {
    let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
    let other = Arc::clone(&locks);
    let child = thread::spawn(move || {
        let _first = other[1].lock().unwrap();
        let _second = other[0].lock().unwrap();
    });
    let first = locks[0].lock().unwrap();
    drop((locks[1].lock().unwrap(), first));
    child.join().unwrap();
}

fn unlucky_choice() {
    assert_ne!(raddle::choose(4), 3, "an unlucky choice");
}

fn polite_for_ever() {
    let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
    let polite = |flags: &[AtomicBool; 2], me: usize| {
        flags[me].store(true, SeqCst);
        while flags[1 - me].load(SeqCst) {
            flags[me].store(false, SeqCst);
            flags[me].store(true, SeqCst);
        }
    };
    let theirs = Arc::clone(&flags);
    let child = thread::spawn(move || polite(&theirs, 1));
    polite(&flags, 0);
    child.join().unwrap();
}

#[test]
fn a_replay_runs_the_model_exactly_once() {
    let kinds: [(fn(), FailureKind, usize); 4] = [
        (lost_update, FailureKind::Panic, 10_000),
        (opposite_orders, FailureKind::Deadlock, 10_000),
        (unlucky_choice, FailureKind::Panic, 10_000),
        (polite_for_ever, FailureKind::Livelock, 500),
    ];
    for (model, kind, steps) in kinds {
        let found = Checker::dfs().max_steps(steps).name("model").check(model);
        let found = found.expect_failure(kind);
        let runs = std::sync::Arc::new(Plain::new(0));
        let count = std::sync::Arc::clone(&runs);
        let report =
            Checker::replay(found.token()).unwrap().max_steps(steps).name("model").check(move || {
                count.fetch_add(1, SeqCst);
                model();
            });
        assert_eq!(runs.load(SeqCst), 1, "{report}");
        let again = report.expect_failure(kind);
        assert_eq!((report.stats.executions, again.token()), (1, found.token()), "{report}");
        assert_eq!(again.steps(), found.steps(), "{report}");
    }
}

#[test]
fn a_replay_that_does_not_fail_says_so() {
    let fail = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let fails = std::sync::Arc::clone(&fail);
    let model = move || assert!(raddle::choose(2) == 0 || !fails.load(SeqCst));
    let token = Checker::dfs().check(model.clone()).expect_failure(FailureKind::Panic).token().to_owned();
    fail.store(false, SeqCst);
    let report = Checker::replay(&token).unwrap().check(model);
    assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::Replayed)), "{report}");
}

#[test]
fn tokens_of_earlier_versions_are_still_read() {
    // Made by `raddle::Checker::dfs().name("one")` before tokens named their check.
    let plain = Checker::dfs().name("one").check(unlucky_choice);
    let token = plain.expect_failure(FailureKind::Panic).token();
    assert!(token.starts_with("AQ"), "{token} is not of version 1");
    Checker::replay(token).unwrap().name("one").check(unlucky_choice).expect_failure(FailureKind::Panic);
}

/// A known bug, among others.
#[test]
#[ignore = "it fails, and is run by the tests below"]
fn known_bug_of_the_first() {
    assert!(alone());
    raddle::check(lost_update);
}

#[test]
#[ignore = "it fails, and is run by the tests below"]
fn known_bug_of_the_second() {
    assert!(alone());
    raddle::check(opposite_orders);
}

/// Plain functions all have the type name `fn()`.
#[test]
#[ignore = "it fails, and is run by the tests below"]
fn known_bug_behind_a_pointer() {
    assert!(alone());
    raddle::check(lost_update as fn());
}

#[test]
#[ignore = "it fails, and is run by the tests below"]
fn other_bug_behind_a_pointer() {
    assert!(alone());
    raddle::check(opposite_orders as fn());
}

/// Its checks have one type name too, and the last one fails.
#[test]
#[ignore = "it fails, and is run by the tests below"]
fn third_check_of_its_test() {
    assert!(alone());
    let models: [fn(); 3] = [|| (), || assert!(raddle::choose(2) < 2), lost_update];
    for model in models {
        raddle::check(model);
    }
}

const BUGS: [&str; 5] = [
    "known_bug_of_the_first",
    "known_bug_of_the_second",
    "known_bug_behind_a_pointer",
    "other_bug_behind_a_pointer",
    "third_check_of_its_test",
];

/// Runs a failing test; returns its output without the test runner's.
fn run(test: &str, environment: &[(&str, &str)]) -> (bool, String) {
    let output = run_alone(&[test, "--include-ignored"], environment);
    assert!(said(&output).contains("running 1 test"), "{}", said(&output));
    (output.status.success(), said(&output))
}

fn token_of(test: &str) -> String {
    let (passed, text) = run(test, &[]);
    assert!(!passed, "{test} passes");
    let line = text.lines().find_map(|line| line.strip_prefix("replay  RADDLE_REPLAY=")).expect(&text);
    let (token, rest) = line.split_once(' ').unwrap();
    assert_eq!(rest, format!("cargo test {test}"));
    token.to_owned()
}

#[test]
fn every_other_test_is_checked_as_usual_while_one_is_replayed() {
    let tokens = BUGS.map(token_of);
    for (of, token) in BUGS.iter().zip(&tokens) {
        for bug in BUGS {
            let (passed, text) = run(bug, &[("RADDLE_REPLAY", token)]);
            assert!(!passed, "{bug} passes unseen with the token of {of}: {text}");
            let replayed =
                text.contains("refuted by exhaustive in 1 execution:") && !text.contains("minimised");
            assert_eq!(replayed, bug == *of, "{bug} with the token of {of}: {text}");
        }
    }
}

#[test]
fn a_test_that_passes_still_passes_while_another_is_replayed() {
    if alone() {
        raddle::check(|| {
            let lock = Arc::new(Mutex::new(0));
            let other = Arc::clone(&lock);
            let child = thread::spawn(move || *other.lock().unwrap() += 1);
            *lock.lock().unwrap() += 1;
            child.join().unwrap();
        });
        return;
    }
    let token = token_of(BUGS[0]);
    let (passed, text) =
        run("a_test_that_passes_still_passes_while_another_is_replayed", &[("RADDLE_REPLAY", &token)]);
    assert!(passed, "{text}");
}

/// The message about a replay that shows no failure.
fn no_pass(test: &str, environment: &[(&str, &str)]) -> String {
    let (passed, text) = run(test, environment);
    assert!(!passed, "{text}");
    let line = text.lines().find(|line| line.starts_with("raddle: RADDLE_REPLAY: "));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(line.ends_with("unset RADDLE_REPLAY to check the model"), "{line}");
    line.to_owned()
}

#[test]
fn a_replay_that_does_not_fail_is_no_pass() {
    let token = token_of(BUGS[0]);
    let line = no_pass(BUGS[0], &[("RADDLE_REPLAY", &token), ("RADDLE_TEST_MENDED", "1")]);
    assert!(line.contains("did not fail"), "{line}");
}

#[test]
fn a_replay_that_diverges_is_no_pass() {
    // Made from a function with other steps, under the same name.
    let name = "replaying::opposite_orders";
    let token = Checker::dfs().name(name).check(polite_then_wrong);
    let token = token.expect_failure(FailureKind::Panic).token().to_owned();
    let line = no_pass(BUGS[1], &[("RADDLE_REPLAY", &token)]);
    assert!(line.contains("diverged at step"), "{line}");
}

fn polite_then_wrong() {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    let threads = [(); 3].map(|()| {
        let n = Arc::clone(&other);
        thread::spawn(move || n.fetch_add(1, SeqCst))
    });
    threads.into_iter().for_each(|thread| _ = thread.join().unwrap());
    assert_eq!(n.load(SeqCst), 4);
}

#[test]
fn a_malformed_token_fails_every_check() {
    let (passed, text) = run(BUGS[0], &[("RADDLE_REPLAY", "nonsense")]);
    assert!(!passed && text.contains("raddle: RADDLE_REPLAY: malformed replay token"), "{text}");
}
