//! `raddle explain`: a hazard's story, the bug's timeline, and its fixes, all checked when the command runs.

use std::io::{self, Write};

use clap::Args;

use crate::catalogue::{Expected, Hazard, Variant};
use crate::check::config::Environment;
use crate::cli::output::{BOLD, BUG, DIM, GOOD, Output, WRONG, drawn, wrap};
use crate::cli::problem::Problem;
use crate::cli::verify::status;
use crate::cli::{Status, run as runner, select};
use crate::engine::{Kind, REGISTRY};
use crate::failure::grouped;
use crate::verdict::{Report, Verdict};
use crate::verification::row::Row;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A hazard, as `lock-order`, or one variant of it, as `lock-order/buggy`
    name: String,
}

/// Prints the story and runs the checks.
pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Status, Problem> {
    let (hazard, only) = select::model(&arguments.name)?;
    let environment = Environment::read()?;
    writeln!(out, "{BOLD}{}{BOLD:#}: {}\n", hazard.name, wrap(hazard.summary, hazard.name.len() + 2, 2))?;
    story(&hazard.story(), out)?;
    // The checks may take a moment; the story can be read meanwhile.
    out.flush()?;
    let wanted = |variant: &&Variant| only.is_none_or(|only| only.name == variant.name);
    let engine = refuter(hazard);
    let mut rows = Vec::new();
    for variant in hazard.variants.iter().filter(wanted) {
        let mut row = Row::new(hazard, variant, engine_for(variant, engine));
        if !matches!(row.expected, Expected::Skipped(_)) {
            row.report = Some(variant.check(hazard, runner::checker(row.engine, &environment)));
        }
        rows.push(row);
    }
    for row in rows.iter().filter(|row| row.variant.is_buggy()) {
        bug(row, out)?;
    }
    fixes(&rows, out)?;
    let variants: Vec<&Variant> = hazard.variants.iter().filter(wanted).collect();
    engines(&variants, out)?;
    Ok(status(&rows))
}

/// Describes the engines that the story mentions, and which of them do not run these variants.
fn engines(variants: &[&Variant], out: &mut dyn Write) -> io::Result<()> {
    // Describes the end of a bug's timeline.
    if variants.iter().any(|variant| !variant.is_buggy()) {
        writeln!(out)?;
    }
    writeln!(out, "{BOLD}engines{BOLD:#}")?;
    for engine in REGISTRY {
        writeln!(out, "  {:12}{}", engine.name, wrap(engine.what, 14, 14))?;
        for variant in variants {
            let told = match variant.expected(engine.kind) {
                Expected::Skipped(reason) => format!("does not run {}: {reason}", variant.name),
                Expected::Verified if variant.is_buggy() => {
                    format!("cannot see {}, and says so by its assumptions", variant.name)
                }
                _ => continue,
            };
            writeln!(out, "{:14}{DIM}{}{DIM:#}", "", wrap(&told, 14, 14))?;
        }
    }
    Ok(())
}

/// The engine that shows the bug: the first that concludes, or else the first that finds it.
fn refuter(hazard: &Hazard) -> Kind {
    let sees = |kind: Kind| {
        hazard.variants.iter().any(|variant| matches!(variant.expected(kind), Expected::Refuted(_)))
    };
    let mut engines: Vec<_> = REGISTRY.iter().filter(|engine| sees(engine.kind)).collect();
    engines.sort_by_key(|engine| !engine.concludes);
    engines.first().map_or(Kind::Exhaustive, |engine| engine.kind)
}

/// The engine for a variant: the one that shows the bug, unless the variant is not run under it.
fn engine_for(variant: &Variant, engine: Kind) -> Kind {
    let fits = |kind: Kind| match variant.expected(kind) {
        Expected::Refuted(_) => variant.is_buggy(),
        Expected::Verified => !variant.is_buggy() && kind.engine().concludes,
        _ => false,
    };
    if fits(engine) {
        return engine;
    }
    REGISTRY.iter().map(|known| known.kind).find(|&kind| fits(kind)).unwrap_or(engine)
}

/// Prints the story, with its paragraphs rewrapped and its drawings as they are.
fn story(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut drawing = false;
    let mut paragraph = String::new();
    for line in text.lines().chain([""]) {
        let fence = line.trim_start().starts_with("```");
        let item = line.trim_start().starts_with("- ") || line.trim_start().starts_with("* ");
        let ends = fence || item || drawing || line.trim().is_empty();
        if ends && !paragraph.is_empty() {
            let indent = if paragraph.starts_with("- ") || paragraph.starts_with("* ") { 2 } else { 0 };
            writeln!(out, "{}", wrap(&paragraph, 0, indent))?;
            paragraph.clear();
        }
        if fence {
            drawing = !drawing;
        } else if drawing {
            writeln!(out, "{line}")?;
        } else if line.trim().is_empty() {
            writeln!(out)?;
        } else {
            paragraph.push_str(line.trim());
            paragraph.push(' ');
        }
    }
    Ok(())
}

/// Prints the bug's timeline.
fn bug(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let name = row.variant.name;
    match (&row.report, row.reason()) {
        (Some(Report { verdict: Verdict::Refuted(found), stats, .. }), _) => {
            let plural = if stats.executions == 1 { "" } else { "s" };
            let told = format!(
                "{}, found by {} after {} execution{plural}",
                found.kind(),
                row.engine,
                grouped(stats.executions)
            );
            writeln!(out, "{BUG}✗{BUG:#} {BOLD}{name}{BOLD:#}: {told}\n\n{}\n", drawn(found))
        }
        (Some(report), _) => writeln!(out, "{WRONG}!{WRONG:#} {BOLD}{name}{BOLD:#}: not refuted: {report}\n"),
        (None, reason) => writeln!(out, "– {BOLD}{name}{BOLD:#}: {}\n", skipped(reason, name)),
    }
}

/// Prints the verdicts of the fixes.
fn fixes(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    for row in rows.iter().filter(|row| !row.variant.is_buggy()) {
        let name = row.variant.name;
        match (&row.report, row.reason()) {
            (Some(Report { verdict: Verdict::Verified, stats, .. }), _) => {
                let plural = if stats.executions == 1 { "" } else { "s" };
                let told =
                    format!("verified by {} in {} execution{plural}", row.engine, grouped(stats.executions));
                writeln!(out, "{GOOD}✓{GOOD:#} {BOLD}{name}{BOLD:#}: {told}")?;
            }
            (Some(report), _) => writeln!(out, "{WRONG}!{WRONG:#} {BOLD}{name}{BOLD:#}: {report}")?,
            (None, reason) => writeln!(out, "– {BOLD}{name}{BOLD:#}: {}", skipped(reason, name))?,
        }
    }
    let mut assumptions: Vec<&String> = Vec::new();
    for report in rows.iter().filter(|row| !row.variant.is_buggy()).filter_map(|row| row.report.as_ref()) {
        for assumption in report.bounds.iter().chain(&report.assumptions) {
            if !assumptions.contains(&assumption) {
                assumptions.push(assumption);
            }
        }
    }
    for assumption in assumptions {
        writeln!(out, "{DIM}  assumes: {}{DIM:#}", wrap(assumption, 11, 4))?;
    }
    Ok(())
}

fn skipped(reason: Option<String>, name: &str) -> String {
    wrap(&format!("skipped: {}", reason.unwrap_or_default()), name.len() + 4, 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::HAZARDS;

    fn told(text: &str) -> String {
        let mut bytes = Vec::new();
        story(text, &mut bytes).expect("a vector takes everything");
        String::from_utf8(bytes).expect("stories are text")
    }

    #[test]
    fn drawings_stay_as_they_are_and_paragraphs_are_set_anew() {
        let text = told("one\ntwo\n\n```text\n  a    b\n```\n\n- item\n  goes on\n- next");
        assert_eq!(text, "one two\n\n  a    b\n\n- item goes on\n- next\n\n");
    }

    #[test]
    fn every_story_fits_a_terminal() {
        for hazard in HAZARDS {
            let text = told(&hazard.story());
            let wide = text.lines().find(|line| line.chars().count() > crate::cli::output::WIDTH);
            assert_eq!(wide, None, "{}", hazard.name);
        }
    }

    #[test]
    fn every_bug_can_be_shown_and_every_fix_checked_by_an_engine_that_concludes() {
        for hazard in HAZARDS {
            for variant in hazard.variants {
                let engine = engine_for(variant, refuter(hazard));
                let expected = variant.expected(engine);
                let fits = match expected {
                    Expected::Refuted(_) => variant.is_buggy(),
                    Expected::Verified => engine.engine().concludes && !variant.is_buggy(),
                    _ => false,
                };
                assert!(fits, "{}/{} under {engine}: {expected:?}", hazard.name, variant.name);
            }
        }
    }
}
