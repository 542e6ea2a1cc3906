//! Minimises the stem of a lasso: the way into a cycle without an end.
//!
//! A livelock that repeats has no last step before which the failure could be shortened. What can be
//! minimised is the stem, the steps before its first round. An edit of the stem is kept if the execution then
//! still ends in a cycle of the same threads, and if that is detected after fewer steps. Candidates are run
//! only for as long as it takes to detect a cycle; the caller runs the final one in full.

use super::minimize::{Minimised, Size, edits};
use super::replay_runner::ReplayRunner;
use crate::engine::lenient_replay::LenientReplay;
use crate::runtime::lasso::{Lasso, ROUNDS};
use crate::schedule::Choice;

/// A schedule whose last choices repeat for ever.
#[derive(Clone, Debug)]
pub(crate) struct LassoSchedule {
    /// Up to the end of the first round.
    pub(crate) schedule: Vec<Choice>,
    /// The length of the cycle.
    pub(crate) cycle: usize,
    /// The threads that move in it, lowest first.
    moving: Vec<u32>,
    size: Size,
}

impl LassoSchedule {
    /// The lasso of an execution that reached its bound on steps in a fair cycle.
    pub(super) fn of(lasso: Lasso, mut schedule: Vec<Choice>, preempted: &[usize]) -> Self {
        let Lasso { stem, cycle, .. } = lasso;
        schedule.truncate(stem + cycle);
        let mut moving: Vec<u32> = schedule[stem..].iter().map(|choice| choice.thread.0).collect();
        moving.sort_unstable();
        moving.dedup();
        let preemptions = preempted.iter().filter(|&&step| step < stem).count();
        LassoSchedule { schedule, cycle, moving, size: Size { preemptions, steps: stem } }
    }

    fn stem(&self) -> &[Choice] {
        &self.schedule[..self.size.steps]
    }

    fn cycle(&self) -> &[Choice] {
        &self.schedule[self.size.steps..]
    }
}

/// How many steps after the stem suffice to detect a cycle.
fn enough(before: usize, period: usize) -> usize {
    2 * before + (2 * ROUNDS + 1) * period
}

impl ReplayRunner<'_> {
    /// The shortest stem found of a cycle of the same threads; `None` if the schedule does not lead into one.
    pub(crate) fn shorten(
        &mut self,
        schedule: Vec<Choice>,
        period: usize,
    ) -> Option<(LassoSchedule, Minimised)> {
        let original = self.go_round(schedule, period)?;
        let mut best = original.clone();
        while let Some(better) = self.shorter(&best) {
            best = better;
        }
        let minimised = Minimised { before: original.size, after: best.size, round: Some(best.cycle) };
        Some((best, minimised))
    }

    fn shorter(&mut self, best: &LassoSchedule) -> Option<LassoSchedule> {
        let nothing = std::iter::once(Vec::new()).filter(|_| !best.stem().is_empty());
        for mut edited in nothing.chain(edits(best.stem())) {
            if self.spent() {
                return None;
            }
            edited.extend(best.cycle());
            let Some(seen) = self.go_round(edited, best.cycle) else { continue };
            if seen.moving == best.moving && seen.size < best.size {
                return Some(seen);
            }
        }
        None
    }

    /// Follows a schedule and then its last `period` choices again and again, as closely as the model allows;
    /// returns the cycle in which it ends, if it does.
    fn go_round(&mut self, schedule: Vec<Choice>, period: usize) -> Option<LassoSchedule> {
        let steps = enough(schedule.len(), period);
        self.limited(steps, |runner| {
            let mut lasso = None;
            let mut scheduler = LenientReplay::new(schedule, period);
            runner.explore(&mut scheduler, 0, &mut |seen| {
                lasso = seen.lasso;
                false
            });
            lasso
        })
    }

    /// Calls `f` with a bound on the steps of each execution.
    fn limited<R>(&mut self, steps: usize, f: impl FnOnce(&mut Self) -> R) -> R {
        let most = self.session.execution.borrow().limits.max_steps;
        self.session.execution.borrow_mut().limits.max_steps = steps.min(most);
        let result = f(self);
        self.session.execution.borrow_mut().limits.max_steps = most;
        result
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::op::ThreadId;
    use crate::runtime::limits::Limits;
    use crate::runtime::spinloop::Shared;
    use crate::sync::Arc;
    use crate::sync::atomic::{AtomicBool, Ordering};
    use crate::thread;

    /// Two threads that give way to each other for ever, and a third that only reads a few times.
    fn after_you_and_a_passer_by() {
        let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let polite = |flags: &[AtomicBool; 2], me: usize| {
            flags[me].store(true, Ordering::SeqCst);
            while flags[1 - me].load(Ordering::SeqCst) {
                flags[me].store(false, Ordering::SeqCst);
                flags[me].store(true, Ordering::SeqCst);
            }
        };
        let (theirs, seen) = (Arc::clone(&flags), Arc::clone(&flags));
        thread::spawn(move || polite(&theirs, 1));
        thread::spawn(move || (0..3).for_each(|_| _ = seen[0].load(Ordering::SeqCst)));
        polite(&flags, 0);
    }

    #[test]
    fn the_way_into_a_cycle_loses_its_detours_and_the_cycle_stays() {
        let limits = Limits { max_steps: 1_000, ..Limits::default() };
        let mut runner =
            ReplayRunner::new(limits, true, &Shared::default(), Rc::new(after_you_and_a_passer_by), &|| ());
        let step = |thread| Choice { thread: ThreadId(thread), alternative: 0 };
        let round = [0, 1, 0, 1, 0, 1];
        // Both set their flags; the third thread is scheduled in between, and the two pass the cycle twice,
        // in two orders.
        let way_in = [0, 2, 1, 0, 2, 1, 0, 1, 0, 1, 0, 2, 1, 1, 0, 0, 1, 1, 0];
        let schedule: Vec<Choice> = way_in.into_iter().chain(round).map(step).collect();
        let (lasso, minimised) = runner.shorten(schedule, round.len()).expect("it goes round");
        assert_eq!((lasso.cycle, lasso.moving.as_slice()), (6, [0, 1].as_slice()));
        assert!(minimised.before.steps > 10, "{minimised}");
        // Two set their flags, and one reads three times.
        assert_eq!(minimised.after.steps, 5, "{minimised}");
        assert!(minimised.after.preemptions < minimised.before.preemptions, "{minimised}");
    }

    #[test]
    fn a_schedule_that_ends_is_not_shortened() {
        let mut runner =
            ReplayRunner::new(Limits::default(), true, &Shared::default(), Rc::new(|| ()), &|| ());
        assert!(runner.shorten(Vec::new(), 0).is_none());
    }
}
