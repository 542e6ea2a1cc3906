//! Problems with the command line or its input: one line each, and exit code 2.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use thiserror::Error;

use crate::catalogue::HAZARDS;
use crate::engine::Kind;
use crate::error::Error;

/// Why a command could not run.
#[derive(Debug, Error)]
pub(crate) enum Problem {
    /// The command line cannot be parsed.
    #[error("{0}")]
    Usage(String),
    #[error("unknown hazard {name:?}{nearest}; raddle list prints them all")]
    UnknownHazard { name: String, nearest: String },
    #[error("unknown command or hazard {name:?}{nearest}; raddle --help and raddle list print them all")]
    UnknownCommand { name: String, nearest: String },
    #[error("unknown variant {name:?} of {hazard}: it must be one of {known}")]
    UnknownVariant { hazard: &'static str, name: String, known: String },
    #[error("{0}")]
    Input(#[from] Error),
    #[error(
        "replay token of another model: no model of the catalogue made it; in your own tests, use \
             RADDLE_REPLAY=<token> cargo test"
    )]
    ForeignToken,
    #[error("bad name {name:?} for a model: {why}")]
    BadName { name: String, why: &'static str },
    #[error("no crate here: {0}")]
    NoCrate(String),
    #[error("{} is there already: choose another name, or move it away", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

/// The commands, as `raddle --help` lists them.
pub(crate) const COMMANDS: [&str; 6] = ["verify", "list", "explain", "replay", "new", "measure"];

impl Problem {
    /// Adds a hint for a name that may have been meant as a command.
    pub(crate) fn perhaps_a_command(self) -> Self {
        let Problem::UnknownHazard { name, .. } = self else { return self };
        let known = COMMANDS.into_iter().chain(HAZARDS.iter().map(|hazard| hazard.name));
        Problem::UnknownCommand { nearest: nearest(&name, known), name }
    }
}

/// Prints the problem on one line; the exit code.
pub(crate) fn complain(problem: &Problem) -> ExitCode {
    let line = problem.to_string().replace(['\n', '\r'], " ");
    // If standard error cannot be written, there is no other place for the message.
    let _ = writeln!(anstream::stderr().lock(), "raddle: {line}");
    ExitCode::from(2)
}

/// Shortens clap's paragraph to one line.
pub(crate) fn usage(error: &clap::Error) -> Problem {
    let text = error.render().to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("Usage:") && !line.starts_with("For more"));
    let line = lines.collect::<Vec<_>>().join("; ").replace(":;", ":");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    Problem::Usage(format!("{line}; see raddle --help"))
}

/// The nearest known names, as `: did you mean a or b?`, or nothing.
pub(crate) fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    if name.parse::<Kind>().is_ok() {
        return format!(": it is an engine, so write --engine {name}");
    }
    let mut likely: Vec<(f64, &str)> = known
        .map(|other| (strsim::jaro_winkler(&name.to_lowercase(), other), other))
        .filter(|(likeness, _)| *likeness > LIKE)
        .collect();
    likely.sort_by(|a, b| b.0.total_cmp(&a.0));
    let likely: Vec<&str> = likely.into_iter().take(2).map(|(_, other)| other).collect();
    if likely.is_empty() { String::new() } else { format!(": did you mean {}?", likely.join(" or ")) }
}

/// Names less similar than this are not a misspelling of one another.
const LIKE: f64 = 0.75;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised_and_nonsense_is_not() {
        let known = ["lost-update", "lock-order"];
        assert!(nearest("lost-updat", known.into_iter()).starts_with(": did you mean lost-update"));
        assert!(nearest("Lock_Order", known.into_iter()).contains("lock-order"));
        assert_eq!(nearest("xyzzy", known.into_iter()), "");
    }
}
