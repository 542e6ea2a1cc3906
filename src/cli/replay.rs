//! `raddle replay`: runs the failure of a token of the catalogue once more.
//!
//! It is as expected (exit code 0) if the schedule fails as it did, and not as expected (1) if it passes or
//! no longer fits the model. Tokens of one's own tests are replayed by `RADDLE_REPLAY=<token> cargo test`.

use std::io::Write;

use clap::Args;

use crate::Checker;
use crate::catalogue::HAZARDS;
use crate::cli::Status;
use crate::cli::output::{BOLD, BUG, Output, WRONG, drawn, wrap};
use crate::cli::problem::Problem;
use crate::counterexample::token::{Token, model_hash};
use crate::failure::Reason;
use crate::verdict::Verdict;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What a failure printed after `replay:`
    #[arg(allow_hyphen_values = true)]
    token: String,
}

/// Finds the model and runs the schedule.
pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Status, Problem> {
    let text = arguments.token.trim();
    let text = text.strip_prefix("RADDLE_REPLAY=").unwrap_or(text);
    let token = Token::decode(text)?;
    let mut variants = HAZARDS.iter().flat_map(|hazard| hazard.variants.iter().map(move |v| (hazard, v)));
    let (hazard, variant) = variants
        .find(|(hazard, variant)| model_hash(&format!("{}/{}", hazard.name, variant.name)) == token.model)
        .ok_or(Problem::ForeignToken)?;
    let report = variant.check(hazard, Checker::replay(text)?);
    let name = format!("{}/{}", hazard.name, variant.name);
    match report.verdict {
        Verdict::Refuted(found) => {
            let engine = report.engine;
            let kind = found.kind();
            writeln!(
                out,
                "{BUG}✗{BUG:#} {BOLD}{name}{BOLD:#}: {kind}, as {engine} found it\n\n{}",
                drawn(&found)
            )?;
            Ok(Status::AsExpected)
        }
        Verdict::Inconclusive(Reason::Replayed) | Verdict::Verified => {
            writeln!(
                out,
                "{WRONG}!{WRONG:#} {BOLD}{name}{BOLD:#}: this schedule passes; no failure to show"
            )?;
            Ok(Status::NotAsExpected)
        }
        Verdict::Inconclusive(reason) => {
            let told = wrap(&reason.to_string(), name.len() + 4, 4);
            writeln!(out, "{WRONG}!{WRONG:#} {BOLD}{name}{BOLD:#}: {told}")?;
            Ok(Status::NotAsExpected)
        }
    }
}
