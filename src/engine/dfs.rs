//! Depth-first search over every schedule, without reduction.
//!
//! This is the oracle against which the other engines are tested, so it is kept very simple: a stack of the
//! options at each step, the last of which is advanced. With a preemption bound (Musuvathi and Qadeer, PLDI
//! 2007) it leaves out options that would exceed the bound and records that it did.

use crate::engine::diverged;
use crate::engine::taken::{Point, Taken};
use crate::failure::Reason;
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::execution::{Execution, Scheduler};
use crate::schedule::Choice;

/// The options at one step.
#[derive(Debug)]
struct Frame {
    options: Vec<Choice>,
    at: usize,
    point: Point,
    /// The step of the current option, once it was taken.
    taken: Option<Taken>,
}

/// The search.
#[derive(Debug)]
pub(crate) struct Dfs {
    stack: Vec<Frame>,
    depth: usize,
    /// The preemptions of this execution so far.
    preemptions: usize,
    started: bool,
    bound: Option<usize>,
    /// True if the bound left anything out.
    pub(crate) left_out: bool,
    /// The reason why the search cannot go on.
    pub(crate) problem: Option<Reason>,
}

impl Dfs {
    /// A search of all schedules with at most that many preemptions.
    pub(crate) fn new(bound: Option<usize>) -> Self {
        Dfs {
            stack: Vec::new(),
            depth: 0,
            preemptions: 0,
            started: false,
            bound,
            left_out: false,
            problem: None,
        }
    }

    /// Whether an option is a switch away from a thread that could go on.
    fn preempts(&self, option: Choice, enabled: &ThreadSet) -> bool {
        let last = self.depth.checked_sub(1).map(|i| self.stack[i].options[self.stack[i].at].thread);
        last.is_some_and(|last| last != option.thread && enabled.contains(last))
    }

    fn options(&mut self, execution: &Execution, enabled: &ThreadSet) -> Vec<Choice> {
        let threads = execution.choosing(enabled).map_or_else(|| enabled.clone(), ThreadSet::one);
        let of = |thread: ThreadId| {
            execution.alternatives(thread).iter().map(move |alternative| Choice { thread, alternative })
        };
        let all: Vec<Choice> = threads.iter().flat_map(of).collect();
        let Some(bound) = self.bound else { return all };
        let within: Vec<Choice> = all
            .iter()
            .copied()
            .filter(|&option| self.preemptions < bound || !self.preempts(option, &threads))
            .collect();
        self.left_out |= within.len() < all.len();
        within
    }
}

impl Scheduler for Dfs {
    fn begin(&mut self) -> bool {
        self.depth = 0;
        self.preemptions = 0;
        if !self.started {
            self.started = true;
            return true;
        }
        while let Some(frame) = self.stack.last_mut() {
            frame.at += 1;
            frame.taken = None;
            if frame.at < frame.options.len() {
                return true;
            }
            self.stack.pop();
        }
        false
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        if self.depth == self.stack.len() {
            let options = self.options(execution, enabled);
            let point = Point::of(execution, enabled);
            self.stack.push(Frame { options, at: 0, point, taken: None });
        }
        let frame = &mut self.stack[self.depth];
        let choice = frame.options[frame.at];
        let able = enabled.contains(choice.thread)
            && execution.alternatives(choice.thread).contains(choice.alternative);
        let here = frame.point.is(execution, enabled);
        let alike = match &frame.taken {
            Some(known) => known.is(execution, choice.thread, enabled),
            None => here,
        };
        if !able || !alike {
            self.problem = Some(match &frame.taken {
                Some(known) => diverged::step(execution, self.depth, choice.thread, known, enabled),
                None if here => diverged::unforeseen(execution, self.depth, choice.thread),
                None => diverged::point(execution, self.depth, &frame.point, enabled),
            });
            return None;
        }
        frame.taken.get_or_insert_with(|| Taken::of(execution, choice.thread, enabled));
        self.preemptions += usize::from(self.preempts(choice, enabled));
        self.depth += 1;
        Some(choice)
    }

    fn end(&mut self, execution: &Execution) {
        // A failure or a bound may end an execution before all its steps are taken.
        let whole = execution.cut.is_none() && execution.failure.is_none();
        if self.problem.is_none() && whole && self.depth < self.stack.len() {
            self.problem = Some(diverged::ended_early(execution, self.stack.len()));
        }
    }

    fn problem(&self) -> Option<Reason> {
        self.problem.clone()
    }
}
