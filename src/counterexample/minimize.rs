//! The failing schedule, reduced to the fewest preemptions and then the fewest steps that still fail
//! in the same way.
//!
//! Readers understand an interleaving by its switches: nearly every concurrency bug needs one or two
//! (Musuvathi and Qadeer, PLDI 2007), and an engine that found it by chance or by reduction shows many more.
//! First a depth-first search looks below the schedule's number of preemptions, smallest bound first; then
//! edits of the schedule (two runs of a thread joined, a run or a step dropped) are kept as long as they
//! help, as in delta debugging (Zeller, TSE 2002). All of it is deterministic and within a budget of
//! executions and steps, so large models may keep more preemptions than they need; what is printed is what
//! was replayed.

use std::fmt;
use std::rc::Rc;

use super::replay_runner::{ReplayRunner, Seen};
use crate::engine::dfs::Dfs;
use crate::engine::replay::Replay;
use crate::failure::FailureKind;
use crate::runtime::execution::Failure;
use crate::schedule::Choice;

/// The preemption bound of the search for a failure of another engine: two show nearly all of them.
pub(crate) const FEW_PREEMPTIONS: usize = 2;
/// The part of the budget that is reserved for the search by edits, even if the search by bounds does not
/// finish.
const FOR_EDITS: usize = 500;

/// A schedule's length in the two measures that a reader notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    pub(crate) preemptions: usize,
    pub(crate) steps: usize,
}

/// The result of minimisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minimised {
    pub(crate) before: Size,
    pub(crate) after: Size,
    /// How many steps repeat for ever after these, if any do.
    pub(crate) round: Option<usize>,
}

impl fmt::Display for Minimised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |before: usize, after: usize, word: &str| {
            let s = if before == 1 && after == 1 { "" } else { "s" };
            if before == after {
                format!("{before} {word}{s}")
            } else {
                format!("{before} {word}{s} → {after}")
            }
        };
        let Minimised { before, after, round } = self;
        let preemptions = part(before.preemptions, after.preemptions, "preemption");
        write!(f, "{preemptions}; {}", part(before.steps, after.steps, "step"))?;
        if let Some(round) = round {
            write!(f, " before the {round} that repeat")?;
        }
        Ok(())
    }
}

impl ReplayRunner<'_> {
    /// The smallest schedule found that fails like the given one, and the given one as it was replayed;
    /// `None` if it does not fail again. `exactly`: with the same message, because other messages are other
    /// counterexamples.
    ///
    /// An execution that was run to its end may have more than one failure, of which the search reported
    /// `found`; when the first failure ends the execution, another one of them may come first. Then a
    /// schedule is searched that fails as `found`.
    pub(crate) fn minimise(
        &mut self,
        schedule: Vec<Choice>,
        found: &Failure,
        exactly: bool,
    ) -> Option<(Seen, Minimised)> {
        let mut original = None;
        self.explore(&mut Replay::new(schedule, 0), 0, &mut |seen| {
            original = Some(seen);
            false
        });
        let mut original = original?;
        if original.failure.as_ref().is_some_and(|failure| failure.kind != found.kind)
            && let Some(as_found) = self.search(found)
        {
            original = as_found;
        }
        let failure = original.failure.clone()?;
        let alike = |seen: &Seen| {
            seen.failure.as_ref().is_some_and(|other| {
                let message = !exactly || other.message == failure.message;
                let place = failure.kind != FailureKind::Panic || seen.place == original.place;
                other.kind == failure.kind && message && place
            })
        };
        let mut best = original.clone();
        let mut proven = false;
        for bound in 0..=original.size.preemptions {
            let at_last = bound >= best.size.preemptions;
            let mut dfs = Dfs::new(Some(bound));
            let mut found = false;
            self.explore(&mut dfs, FOR_EDITS, &mut |seen| {
                if alike(&seen) {
                    found = true;
                    if seen.size < best.size {
                        best = seen;
                    }
                }
                true
            });
            if found || at_last || self.executions <= FOR_EDITS {
                // The search was exhaustive, so nothing smaller fails.
                proven = self.executions > FOR_EDITS && self.steps > 0;
                break;
            }
        }
        while !proven && let Some(better) = self.improve(&best, &alike) {
            best = better;
        }
        let minimised = Minimised { before: original.size, after: best.size, round: None };
        Some((best, minimised))
    }

    /// A failure of this kind, for engines with schedules of their own; for a panic, with this message.
    pub(crate) fn search(&mut self, failure: &Failure) -> Option<Seen> {
        let mut found = None;
        for bound in 0..=FEW_PREEMPTIONS {
            self.explore(&mut Dfs::new(Some(bound)), 0, &mut |seen| {
                let alike = seen.failure.as_ref().is_some_and(|other| {
                    let said = failure.kind != FailureKind::Panic || other.message == failure.message;
                    other.kind == failure.kind && said
                });
                if alike {
                    found = Some(seen);
                }
                !alike
            });
            if found.is_some() {
                break;
            }
        }
        found
    }

    /// The first edit of a schedule that is smaller and fails alike.
    fn improve(&mut self, best: &Seen, alike: &dyn Fn(&Seen) -> bool) -> Option<Seen> {
        for edited in edits(&best.schedule) {
            if self.spent() {
                return None;
            }
            let seen = self.try_schedule(edited, 0)?;
            if seen.size < best.size && alike(&seen) {
                return Some(seen);
            }
        }
        None
    }
}

/// The edits of a schedule that may make it smaller, those that save most first.
pub(super) fn edits(schedule: &[Choice]) -> impl Iterator<Item = Vec<Choice>> {
    let mut runs: Vec<Vec<Choice>> = Vec::new();
    for &choice in schedule {
        match runs.last_mut() {
            Some(run) if run[0].thread == choice.thread => run.push(choice),
            _ => runs.push(vec![choice]),
        }
    }
    let runs = Rc::new(runs);
    let (a, b, c) = (Rc::clone(&runs), Rc::clone(&runs), Rc::clone(&runs));
    // A run is moved up to an earlier run, or down to a later run, of its thread.
    let joined = (0..runs.len()).rev().flat_map(move |from| {
        let runs = Rc::clone(&a);
        let thread = runs[from][0].thread;
        let others: Vec<usize> =
            (0..runs.len()).filter(|&to| to != from && runs[to][0].thread == thread).collect();
        others.into_iter().map(move |to| {
            let mut edited = (*runs).clone();
            let moved = std::mem::take(&mut edited[from]);
            if to < from {
                edited[to].extend(moved);
            } else {
                edited[to].splice(0..0, moved);
            }
            edited.concat()
        })
    });
    let dropped = (0..runs.len()).rev().map(move |at| {
        let mut edited = (*b).clone();
        edited.remove(at);
        edited.concat()
    });
    let length = schedule.len();
    let stepped = (0..length).rev().map(move |at| {
        let mut edited = c.concat();
        edited.remove(at);
        edited
    });
    let plain = schedule.to_vec();
    let usual = (0..length).filter_map(move |at| {
        let mut edited = plain.clone();
        (edited[at].alternative != 0).then(|| {
            edited[at].alternative = 0;
            edited
        })
    });
    joined.chain(dropped).chain(stepped).chain(usual)
}
