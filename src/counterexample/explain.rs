//! The nearest passing schedule: the one race, or the one choice, whose reversal makes the model pass.
//!
//! Two steps of different threads on one object that do not commute are a race. The races of the
//! counterexample are reversed one at a time, the last first: the steps that the second step's thread took
//! since the first step are moved before it, and the rest is left as it was as far as the model allows. Only
//! observed results are reported: the execution passed, and in it both steps happen, in the reverse order. It
//! is one cause among several, and not every failure has one: some fail in any order.
//!
//! In a livelock that repeats, the races up to the end of its first round are reversed, and then the same
//! choices are repeated as before: a thread that then leaves the cycle does so because of the reversal, for
//! without it the cycle has no end.

use crate::counterexample::replay_runner::{ReplayRunner, passes};
use crate::op::ThreadId;
use crate::runtime::cast::SourceLine;
use crate::schedule::Choice;
use crate::trace::{Event, EventKind, Trace};

/// The budget of executions for reversals.
const TRIES: usize = 400;
/// How many events before the failure the later of two steps may be.
const WINDOW: usize = 1_000;

/// A step, described for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) thread: String,
    /// The operation: `n.load`.
    pub(crate) what: String,
    pub(crate) place: Option<SourceLine>,
}

/// The race or the choice whose reversal makes the model pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RaceReversal {
    /// The order of two steps in the failing execution.
    Order { earlier: Step, later: Step },
    /// The alternative that a choice took.
    Choice { of: Step, taken: u32, instead: u32 },
    /// The threads of a livelock stay in a cycle after each of this many race reversals; `all` if no race was
    /// left out for lack of budget.
    Neither { reversals: usize, all: bool },
}

/// A schedule, and how many of its last choices repeat for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failing<'a> {
    pub(crate) schedule: &'a [Choice],
    pub(crate) repeat: usize,
}

impl Failing<'_> {
    /// The choices that repeat after the schedule.
    fn round(&self) -> &[Choice] {
        &self.schedule[self.schedule.len() - self.repeat..]
    }
}

/// Looks for a race reversal, or another alternative of a choice, that makes the model pass.
pub(crate) fn find(
    runner: &mut ReplayRunner<'_>,
    failing: Failing<'_>,
    trace: &Trace,
) -> Option<RaceReversal> {
    runner.grant(TRIES);
    let mut tried = 0;
    let found = order(runner, failing, trace, &mut tried).or_else(|| choice(runner, failing, trace));
    let neither = || RaceReversal::Neither { reversals: tried, all: !runner.spent() };
    found.or_else(|| (failing.repeat > 0).then(neither))
}

fn step(trace: &Trace, event: &Event) -> Step {
    let what = event.short.clone();
    Step { thread: trace.threads[event.thread].clone(), what, place: event.place.clone() }
}

fn order(
    runner: &mut ReplayRunner<'_>,
    failing: Failing<'_>,
    trace: &Trace,
    tried: &mut usize,
) -> Option<RaceReversal> {
    let Failing { schedule, repeat } = failing;
    // Later rounds of a cycle repeat its first.
    let end = trace.events.iter().position(|e| repeat > 0 && e.step >= schedule.len());
    let events = &trace.events[..end.unwrap_or(trace.events.len())];
    for (at, later) in events.iter().enumerate().rev().take(WINDOW) {
        let Some(access) = later.access else { continue };
        // A thread that waits to the end has not taken this step; if it waited and went on, the step itself
        // is in the trace.
        let waits = later.kind == EventKind::Wait;
        let goes_on = || events[at + 1..].iter().any(|e| e.thread == later.thread && e.chosen);
        // A release is part of no race: the race is between the acquisitions.
        if later.touch.gives || !(later.chosen || waits && !goes_on()) {
            continue;
        }
        for earlier in events[..at].iter().rev() {
            let races = earlier.chosen
                && !earlier.touch.gives
                && earlier.thread != later.thread
                && earlier.object == later.object
                && earlier.access.is_some_and(|other| other.conflicts(access));
            if !races {
                continue;
            }
            if runner.spent() {
                return None;
            }
            *tried += 1;
            let mut reversed = reverse(schedule, earlier.step, later);
            reversed.extend(failing.round());
            let Some(seen) = runner.try_schedule(reversed, repeat) else { continue };
            if passes(&seen) {
                let passing = runner.tell_whatever(seen.schedule);
                if swapped(trace, &passing, earlier, later) {
                    return Some(RaceReversal::Order {
                        earlier: step(trace, earlier),
                        later: step(trace, later),
                    });
                }
            }
        }
    }
    None
}

/// The schedule in which the later step's thread is moved, up to that step, before the earlier step.
fn reverse(schedule: &[Choice], earlier: usize, later: &Event) -> Vec<Choice> {
    let thread = ThreadId(later.thread as u32);
    let end =
        if later.kind == EventKind::Wait { schedule.len() } else { (later.step + 1).min(schedule.len()) };
    let (before, rest) = schedule.split_at(earlier.min(end));
    let (between, after) = rest.split_at(end - before.len());
    let mine = between.iter().filter(|choice| choice.thread == thread);
    let others = between.iter().filter(|choice| choice.thread != thread);
    let waited = (later.kind == EventKind::Wait).then_some(Choice { thread, alternative: 0 });
    before.iter().chain(mine).chain(waited.as_ref()).chain(others).chain(after).copied().collect()
}

/// Whether both steps happen in the passing execution, in the reverse order. A step is identified by its
/// thread and by the number of steps of the same kind, at the same line, that the thread took before it.
fn swapped(failing: &Trace, passing: &Trace, earlier: &Event, later: &Event) -> bool {
    let same = |a: &Event, b: &Event| {
        a.thread == b.thread && a.access.is_some() && a.short == b.short && a.place == b.place
    };
    let find = |event: &Event| {
        let nth = failing.events.iter().filter(|e| e.chosen && e.step < event.step && same(e, event)).count();
        let alike = passing.events.iter().enumerate().filter(|(_, e)| e.chosen && same(e, event));
        alike.map(|(at, _)| at).nth(nth)
    };
    matches!((find(earlier), find(later)), (Some(earlier), Some(later)) if later < earlier)
}

fn choice(runner: &mut ReplayRunner<'_>, failing: Failing<'_>, trace: &Trace) -> Option<RaceReversal> {
    let Failing { schedule, repeat } = failing;
    for event in trace.events.iter().rev().filter(|e| e.chosen && e.short == "choose") {
        let Some(taken) = schedule.get(event.step).map(|choice| choice.alternative) else { continue };
        for instead in 0..=taken + 1 {
            if instead == taken || runner.spent() {
                continue;
            }
            let mut other = schedule.to_vec();
            other[event.step].alternative = instead;
            let Some(seen) = runner.try_schedule(other, repeat) else { continue };
            let took = seen.schedule.get(event.step).is_some_and(|choice| choice.alternative == instead);
            if took && passes(&seen) {
                return Some(RaceReversal::Choice { of: step(trace, event), taken, instead });
            }
        }
    }
    None
}
