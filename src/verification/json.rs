//! Rows as one JSON document: the same in every run but for `seconds`.
//!
//! Each row is one line, so that two documents can be compared by line.

use std::io::{self, Write};

use serde::Serialize;

use crate::verification::row::Row;

/// The version of the schema: it is incremented when a field changes its meaning or is removed.
pub(crate) const SCHEMA: u32 = 1;

/// One row, with its fields in the order in which they are printed.
#[derive(Serialize)]
struct Record<'a> {
    hazard: &'a str,
    variant: &'a str,
    engine: &'a str,
    expected: &'a str,
    verdict: &'a str,
    failure: Option<&'a str>,
    executions: u64,
    redundant: u64,
    steps: u64,
    seconds: f64,
    agrees: bool,
    token: Option<&'a str>,
    /// Loom's own execution, if the failure has no schedule.
    as_run: Option<AsRun>,
    reason: Option<String>,
}

/// An execution without a schedule.
#[derive(Serialize)]
struct AsRun {
    execution: u64,
    steps: Vec<String>,
}

/// Writes the document.
pub(crate) fn write(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\"schema\": {SCHEMA}, \"results\": [")?;
    for (at, row) in rows.iter().enumerate() {
        let stats = row.stats();
        let record = Record {
            hazard: row.hazard.name,
            variant: row.variant.name,
            engine: row.engine.name(),
            expected: row.expected.word(),
            verdict: row.verdict(),
            failure: row.failure(),
            executions: stats.executions,
            redundant: stats.redundant,
            steps: stats.steps,
            seconds: rounded(row.elapsed().as_secs_f64()),
            agrees: row.agrees(),
            token: row.token(),
            as_run: row.as_run().map(|(execution, steps)| AsRun { execution, steps }),
            reason: row.reason(),
        };
        out.write_all(if at == 0 { b"\n  " } else { b",\n  " })?;
        serde_json::to_writer(&mut *out, &record)?;
    }
    out.write_all(b"\n]}\n")
}

/// Seconds rounded to the microsecond: more digits would only look exact.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verification::row::tests::one_of_each;

    #[test]
    fn a_row_that_is_not_as_declared_says_so() {
        let mut bytes = Vec::new();
        write(&one_of_each(), &mut bytes).expect("a vector takes everything");
        let document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        let agrees: Vec<_> = (0..4).map(|at| document["results"][at]["agrees"] == true).collect();
        assert_eq!(agrees, [true, false, false, false]);
        assert_eq!(document["results"][3]["reason"], "the engine broke down: out of order");
    }

    #[test]
    fn nothing_is_a_document_too() {
        let mut bytes = Vec::new();
        write(&[], &mut bytes).expect("a vector takes everything");
        let document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(document["results"], serde_json::json!([]));
    }
}
