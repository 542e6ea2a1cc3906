//! Optimal dynamic partial-order reduction: exactly one execution of every trace.
//!
//! The algorithm is Optimal-DPOR with wakeup trees (Abdulla, Aronis, Jonsson, Sagonas: POPL 2014; JACM
//! 64(4), 2017). An execution is run to its end; every reversible race in it gives a sequence that runs
//! the later event first; a sequence is put into the wakeup tree of the point before the earlier
//! event unless a step that sleeps there, or a branch of the tree, covers it already. Since only
//! sequences that lead to a new trace are put in, no execution is ever begun in vain.
//!
//! Where this differs from the papers:
//!
//! * *Blocking* operations are guarded commands whose guard can be asked of any earlier state, so a
//!   race is reversed exactly when the later operation is enabled without the earlier one, or without
//!   several that disable it together; see [`crate::rt::history`]. Operations that stay blocked at the end take part.
//! * *Choices* are steps with alternatives, of which a notification's are its waiters. Two
//!   alternatives of one choice are in conflict, which is treated as a race is: whatever does not
//!   follow the choice is put in again behind each of the others. A choice is what a race would be
//!   between the thread, which reads a die, and a hand that turns the die on, step by step; so the
//!   theorems of the papers, which have no choices, hold for it.
//! * What happens when nothing else can move (timeouts, fruitless yields) depends on everything.
//! * Races are looked for among the events that are new in an execution only: those of the prefix
//!   that it shares with the one before were treated there.
//! * *Loops that wait* are guarded commands too, whose guard is found by trying ([`crate::rt::spinloop`]). A
//!   reversal whose guard is not known yet is put in on supposition: it covers no other sequence, and is taken
//!   back if its thread waits. Only models with such loops have executions that are begun in vain.
//! * Several workers may share a search; see [`team`].
//!
//! Soundness rests on this: operations that [`crate::op::Access`] calls commuting do commute, and
//! guards look at their own object only. Both are tested, by the equality of outcome sets and trace
//! counts with [`super::dfs`] on generated programs.

mod node;
mod team;
pub(crate) mod tree;

use std::sync::Arc;

use crate::op::{ThreadId, ThreadSet};
use crate::rt::execution::{Execution, Scheduler};
use crate::rt::history::{Alternatives, History, Instead, dependent};
use crate::schedule::Choice;
use crate::verdict::Reason;
use node::{Node, Plan};
pub(crate) use team::Team;
use tree::{Branch, Step, Then};

/// The search.
#[derive(Debug, Default)]
pub(crate) struct Dpor {
    path: Vec<Node>,
    /// How many of the path's points other workers know too.
    shared: usize,
    depth: usize,
    /// What is to follow the path's last step.
    guide: Then,
    /// The point at which this execution leaves the one before.
    turned_at: Option<usize>,
    /// Whether nothing is left to be tried from the last point of this execution that earlier ones know.
    over: bool,
    /// Whether the step that was chosen last is none of the path's, but a look of which it is to be known whether
    /// it is in vain.
    tries: bool,
    /// The sequence that is being made; it keeps its memory.
    sequence: Vec<Step>,
    /// The memory of sleep sets that are no longer needed.
    spare: Vec<Vec<Step>>,
    /// The first event that is new in this execution.
    new_from: usize,
    started: bool,
    /// With whom the search is shared, and whether it begins here.
    team: Option<(Arc<Team>, bool)>,
    /// Executions that turned out to be covered already; optimality says there are none without loops that wait.
    pub(crate) redundant: u64,
    problem: Option<Reason>,
}

impl Dpor {
    /// A search that has not begun.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One of several workers at a search, which one of them `begins`.
    pub(crate) fn of_team(team: &Arc<Team>, begins: bool) -> Self {
        Dpor { team: Some((Arc::clone(team), begins)), ..Self::default() }
    }

    /// Adds a point to the path and says which step is taken from it.
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
        self.path.push(Node::new(step, sleep, Plan::Own(todo)));
        self.meet(execution, enabled)
    }

    /// Takes the step of the next point of the path, if it is there what it is known or foreseen to be.
    #[inline]
    fn meet(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        let node = &mut self.path[self.depth];
        // Where time passes because no thread could move, those that look in vain are to be known first.
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

    /// A step that does not sleep. The thread that moved last goes on if it can: that makes executions
    /// with few preemptions.
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

    /// Whether the execution ended before it had taken the steps that it was to take.
    fn ended_early(&self, execution: &Execution) -> bool {
        // A failure or a bound ends an execution wherever it is met first.
        let whole = execution.cut.is_none() && execution.failure.is_none();
        whole && (self.depth < self.path.len() || !matches!(self.guide, Then::Anything))
    }

    /// Goes on with a leaf that another worker knows of.
    fn take(&mut self) -> bool {
        let Some((team, _)) = &self.team else { return false };
        let Some(path) = team.take(self.path.last()) else { return false };
        self.shared = path.len();
        self.path = path;
        // Another leaf of the same branch may not have been explored yet.
        self.new_from = 0;
        true
    }

    /// Puts the reversals of this execution's races into the trees of the points before them.
    fn reverse_races(&mut self, history: &History) {
        for race in history.races() {
            let sequence = &mut self.sequence;
            sequence.clear();
            let stays = |step: &u32| race.others.iter().all(|&other| !history.ordered(other, *step));
            sequence.extend(without(history, race.first).filter(stays).map(|later| step(history, later)));
            let Instead { alternative, touches, supposed } = race.instead.clone();
            sequence.push(Step { thread: race.thread, alternative, touches, supposed });
            let team = self.team.as_ref().map(|(team, _)| &**team);
            self.path[race.first as usize].put_in(team, sequence);
        }
    }

    /// Puts the alternatives of this execution's choices into the trees of the points before them.
    ///
    /// An operation's choice is put in again in every execution, also where it is in the prefix that this
    /// execution shares with the one before: the hand that turns the die comes after everything else, so it is
    /// new each time. Else two such choices that are independent would not be seen to take their second
    /// alternatives both: the one is not put in where the other's first alternative sleeps, which covers it with
    /// that alternative only. A choice that touches nothing is taken as soon as its thread comes to it and is
    /// never put off, so no such step of it sleeps beside others, and once is enough,
    /// unless it was left out then: what came after the choice may have been too short to be told from what
    /// another thread's sleeping step covers.
    fn choose_otherwise(&mut self, history: &History) {
        let team = self.team.as_ref().map(|(team, _)| &**team);
        for at in 0..history.events().len() {
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
                let rest = without(history, at as u32).map(|later| step(history, later));
                self.sequence.extend(std::iter::once(other).chain(rest));
                node.put_in(team, &mut self.sequence);
            }
        }
    }
}

/// What comes after an event of the execution and does not follow it.
fn without(history: &History, event: u32) -> impl Iterator<Item = u32> + '_ {
    (event + 1..history.events().len() as u32).filter(move |&later| !history.ordered(event, later))
}

/// An event of the execution as a step.
fn step(history: &History, event: u32) -> Step {
    let of = &history.events()[event as usize];
    let touches = history.touched(event);
    Step { thread: of.thread, alternative: of.alternative, touches, supposed: false }
}

impl Scheduler for Dpor {
    fn begin(&mut self) -> bool {
        (self.depth, self.turned_at, self.over, self.tries) = (0, None, false, false);
        if !self.started {
            self.started = true;
            let begins = self.team.as_ref().is_none_or(|(_, begins)| *begins);
            return begins || self.take();
        }
        if let Some((team, _)) = &self.team {
            if team.is_over() {
                return false;
            }
            if team.is_hungry()
                && let Some(at) = self.path.iter().position(Node::has_more)
            {
                team.share(&mut self.path[..=at]);
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
            // It was a step, which was not foreseen here.
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

    /// What else was to be tried in place of the step is still to be; if there is nothing, then any step that
    /// does not sleep. The step itself is no step there, so it does not sleep either.
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
        if let (None, Some(history)) = (&self.problem, &execution.history) {
            self.reverse_races(history);
            self.choose_otherwise(history);
            if history.gave_up() {
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
