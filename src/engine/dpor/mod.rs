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
//!   race is reversed exactly when the later operation is enabled without the earlier one; see
//!   [`crate::rt::history`]. Operations that stay blocked at the end take part.
//! * *Choices* are steps with alternatives. All of them are explored where the choice is first
//!   met; in sequences they carry their alternative, and two alternatives exclude each other.
//! * A *notification of one* has its waiters as alternatives. Reversed, it is put in once for each
//!   waiter that would be there.
//! * What happens when nothing else can move (timeouts, fruitless yields) depends on everything.
//! * Races are looked for among the events that are new in an execution only: those of the prefix
//!   that it shares with the one before were treated there. A new alternative of a choice makes all
//!   of them new, for the sequences that were put in before carry the old one.
//!
//! Soundness rests on this: operations that [`crate::op::Access`] calls commuting do commute, and
//! guards look at their own object only. Both are tested, by the equality of outcome sets and trace
//! counts with [`super::dfs`] on generated programs.

pub(crate) mod tree;

use crate::op::{ThreadId, ThreadSet};
use crate::rt::execution::{Execution, Scheduler};
use crate::rt::history::{History, dependent};
use crate::schedule::Choice;
use crate::verdict::Reason;
use tree::{Branch, Initial, Step, initial, insert};

/// A point of the current execution.
#[derive(Debug)]
struct Node {
    /// The step that is taken from here now.
    step: Step,
    signature: u64,
    /// Steps whose every continuation is explored already, as far as nothing dependent comes first.
    sleep: Vec<Step>,
    /// What is still to be explored from here.
    todo: Vec<Branch>,
}

/// The search.
#[derive(Debug, Default)]
pub(crate) struct Dpor {
    path: Vec<Node>,
    depth: usize,
    /// What is to follow the path's last step.
    guide: Vec<Branch>,
    /// The first event that is new in this execution.
    new_from: usize,
    started: bool,
    /// Executions that turned out to be covered already; optimality says there are none.
    pub(crate) redundant: u64,
    problem: Option<Reason>,
}

impl Dpor {
    /// A search that has not begun.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a point to the path and says which step is taken from it.
    fn extend(&mut self, execution: &Execution, enabled: ThreadSet) -> Option<Choice> {
        let history = execution.history.as_ref().expect("the exhaustive engine keeps a history");
        self.learn_touches(history);
        let sleep = self.inherited_sleep();
        let (step, todo) = if self.guide.is_empty() {
            let Some((first, others)) = self.fresh(execution, enabled, &sleep) else {
                self.redundant += 1;
                return None;
            };
            (first, others)
        } else {
            let mut todo = std::mem::take(&mut self.guide);
            let Branch { step, then } = todo.remove(0);
            self.guide = then;
            (step, todo)
        };
        if !enabled.contains(step.thread) {
            self.problem = Some(super::replay::diverged(execution, self.depth));
            return None;
        }
        debug_assert!(
            step.touches.starts_with(&execution.touches(step.thread)),
            "a step is what it was foreseen to be"
        );
        let choice = Choice { thread: step.thread, alternative: step.alternative };
        let signature = execution.signature(step.thread);
        self.path.push(Node { step, signature, sleep, todo });
        self.depth += 1;
        Some(choice)
    }

    /// Corrects what the newest step was foreseen to touch by what it did touch: if its thread
    /// panicked, destructors went on as part of it.
    fn learn_touches(&mut self, history: &History) {
        if let Some(event) = self.path.len().checked_sub(1)
            && event < history.events().len()
        {
            self.path[event].step.touches = history.touched(event as u32);
        }
    }

    /// The sleeping steps of the last point that its step does not wake.
    fn inherited_sleep(&self) -> Vec<Step> {
        let Some(node) = self.path.last() else { return Vec::new() };
        if node.sleep.is_empty() {
            return Vec::new();
        }
        let sleeps_on =
            |step: &&Step| step.thread != node.step.thread && !dependent(&step.touches, &node.step.touches);
        node.sleep.iter().filter(sleeps_on).cloned().collect()
    }

    /// A step that does not sleep, and the other alternatives of its choice. The thread that moved
    /// last goes on if it can: that makes executions with few preemptions.
    fn fresh(
        &self,
        execution: &Execution,
        enabled: ThreadSet,
        sleep: &[Step],
    ) -> Option<(Step, Vec<Branch>)> {
        let awake = |thread: ThreadId| {
            let sleeps = |alternative: u32| {
                sleep.iter().any(|step| step.thread == thread && step.alternative == alternative)
            };
            let mut steps = execution
                .alternatives(thread)
                .iter()
                .filter(|&a| !sleeps(a))
                .map(|alternative| Step { thread, alternative, touches: execution.touches(thread) });
            let first = steps.next()?;
            Some((first, steps.map(|step| Branch { step, then: Vec::new() }).collect()))
        };
        if let Some(choosing) = execution.choosing(enabled)
            && let Some(found) = awake(choosing)
        {
            return Some(found);
        }
        let last = self.path.last().map(|node| node.step.thread).filter(|&t| enabled.contains(t));
        last.and_then(awake).or_else(|| enabled.iter().find_map(awake))
    }

    /// Puts the reversals of this execution's races into the trees of the points before them.
    fn reverse_races(&mut self, history: &History) {
        for race in history.races() {
            let node = &mut self.path[race.first as usize];
            let mut sequence: Vec<Step> = (race.first + 1..history.events().len() as u32)
                .filter(|&event| !history.ordered(race.first, event))
                .map(|event| {
                    let of = &history.events()[event as usize];
                    Step { thread: of.thread, alternative: of.alternative, touches: history.touched(event) }
                })
                .collect();
            for (alternative, touches) in &race.instead {
                let mut touches = touches.clone();
                touches.extend(history.touches(race.then).skip(touches.len()));
                sequence.push(Step { thread: race.thread, alternative: *alternative, touches });
                debug_assert_eq!(
                    initial(&node.step, &sequence),
                    Initial::No,
                    "a reversal does not begin alike"
                );
                if node.sleep.iter().all(|step| initial(step, &sequence) == Initial::No) {
                    insert(&mut node.todo, sequence.clone());
                }
                sequence.pop();
            }
        }
    }
}

impl Scheduler for Dpor {
    fn begin(&mut self) -> bool {
        self.depth = 0;
        if !self.started {
            self.started = true;
            return true;
        }
        while let Some(node) = self.path.last_mut() {
            if !node.todo.is_empty() {
                let Branch { step, then } = node.todo.remove(0);
                let done = std::mem::replace(&mut node.step, step);
                let other_alternative = done.thread == node.step.thread;
                node.sleep.push(done);
                // What the point's thread does there may be another operation than before.
                node.signature = 0;
                self.guide = then;
                // Sequences that were put in before carry the alternative that is left now.
                self.new_from = if other_alternative { 0 } else { self.path.len() - 1 };
                return true;
            }
            self.path.pop();
        }
        false
    }

    fn choose(&mut self, execution: &Execution, enabled: ThreadSet) -> Option<Choice> {
        if self.depth == self.path.len() {
            return self.extend(execution, enabled);
        }
        let node = &mut self.path[self.depth];
        let thread = node.step.thread;
        let signature = execution.signature(thread);
        let known = std::mem::replace(&mut node.signature, signature);
        if !enabled.contains(thread) || known != signature && known != 0 {
            self.problem = Some(super::replay::diverged(execution, self.depth));
            return None;
        }
        self.depth += 1;
        Some(Choice { thread, alternative: node.step.alternative })
    }

    fn races_matter_from(&self) -> usize {
        self.new_from
    }

    fn end(&mut self, execution: &Execution) {
        if let (None, Some(history)) = (&self.problem, &execution.history) {
            self.learn_touches(history);
            self.reverse_races(history);
        }
    }

    fn problem(&self) -> Option<Reason> {
        self.problem.clone()
    }
}
