//! No cost in production: without the feature `check` the facade is std's and `parking_lot`'s types.
//!
//! A crate of its own, `tests/downstream`, uses the facade as the README says: no feature under
//! `[dependencies]`, and `check` under `[dev-dependencies]`.

// This crate's features do not affect the other crate.
#![cfg(feature = "check")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs cargo on the downstream crate; returns its output.
fn cargo(arguments: &[&str]) -> String {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/downstream/Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", target())
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("downstream")
}

/// Names of packages that only a checker needs.
const CHECKER: [&str; 4] = ["loom", "shuttle", "corosensei", "serde"];

#[test]
fn the_release_binary_of_a_user_holds_std_and_no_checker() {
    cargo(&["build", "--release"]);
    let binary = target().join("release").join(format!("downstream{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&binary).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "std's own types\n");
    let bytes = std::fs::read(&binary).expect("the binary is there");
    let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds("downstream"), "a search that finds nothing says nothing");
    for name in CHECKER {
        assert!(!holds(&format!("{name}::")) && !holds(&format!("{name}-")), "the binary holds {name}");
    }
}

#[test]
fn a_user_depends_on_no_checker_but_in_tests() {
    let normal = cargo(&["tree", "--edges", "normal", "--prefix", "none"]);
    assert!(normal.contains("parking_lot"), "{normal}");
    let tests = cargo(&["tree", "--edges", "dev,normal", "--prefix", "none"]);
    for name in ["loom v", "shuttle v", "corosensei v"] {
        assert!(!normal.contains(name), "{normal}");
        assert!(tests.contains(name), "{tests}");
    }
}
