//! Repeating cycles: how an execution that does not end is told from one that is merely long.
//!
//! When an execution reaches its bound on steps, its tail is searched for a cycle: the same threads
//! perform the same operations and see the same values, over and over. If every thread that could
//! have moved all through the cycle did move in it, no fair scheduler gets the program out of it: a
//! livelock. If some thread was passed over, the cycle is the schedule's fault and shows nothing.
//!
//! The local states of the threads are compared too, so a loop that counts on its stack is no cycle. What is
//! kept in the heap is not seen, so a cycle must fill most of a long execution before it is believed.

use std::collections::BTreeSet;

use crate::op::{ObjectId, Site, State, ThreadId, ThreadSet};
use crate::rt::local_state::LocalState;

/// One step, as far as cycles are concerned.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) thread: ThreadId,
    /// The name of the operation and its object, unless it was none.
    pub(crate) op: Option<(&'static str, ObjectId)>,
    pub(crate) site: Option<Site>,
    /// The value that it met.
    pub(crate) met: State,
    /// The thread's local state before it, where that was observed.
    pub(crate) local: Option<LocalState>,
    /// Who could have moved instead.
    pub(crate) enabled: ThreadSet,
}

impl PartialEq for Mark {
    fn eq(&self, other: &Mark) -> bool {
        let did = |mark: &Mark| (mark.thread, mark.met, mark.op, mark.site);
        did(self) == did(other)
    }
}

/// A cycle at the end of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cycle {
    /// The steps before it begins.
    pub(crate) start: usize,
    /// Its length in steps.
    pub(crate) period: usize,
    /// How often it repeats.
    pub(crate) rounds: usize,
    /// Whether every thread that could have moved all along does.
    pub(crate) fair: bool,
}

/// A cycle must repeat at least so often to be believed.
pub(crate) const ROUNDS: usize = 16;

/// The shortest cycle that fills at least half of the execution, if there is one, whatever the threads' local
/// states are in it.
pub(crate) fn find(marks: &[Mark]) -> Option<Cycle> {
    (1..=marks.len() / (2 * ROUNDS)).find_map(|period| {
        let alike =
            marks.iter().rev().zip(marks.iter().rev().skip(period)).take_while(|(a, b)| a == b).count();
        let repeated = alike + period;
        let rounds = repeated / period;
        if rounds < ROUNDS || repeated * 2 < marks.len() {
            return None;
        }
        let last = &marks[marks.len() - period..];
        let moving: ThreadSet = last.iter().map(|mark| mark.thread).collect();
        let passed_over = last[0]
            .enabled
            .without(&moving)
            .any(|thread| last.iter().all(|mark| mark.enabled.contains(thread)));
        Some(Cycle { start: marks.len() - repeated, period, rounds, fair: !passed_over })
    })
}

/// Whether the local states of all threads were the same at the end of two rounds of a cycle: the whole state
/// repeats then. In a cycle of a thread that counts they never are.
pub(crate) fn repeats_wholly(marks: &[Mark], cycle: Cycle) -> bool {
    let mut seen = BTreeSet::new();
    marks[cycle.start..]
        .rchunks_exact(cycle.period)
        .map(|round| round.iter().map(|mark| mark.local).collect::<Option<Vec<_>>>())
        .map_while(|round| round)
        .any(|round| !seen.insert(round))
}

/// How many of the last steps may lie outside of a cycle that is only to be tried again. A search turns
/// the last choices round first, so the execution that meets the bound has usually left its cycle just
/// before.
const TAIL: usize = 64;

/// The cycle in which an execution was until shortly before its end. That shows nothing by itself.
pub(crate) fn find_before_the_end(marks: &[Mark]) -> Option<Cycle> {
    (1..=TAIL.min(marks.len())).find_map(|tail| find(&marks[..marks.len() - tail]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(thread: u32, met: u64, enabled: u64) -> Mark {
        let enabled = (0..64).filter(|t| enabled >> t & 1 == 1).map(ThreadId).collect();
        Mark { thread: ThreadId(thread), op: None, site: None, met, local: None, enabled }
    }

    #[test]
    fn a_cycle_in_which_everybody_moves_is_fair() {
        let marks: Vec<Mark> = (0..200).map(|i| mark(i % 2, u64::from(i % 4), 0b11)).collect();
        let cycle = find(&marks).expect("it repeats");
        assert_eq!((cycle.period, cycle.rounds, cycle.fair), (4, 50, true));
    }

    #[test]
    fn a_cycle_that_passes_somebody_over_is_not() {
        let marks: Vec<Mark> = (0..100).map(|_| mark(0, 7, 0b11)).collect();
        assert!(!find(&marks).expect("it repeats").fair);
    }

    #[test]
    fn a_thread_that_is_disabled_now_and_then_is_not_passed_over() {
        let marks: Vec<Mark> = (0..100).map(|i| mark(0, i % 2, 0b01 | (i % 2) << 1)).collect();
        assert!(find(&marks).expect("it repeats").fair);
    }

    #[test]
    fn a_cycle_that_was_left_at_the_last_moment_is_found_when_it_is_asked_for() {
        let mut marks: Vec<Mark> = (0..200).map(|i| mark(i % 2, u64::from(i % 4), 0b11)).collect();
        marks.extend([mark(0, 7, 0b11), mark(0, 8, 0b11), mark(0, 9, 0b11)]);
        assert_eq!(find(&marks), None);
        let cycle = find_before_the_end(&marks).expect("it repeats");
        assert_eq!((cycle.start, cycle.period, cycle.rounds), (0, 4, 50));
    }

    #[test]
    fn work_that_goes_on_is_no_cycle() {
        let marks: Vec<Mark> = (0..100).map(|i| mark(0, i, 1)).collect();
        assert_eq!(find(&marks), None);
        assert_eq!(find_before_the_end(&marks), None);
    }
}
