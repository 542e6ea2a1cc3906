//! The points of an execution, and what is still to be explored from each.

use super::team::{Place, Team};
use super::tree::{Branch, Initial, Step, Then, initial, insert};
use crate::engine::diverged;
use crate::engine::taken::Taken;
use crate::op::ThreadSet;
use crate::rt::execution::Execution;
use crate::rt::history::Alternatives;
use crate::schedule::Choice;
use crate::verdict::Reason;

/// A point of the current execution.
#[allow(clippy::struct_excessive_bools)] // Each answers a question of its own.
#[derive(Debug)]
pub(super) struct Node {
    /// The step that is taken from here now.
    pub(super) step: Step,
    /// What could be taken instead.
    pub(super) alternatives: Alternatives,
    /// A step as it was taken from here, once one was.
    pub(super) taken: Option<Taken>,
    /// Whether that was not the present step but one before it.
    turned: bool,
    /// Whether this worker has met the present step.
    met: bool,
    /// Steps whose every continuation is explored elsewhere, as far as nothing dependent comes first.
    pub(super) sleep: Vec<Step>,
    /// How many of them slept when the point was made; the others were taken from here.
    inherited: usize,
    pub(super) plan: Plan,
    /// Whether the step that is taken now turned out to be none: its thread waits.
    pub(super) is_none: bool,
    /// Whether a sequence may have been left out because a step that sleeps here covers it. The next one that begins
    /// alike may be longer, and not be covered.
    pub(super) left_out: bool,
}

/// Where it is kept what is still to be explored from a point.
#[derive(Debug)]
pub(super) enum Plan {
    /// Here, by the only worker that comes by.
    Own(Vec<Branch>),
    /// With the team.
    Shared(Place),
}

impl Node {
    /// A point whose step this worker has not taken yet.
    pub(super) fn new(step: Step, sleep: Vec<Step>, plan: Plan) -> Self {
        let inherited = sleep.len();
        let alternatives = Alternatives::One;
        // What other workers have left out is not known.
        let left_out = matches!(plan, Plan::Shared(_));
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

    /// Whether the step can be taken, and is what it was foreseen to be, or what it was the last time.
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

    /// A step as another worker took it from here: this one, or, if it `turned`, one before it.
    pub(super) fn knowing(self, taken: Option<Taken>, turned: bool) -> Self {
        Node { taken, turned, ..self }
    }

    /// Why the step cannot be taken as it was foreseen, or as it was the last time.
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

    /// The step, as the execution takes it.
    #[inline]
    pub(super) fn choice(&self) -> Choice {
        Choice { thread: self.step.thread, alternative: self.step.alternative }
    }

    /// Whether the thread whose step is taken has been, or has been seen to with this alternative.
    #[inline]
    pub(super) fn took(&self, alternative: u32) -> bool {
        let alike = |step: &Step| (step.thread, step.alternative) == (self.step.thread, alternative);
        alike(&self.step) || self.sleep.iter().any(alike)
    }

    /// Whether another alternative of this step was taken from here before: then the rest were put in.
    pub(super) fn chose_before(&self) -> bool {
        self.sleep[self.inherited..].iter().any(|step| step.thread == self.step.thread)
    }

    /// Puts in a sequence that does not begin with the step that is taken, unless a step that sleeps
    /// here covers it.
    pub(super) fn put_in(&mut self, team: Option<&Team>, sequence: &mut Vec<Step>) {
        debug_assert!(
            initial(&self.step, sequence) == Initial::No,
            "a reversal does not begin alike: {:?} before {sequence:?}",
            self.step
        );
        if self.sleep.iter().any(|step| initial(step, sequence) != Initial::No) {
            self.left_out = true;
            return;
        }
        match (&mut self.plan, team) {
            (Plan::Own(todo), _) => insert(todo, sequence),
            (Plan::Shared(place), Some(team)) => team.put_in(*place, std::mem::take(sequence)),
            (Plan::Shared(_), None) => unreachable!("only a team shares"),
        }
    }

    /// Goes on to the next branch, and returns what is to follow it.
    pub(super) fn turn_to_next(&mut self) -> Option<Then> {
        let Plan::Own(todo) = &mut self.plan else { return None };
        if todo.is_empty() {
            return None;
        }
        let Branch { step, then } = todo.remove(0);
        let explored = std::mem::replace(&mut self.step, step);
        // What turned out to be no step was not explored, and covers nothing.
        if !std::mem::take(&mut self.is_none) {
            self.sleep.push(explored);
        }
        // Another thread's operation, or another alternative: it is looked at when it is taken.
        (self.turned, self.met) = (true, false);
        Some(then)
    }

    /// Goes on to the next branch, because the step is none: its thread waits.
    pub(super) fn turn_without_sleep(&mut self) -> Option<Then> {
        let Plan::Own(todo) = &mut self.plan else { return None };
        if todo.is_empty() {
            return None;
        }
        let Branch { step, then } = todo.remove(0);
        (self.step, self.met) = (step, false);
        Some(then)
    }

    /// What else is to be tried from here.
    pub(super) fn others(self) -> Vec<Branch> {
        match self.plan {
            Plan::Own(todo) => todo,
            Plan::Shared(_) => Vec::new(),
        }
    }

    /// Whether anything is to be done from here that nobody else knows of.
    pub(super) fn has_more(&self) -> bool {
        matches!(&self.plan, Plan::Own(todo) if !todo.is_empty())
    }
}
