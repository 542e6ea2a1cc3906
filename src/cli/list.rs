//! `raddle list`: the hazards with their summaries and variants.

use std::io::Write;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::catalogue::{Expected, HAZARDS, Variant};
use crate::cli::Status;
use crate::cli::output::{BOLD, BUG, DIM, GOOD, Output, wrap};
use crate::cli::problem::Problem;
use crate::engine::REGISTRY;
use crate::failure::FailureKind;
use crate::verification::json::SCHEMA;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How to print the list: text, json or markdown
    #[arg(long, value_enum, default_value_t, hide_default_value = true, hide_possible_values = true)]
    format: Format,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
    Markdown,
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
    match arguments.format {
        Format::Text => text(out)?,
        Format::Json => json(out)?,
        Format::Markdown => markdown(out)?,
    }
    Ok(Status::AsExpected)
}

/// The kind of failure of a buggy variant.
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

fn markdown(out: &mut Output) -> Result<(), Problem> {
    writeln!(out, "| hazard | what goes wrong | failure | fixed by |\n|---|---|---|---|")?;
    for hazard in HAZARDS {
        let mut failures: Vec<&str> = Vec::new();
        for kind in hazard.variants.iter().filter_map(failure).map(FailureKind::word) {
            if !failures.contains(&kind) {
                failures.push(kind);
            }
        }
        let fixed = hazard.variants.iter().filter(|variant| !variant.is_buggy()).map(|variant| variant.name);
        let (failures, fixed) = (failures.join(", "), fixed.collect::<Vec<_>>().join(", "));
        writeln!(out, "| {} | {} | {failures} | {fixed} |", hazard.name, hazard.summary)?;
    }
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
