//! `--html FILE`: the rows as one page, with the hazards' stories and the timelines of their bugs.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::output::count;
use crate::cli::problem::Problem;
use crate::report::html;
use crate::verdict::{Report, Verdict};
use crate::verification::row::Row;

/// A file that will take the page.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    file: File,
}

impl Target {
    /// Opens the file, so that a path that cannot be written is reported before anything runs. The file keeps
    /// its content until the page is written.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        match file {
            Ok(file) => Ok(Target { path: path.to_owned(), file }),
            Err(error) => Err(Problem::Write { path: path.to_owned(), error }),
        }
    }

    /// Writes the page.
    pub(crate) fn write(mut self, rows: &[Row], elapsed: Duration) -> Result<(), Problem> {
        let page = page(rows, elapsed);
        let written = self.file.set_len(0).and_then(|()| self.file.write_all(page.as_bytes()));
        written.map_err(|error| Problem::Write { path: self.path, error })
    }
}

/// The text of the page.
fn page(rows: &[Row], elapsed: Duration) -> String {
    let by_hazard: Vec<&[Row]> = rows.chunk_by(|a, b| a.hazard.name == b.hazard.name).collect();
    let stories: Vec<String> = by_hazard.iter().map(|rows| without_fences(&rows[0].hazard.story())).collect();
    let reasons: Vec<Vec<Option<String>>> =
        by_hazard.iter().map(|rows| rows.iter().map(Row::reason).collect()).collect();
    let hazards = by_hazard.iter().zip(&stories).zip(&reasons).map(|((rows, story), reasons)| html::Hazard {
        name: rows[0].hazard.name,
        summary: rows[0].hazard.summary,
        story,
        rows: rows.iter().zip(reasons).map(|(row, reason)| cells(row, reason.as_deref())).collect(),
        bugs: bugs(rows),
    });
    let wrong = rows.iter().filter(|row| !row.agrees()).count();
    let agree = if wrong == 0 { "all as expected".to_owned() } else { format!("{wrong} not as expected") };
    let summary = format!(
        "{}, {}: {agree}, in {}.",
        count(by_hazard.len(), "hazard"),
        count(rows.len(), "row"),
        crate::cli::output::seconds(elapsed)
    );
    html::page(&html::Page { title: "raddle", summary: &summary, hazards: hazards.collect() })
}

fn cells<'a>(row: &'a Row, reason: Option<&'a str>) -> html::Cells<'a> {
    html::Cells {
        variant: row.variant.name,
        engine: row.engine.name(),
        expected: row.expected.word(),
        verdict: row.verdict(),
        executions: row.report.as_ref().map(|report| report.stats.executions),
        agrees: row.agrees(),
        reason,
    }
}

/// Each variant that fails, with the first failure that can be drawn, or else the first.
fn bugs(rows: &[Row]) -> Vec<html::Bug<'_>> {
    rows.chunk_by(|a, b| a.variant.name == b.variant.name)
        .filter_map(|rows| {
            let found = |row: &'_ Row| -> bool { row.failure().is_some() };
            let mut failures: Vec<_> =
                rows.iter().filter(|row| found(row)).filter_map(counterexample).collect();
            failures.sort_by_key(|failure| failure.trace.is_none());
            let counterexample = Some(*failures.first()?);
            Some(html::Bug { variant: rows[0].variant.name, counterexample })
        })
        .collect()
}

fn counterexample(row: &Row) -> Option<&crate::Counterexample> {
    match row.report.as_ref()? {
        Report { verdict: Verdict::Refuted(found), .. } => Some(found),
        _ => None,
    }
}

/// The story without the code fences around its drawings, which are indented instead.
fn without_fences(story: &str) -> String {
    let lines: Vec<&str> = story.lines().filter(|line| !line.trim_start().starts_with("```")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verification::row::tests::one_of_each;

    #[test]
    fn the_page_tells_the_story_the_rows_and_the_bug() {
        let text = page(&one_of_each(), Duration::from_secs(2));
        for words in ["A counter that forgets.", "1 hazard, 4 rows: 3 not as expected, in 2.00 s.", "<svg"] {
            assert!(text.contains(words), "{words} is missing");
        }
        assert!(text.contains("the engine broke down: out of order") && !text.contains("```"));
    }
}
