//! `raddle list`: the hazards, what they are about, and their variants.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use crate::catalogue::{Expected, HAZARDS, Variant};
use crate::cli::output::{BOLD, BUG, DIM, GOOD, Output, wrap};
use crate::cli::problem::Problem;
use crate::cli::{Format, Status, TEXT_OR_JSON};
use crate::engine::REGISTRY;
use crate::report::json::SCHEMA;
use crate::verdict::FailureKind;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How to print the list: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_default_value = true)]
    format: String,
}

#[derive(Serialize)]
struct Document {
    schema: u32,
    hazards: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    summary: &'static str,
    variants: Vec<ListedVariant>,
}

#[derive(Serialize)]
struct ListedVariant {
    name: &'static str,
    buggy: bool,
    failure: Option<&'static str>,
}

/// Prints the list.
pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Status, Problem> {
    match Format::parse(&arguments.format, TEXT_OR_JSON)? {
        Format::Json => json(out)?,
        _ => text(out)?,
    }
    Ok(Status::AsExpected)
}

/// How a buggy variant fails.
pub(crate) fn failure(variant: &Variant) -> Option<FailureKind> {
    REGISTRY.iter().find_map(|engine| match variant.expected(engine.kind) {
        Expected::Refuted(kind) => Some(kind),
        _ => None,
    })
}

fn json(out: &mut Output) -> Result<(), Problem> {
    let variant = |variant: &Variant| ListedVariant {
        name: variant.name,
        buggy: variant.is_buggy(),
        failure: failure(variant).map(FailureKind::word),
    };
    let hazards = HAZARDS.iter().map(|hazard| Listed {
        name: hazard.name,
        summary: hazard.summary,
        variants: hazard.variants.iter().map(variant).collect(),
    });
    let document = Document { schema: SCHEMA, hazards: hazards.collect() };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn text(out: &mut Output) -> Result<(), Problem> {
    for hazard in HAZARDS {
        writeln!(out, "{BOLD}{}{BOLD:#}  {}", hazard.name, wrap(hazard.summary, hazard.name.len() + 2, 4))?;
        let buggy: Vec<String> = hazard
            .variants
            .iter()
            .filter(|variant| variant.is_buggy())
            .map(|variant| match failure(variant) {
                Some(kind) => format!("{} ({kind})", variant.name),
                None => variant.name.to_owned(),
            })
            .collect();
        let fixed: Vec<&str> = hazard
            .variants
            .iter()
            .filter(|variant| !variant.is_buggy())
            .map(|variant| variant.name)
            .collect();
        writeln!(out, "    {BUG}✗{BUG:#} {}", wrap(&buggy.join(", "), 6, 6))?;
        writeln!(out, "    {GOOD}✓{GOOD:#} {}", wrap(&fixed.join(", "), 6, 6))?;
    }
    writeln!(out, "\n{DIM}raddle explain NAME tells a hazard's story; raddle verify NAME checks it{DIM:#}")?;
    Ok(())
}
