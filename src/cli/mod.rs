//! The command line: `raddle`, and `cargo raddle`. One file per command.
//!
//! Results go to standard output, progress and problems to standard error. A problem with the input is one
//! line, reported before anything runs or is written.

mod explain;
mod list;
mod measure;
mod new;
mod output;
mod page;
mod problem;
mod progress;
mod replay;
mod run;
mod select;
mod table;
mod verify;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::Output;
use problem::Problem;

/// What the command line understands.
#[derive(Debug, Parser)]
#[command(
    name = "raddle",
    version,
    about = "Checks small concurrent programs under every schedule that matters",
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    max_term_width = 80
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    verify: verify::Arguments,
}

/// The commands. Without one it is `verify`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Check the catalogue of hazards under every engine (the default)
    Verify(verify::Arguments),
    /// Print the hazards of the catalogue
    List(list::Arguments),
    /// Tell a hazard's story, with the bug's timeline and the check of its fixes
    Explain(explain::Arguments),
    /// Show the failure of a token again
    Replay(replay::Arguments),
    /// Begin a model of your own: writes tests/NAME.rs into this crate
    New(new::Arguments),
    /// Measure what threads cost on this machine
    Measure(measure::Arguments),
}

const AFTER_HELP: &str = "\
Exit codes: 0 as expected, 1 not as expected, 2 could not run, 3 inconclusive.
Environment: RADDLE_SEED, RADDLE_MAX_EXECUTIONS, RADDLE_TIME_LIMIT (seconds) and
RADDLE_WORKERS override what verify and explain do.";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Everything is as expected.
    AsExpected,
    /// Something is not.
    NotAsExpected,
    /// An engine broke down.
    CouldNotRun,
    /// There is no conclusion where one was expected.
    Inconclusive,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(match status {
            Status::AsExpected => 0,
            Status::NotAsExpected => 1,
            Status::CouldNotRun => 2,
            Status::Inconclusive => 3,
        })
    }
}

/// Runs the command that the process was started with; the exit code is documented in `--help`.
pub fn main() -> ExitCode {
    let arguments = match CommandLine::try_parse_from(without_cargo(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => {
            // Help or the version, which were requested. A closed pipe is not an error.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => return problem::complain(&problem::usage(&error)),
    };
    let mut out = Output::standard();
    match run(arguments, &mut out).and_then(|status| out.finish().map(|()| status)) {
        Ok(status) => status.into(),
        Err(problem) => problem::complain(&problem),
    }
}

fn run(arguments: CommandLine, out: &mut Output) -> Result<Status, Problem> {
    match arguments.command {
        None => verify::run(&arguments.verify, out).map_err(Problem::perhaps_a_command),
        Some(Command::Verify(arguments)) => verify::run(&arguments, out),
        Some(Command::List(arguments)) => list::run(&arguments, out),
        Some(Command::Explain(arguments)) => explain::run(&arguments, out),
        Some(Command::Replay(arguments)) => replay::run(&arguments, out),
        Some(Command::New(arguments)) => new::run(&arguments, out),
        Some(Command::Measure(arguments)) => measure::run(&arguments, out),
    }
}

/// Cargo starts `cargo raddle list` as `cargo-raddle raddle list`.
fn without_cargo(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let by_cargo = arguments
        .first()
        .is_some_and(|program| Path::new(program).file_stem().is_some_and(|stem| stem == "cargo-raddle"));
    if by_cargo && arguments.get(1).is_some_and(|argument| argument == "raddle") {
        arguments.remove(1);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_consistent() {
        CommandLine::command().debug_assert();
        let names: Vec<String> =
            CommandLine::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        assert_eq!(names, problem::COMMANDS);
    }

    #[test]
    fn only_the_word_that_cargo_adds_is_left_out() {
        let left = |words: &[&str]| without_cargo(words.iter().map(OsString::from));
        assert_eq!(left(&["/bin/cargo-raddle", "raddle", "list"]), ["/bin/cargo-raddle", "list"]);
        assert_eq!(left(&["cargo-raddle", "list"]), ["cargo-raddle", "list"]);
        assert_eq!(left(&["raddle", "raddle"]), ["raddle", "raddle"]);
    }
}
