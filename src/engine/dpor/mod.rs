//! Optimal dynamic partial-order reduction: exactly one execution of every trace.
//!
//! The algorithm is Optimal-DPOR with wakeup trees (Abdulla, Aronis, Jonsson, Sagonas: POPL 2014; JACM 64(4),
//! 2017). An execution is run to its end; every reversible race in it gives a sequence that runs the later
//! event first; a sequence is inserted into the wakeup tree of the point before the earlier event unless a
//! step that sleeps there, or a branch of the tree, covers it already. Since only sequences that lead to a
//! new trace are inserted, no execution is redundant.
//!
//! Differences from the papers:
//!
//! * *Blocking* operations are guarded commands whose guard can be evaluated in any earlier state, so a race
//!   is reversed exactly when the later operation is enabled without the earlier one, or without several that
//!   disable it together; see [`crate::runtime::happens_before`]. Operations that stay blocked at the end
//!   take part.
//! * *Choices* are steps with alternatives; those of a notification are its waiters. Two alternatives of one
//!   choice are in conflict, which is treated like a race: whatever does not follow the choice is inserted
//!   again behind each of the others. A choice is equivalent to a race between the thread, which reads a die,
//!   and an auxiliary thread that turns the die on, step by step; so the theorems of the papers, which have
//!   no choices, hold for it.
//! * Steps that happen only when nothing else can move (timeouts, yields without progress) depend on
//!   everything.
//! * Races are searched only among the events that are new in an execution: those of the prefix that it
//!   shares with the previous one were handled there.
//! * *Waiting loops* are guarded commands too, whose guard is found by trying ([`crate::runtime::spinloop`]).
//!   A reversal whose guard is not known yet is inserted as supposed: it covers no other sequence, and is
//!   taken back if its thread waits. Only models with such loops have redundant executions.
//! * Several workers may share a search; see [`work_sharing`].
//!
//! Soundness rests on this: operations that [`crate::op::Access`] calls commuting do commute, and
//! guards look at their own object only. Both are tested, by the equality of outcome sets and trace
//! counts with [`super::dfs`] on generated programs.

mod node;
pub(crate) mod wakeup_tree;
mod work_sharing;

use std::sync::Arc;

use crate::failure::Reason;
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::execution::{Execution, Scheduler};
use crate::runtime::happens_before::{Alternatives, HappensBefore, Instead, dependent};
use crate::schedule::Choice;
use node::{Node, Todo};
use wakeup_tree::{Branch, Step, Then};
pub(crate) use work_sharing::WorkSharing;

/// The search.
#[derive(Debug, Default)]
pub(crate) struct Dpor {
    path: Vec<Node>,
    /// How many of the path's points are shared with other workers.
    shared: usize,
    depth: usize,
    /// What is to be explored after the path's last step.
    guide: Then,
    /// The point at which this execution leaves the previous one.
    turned_at: Option<usize>,
    /// True if nothing is left to be tried from the last point of this execution that an earlier one visited.
    over: bool,
    /// True if the step that was chosen last is not on the path, but a look under trial, which may close a
    /// round without effect.
    tries: bool,
    /// The sequence under construction; its memory is reused.
    sequence: Vec<Step>,
    /// The memory of sleep sets that are no longer needed.
    spare: Vec<Vec<Step>>,
    /// The first event that is new in this execution.
    new_from: usize,
    started: bool,
    /// The shared part of a parallel search, and whether this worker begins it.
    work_sharing: Option<(Arc<WorkSharing>, bool)>,
    /// Executions that turned out to be covered already; by optimality there are none without waiting loops.
    pub(crate) redundant: u64,
    problem: Option<Reason>,
}

impl Dpor {
    /// A search that has not begun.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A worker of a parallel search, of which exactly one `begins`.
    pub(crate) fn of_several(work_sharing: &Arc<WorkSharing>, begins: bool) -> Self {
        Dpor { work_sharing: Some((Arc::clone(work_sharing), begins)), ..Self::default() }
    }

    /// Adds a point to the path and returns the step that is taken from it.
    fn extend(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        let sleep = self.inherited_sleep();
        let (step, todo) =
            if let Some((Branch { step, then }, others)) = std::mem::take(&mut self.guide).next() {
                self.guide = then;
                (step, others)
            } else if let Some(step) = self.fresh(execution, enabled, &sleep) {
                (step, Vec::new())
            } else {
                self.redundant += 1;
                return None;
            };
        self.path.push(Node::new(step, sleep, Todo::Own(todo)));
        self.meet(execution, enabled)
    }

    /// Takes the step of the next point of the path, after checking that it is the known or computed one.
    #[inline]
    fn meet(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        let node = &mut self.path[self.depth];
        // Before time passes because no thread can move, the looks that close a round without effect must be
        // determined.
        if !enabled.contains(node.step.thread)
            && let Some(choice) = execution.to_be_tried(enabled)
        {
            self.tries = true;
            return Some(choice);
        }
        if !node.meet(execution, enabled) {
            self.problem = Some(node.diverged(execution, enabled, self.depth));
            return None;
        }
        self.depth += 1;
        Some(node.choice())
    }

    /// The sleeping steps of the last point that its step does not wake.
    fn inherited_sleep(&mut self) -> Vec<Step> {
        let mut sleep = self.spare.pop().unwrap_or_default();
        let Some(node) = self.path.last() else { return sleep };
        let sleeps_on =
            |step: &&Step| step.thread != node.step.thread && !dependent(&step.touches, &node.step.touches);
        sleep.extend(node.sleep.iter().filter(sleeps_on).cloned());
        sleep
    }

    /// A step that does not sleep. The thread that moved last goes on if it can: that gives executions with
    /// few preemptions.
    fn fresh(&self, execution: &Execution, enabled: &ThreadSet, sleep: &[Step]) -> Option<Step> {
        let awake = |thread: ThreadId| {
            let sleeps = |alternative: u32| {
                sleep.iter().any(|step| step.thread == thread && step.alternative == alternative)
            };
            let alternative = execution.alternatives(thread).iter().find(|&a| !sleeps(a))?;
            Some(Step { thread, alternative, touches: execution.touches(thread), supposed: false })
        };
        if let Some(choosing) = execution.choosing(enabled)
            && let Some(found) = awake(choosing)
        {
            return Some(found);
        }
        let last = self.path.last().map(|node| node.step.thread).filter(|&t| enabled.contains(t));
        last.and_then(awake).or_else(|| enabled.iter().find_map(awake))
    }

    /// Whether the execution ended before it had taken the steps of its prefix.
    fn ended_early(&self, execution: &Execution) -> bool {
        // A failure or a bound may end an execution before all its steps are taken.
        let whole = execution.cut.is_none() && execution.failure.is_none();
        whole && (self.depth < self.path.len() || !matches!(self.guide, Then::Anything))
    }

    /// Continues with a leaf of the shared tree.
    fn take(&mut self) -> bool {
        let Some((work_sharing, _)) = &self.work_sharing else { return false };
        let Some(path) = work_sharing.take(self.path.last()) else { return false };
        self.shared = path.len();
        self.path = path;
        // Another leaf of the same branch may not have been explored yet.
        self.new_from = 0;
        true
    }

    /// Inserts the reversals of this execution's races into the trees of the points before them.
    fn reverse_races(&mut self, happens_before: &HappensBefore) {
        for race in happens_before.races() {
            let sequence = &mut self.sequence;
            sequence.clear();
            let stays = |step: &u32| race.others.iter().all(|&other| !happens_before.ordered(other, *step));
            sequence.extend(
                without(happens_before, race.first).filter(stays).map(|later| step(happens_before, later)),
            );
            let Instead { alternative, touches, supposed } = race.instead.clone();
            sequence.push(Step { thread: race.thread, alternative, touches, supposed });
            let work_sharing = self.work_sharing.as_ref().map(|(work_sharing, _)| &**work_sharing);
            self.path[race.first as usize].put_in(work_sharing, sequence);
        }
    }

    /// Inserts the alternatives of this execution's choices into the trees of the points before them.
    ///
    /// An operation's choice is inserted again in every execution, also if it is in the prefix that this
    /// execution shares with the previous one: the auxiliary thread that turns the die comes after everything
    /// else, so its step is new each time. Otherwise two independent choices would not both take their second
    /// alternatives: the one is not inserted where the other's first alternative sleeps, which covers it with
    /// that alternative only. A choice that touches nothing is taken as soon as its thread arrives at it and
    /// is never deferred, so no such step of it sleeps beside others, and inserting once is enough, unless it
    /// was left out then: what followed the choice may have been too short to be distinguished from what
    /// another thread's sleeping step covers.
    fn choose_otherwise(&mut self, happens_before: &HappensBefore) {
        let work_sharing = self.work_sharing.as_ref().map(|(work_sharing, _)| &**work_sharing);
        for at in 0..happens_before.events().len() {
            let node = &mut self.path[at];
            let operation = !node.step.touches.is_empty();
            let again = (at < self.new_from || node.chose_before()) && !node.left_out;
            if node.alternatives == Alternatives::One || again && !operation {
                continue;
            }
            for alternative in node.alternatives.iter() {
                if node.took(alternative) {
                    continue;
                }
                let other = Step { alternative, ..node.step.clone() };
                self.sequence.clear();
                let rest = without(happens_before, at as u32).map(|later| step(happens_before, later));
                self.sequence.extend(std::iter::once(other).chain(rest));
                node.put_in(work_sharing, &mut self.sequence);
            }
        }
    }
}

/// The later events of the execution that do not follow this event.
fn without(happens_before: &HappensBefore, event: u32) -> impl Iterator<Item = u32> + '_ {
    (event + 1..happens_before.events().len() as u32)
        .filter(move |&later| !happens_before.ordered(event, later))
}

/// An event of the execution as a step.
fn step(happens_before: &HappensBefore, event: u32) -> Step {
    let of = &happens_before.events()[event as usize];
    let touches = happens_before.touched(event);
    Step { thread: of.thread, alternative: of.alternative, touches, supposed: false }
}

impl Scheduler for Dpor {
    fn begin(&mut self) -> bool {
        (self.depth, self.turned_at, self.over, self.tries) = (0, None, false, false);
        if !self.started {
            self.started = true;
            let begins = self.work_sharing.as_ref().is_none_or(|(_, begins)| *begins);
            return begins || self.take();
        }
        if let Some((work_sharing, _)) = &self.work_sharing {
            if work_sharing.is_over() {
                return false;
            }
            if work_sharing.has_idle()
                && let Some(at) = self.path.iter().position(Node::has_more)
            {
                work_sharing.share(&mut self.path[..=at]);
                self.shared = at + 1;
            }
        }
        while self.path.len() > self.shared {
            if let Some(then) = self.path.last_mut().and_then(Node::turn_to_next) {
                self.guide = then;
                self.new_from = self.path.len() - 1;
                self.turned_at = Some(self.new_from);
                return true;
            }
            if let Some(node) = self.path.last_mut() {
                let mut sleep = std::mem::take(&mut node.sleep);
                sleep.clear();
                self.spare.push(sleep);
            }
            self.path.truncate(self.path.len() - 1);
        }
        self.take()
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        if std::mem::take(&mut self.tries) {
            // The trial was a step, which was not foreseen here.
            self.problem = Some(self.path[self.depth].diverged(execution, enabled, self.depth));
            return None;
        }
        if self.depth == self.path.len() {
            return self.extend(execution, enabled);
        }
        if self.over {
            self.redundant += 1;
            return None;
        }
        self.meet(execution, enabled)
    }

    fn races_matter_from(&self) -> usize {
        self.new_from
    }

    fn repeats(&self) -> usize {
        self.new_from
    }

    fn is_free(&self) -> bool {
        self.tries || self.turned_at.is_none_or(|at| self.depth > at)
    }

    /// The alternatives to the step are still to be explored; if there are none, then any step that does not
    /// sleep. The step itself is not a step there, so it does not sleep either.
    fn take_back(&mut self) {
        if std::mem::take(&mut self.tries) {
            return;
        }
        self.depth -= 1;
        if self.turned_at != Some(self.depth) {
            let others = self.path.pop().map_or_else(Vec::new, Node::others);
            self.guide = if others.is_empty() { Then::Anything } else { Then::Branches(others) };
        } else if let Some(then) = self.path[self.depth].turn_without_sleep() {
            self.guide = then;
        } else {
            self.path[self.depth].is_none = true;
            self.over = true;
        }
    }

    fn end(&mut self, execution: &Execution) {
        if self.problem.is_none() && self.ended_early(execution) {
            self.problem = Some(super::diverged::ended_early(execution, self.path.len()));
        }
        if let (None, Some(happens_before)) = (&self.problem, &execution.happens_before) {
            self.reverse_races(happens_before);
            self.choose_otherwise(happens_before);
            if happens_before.gave_up() {
                self.problem = Some(Reason::EngineLimit {
                    why: "an operation is disabled by so many others together that their orders cannot be \
                          looked through; try fewer threads, or a sampler such as `Checker::random`"
                        .to_owned(),
                });
            }
        }
    }

    fn problem(&self) -> Option<Reason> {
        self.problem.clone()
    }
}
