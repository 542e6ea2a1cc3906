//! The results of `raddle verify` as a table that fits every terminal: a line for each variant, a column for
//! each engine. Rows that are not as declared follow in full.

use std::io::{self, Write};
use std::time::Duration;

use anstyle::Style;

use crate::cli::output::{BOLD, BUG, DIM, GOOD, WIDTH, WRONG, count, seconds, wrap};
use crate::engine::Kind;
use crate::failure::grouped;
use crate::verdict::Verdict;
use crate::verification::row::Row;

/// Longer names of variants are cut in the table: the engines' columns need the room.
const LONGEST_NAME: usize = 22;

/// Writes the table, the rows that are not as declared, the reasons for skips, and a summary.
pub(crate) fn write(rows: &[Row], elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
    let table = Table::of(rows);
    if !rows.is_empty() {
        table.header(out)?;
        for rows in rows.chunk_by(|a, b| a.hazard.name == b.hazard.name) {
            table.hazard(rows, out)?;
        }
        table.header(out)?;
        legend(rows, out)?;
    }
    for row in rows.iter().filter(|row| !row.agrees()) {
        disagreement(row, out)?;
    }
    skips(rows, out)?;
    summary(rows, elapsed, out)
}

/// The widths of the columns.
struct Table {
    name: usize,
    failure: usize,
    engines: Vec<Kind>,
}

impl Table {
    fn of(rows: &[Row]) -> Self {
        let mut engines: Vec<Kind> = rows.iter().map(|row| row.engine).collect();
        engines.sort_unstable();
        engines.dedup();
        let longest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
        Table {
            name: longest(&mut rows.iter().map(|row| row.variant.name.len())).min(LONGEST_NAME),
            failure: longest(&mut rows.iter().filter_map(seen).map(str::len)),
            engines,
        }
    }

    fn header(&self, out: &mut dyn Write) -> io::Result<()> {
        let names: Vec<&str> = self.engines.iter().map(|kind| kind.name()).collect();
        writeln!(out, "{DIM}{:1$}{2}{DIM:#}", "", self.before_engines(), names.join(" "))
    }

    fn before_engines(&self) -> usize {
        2 + self.name + 2 + self.failure + 2
    }

    /// The lines of one hazard.
    fn hazard(&self, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        let executions: u64 = rows.iter().map(|row| row.stats().executions).sum();
        let time: Duration = rows.iter().map(Row::elapsed).sum();
        let plural = if executions == 1 { "" } else { "s" };
        let did = format!("{} execution{plural} in {}", grouped(executions), seconds(time));
        let name = first.hazard.name;
        let room = self.width().saturating_sub(name.len());
        writeln!(out, "{BOLD}{name}{BOLD:#}{DIM}{did:>room$}{DIM:#}")?;
        for rows in rows.chunk_by(|a, b| a.variant.name == b.variant.name) {
            self.variant(rows, out)?;
        }
        Ok(())
    }

    fn width(&self) -> usize {
        let engines: usize = self.engines.iter().map(|kind| kind.name().len() + 1).sum();
        (self.before_engines() + engines - 1).clamp(50, WIDTH)
    }

    fn variant(&self, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        let mut name: String = first.variant.name.chars().take(self.name).collect();
        if name.len() < first.variant.name.len() {
            name.pop();
            name.push('…');
        }
        let failure = rows.iter().find_map(seen).unwrap_or_default();
        write!(out, "  {name:0$}  {BUG}{failure:1$}{BUG:#} ", self.name, self.failure)?;
        let mut gap = 1;
        for kind in &self.engines {
            let row = rows.iter().find(|row| row.engine == *kind);
            let (mark, style) = row.map_or((" ", DIM), mark);
            let middle = (kind.name().len() - 1) / 2;
            write!(out, "{:1$}{style}{mark}{style:#}", "", gap + middle)?;
            gap = kind.name().len() - middle;
        }
        writeln!(out)
    }
}

/// The failure that was found, in a word.
fn seen(row: &Row) -> Option<&'static str> {
    match &row.report.as_ref()?.verdict {
        Verdict::Refuted(found) => Some(found.kind().word()),
        _ => None,
    }
}

/// A row as one character.
fn mark(row: &Row) -> (&'static str, Style) {
    match row.report.as_ref().map(|report| &report.verdict) {
        _ if !row.agrees() => ("!", WRONG),
        None => ("–", DIM),
        Some(Verdict::Verified) => ("✓", GOOD),
        Some(Verdict::Refuted(_)) => ("✗", BUG),
        Some(Verdict::Inconclusive(_)) => ("·", DIM),
    }
}

fn legend(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let meanings = [
        ("✓", "verified"),
        ("✗", "refuted, as it must be"),
        ("·", "sampled, no failure seen"),
        ("–", "skipped"),
        ("!", "not as declared"),
    ];
    let used = meanings.iter().filter(|(sign, _)| rows.iter().any(|row| mark(row).0 == *sign));
    let used: Vec<String> = used.map(|(sign, meaning)| format!("{sign} {meaning}")).collect();
    writeln!(out, "{DIM}{}{DIM:#}", used.join("   "))
}

/// A row that is not as declared, in full.
fn disagreement(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let expected = match row.expected {
        crate::catalogue::Expected::Refuted(kind) => format!("refuted by {kind}"),
        other => other.word().to_owned(),
    };
    let title = format!("{}/{} under {}", row.hazard.name, row.variant.name, row.engine);
    writeln!(out, "\n{WRONG}{title}{WRONG:#}: expected {expected}, but:")?;
    match (&row.report, row.reason()) {
        (Some(report), _) => writeln!(out, "{report}"),
        (None, reason) => writeln!(out, "{}", reason.unwrap_or_default()),
    }
}

/// Why rows were skipped; rows with the same reason together.
fn skips(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let mut reasons: Vec<(Kind, String, Vec<String>)> = Vec::new();
    for row in rows.iter().filter(|row| row.report.is_none() && row.agrees()) {
        let reason = row.reason().unwrap_or_default();
        let name = format!("{}/{}", row.hazard.name, row.variant.name);
        match reasons.iter_mut().find(|(kind, known, _)| *kind == row.engine && *known == reason) {
            Some((_, _, names)) => names.push(name),
            None => reasons.push((row.engine, reason, vec![name])),
        }
    }
    if !reasons.is_empty() {
        writeln!(out)?;
    }
    for (kind, reason, names) in reasons {
        let line = format!("skipped under {kind}: {}: {reason}", names.join(", "));
        writeln!(out, "{DIM}{}{DIM:#}", wrap(&line, 0, 2))?;
    }
    Ok(())
}

fn summary(rows: &[Row], elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
    let hazards = rows.chunk_by(|a, b| a.hazard.name == b.hazard.name).count();
    let variants =
        rows.chunk_by(|a, b| (a.hazard.name, a.variant.name) == (b.hazard.name, b.variant.name)).count();
    let wrong = rows.iter().filter(|row| !row.agrees()).count();
    let skipped = rows.iter().filter(|row| row.report.is_none() && row.agrees()).count();
    let what =
        format!("{}, {}, {}", count(hazards, "hazard"), count(variants, "variant"), count(rows.len(), "row"));
    let skipped = if skipped == 0 { String::new() } else { format!(" ({skipped} skipped)") };
    let time = seconds(elapsed);
    if wrong == 0 {
        writeln!(out, "\n{what}{skipped}: {GOOD}all agree{GOOD:#} in {time}")
    } else {
        writeln!(out, "\n{what}{skipped}: {WRONG}{wrong} not as declared{WRONG:#} in {time}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verification::row::tests::one_of_each;

    #[test]
    fn what_is_not_as_declared_is_told_in_full() {
        let mut bytes = Vec::new();
        write(&one_of_each(), Duration::from_secs(1), &mut bytes).expect("a vector takes everything");
        let text = String::from_utf8(bytes).expect("a table is text");
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(
            text.contains("lost-update/buggy under dfs: expected verified, but:\nrefuted by dfs"),
            "{text}"
        );
        assert!(text.contains("lost-update/lock under dfs: expected verified, but:\ninconclusive"), "{text}");
        assert!(text.contains("the engine broke down: out of order"), "{text}");
        assert!(text.contains("3 not as declared"), "{text}");
    }

    #[test]
    fn the_whole_catalogue_fits_the_width() {
        let mut rows = Vec::new();
        for hazard in crate::catalogue::HAZARDS {
            for variant in hazard.variants {
                rows.extend(crate::engine::REGISTRY.iter().map(|e| Row::new(hazard, variant, e.kind)));
            }
        }
        let table = Table::of(&rows);
        let failure = crate::FailureKind::ALL.iter().map(|kind| kind.word().len()).max();
        let widest = Table { failure: failure.unwrap_or_default(), ..table };
        let engines: usize = widest.engines.iter().map(|kind| kind.name().len() + 1).sum();
        assert!(widest.before_engines() + engines - 1 <= WIDTH);
    }
}
