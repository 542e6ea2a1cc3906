//! One row of a verification: a variant of a hazard under an engine, and its result.
//!
//! Sinks show rows, and all of them must show the same fields. Their values are computed here.

use std::time::Duration;

use crate::catalogue::{Expected, Hazard, Variant};
use crate::engine::Kind;
use crate::verdict::{Report, Stats, Verdict};

/// A variant under an engine.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) hazard: &'static Hazard,
    pub(crate) variant: &'static Variant,
    pub(crate) engine: Kind,
    pub(crate) expected: Expected,
    /// The engine's report; `None` if the row is skipped.
    pub(crate) report: Option<Report>,
    /// The engine's panic message, if it broke down.
    pub(crate) broken: Option<String>,
}

/// How the result of a row compares with the declared one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// As declared, or skipped as declared.
    Agrees,
    /// No conclusion, though one was declared.
    Inconclusive,
    /// Another conclusion than declared.
    Disagrees,
    /// The engine broke down.
    Broken,
}

impl Row {
    /// A row that has not been run.
    pub(crate) fn new(hazard: &'static Hazard, variant: &'static Variant, engine: Kind) -> Self {
        Row { hazard, variant, engine, expected: variant.expected(engine), report: None, broken: None }
    }

    /// How its result compares with the declared one.
    pub(crate) fn standing(&self) -> Standing {
        match (&self.report, &self.broken) {
            (_, Some(_)) => Standing::Broken,
            (None, None) => Standing::Agrees,
            (Some(report), None) if self.expected.agrees(self.engine.name(), &report.verdict) => {
                Standing::Agrees
            }
            (Some(Report { verdict: Verdict::Inconclusive(_), .. }), None) => Standing::Inconclusive,
            (Some(_), None) => Standing::Disagrees,
        }
    }

    /// Whether it is as declared.
    pub(crate) fn agrees(&self) -> bool {
        self.standing() == Standing::Agrees
    }

    /// Whether the result depends on the machine, so that two runs may differ and both be right.
    fn up_to_the_machine(&self) -> bool {
        matches!(self.expected, Expected::Perhaps(_)) && self.agrees()
    }

    /// The verdict in a word that is the same in every run.
    ///
    /// If it depends on the machine whether the model fails, the word is inconclusive in either case.
    pub(crate) fn verdict(&self) -> &'static str {
        match &self.report {
            None if self.broken.is_some() => "inconclusive",
            None => "skipped",
            Some(_) if self.up_to_the_machine() => "inconclusive",
            Some(report) => report.verdict.word(),
        }
    }

    /// The failure in a word, with the same exception.
    pub(crate) fn failure(&self) -> Option<&'static str> {
        match &self.report {
            Some(Report { verdict: Verdict::Refuted(found), .. }) if !self.up_to_the_machine() => {
                Some(found.kind().word())
            }
            _ => None,
        }
    }

    /// The replay token, if there is one.
    pub(crate) fn token(&self) -> Option<&str> {
        match &self.report {
            Some(Report { verdict: Verdict::Refuted(found), .. })
                if !found.token().is_empty() && !self.up_to_the_machine() =>
            {
                Some(found.token())
            }
            _ => None,
        }
    }

    /// Loom's own execution, if the failure has no schedule: its number, and its events.
    pub(crate) fn as_run(&self) -> Option<(u64, Vec<String>)> {
        match &self.report {
            Some(Report { verdict: Verdict::Refuted(found), .. }) => Some((found.found_in?, found.steps())),
            _ => None,
        }
    }

    /// The reason for an inconclusive or skipped row.
    pub(crate) fn reason(&self) -> Option<String> {
        if let Some(broken) = &self.broken {
            return Some(format!("the engine broke down: {broken}"));
        }
        if let (Expected::Perhaps(kind), true) = (self.expected, self.up_to_the_machine()) {
            return Some(format!("{kind} or nothing, as the machine's scheduler happened to have it"));
        }
        match (&self.report, self.expected) {
            (None, Expected::Skipped(reason)) => Some(reason.to_owned()),
            (Some(Report { verdict: Verdict::Inconclusive(reason), .. }), _) => Some(reason.to_string()),
            _ => None,
        }
    }

    /// The statistics.
    pub(crate) fn stats(&self) -> Stats {
        self.report.as_ref().map(|report| report.stats).unwrap_or_default()
    }

    /// The time that it took.
    pub(crate) fn elapsed(&self) -> Duration {
        self.report.as_ref().map(|report| report.elapsed).unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Checker, FailureKind, catalogue};

    /// A row that was run, with another declared result.
    pub(crate) fn run(variant: &str, engine: Kind, expected: Expected, checker: &Checker) -> Row {
        let hazard = catalogue::find("lost-update").expect("it is in the catalogue");
        let variant = hazard.variant(variant).expect("it has this variant");
        let report = Some(variant.check(hazard, checker.clone()));
        Row { expected, report, ..Row::new(hazard, variant, engine) }
    }

    /// One row of each standing, the worst last.
    pub(crate) fn one_of_each() -> Vec<Row> {
        let panics = Expected::Refuted(FailureKind::Panic);
        let mut broken = run("lock", Kind::Dfs, Expected::Verified, &Checker::dfs());
        broken.report = None;
        broken.broken = Some("out of order".to_owned());
        vec![
            run("buggy", Kind::Dfs, panics, &Checker::dfs()),
            run("lock", Kind::Dfs, Expected::Verified, &Checker::dfs().max_executions(1)),
            run("buggy", Kind::Dfs, Expected::Verified, &Checker::dfs()),
            broken,
        ]
    }

    #[test]
    fn a_row_stands_as_its_verdict_says() {
        let standings: Vec<Standing> = one_of_each().iter().map(Row::standing).collect();
        let all = [Standing::Agrees, Standing::Inconclusive, Standing::Disagrees, Standing::Broken];
        assert_eq!(standings, all);
    }

    #[test]
    fn another_failure_than_declared_is_no_agreement() {
        let other = Expected::Refuted(FailureKind::Deadlock);
        assert_eq!(run("buggy", Kind::Dfs, other, &Checker::dfs()).standing(), Standing::Disagrees);
    }

    #[test]
    fn what_the_machine_decides_reads_the_same_either_way() {
        let perhaps = Expected::Perhaps(FailureKind::Panic);
        let failed = run("buggy", Kind::Native, perhaps, &Checker::dfs());
        let passed = run("lock", Kind::Native, perhaps, &Checker::native(1));
        for row in [&failed, &passed] {
            assert_eq!((row.verdict(), row.failure(), row.agrees()), ("inconclusive", None, true));
        }
        assert_eq!(failed.reason(), passed.reason());
    }

    #[test]
    fn what_the_machine_decides_is_told_where_it_is_wrong() {
        let row = run("buggy", Kind::Native, Expected::Perhaps(FailureKind::Deadlock), &Checker::dfs());
        assert_eq!((row.verdict(), row.failure(), row.agrees()), ("refuted", Some("panic"), false));
    }
}
