//! What becomes of a failure: minimised, told, and given a token.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use crate::check::run::Run;
use crate::check::tally::Found;
use crate::config::Settings;
use crate::engine::Kind;
use crate::minimize::{FEW_PREEMPTIONS, Laboratory};
use crate::rt::execution::Failure;
use crate::schedule::{Choice, Token, model_hash};
use crate::trace::Trace;
use crate::turning::{self, Failing};
use crate::verdict::Counterexample;

/// A failing execution as an engine with schedules of its own ran it.
pub(super) struct AsRun {
    /// Which of its executions it was, from 1.
    pub(super) execution: u64,
    /// Where the panic began, if it was one of the model's.
    pub(super) place: Option<String>,
    pub(super) trace: Trace,
}

impl Run {
    /// Makes a failing schedule small, and runs it once more to tell what happens in it.
    pub(super) fn show(&self, found: Found, first: bool) -> Counterexample {
        let beat = || {
            self.pulse.beats.fetch_add(1, Ordering::Relaxed);
        };
        let Found { mut failure, mut schedule, mut repeat } = found;
        let mut laboratory = Laboratory::new(&self.settings, &self.loops, self.body(), &beat);
        let mut minimised = None;
        let mut told = None;
        // Where all failures are wanted, the first speaks for the rest.
        if first
            && repeat > 0
            && let Some((endless, numbers)) = laboratory.shorten(schedule.clone(), repeat)
        {
            told = laboratory.tell(endless.schedule.clone(), endless.period);
            told = told.filter(|(small, trace)| small.kind == failure.kind && trace.cycle.is_some());
            if let Some((small, _)) = &told {
                failure = small.clone();
                (schedule, repeat) = (endless.schedule, endless.period);
                minimised = Some(numbers);
            }
        } else if first && repeat == 0 {
            let every = !self.settings.stop_on_failure;
            if let Some((seen, numbers)) = laboratory.minimise(schedule.clone(), &failure, every) {
                told = laboratory.tell(seen.schedule.clone(), 0);
                if let Some((small, _)) = &told {
                    failure = small.clone();
                    schedule = seen.schedule;
                    minimised = Some(numbers);
                }
            }
        }
        let told = told.or_else(|| laboratory.tell(schedule.clone(), repeat));
        let trace = told.map(|(_, trace)| trace);
        let failing = Failing { schedule: &schedule, repeat };
        let trace_of_first = trace.as_ref().filter(|_| first);
        let turning = trace_of_first.and_then(|trace| turning::find(&mut laboratory, failing, trace));
        let token = self.token(schedule, repeat);
        Counterexample { token, trace, minimised, turning, ..self.without_schedule(failure) }
    }

    /// The token of a failing schedule.
    pub(super) fn token(&self, schedule: Vec<Choice>, repeat: usize) -> String {
        // What loom or the operating system's threads found is kept as a schedule of our own.
        let engine =
            if matches!(self.kind, Kind::Loom | Kind::Native) { Kind::Exhaustive } else { self.kind };
        let Settings { budgets, asked, .. } = self.settings;
        let model = model_hash(&self.name);
        let awaits = if self.settings.spin_assume { self.loops.names() } else { Vec::new() };
        Token { engine: engine as u8, model, asked, budgets, awaits, schedule, repeat }.encode()
    }

    /// A failure of an engine whose schedules are its own, drawn where the same failure exists under
    /// sequential consistency. Where it does not, it is told as the engine ran it, if that was noted.
    pub(super) fn show_foreign(&self, failure: Failure, seen: Option<AsRun>) -> Counterexample {
        let beat = || {
            self.pulse.beats.fetch_add(1, Ordering::Relaxed);
        };
        let found = Laboratory::new(&self.settings, &self.loops, self.body(), &beat).search(&failure);
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

    /// A failure of an engine whose schedules are its own.
    pub(super) fn without_schedule(&self, failure: Failure) -> Counterexample {
        let Failure { kind, message } = failure;
        let (model, asked_by) = (self.name.clone(), self.asked_by.clone());
        let token = String::new();
        let (trace, note, minimised, turning, found_in) = (None, None, None, None, None);
        Counterexample { kind, message, token, trace, model, asked_by, note, minimised, turning, found_in }
    }
}

/// The test that the calling thread runs: libtest names its threads after them.
pub(super) fn running_test() -> Option<String> {
    let thread = std::thread::current();
    let path = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
    thread.name().filter(|name| *name != "main").filter(path).map(str::to_owned)
}
