//! Optimal dynamic partial-order reduction: one execution of every trace, and exactly one where the
//! model has no choices.
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
//!   that it shares with the one before were treated there. Where there are choices all are looked at
//!   each time, for the sequences that were put in before carry the alternatives taken then.
//! * A step goes to sleep only if it was explored for every alternative of the choices that its
//!   wakeup tree foresaw. Otherwise it stays awake. That never costs an outcome, but models with
//!   several choices (spurious failures among them) may run a trace more than once; the optimality
//!   of the papers is proved for programs without choices.
//!
//! Soundness rests on this: operations that [`crate::op::Access`] calls commuting do commute, and
//! guards look at their own object only. Both are tested, by the equality of outcome sets and trace
//! counts with [`super::dfs`] on generated programs.

pub(crate) mod tree;

use crate::op::{ThreadId, ThreadSet};
use crate::rt::execution::{Execution, Scheduler};
use crate::rt::history::{Alternatives, History, dependent};
use crate::schedule::Choice;
use crate::verdict::Reason;
use tree::{Branch, Initial, Step, initial, insert, insert_beside_choice};

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
    /// Whether the point was reached by what a wakeup tree foresaw.
    foreseen: bool,
    /// Whether what was foreseen after the present step left out an alternative of a choice.
    partial: bool,
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
    /// Whether any execution had a choice in it.
    choices: bool,
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
        let foreseen = !self.guide.is_empty();
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
        self.choices |= step.is_choice();
        self.path.push(Node { step, signature, sleep, todo, foreseen, partial: false });
        self.depth += 1;
        Some(choice)
    }

    /// Leaves the last point, from which everything is explored that was to be. If a wakeup tree
    /// foresaw some alternatives of a choice there and not all of them, the steps before it that
    /// the tree foresaw have not been explored for the others, and must not be put to sleep.
    fn leave(&mut self) {
        let Some(node) = self.path.pop() else { return };
        let taken = node.sleep.iter().filter(|step| step.thread == node.step.thread).count() + 1;
        if !node.foreseen || taken >= node.step.alternatives.iter().count() {
            return;
        }
        for before in self.path.iter_mut().rev() {
            before.partial = true;
            if !before.foreseen {
                break;
            }
        }
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
            let alternatives = execution.alternatives(thread);
            let step = |alternative| {
                let touches = execution.touches(thread);
                Step { thread, alternative, alternatives, touches }
            };
            let mut steps = alternatives.iter().filter(|&a| !sleeps(a)).map(step);
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
            let mut sequence: Vec<Step> = (race.first + 1..history.events().len() as u32)
                .filter(|&event| !history.ordered(race.first, event))
                .map(|event| {
                    let of = &history.events()[event as usize];
                    let alternatives = self.path[event as usize].step.alternatives;
                    let touches = history.touched(event);
                    Step { thread: of.thread, alternative: of.alternative, alternatives, touches }
                })
                .collect();
            let node = &mut self.path[race.first as usize];
            let alternatives = match race.instead.as_slice() {
                [_] => Alternatives::One,
                several => {
                    let waiters = several.iter().fold(0, |set, (waiter, _)| set | 1 << waiter);
                    Alternatives::Among(ThreadSet(waiters))
                }
            };
            for (alternative, touches) in &race.instead {
                let mut touches = touches.clone();
                touches.extend(history.touches(race.then).skip(touches.len()));
                let alternative = *alternative;
                sequence.push(Step { thread: race.thread, alternative, alternatives, touches });
                debug_assert!(
                    initial(&node.step, &sequence) == Initial::No,
                    "a reversal does not begin alike: {:?} before {sequence:?}",
                    node.step
                );
                put_in(node, &sequence);
                sequence.pop();
            }
        }
    }
}

/// Puts a sequence into a point's tree, unless a step that sleeps there covers it. One alternative of a
/// choice covers it for itself only.
fn put_in(node: &mut Node, sequence: &[Step]) {
    let mut beside: Option<&Step> = None;
    for step in &node.sleep {
        match initial(step, sequence) {
            Initial::No => {}
            Initial::Beside if step.is_choice() => beside = Some(step),
            Initial::At(_) | Initial::Beside => return,
        }
    }
    match beside.cloned() {
        None => insert(&mut node.todo, sequence.to_vec()),
        Some(choice) => {
            let asleep: Vec<u32> = node
                .sleep
                .iter()
                .filter(|step| step.thread == choice.thread)
                .map(|step| step.alternative)
                .collect();
            insert_beside_choice(&mut node.todo, &choice, &asleep, sequence);
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
                if !std::mem::take(&mut node.partial) {
                    node.sleep.push(done);
                }
                // What the point's thread does there may be another operation than before.
                node.signature = 0;
                self.guide = then;
                // Sequences that were put in before carry the alternatives that were taken then.
                self.new_from = if self.choices { 0 } else { self.path.len() - 1 };
                return true;
            }
            self.leave();
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
