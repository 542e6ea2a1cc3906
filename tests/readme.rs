//! The README says what is so: its first test fails as it shows, and its lines of Cargo.toml are those of the
//! other pages and of `raddle new`.
#![cfg(all(not(loom), feature = "check"))]
#![allow(clippy::unwrap_used)] // As in the README.

const README: &str = include_str!("../README.md");

/// The model of the first test.
fn both_increments_count() {
    use raddle::sync::Arc;
    use raddle::sync::atomic::{AtomicUsize, Ordering};
    use raddle::thread;

    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    let increment = |n: &AtomicUsize| n.store(n.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    let child = thread::spawn(move || increment(&other));
    increment(&n);
    child.join().unwrap();
    assert_eq!(n.load(Ordering::SeqCst), 2, "an update was lost");
}

/// The block of the README that begins with this line.
fn block(first: &str) -> &'static str {
    let (_, rest) = README.split_once(first).expect("it is there");
    rest.split_once("```").expect("it ends").0
}

#[test]
fn the_model_here_is_the_one_of_the_readme() {
    let source = include_str!("readme.rs");
    let body = block("```rust\n");
    for line in body.lines().map(str::trim).filter(|line| line.len() > 4) {
        let known = ["#[test]", "fn both_increments_count() {", "raddle::check(|| {"];
        assert!(known.contains(&line) || source.contains(line), "{line}");
    }
}

#[test]
fn the_first_test_fails_as_the_readme_shows() {
    let report = raddle::Checker::exhaustive().check(both_increments_count);
    let text = report.expect_failure(raddle::FailureKind::Panic).to_string();
    let told = |line: &str| line.split("  tests/").next().unwrap_or_default().trim_end().to_owned();
    let lines: Vec<String> = text.lines().map(told).collect();
    for line in block("```text\n").lines().map(told) {
        assert!(lines.iter().any(|said| said.starts_with(&line)), "{line:?} is not in\n{text}");
    }
}

#[test]
fn all_pages_name_the_same_dependencies() {
    let version = env!("CARGO_PKG_VERSION").rsplit_once('.').expect("a version").0;
    let production = format!("raddle = \"{version}\"");
    let tests = format!("raddle = {{ version = \"{version}\", features = [\"check\"] }}");
    for page in [README, include_str!("../src/in_ci.md")] {
        assert!(page.contains(&production) && page.contains(&tests), "{page}");
    }
    let new = include_str!("../src/cli/new/mod.rs");
    assert!(new.contains("raddle = \\\"{version}\\\""));
    assert!(new.contains("raddle = {{ version = \\\"{version}\\\", features = [\\\"check\\\"] }}"));
}
