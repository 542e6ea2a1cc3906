//! The way into a cycle without an end, made shorter.
//!
//! A livelock that repeats has no last step to which the failure could be brought nearer. What can
//! be made smaller is what comes before its first round. An edit of that is kept if the execution then
//! goes round for ever, the same threads with it, and if that is seen sooner. Candidates are run for just
//! as long as it takes to believe in a cycle; whoever asks runs the one that is left in full.

use super::{Laboratory, Minimised, Size, edits};
use crate::engine::forgiving::Forgiving;
use crate::rt::cycles::{Cycle, ROUNDS};
use crate::schedule::Choice;

/// A schedule whose last choices repeat for ever.
#[derive(Clone, Debug)]
pub(crate) struct Endless {
    /// Up to the end of the first round.
    pub(crate) schedule: Vec<Choice>,
    /// The length of a round.
    pub(crate) period: usize,
    /// The threads that move in it, lowest first.
    moving: Vec<u32>,
    size: Size,
}

impl Endless {
    /// What was seen of an execution that reached its bound on steps in a fair cycle.
    pub(super) fn of(cycle: Cycle, mut schedule: Vec<Choice>, preempted: &[usize]) -> Self {
        let Cycle { start, period, .. } = cycle;
        schedule.truncate(start + period);
        let mut moving: Vec<u32> = schedule[start..].iter().map(|choice| choice.thread.0).collect();
        moving.sort_unstable();
        moving.dedup();
        let preemptions = preempted.iter().filter(|&&step| step < start).count();
        Endless { schedule, period, moving, size: Size { preemptions, steps: start } }
    }

    fn way_in(&self) -> &[Choice] {
        &self.schedule[..self.size.steps]
    }

    fn round(&self) -> &[Choice] {
        &self.schedule[self.size.steps..]
    }
}

/// How many steps show a cycle after so many others for what it is.
fn enough(before: usize, period: usize) -> usize {
    2 * before + (2 * ROUNDS + 1) * period
}

impl Laboratory<'_> {
    /// The shortest way found into a cycle in which the same threads go round; nothing if the
    /// schedule does not lead into one.
    pub(crate) fn shorten(&mut self, schedule: Vec<Choice>, period: usize) -> Option<(Endless, Minimised)> {
        let original = self.go_round(schedule, period)?;
        let mut best = original.clone();
        while let Some(better) = self.shorter(&best) {
            best = better;
        }
        let minimised = Minimised { before: original.size, after: best.size, round: Some(best.period) };
        Some((best, minimised))
    }

    fn shorter(&mut self, best: &Endless) -> Option<Endless> {
        let nothing = std::iter::once(Vec::new()).filter(|_| !best.way_in().is_empty());
        for mut edited in nothing.chain(edits(best.way_in())) {
            if self.spent() {
                return None;
            }
            edited.extend(best.round());
            let Some(seen) = self.go_round(edited, best.period) else { continue };
            if seen.moving == best.moving && seen.size < best.size {
                return Some(seen);
            }
        }
        None
    }

    /// Follows a schedule and then its last `period` choices again and again, as closely as the model
    /// allows; the cycle in which it ends, if it does.
    fn go_round(&mut self, schedule: Vec<Choice>, period: usize) -> Option<Endless> {
        let steps = enough(schedule.len(), period);
        self.limited(steps, |laboratory| {
            let mut endless = None;
            let mut scheduler = Forgiving::new(schedule, period);
            laboratory.explore(&mut scheduler, 0, &mut |seen| {
                endless = seen.endless;
                false
            });
            endless
        })
    }

    /// Does something with executions of at most so many steps.
    fn limited<R>(&mut self, steps: usize, f: impl FnOnce(&mut Self) -> R) -> R {
        let most = self.session.execution.borrow().settings.max_steps;
        self.session.execution.borrow_mut().settings.max_steps = steps.min(most);
        let result = f(self);
        self.session.execution.borrow_mut().settings.max_steps = most;
        result
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::config::Settings;
    use crate::op::ThreadId;
    use crate::rt::spinloop::Shared;
    use crate::sync::Arc;
    use crate::sync::atomic::{AtomicBool, Ordering};
    use crate::thread;

    /// Two threads that say "after you" for ever, and one that only looks a few times.
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
        let settings = Settings { max_steps: 1_000, ..Settings::default() };
        let mut laboratory =
            Laboratory::new(&settings, &Shared::default(), Rc::new(after_you_and_a_passer_by), &|| ());
        let step = |thread| Choice { thread: ThreadId(thread), alternative: 0 };
        let round = [0, 1, 0, 1, 0, 1];
        // Both announce themselves; the third comes between, and they go round twice in two ways.
        let way_in = [0, 2, 1, 0, 2, 1, 0, 1, 0, 1, 0, 2, 1, 1, 0, 0, 1, 1, 0];
        let schedule: Vec<Choice> = way_in.into_iter().chain(round).map(step).collect();
        let (endless, minimised) = laboratory.shorten(schedule, round.len()).expect("it goes round");
        assert_eq!((endless.period, endless.moving.as_slice()), (6, [0, 1].as_slice()));
        assert!(minimised.before.steps > 10, "{minimised}");
        // Two say that they are there, and one looks three times.
        assert_eq!(minimised.after.steps, 5, "{minimised}");
        assert!(minimised.after.preemptions < minimised.before.preemptions, "{minimised}");
    }

    #[test]
    fn a_schedule_that_ends_is_not_shortened() {
        let mut laboratory =
            Laboratory::new(&Settings::default(), &Shared::default(), Rc::new(|| ()), &|| ());
        assert!(laboratory.shorten(Vec::new(), 0).is_none());
    }
}
