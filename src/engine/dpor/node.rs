//! The points of an execution, with the unexplored branches of each.

use super::wakeup_tree::{Branch, Initial, Step, Then, initial, insert};
use super::work_sharing::{BranchId, WorkSharing};
use crate::engine::diverged;
use crate::engine::taken::Taken;
use crate::failure::Reason;
use crate::op::ThreadSet;
use crate::runtime::execution::Execution;
use crate::runtime::happens_before::Alternatives;
use crate::schedule::Choice;

/// A point of the current execution.
#[allow(clippy::struct_excessive_bools)] // Independent flags.
#[derive(Debug)]
pub(super) struct Node {
    /// The step that is currently taken from here.
    pub(super) step: Step,
    /// The alternatives of that step.
    pub(super) alternatives: Alternatives,
    /// A record of a step that was taken from here, if one was.
    pub(super) taken: Option<Taken>,
    /// True if that was an earlier step than the present one.
    turned: bool,
    /// True if this worker has taken the present step.
    met: bool,
    /// Steps whose continuations are all explored elsewhere, until a dependent step is taken.
    pub(super) sleep: Vec<Step>,
    /// How many of them slept when the point was made; the others were taken from here.
    inherited: usize,
    pub(super) plan: Todo,
    /// True if the step that is taken now turned out not to be a step: its thread waits.
    pub(super) is_none: bool,
    /// True if a sequence may have been left out because a step that sleeps here covers it. The next sequence
    /// with the same beginning may be longer, and not be covered.
    pub(super) left_out: bool,
}

/// Where the unexplored branches of a point are stored.
#[derive(Debug)]
pub(super) enum Todo {
    /// Here: only one worker visits the point.
    Own(Vec<Branch>),
    /// In the shared tree.
    Shared(BranchId),
}

impl Node {
    /// A point whose step this worker has not taken yet.
    pub(super) fn new(step: Step, sleep: Vec<Step>, plan: Todo) -> Self {
        let inherited = sleep.len();
        let alternatives = Alternatives::One;
        // What other workers have left out is unknown, so it is assumed.
        let left_out = matches!(plan, Todo::Shared(_));
        Node {
            step,
            alternatives,
            taken: None,
            turned: false,
            met: false,
            sleep,
            inherited,
            plan,
            is_none: false,
            left_out,
        }
    }

    /// Checks that the step can be taken, and is the computed one, or the same as the last time.
    #[inline]
    pub(super) fn meet(&mut self, execution: &Execution, enabled: &ThreadSet) -> bool {
        let Step { thread, alternative, touches, .. } = &self.step;
        if !enabled.contains(*thread) {
            return false;
        }
        let alike = self.taken.as_ref().is_none_or(|known| {
            if self.turned {
                known.point().is(execution, enabled)
            } else {
                known.is(execution, *thread, enabled)
            }
        });
        if self.met || !alike {
            return alike;
        }
        self.alternatives = execution.alternatives(*thread);
        if *touches != execution.touches(*thread) || !self.alternatives.contains(*alternative) {
            return false;
        }
        (self.taken, self.turned, self.met) = (Some(Taken::of(execution, *thread, enabled)), false, true);
        true
    }

    /// Adds the record of a step that another worker took from here: this one, or, if it `turned`, one before
    /// it.
    pub(super) fn knowing(self, taken: Option<Taken>, turned: bool) -> Self {
        Node { taken, turned, ..self }
    }

    /// Why the step cannot be taken as it was computed, or as it was the last time.
    #[cold]
    pub(super) fn diverged(&self, execution: &Execution, enabled: &ThreadSet, depth: usize) -> Reason {
        match &self.taken {
            Some(known) if !self.turned => diverged::step(execution, depth, self.step.thread, known, enabled),
            Some(known) if !known.point().is(execution, enabled) => {
                diverged::point(execution, depth, known.point(), enabled)
            }
            _ => diverged::unforeseen(execution, depth, self.step.thread),
        }
    }

    /// The step as a choice of the schedule.
    #[inline]
    pub(super) fn choice(&self) -> Choice {
        Choice { thread: self.step.thread, alternative: self.step.alternative }
    }

    /// Whether the step, with this alternative, was taken from here or is known to be explored elsewhere.
    #[inline]
    pub(super) fn took(&self, alternative: u32) -> bool {
        let alike = |step: &Step| (step.thread, step.alternative) == (self.step.thread, alternative);
        alike(&self.step) || self.sleep.iter().any(alike)
    }

    /// Whether another alternative of this step was taken from here before: then the rest were inserted.
    pub(super) fn chose_before(&self) -> bool {
        self.sleep[self.inherited..].iter().any(|step| step.thread == self.step.thread)
    }

    /// Inserts a sequence that does not begin with the step that is taken, unless a step that sleeps here
    /// covers it.
    pub(super) fn put_in(&mut self, work_sharing: Option<&WorkSharing>, sequence: &mut Vec<Step>) {
        debug_assert!(
            initial(&self.step, sequence) == Initial::No,
            "a reversal does not begin alike: {:?} before {sequence:?}",
            self.step
        );
        if self.sleep.iter().any(|step| initial(step, sequence) != Initial::No) {
            self.left_out = true;
            return;
        }
        match (&mut self.plan, work_sharing) {
            (Todo::Own(todo), _) => insert(todo, sequence),
            (Todo::Shared(place), Some(work_sharing)) => {
                work_sharing.put_in(*place, std::mem::take(sequence));
            }
            (Todo::Shared(_), None) => unreachable!("only a team shares"),
        }
    }

    /// Continues with the next branch, and returns what is to be explored after its step.
    pub(super) fn turn_to_next(&mut self) -> Option<Then> {
        let Todo::Own(todo) = &mut self.plan else { return None };
        if todo.is_empty() {
            return None;
        }
        let Branch { step, then } = todo.remove(0);
        let explored = std::mem::replace(&mut self.step, step);
        // A step that turned out not to be one was not explored, and covers nothing.
        if !std::mem::take(&mut self.is_none) {
            self.sleep.push(explored);
        }
        // The step is of another thread, or another alternative: it is recorded when it is taken.
        (self.turned, self.met) = (true, false);
        Some(then)
    }

    /// Continues with the next branch, because the present step turned out not to be one: its thread waits.
    pub(super) fn turn_without_sleep(&mut self) -> Option<Then> {
        let Todo::Own(todo) = &mut self.plan else { return None };
        if todo.is_empty() {
            return None;
        }
        let Branch { step, then } = todo.remove(0);
        (self.step, self.met) = (step, false);
        Some(then)
    }

    /// The remaining branches.
    pub(super) fn others(self) -> Vec<Branch> {
        match self.plan {
            Todo::Own(todo) => todo,
            Todo::Shared(_) => Vec::new(),
        }
    }

    /// Whether there are unexplored branches here that are not in the shared tree.
    pub(super) fn has_more(&self) -> bool {
        matches!(&self.plan, Todo::Own(todo) if !todo.is_empty())
    }
}
