//! The nearest passing schedule: the one race, or the one choice, whose reversal makes the model pass.
//!
//! Two steps of different threads on one object that do not commute are a race. The races of the
//! counterexample are reversed one at a time, the last first: what happened of the second step's
//! thread since the first step is moved before it, and the rest is left as it was as far as the model
//! allows. What is reported was seen: the execution passed, and in it both steps happen, the other way
//! round. It is one reason among several, and not every failure has one: some fail in any order.
//!
//! Of a livelock that repeats, the races up to the end of its first round are reversed, and then the same
//! choices are repeated as before: who gets out of the circle owes it to the reversal, for without it
//! they go round for ever.

use crate::minimize::{Laboratory, passes};
use crate::op::ThreadId;
use crate::schedule::Choice;
use crate::trace::{Event, Mark, Place, Trace};

/// How many reversals are tried.
const TRIES: usize = 400;
/// How far back from the failure the later of two steps may be.
const WINDOW: usize = 1_000;

/// A step, named for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) thread: String,
    /// `n.load`.
    pub(crate) what: String,
    pub(crate) place: Option<Place>,
}

/// What the failure turns on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turning {
    /// The order of two steps, as it was in the failing execution.
    Order { earlier: Step, later: Step },
    /// An alternative.
    Choice { of: Step, taken: u32, instead: u32 },
    /// The threads of a livelock go round whichever one of so many races is reversed; all that there are
    /// were tried, or as many as there was time for.
    Neither { reversals: usize, all: bool },
}

/// A schedule, and how many of its last choices repeat for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failing<'a> {
    pub(crate) schedule: &'a [Choice],
    pub(crate) repeat: usize,
}

impl Failing<'_> {
    /// What the schedule is followed by.
    fn round(&self) -> &[Choice] {
        &self.schedule[self.schedule.len() - self.repeat..]
    }
}

/// Looks for what the failure turns on.
pub(crate) fn find(laboratory: &mut Laboratory<'_>, failing: Failing<'_>, trace: &Trace) -> Option<Turning> {
    laboratory.grant(TRIES);
    let mut tried = 0;
    let found = order(laboratory, failing, trace, &mut tried).or_else(|| choice(laboratory, failing, trace));
    let neither = || Turning::Neither { reversals: tried, all: !laboratory.spent() };
    found.or_else(|| (failing.repeat > 0).then(neither))
}

fn step(trace: &Trace, event: &Event) -> Step {
    let what = event.short.clone();
    Step { thread: trace.threads[event.thread].clone(), what, place: event.place.clone() }
}

fn order(
    laboratory: &mut Laboratory<'_>,
    failing: Failing<'_>,
    trace: &Trace,
    tried: &mut usize,
) -> Option<Turning> {
    let Failing { schedule, repeat } = failing;
    // Later rounds of a cycle are like its first.
    let end = trace.events.iter().position(|e| repeat > 0 && e.step >= schedule.len());
    let events = &trace.events[..end.unwrap_or(trace.events.len())];
    for (at, later) in events.iter().enumerate().rev().take(WINDOW) {
        let Some(access) = later.access else { continue };
        // Somebody who waits to the end has not had its turn; who waited and went on is met there.
        let waits = later.mark == Mark::Wait;
        let goes_on = || events[at + 1..].iter().any(|e| e.thread == later.thread && e.chosen);
        // Who gives a lock back races with nobody: the race is between those who take it.
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
            if laboratory.spent() {
                return None;
            }
            *tried += 1;
            let mut reversed = reverse(schedule, earlier.step, later);
            reversed.extend(failing.round());
            let Some(seen) = laboratory.try_schedule(reversed, repeat) else { continue };
            if passes(&seen) {
                let passing = laboratory.tell_whatever(seen.schedule);
                if swapped(trace, &passing, earlier, later) {
                    return Some(Turning::Order { earlier: step(trace, earlier), later: step(trace, later) });
                }
            }
        }
    }
    None
}

/// The schedule with the later step's thread up to that step before the earlier step.
fn reverse(schedule: &[Choice], earlier: usize, later: &Event) -> Vec<Choice> {
    let thread = ThreadId(later.thread as u32);
    let end = if later.mark == Mark::Wait { schedule.len() } else { (later.step + 1).min(schedule.len()) };
    let (before, rest) = schedule.split_at(earlier.min(end));
    let (between, after) = rest.split_at(end - before.len());
    let mine = between.iter().filter(|choice| choice.thread == thread);
    let others = between.iter().filter(|choice| choice.thread != thread);
    let waited = (later.mark == Mark::Wait).then_some(Choice { thread, alternative: 0 });
    before.iter().chain(mine).chain(waited.as_ref()).chain(others).chain(after).copied().collect()
}

/// Whether both steps happen in the passing execution, the other way round. A step is known by its
/// thread and by how many of the same kind, at the same line, that thread has taken before it.
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

fn choice(laboratory: &mut Laboratory<'_>, failing: Failing<'_>, trace: &Trace) -> Option<Turning> {
    let Failing { schedule, repeat } = failing;
    for event in trace.events.iter().rev().filter(|e| e.chosen && e.short == "choose") {
        let Some(taken) = schedule.get(event.step).map(|choice| choice.alternative) else { continue };
        for instead in 0..=taken + 1 {
            if instead == taken || laboratory.spent() {
                continue;
            }
            let mut other = schedule.to_vec();
            other[event.step].alternative = instead;
            let Some(seen) = laboratory.try_schedule(other, repeat) else { continue };
            let took = seen.schedule.get(event.step).is_some_and(|choice| choice.alternative == instead);
            if took && passes(&seen) {
                return Some(Turning::Choice { of: step(trace, event), taken, instead });
            }
        }
    }
    None
}
