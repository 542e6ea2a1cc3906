//! Turns a failure into a counterexample: minimised, explained, and with a token.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use crate::check::config::Settings;
use crate::check::run::Run;
use crate::check::stats::Found;
use crate::counterexample::Counterexample;
use crate::counterexample::explain::{self, Failing};
use crate::counterexample::minimize::FEW_PREEMPTIONS;
use crate::counterexample::replay_runner::ReplayRunner;
use crate::counterexample::token::{Token, model_hash};
use crate::engine::Kind;
use crate::runtime::execution::Failure;
use crate::schedule::Choice;
use crate::trace::Trace;

/// A failing execution as recorded by an engine that has schedules of its own.
pub(super) struct AsRun {
    /// The number of the execution, from 1.
    pub(super) execution: u64,
    /// The place of the panic, if it was one of the model's.
    pub(super) place: Option<String>,
    pub(super) trace: Trace,
}

impl Run {
    /// Minimises a failing schedule and runs it once more to record its trace.
    pub(super) fn show(&self, found: Found, first: bool) -> Counterexample {
        let beat = || {
            self.pulse.beats.fetch_add(1, Ordering::Relaxed);
        };
        let Found { mut failure, mut schedule, mut repeat } = found;
        let mut runner = self.replay_runner(&beat);
        let mut minimised = None;
        let mut told = None;
        // If all failures are counted, only the first is shown in full.
        if first
            && repeat > 0
            && let Some((lasso, numbers)) = runner.shorten(schedule.clone(), repeat)
        {
            told = runner.tell(lasso.schedule.clone(), lasso.cycle);
            told = told.filter(|(small, trace)| small.kind == failure.kind && trace.lasso.is_some());
            if let Some((small, _)) = &told {
                failure = small.clone();
                (schedule, repeat) = (lasso.schedule, lasso.cycle);
                minimised = Some(numbers);
            }
        } else if first && repeat == 0 {
            let every = !self.settings.limits.stop_on_failure;
            if let Some((seen, numbers)) = runner.minimise(schedule.clone(), &failure, every) {
                told = runner.tell(seen.schedule.clone(), 0);
                if let Some((small, _)) = &told {
                    failure = small.clone();
                    schedule = seen.schedule;
                    minimised = Some(numbers);
                }
            }
        }
        let told = told.or_else(|| runner.tell(schedule.clone(), repeat));
        let trace = told.map(|(_, trace)| trace);
        let failing = Failing { schedule: &schedule, repeat };
        let trace_of_first = trace.as_ref().filter(|_| first);
        let race_reversal = trace_of_first.and_then(|trace| explain::find(&mut runner, failing, trace));
        let token = self.token(schedule, repeat);
        Counterexample { token, trace, minimised, race_reversal, ..self.without_schedule(failure) }
    }

    /// The token of a failing schedule.
    pub(super) fn token(&self, schedule: Vec<Choice>, repeat: usize) -> String {
        // A failure that loom or the native engine found is stored as a schedule of the model backend.
        let engine =
            if matches!(self.kind, Kind::Loom | Kind::Native) { Kind::Exhaustive } else { self.kind };
        let Settings { limits, asked, .. } = self.settings;
        let budgets = limits.budgets;
        let model = model_hash(&self.name);
        let awaits = if self.settings.spin_assume { self.loops.names() } else { Vec::new() };
        Token { engine: engine as u8, model, asked, budgets, awaits, schedule, repeat }.encode()
    }

    /// A failure of an engine with schedules of its own, shown by an execution of the model backend if the
    /// same failure exists under sequential consistency, and otherwise as that engine ran it, if that was
    /// recorded.
    pub(super) fn show_foreign(&self, failure: Failure, seen: Option<AsRun>) -> Counterexample {
        let beat = || {
            self.pulse.beats.fetch_add(1, Ordering::Relaxed);
        };
        let found = self.replay_runner(&beat).search(&failure);
        let engine = self.kind.name();
        if let Some(seen) = found {
            let said = failure.message.clone();
            let mut shown = self.show(Found { failure, schedule: seen.schedule, repeat: 0 }, true);
            shown.note = Some(format!(
                "{engine} found the failure and said: {said}\nthis is a schedule of raddle's that fails in the same \
                 way under sequential consistency, and can be replayed"
            ));
            return shown;
        }
        let place = seen.as_ref().and_then(|seen| seen.place.as_ref());
        let at = place.map_or(String::new(), |place| format!(" at {place}"));
        let mut shown = self.without_schedule(failure);
        let mut note = format!(
            "{engine} found the failure{at}, and raddle found none like it under sequential consistency, with at \
             most {FEW_PREEMPTIONS} preemptions and within its budget; so there is no schedule to replay"
        );
        if let Some(AsRun { execution, trace, .. }) = seen {
            let _ = write!(note, "; but {engine} takes the same way whenever it is asked");
            shown.trace = Some(trace);
            shown.found_in = Some(execution);
        }
        shown.note = Some(note);
        shown
    }

    fn replay_runner<'a>(&self, beat: &'a dyn Fn()) -> ReplayRunner<'a> {
        let Settings { limits, spin_assume, .. } = self.settings;
        ReplayRunner::new(limits, spin_assume, &self.loops, self.body(), beat)
    }

    /// A failure of an engine with schedules of its own.
    pub(super) fn without_schedule(&self, failure: Failure) -> Counterexample {
        let Failure { kind, message } = failure;
        let (model, asked_by) = (self.name.clone(), self.asked_by.clone());
        let token = String::new();
        let (trace, note, minimised, race_reversal, found_in) = (None, None, None, None, None);
        Counterexample {
            kind,
            message,
            token,
            trace,
            model,
            asked_by,
            note,
            minimised,
            race_reversal,
            found_in,
        }
    }
}

/// The test that the calling thread runs: libtest names its threads after their tests.
pub(super) fn running_test() -> Option<String> {
    let thread = std::thread::current();
    let path = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
    thread.name().filter(|name| *name != "main").filter(path).map(str::to_owned)
}
