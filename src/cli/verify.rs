//! `raddle verify`: the catalogue, or some of it, under every engine, or some of them.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::check::config::Environment;
use crate::cli::output::Output;
use crate::cli::page::Target;
use crate::cli::problem::Problem;
use crate::cli::{Status, progress, run as runner, select, table};
use crate::verification::row::{Row, Standing};
use crate::verification::{json, junit};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Hazards, as `lock-order`, or single variants, as `lock-order/buggy`
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Only these engines: exhaustive, dfs, random, pct, urw, loom, native
    #[arg(long = "engine", value_name = "ENGINE", value_delimiter = ',')]
    engines: Vec<String>,
    /// How to print the results: text, json or junit
    #[arg(long, value_enum, default_value_t, hide_default_value = true, hide_possible_values = true)]
    format: Format,
    /// Also write a page of stories, results and timelines here
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
    Junit,
}

/// Checks and prints.
pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Status, Problem> {
    let rows = select::rows(&arguments.names, &arguments.engines)?;
    let environment = Environment::read()?;
    let page = arguments.html.as_deref().map(Target::open).transpose()?;
    #[allow(clippy::disallowed_methods)]
    // The summary contains the time that the command took.
    let began = Instant::now();
    let bar = progress::bar(rows.len());
    let rows = runner::all(rows, &environment, &bar);
    let elapsed = began.elapsed();
    if let Some(page) = page {
        page.write(&rows, elapsed)?;
    }
    match arguments.format {
        Format::Text => table::write(&rows, elapsed, out)?,
        Format::Json => json::write(&rows, out)?,
        Format::Junit => junit::write(&rows, out)?,
    }
    out.flush()?;
    Ok(status(&rows))
}

/// The worst standing of any row decides the exit code.
pub(crate) fn status(rows: &[Row]) -> Status {
    match rows.iter().map(Row::standing).max() {
        None | Some(Standing::Agrees) => Status::AsExpected,
        Some(Standing::Inconclusive) => Status::Inconclusive,
        Some(Standing::Disagrees) => Status::NotAsExpected,
        Some(Standing::Broken) => Status::CouldNotRun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verification::row::tests::one_of_each;

    #[test]
    fn the_worst_row_decides() {
        let mut rows = one_of_each();
        let mut statuses = Vec::new();
        while !rows.is_empty() {
            statuses.push(status(&rows));
            rows.pop();
        }
        let worst_first =
            [Status::CouldNotRun, Status::NotAsExpected, Status::Inconclusive, Status::AsExpected];
        assert_eq!(statuses, worst_first);
    }
}
