//! Compares the exhaustive engine with the search without reduction on one program.

use std::collections::BTreeSet;
use std::sync::Arc;

use raddle::{Checker, FailureKind, Reason, Report, Verdict};

use super::program::{Effects, Outcome};
use super::{Pace, Program, Recorder};

/// What an engine found.
pub struct Found {
    pub report: Report,
    pub outcomes: BTreeSet<Outcome>,
    pub kinds: BTreeSet<FailureKind>,
    pub effects: Effects,
}

impl Found {
    /// Whether the search was cut short. A search of threads that share nothing was not.
    pub fn cut(&self) -> bool {
        let stats = &self.report.stats;
        // A loop that goes round while another thread is enabled ends the search, and is then confirmed
        // as a livelock by one more execution, which has no trace.
        let probed = self.kinds.contains(&FailureKind::Livelock)
            && stats.traces.is_some_and(|traces| stats.executions == traces + 1);
        probed
            || matches!(&self.report.verdict, Verdict::Inconclusive(reason) if !matches!(reason, Reason::Unseen { .. }))
    }

    /// Whether a run of the native engine did not end.
    pub fn lost(&self) -> bool {
        matches!(self.report.verdict, Verdict::Inconclusive(Reason::NoProgress { .. }))
    }
}

/// More steps than any terminating program takes, so that endless loops are found soon.
const STEPS: usize = 600;

/// Runs an engine to its end.
pub fn explore(program: &Program, checker: Checker, pace: Pace) -> Found {
    let recorder = Arc::new(Recorder::default());
    let checker = checker.stop_on_failure(false).count_traces(true).max_steps(STEPS);
    let report = checker.check(program.model(pace, &recorder));
    let outcomes = std::mem::take(&mut *recorder.outcomes.lock().unwrap());
    let effects = std::mem::take(&mut *recorder.effects.lock().unwrap());
    let kinds = report.failures.iter().map(|failure| failure.kind()).collect();
    Found { report, outcomes, kinds, effects }
}

/// The result of a comparison.
pub enum Compared {
    /// The program has too many schedules.
    TooLarge,
    /// The engines agree; counts the instructions that had an effect.
    Agree(Effects),
    /// They differ: in which of the things compared, and how.
    Differ(&'static str, String),
}

/// Both engines see the same outcomes and failures, and the exhaustive one runs every trace
/// once. A failure of the checker itself is a difference too.
pub fn compare(program: &Program, budget: usize, most: u64) -> Compared {
    std::panic::catch_unwind(|| compared(program, budget, most)).unwrap_or_else(|payload| {
        let said = payload.downcast_ref::<String>().cloned();
        Compared::Differ("the checker failed", said.unwrap_or_default())
    })
}

fn compared(program: &Program, budget: usize, most: u64) -> Compared {
    let explore = |checker: Checker| {
        let checker = checker.spurious_wakeups(budget).weak_failures(budget).timeouts(budget);
        explore(program, checker.fruitless_yields(budget).max_executions(most), Pace::Model)
    };
    // The reduced search first: a program that is too large for it is too large for the other.
    let reduced = explore(Checker::exhaustive().spin_assume(false));
    if reduced.cut() || reduced.report.stats.executions >= most {
        return Compared::TooLarge;
    }
    let every = explore(Checker::dfs());
    if every.cut() || every.report.stats.executions >= most {
        return Compared::TooLarge;
    }
    // Executions after a data race are not explored: the race is the finding.
    let races = every.kinds.contains(&FailureKind::DataRace);
    if !races && reduced.outcomes != every.outcomes {
        let missing: Vec<_> = every.outcomes.difference(&reduced.outcomes).take(3).collect();
        let extra: Vec<_> = reduced.outcomes.difference(&every.outcomes).take(3).collect();
        return Compared::Differ("outcomes", format!("missing {missing:x?}, extra {extra:x?}"));
    }
    let waits = explore(Checker::exhaustive());
    if !races && waits.outcomes != every.outcomes || waits.kinds != every.kinds {
        let missing: Vec<_> = every.outcomes.difference(&waits.outcomes).take(3).collect();
        let extra: Vec<_> = waits.outcomes.difference(&every.outcomes).take(3).collect();
        let (kinds, all) = (&waits.kinds, &every.kinds);
        let report = &waits.report;
        let which = format!("missing {missing:x?}, extra {extra:x?}, {kinds:?} instead of {all:?}: {report}");
        return Compared::Differ("with loops that wait as one step", which);
    }
    if reduced.kinds != every.kinds {
        return Compared::Differ("failures", format!("{:?} instead of {:?}", reduced.kinds, every.kinds));
    }
    let (reduced, every) = (reduced.report.stats, (every.report.stats, every.effects));
    // An execution in which `is_finished` returned true is cut if that thread cannot end.
    if reduced.redundant > every.0.redundant || reduced.redundant > 0 && !program.asks_for_ends() {
        return Compared::Differ("redundant", format!("{reduced:?}"));
    }
    if reduced.traces != Some(reduced.executions) || Some(reduced.executions) != every.0.traces {
        return Compared::Differ("traces", format!("{reduced:?} of {:?}", every.0));
    }
    Compared::Agree(every.1)
}
