//! Lassos, a stem and a cycle that repeats: how an execution without an end is told from one that is merely
//! long.
//!
//! When an execution reaches its bound on steps, its tail is searched for a cycle: the same threads perform
//! the same operations and read the same values, repeatedly. If every thread that was enabled all through the
//! cycle did move in it, no fair scheduler leaves the cycle: a livelock. If some thread was passed over, the
//! cycle is due to the schedule and shows nothing.
//!
//! The local states of the threads are compared too, so a loop that counts on its stack is no cycle. The heap
//! is not observed, so a cycle must fill most of a long execution before it is reported.

use std::collections::BTreeSet;

use crate::op::{ObjectId, Site, State, ThreadId, ThreadSet};
use crate::runtime::local_state::LocalState;

/// A record of one step, for the detection of cycles.
#[derive(Clone, Debug)]
pub(crate) struct StepRecord {
    pub(crate) thread: ThreadId,
    /// The name of the operation and its object, if the step was one.
    pub(crate) op: Option<(&'static str, ObjectId)>,
    pub(crate) site: Option<Site>,
    /// The value before the step.
    pub(crate) met: State,
    /// The thread's local state before it, if that was recorded.
    pub(crate) local: Option<LocalState>,
    /// The threads that could have moved instead.
    pub(crate) enabled: ThreadSet,
}

impl PartialEq for StepRecord {
    fn eq(&self, other: &StepRecord) -> bool {
        let did = |record: &StepRecord| (record.thread, record.met, record.op, record.site);
        did(self) == did(other)
    }
}

/// An execution that ends in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lasso {
    /// The steps before the cycle.
    pub(crate) stem: usize,
    /// The length of the cycle in steps.
    pub(crate) cycle: usize,
    /// How often it repeats.
    pub(crate) rounds: usize,
    /// Whether every thread that was enabled all through the cycle moves in it.
    pub(crate) fair: bool,
}

/// A cycle must repeat at least so often to be reported.
pub(crate) const ROUNDS: usize = 16;

/// The shortest cycle that fills at least half of the execution, if there is one, whatever the threads' local
/// states are in it.
pub(crate) fn find(records: &[StepRecord]) -> Option<Lasso> {
    (1..=records.len() / (2 * ROUNDS)).find_map(|period| {
        let alike =
            records.iter().rev().zip(records.iter().rev().skip(period)).take_while(|(a, b)| a == b).count();
        let repeated = alike + period;
        let rounds = repeated / period;
        if rounds < ROUNDS || repeated * 2 < records.len() {
            return None;
        }
        let last = &records[records.len() - period..];
        let moving: ThreadSet = last.iter().map(|record| record.thread).collect();
        let passed_over = last[0]
            .enabled
            .without(&moving)
            .any(|thread| last.iter().all(|record| record.enabled.contains(thread)));
        Some(Lasso { stem: records.len() - repeated, cycle: period, rounds, fair: !passed_over })
    })
}

/// Whether the local states of all threads were the same at the end of two rounds of a cycle: then the whole
/// state repeats. In a cycle with a counting thread they never are.
pub(crate) fn repeats_wholly(records: &[StepRecord], lasso: Lasso) -> bool {
    let mut seen = BTreeSet::new();
    records[lasso.stem..]
        .rchunks_exact(lasso.cycle)
        .map(|round| round.iter().map(|record| record.local).collect::<Option<Vec<_>>>())
        .map_while(|round| round)
        .any(|round| !seen.insert(round))
}

/// How many of the last steps may be outside a cycle that is only a candidate for a fair continuation. A
/// search changes the last choices first, so the execution that reaches the bound has usually left its cycle
/// just before.
const TAIL: usize = 64;

/// The cycle in which an execution was until shortly before its end. It is no proof by itself.
pub(crate) fn find_before_the_end(records: &[StepRecord]) -> Option<Lasso> {
    (1..=TAIL.min(records.len())).find_map(|tail| find(&records[..records.len() - tail]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(thread: u32, met: u64, enabled: u64) -> StepRecord {
        let enabled = (0..64).filter(|t| enabled >> t & 1 == 1).map(ThreadId).collect();
        StepRecord { thread: ThreadId(thread), op: None, site: None, met, local: None, enabled }
    }

    #[test]
    fn a_cycle_in_which_everybody_moves_is_fair() {
        let records: Vec<StepRecord> = (0..200).map(|i| record(i % 2, u64::from(i % 4), 0b11)).collect();
        let lasso = find(&records).expect("it repeats");
        assert_eq!((lasso.cycle, lasso.rounds, lasso.fair), (4, 50, true));
    }

    #[test]
    fn a_cycle_that_passes_somebody_over_is_not() {
        let records: Vec<StepRecord> = (0..100).map(|_| record(0, 7, 0b11)).collect();
        assert!(!find(&records).expect("it repeats").fair);
    }

    #[test]
    fn a_thread_that_is_disabled_now_and_then_is_not_passed_over() {
        let records: Vec<StepRecord> = (0..100).map(|i| record(0, i % 2, 0b01 | (i % 2) << 1)).collect();
        assert!(find(&records).expect("it repeats").fair);
    }

    #[test]
    fn a_cycle_that_was_left_at_the_last_moment_is_found_when_it_is_asked_for() {
        let mut records: Vec<StepRecord> = (0..200).map(|i| record(i % 2, u64::from(i % 4), 0b11)).collect();
        records.extend([record(0, 7, 0b11), record(0, 8, 0b11), record(0, 9, 0b11)]);
        assert_eq!(find(&records), None);
        let lasso = find_before_the_end(&records).expect("it repeats");
        assert_eq!((lasso.stem, lasso.cycle, lasso.rounds), (0, 4, 50));
    }

    #[test]
    fn work_that_goes_on_is_no_cycle() {
        let records: Vec<StepRecord> = (0..100).map(|i| record(0, i, 1)).collect();
        assert_eq!(find(&records), None);
        assert_eq!(find_before_the_end(&records), None);
    }
}
