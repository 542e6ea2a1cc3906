//! Shuttle's schedulers: Random, PCT and URW.
//!
//! Shuttle's runner, coroutines and sync types are not used: the schedulers choose among the threads of
//! raddle's own executions, which makes sampling several times as fast. A shuttle scheduler chooses among
//! tasks of shuttle's, and only shuttle makes those. So one execution of shuttle's is begun, in which tasks
//! are spawned that stand for the threads during the sampling, and never run. They are few at first, since
//! each costs time; if those are not enough, there are as many as a model may have threads: the sampling then
//! starts again, and takes the same course up to there.
//!
//! A filter hides from the scheduler every task whose thread is disabled, so for shuttle's schedulers every
//! task is always runnable, and raddle detects the deadlocks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Once;

use shuttle::scheduler::{
    PctScheduler, RandomScheduler, Schedule, Scheduler as ShuttleScheduler, Task, TaskId, UrwRandomScheduler,
};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::engine::Kind;
use crate::failure::Reason;
use crate::op::{MAX_THREADS, ThreadId, ThreadSet};
use crate::runtime::execution::{Execution, Scheduler};
use crate::runtime::panic_hook;
use crate::schedule::Choice;

/// The sampling runs on the stack of one of shuttle's tasks.
const STACK: usize = 1 << 20;

/// The scheduler, its seed, and the number of executions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    pub(crate) kind: Kind,
    pub(crate) seed: u64,
    pub(crate) executions: usize,
    /// For PCT.
    pub(crate) depth: usize,
}

impl Sampling {
    fn random(self) -> Box<dyn ShuttleScheduler> {
        Box::new(RandomScheduler::new_from_seed(self.seed, self.executions))
    }

    fn scheduler(self) -> Box<dyn ShuttleScheduler> {
        let Sampling { kind, seed, executions, depth } = self;
        match kind {
            Kind::Pct => Box::new(PctScheduler::new_from_seed(seed, depth.max(1), executions)),
            Kind::Urw => Box::new(UrwRandomScheduler::new_from_seed(seed, executions)),
            _ => self.random(),
        }
    }
}

/// How many threads have tasks at first.
const FEW: usize = 64;

/// Calls `sample` with a scheduler of raddle's that delegates to one of shuttle's; and once more, if there
/// were more threads than tasks.
pub(crate) fn with_scheduler(sampling: Sampling, sample: impl Fn(&mut dyn Scheduler) + 'static) {
    let sample = Rc::new(sample);
    if !with_tasks(FEW, sampling, Rc::clone(&sample)) {
        with_tasks(MAX_THREADS, sampling, sample);
    }
}

/// Calls `sample` with a scheduler that has that many tasks; returns whether they were enough.
fn with_tasks(count: usize, sampling: Sampling, sample: Rc<impl Fn(&mut dyn Scheduler) + 'static>) -> bool {
    let enough = Rc::new(Cell::new(true));
    let were_enough = Rc::clone(&enough);
    let mut config = Config::new();
    config.stack_size = STACK;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    take_shuttles_hook_away(&config);
    let lender = Lender {
        began: false,
        count,
        sample: RefCell::new(Some(Box::new(move |tasks: &[&Task]| {
            let mut sampler = Sampler {
                sampling,
                inner: sampling.scheduler(),
                tasks,
                introduced: 0,
                executions: 0,
                concurrent: false,
                problem: None,
            };
            sample(&mut sampler);
            enough.set(sampler.problem.is_none());
            // The random scheduler prints its seed when it is dropped before it is exhausted.
            std::mem::forget(sampler.inner);
        }))),
    };
    Runner::new(lender, config).run(move || {
        // The handles are kept: a task whose handle is gone does not keep an execution alive.
        let handles: Vec<_> = (1..count).map(|_| shuttle::thread::spawn(|| ())).collect();
        shuttle_engine::runtime::thread::switch();
        std::mem::forget(handles);
    });
    were_enough.get()
}

/// Shuttle installs a panic hook once in a process; this lets it, and removes the hook again.
fn take_shuttles_hook_away(config: &Config) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic_hook::let_shuttle_install_its_hook(|| {
            Runner::new(RandomScheduler::new_from_seed(0, 1), config.clone()).run(|| {});
        });
    });
}

/// A function over shuttle's tasks.
type WithTasks = Box<dyn FnOnce(&[&Task])>;

/// A scheduler of shuttle's that lends out its tasks, once there are enough of them, and then stops.
struct Lender {
    began: bool,
    /// How many tasks are enough.
    count: usize,
    sample: RefCell<Option<WithTasks>>,
}

impl ShuttleScheduler for Lender {
    fn new_execution(&mut self) -> Option<Schedule> {
        (!std::mem::replace(&mut self.began, true)).then(|| Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, _: bool) -> Option<TaskId> {
        if runnable.len() < self.count {
            // The main task goes on spawning.
            return current.or_else(|| runnable.first().map(|task| task.id()));
        }
        if let Some(sample) = self.sample.take() {
            sample(runnable);
        }
        None
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// Raddle's scheduler over shuttle's.
struct Sampler<'a> {
    sampling: Sampling,
    inner: Box<dyn ShuttleScheduler>,
    /// One for each thread, in the order of creation.
    tasks: &'a [&'a Task],
    /// How many tasks the scheduler has been shown; URW requires that it meets them in order.
    introduced: usize,
    executions: usize,
    /// True if there was ever more than one enabled thread.
    concurrent: bool,
    /// There are more threads than tasks.
    problem: Option<Reason>,
}

impl Sampler<'_> {
    /// Lets shuttle's scheduler choose among these threads.
    fn ask(&mut self, execution: &Execution, offered: impl Fn(usize, ThreadId) -> bool) -> Option<ThreadId> {
        let born = execution.born();
        let mut shown: smallvec::SmallVec<[&Task; 8]> = smallvec::SmallVec::new();
        shown.extend(
            (0..born.len()).filter(|&place| offered(place, born[place])).map(|place| self.tasks[place]),
        );
        let current = born.iter().position(|&t| t == execution.current()).map(TaskId::from);
        let chosen = self.inner.next_task(&shown, current, false)?;
        born.get(usize::from(chosen)).copied()
    }
}

impl Scheduler for Sampler<'_> {
    fn begin(&mut self) -> bool {
        // PCT and URW panic if the first execution had no choice in it; any scheduler will do then.
        if self.executions == 1 && !self.concurrent && self.sampling.kind != Kind::Random {
            self.inner = self.sampling.random();
            let _ = self.inner.new_execution();
        }
        self.executions += 1;
        self.introduced = 0;
        self.inner.new_execution().is_some()
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        if execution.born().len() > self.tasks.len() {
            let why = format!("there are shuttle's tasks for {} threads", self.tasks.len());
            self.problem = Some(Reason::EngineLimit { why });
            return None;
        }
        let thread = if let Some(choosing) = execution.choosing(enabled) {
            choosing
        } else {
            self.concurrent |= enabled.len() > 1;
            let (known, born) = (self.introduced, execution.born().len());
            let mut chosen = None;
            if born > known {
                // New tasks are shown once even if they are disabled; URW panics otherwise.
                self.introduced = born;
                chosen = self.ask(execution, |place, thread| place >= known || enabled.contains(thread));
            }
            match chosen.filter(|&thread| enabled.contains(thread)) {
                Some(thread) => thread,
                None => self.ask(execution, |_, thread| enabled.contains(thread))?,
            }
        };
        let alternatives = execution.alternatives(thread);
        let alternative = match alternatives.iter().count() {
            0 | 1 => alternatives.iter().next()?,
            n => alternatives.iter().nth((self.inner.next_u64() % n as u64) as usize)?,
        };
        Some(Choice { thread, alternative })
    }

    fn end(&mut self, _: &Execution) {}

    fn problem(&self) -> Option<Reason> {
        self.problem.clone()
    }
}
