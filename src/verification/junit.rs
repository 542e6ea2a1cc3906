//! Rows as `JUnit` XML, for the test reports of CI services: a suite for each hazard, a case for each row.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::report::html;
use crate::verification::row::{Row, Standing};

/// Writes the document.
pub(crate) fn write(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new("raddle");
    for rows in rows.chunk_by(|a, b| a.hazard.name == b.hazard.name) {
        let Some(first) = rows.first() else { continue };
        let mut suite = TestSuite::new(first.hazard.name);
        suite.set_time(rows.iter().map(Row::elapsed).sum());
        for row in rows {
            suite.add_test_case(case(row));
        }
        report.add_test_suite(suite);
    }
    report.set_time(rows.iter().map(Row::elapsed).sum());
    report.serialize(out).map_err(io::Error::other)
}

fn case(row: &Row) -> TestCase {
    let status = match row.standing() {
        Standing::Agrees if row.report.is_none() => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(legible(&row.reason().unwrap_or_default()));
            status
        }
        Standing::Agrees => TestCaseStatus::success(),
        standing => {
            let kind = match standing {
                Standing::Broken => NonSuccessKind::Error,
                _ => NonSuccessKind::Failure,
            };
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(row.verdict());
            status.set_message(format!("expected {}, but {}", row.expected.word(), row.verdict()));
            let told = row.report.as_ref().map(ToString::to_string).or_else(|| row.reason());
            status.set_description(legible(&told.unwrap_or_default()));
            status
        }
    };
    let mut case = TestCase::new(format!("{} under {}", row.variant.name, row.engine), status);
    case.set_classname(row.hazard.name);
    case.set_time(row.elapsed());
    case
}

/// Text without characters that XML does not allow.
fn legible(text: &str) -> String {
    text.chars().map(html::legible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verification::row::tests::one_of_each;

    #[test]
    fn each_standing_has_its_element() {
        let mut bytes = Vec::new();
        write(&one_of_each(), &mut bytes).expect("a vector takes everything");
        let text = String::from_utf8(bytes).expect("XML is text");
        assert!(text.contains("tests=\"4\" skipped=\"0\" failures=\"2\" errors=\"1\""), "{text}");
        assert!(text.contains("expected verified, but refuted"), "{text}");
        assert!(text.contains("out of order"), "{text}");
    }
}
