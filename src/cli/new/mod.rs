//! `raddle new`: writes a first model into the user's crate, as a test that runs at once.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Status;
use crate::cli::output::{BOLD, Output};
use crate::cli::problem::Problem;

/// The text of the new file. Our own tests run it too.
const TEMPLATE: &str = include_str!("template.rs");

/// No file system allows much more, and test names are shorter.
const LONGEST_NAME: usize = 64;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The test's name: the file will be tests/NAME.rs
    name: String,
}

/// Writes the file and prints the next steps.
pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Status, Problem> {
    let name = arguments.name.as_str();
    check(name).map_err(|why| Problem::BadName { name: name.to_owned(), why })?;
    let here = std::env::current_dir().map_err(|error| Problem::NoCrate(error.to_string()))?;
    let (root, manifest) = find_crate(&here)?;
    let path = root.join("tests").join(format!("{name}.rs"));
    let cannot = |error: io::Error| Problem::Write { path: path.clone(), error };
    if path.symlink_metadata().is_ok() {
        return Err(Problem::Exists(path));
    }
    fs::create_dir_all(root.join("tests")).map_err(cannot)?;
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => file.write_all(TEMPLATE.as_bytes()).map_err(cannot)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(Problem::Exists(path)),
        Err(error) => return Err(cannot(error)),
    }
    let shown = path.strip_prefix(&here).unwrap_or(&path);
    writeln!(out, "wrote {}: a bug that is found and a fix that holds", shown.display())?;
    if depends_on_raddle(&manifest) {
        writeln!(out)?;
    } else {
        let version = env!("CARGO_PKG_VERSION");
        writeln!(out, "\nadd to {}:\n", root.join("Cargo.toml").display())?;
        writeln!(out, "    [dependencies]")?;
        writeln!(out, "    raddle = \"{version}\"\n")?;
        writeln!(out, "    [dev-dependencies]")?;
        writeln!(out, "    raddle = {{ version = \"{version}\", features = [\"check\"] }}\n")?;
        writeln!(out, "or, if only tests use it, the second part alone. Then")?;
    }
    writeln!(out, "run it: {BOLD}cargo test --test {name}{BOLD:#}")?;
    Ok(Status::AsExpected)
}

/// Checks that cargo accepts a test of this name; the reason if not.
fn check(name: &str) -> Result<(), &'static str> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("it must begin with a lowercase letter");
    }
    if !name.chars().all(good) {
        return Err("it may hold lowercase letters, digits, - and _ only");
    }
    if name.len() > LONGEST_NAME {
        return Err("it must have 64 characters at most");
    }
    if matches!(name, "con" | "prn" | "aux" | "nul" | "main" | "mod") {
        return Err("the name is taken by Rust or by the system");
    }
    Ok(())
}

/// The crate around a directory, found as cargo does it, with the text of its manifest.
fn find_crate(from: &Path) -> Result<(PathBuf, String), Problem> {
    let root = from.ancestors().find(|dir| dir.join("Cargo.toml").is_file()).ok_or_else(|| {
        let why = format!("no Cargo.toml in {} or above; cargo new makes one", from.display());
        Problem::NoCrate(why)
    })?;
    let path = root.join("Cargo.toml");
    let manifest = fs::read_to_string(&path)
        .map_err(|error| Problem::NoCrate(format!("cannot read {}: {error}", path.display())))?;
    if manifest.lines().any(|line| line.trim_start().starts_with("[package]")) {
        return Ok((root.to_owned(), manifest));
    }
    let why = format!("{} has no [package]; go into one of the workspace's members", path.display());
    Err(Problem::NoCrate(why))
}

/// Whether the manifest mentions raddle already, or is raddle's own.
fn depends_on_raddle(manifest: &str) -> bool {
    manifest.lines().map(str::trim).any(|line| {
        let key = line.split(['=', '.', ' ']).next().unwrap_or_default();
        key.trim_matches('"') == "raddle"
            || line.ends_with("dependencies.raddle]")
            || line == "name = \"raddle\""
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_would_not_take_are_refused() {
        for name in ["", "-x", "9lives", "a/b", "../a", "a b", "Ä", "A", "mod", "a.rs", &"x".repeat(65)] {
            assert!(check(name).is_err(), "{name:?}");
        }
        assert!(["queue", "my_queue", "my-queue-2"].iter().all(|name| check(name).is_ok()));
    }

    #[test]
    fn a_dependency_is_recognised_in_each_of_its_spellings() {
        for line in ["raddle = \"0.1\"", "raddle.workspace = true", "[dev-dependencies.raddle]"] {
            assert!(depends_on_raddle(&format!("[package]\nname = \"mine\"\n{line}\n")), "{line}");
        }
        assert!(!depends_on_raddle("[package]\nname = \"mine\"\n# raddle\nraddler = \"1\"\n"));
    }
}
