//! Shuttle's schedulers, inside shuttle's own runner.
//!
//! Shuttle gives the coroutines, the runner and its schedulers Random, PCT and URW; none of its sync
//! types is used. A filter stands before the scheduler and hides from it every task whose next step is
//! disabled, and steps that are not choices at all (a child that begins, a join that is over). So
//! shuttle believes that every task can always run, and raddle finds the deadlocks.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Once;

use shuttle::scheduler::{
    PctScheduler, RandomScheduler, Schedule as ShuttleSchedule, Scheduler as ShuttleScheduler, Task, TaskId,
    UrwRandomScheduler,
};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::engine::Kind;
use crate::op::{ThreadId, ThreadSet};
use crate::rt::context;
use crate::rt::execution::{Execution, Scheduler};
use crate::rt::host::{Host, Judge};
use crate::rt::quiet;
use crate::rt::session::{Session, run_thread};
use crate::schedule::Choice;
use crate::verdict::Reason;

/// Shuttle's default of 60 KiB overflows without a word in debug builds of ordinary tests.
const STACK: usize = 512 << 10;

/// Threads as tasks of shuttle's.
#[derive(Clone, Default)]
pub(crate) struct Tasks {
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The thread of each task, in the order of their creation.
    threads: RefCell<Vec<ThreadId>>,
    /// Kept until the end: a task whose handle is gone does not keep an execution alive.
    handles: RefCell<Vec<shuttle::thread::JoinHandle<()>>>,
    /// Whether a task is being created, which shuttle precedes with a switch of its own.
    creating: Cell<bool>,
}

impl Host for Tasks {
    fn spawn(&self, thread: ThreadId, body: Box<dyn FnOnce()>) {
        struct Carried(Box<dyn FnOnce()>);
        // SAFETY: shuttle asks for `Send` as std does, but runs all its tasks on the one thread that
        // runs its runner, so the closure never leaves the thread that made it.
        unsafe impl Send for Carried {}
        let carried = Carried(body);
        self.shared.creating.set(true);
        let handle = shuttle::thread::spawn(move || {
            let Carried(body) = { carried };
            body();
        });
        self.shared.creating.set(false);
        self.shared.threads.borrow_mut().push(thread);
        self.shared.handles.borrow_mut().push(handle);
    }

    fn switch(&self) {
        shuttle_engine::runtime::thread::switch();
    }
}

/// Runs sampled executions for as long as the scheduler wants any and the judge allows them.
pub(crate) fn explore(
    kind: Kind,
    (seed, executions, depth): (u64, usize, usize),
    session: &Session,
    tasks: &Tasks,
    model: &Rc<dyn Fn()>,
    judge: Rc<RefCell<dyn Judge>>,
) {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    take_shuttles_hook_away(&config);

    let random = move || RandomScheduler::new_from_seed(seed, executions);
    let inner: Box<dyn ShuttleScheduler> = match kind {
        Kind::Pct => Box::new(PctScheduler::new_from_seed(seed, depth.max(1), executions)),
        Kind::Urw => Box::new(UrwRandomScheduler::new_from_seed(seed, executions)),
        _ => Box::new(random()),
    };
    let bridge = Bridge {
        inner: ManuallyDrop::new(inner),
        tasks: tasks.clone(),
        judge,
        introduced: 0,
        began: false,
        concurrent: false,
        without_concurrency: (kind == Kind::Pct)
            .then(|| Box::new(random) as Box<dyn Fn() -> RandomScheduler>),
    };
    let _inside = context::enter_model(session);
    let body = MainBody { model: Rc::clone(model), tasks: tasks.clone() };
    Runner::new(bridge, config).run(move || body.run());
}

/// What shuttle's main task runs.
struct MainBody {
    model: Rc<dyn Fn()>,
    tasks: Tasks,
}

// SAFETY: as for `Carried`: the runner runs it on the thread that called `explore`, and nowhere else.
unsafe impl Send for MainBody {}
// SAFETY: as above.
unsafe impl Sync for MainBody {}

impl MainBody {
    fn run(&self) {
        let model = Rc::clone(&self.model);
        run_thread(Box::new(move || model()));
        // Keeps the execution alive until every thread of the model has finished.
        loop {
            let handle = self.tasks.shared.handles.borrow_mut().pop();
            let Some(handle) = handle else { break };
            let _ = handle.join();
        }
    }
}

/// Shuttle installs a panic hook once in a process; this lets it, and takes the hook away again.
fn take_shuttles_hook_away(config: &Config) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        quiet::let_shuttle_install_its_hook(|| {
            Runner::new(RandomScheduler::new_from_seed(0, 1), config.clone()).run(|| {});
        });
    });
}

/// Raddle's side of shuttle's scheduler.
struct Bridge {
    /// Dropped only when exhausted: the random one prints its seed otherwise.
    inner: ManuallyDrop<Box<dyn ShuttleScheduler>>,
    tasks: Tasks,
    judge: Rc<RefCell<dyn Judge>>,
    /// How many tasks the scheduler has seen; URW insists on meeting them in order.
    introduced: usize,
    began: bool,
    /// Whether there was ever a choice.
    concurrent: bool,
    /// What to use instead of PCT, which panics if the first execution had no choice.
    without_concurrency: Option<Box<dyn Fn() -> RandomScheduler>>,
}

impl Bridge {
    fn settle(&mut self) {
        if !std::mem::replace(&mut self.began, true) {
            return;
        }
        context::session(|session| {
            session.execution.borrow_mut().judge();
            self.judge.borrow_mut().saw(&session.execution.borrow(), None);
        });
        if !self.concurrent
            && let Some(random) = self.without_concurrency.take()
        {
            *self.inner = Box::new(random());
            let _ = self.inner.new_execution();
        }
    }
}

impl ShuttleScheduler for Bridge {
    fn new_execution(&mut self) -> Option<ShuttleSchedule> {
        self.settle();
        if !self.judge.borrow_mut().wants_another() {
            return None;
        }
        let Some(schedule) = self.inner.new_execution() else {
            // SAFETY: this is the only place that drops it, and shuttle does not ask again after `None`.
            unsafe { ManuallyDrop::drop(&mut self.inner) };
            return None;
        };
        context::session(|session| session.reset(usize::MAX));
        self.introduced = 0;
        *self.tasks.shared.threads.borrow_mut() = vec![ThreadId::MAIN];
        Some(schedule)
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, _: bool) -> Option<TaskId> {
        if self.tasks.shared.creating.get() {
            return current;
        }
        let tasks = Rc::clone(&self.tasks.shared);
        let threads = tasks.threads.borrow();
        context::session(|session| {
            let mut filter = Filter { bridge: self, runnable, current, threads: &threads };
            let next = session.execution.borrow_mut().advance(&mut filter);
            if let Some(thread) = next {
                self.judge.borrow_mut().beat(session, thread);
                let task = threads.iter().position(|&t| t == thread).map(TaskId::from);
                return task.filter(|task| runnable.iter().any(|t| t.id() == *task));
            }
            // The execution is over; the tasks that have not returned to shuttle yet do so now, but
            // for those whose stacks were given up.
            let execution = session.execution.borrow();
            let returns = |task: &&&Task| {
                threads.get(usize::from(task.id())).is_some_and(|&thread| !execution.thread(thread).abandoned)
            };
            runnable.iter().find(returns).map(|task| task.id())
        })
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

/// One choice of shuttle's scheduler.
struct Filter<'a> {
    bridge: &'a mut Bridge,
    runnable: &'a [&'a Task],
    current: Option<TaskId>,
    threads: &'a [ThreadId],
}

impl Filter<'_> {
    fn thread(&self, task: TaskId) -> ThreadId {
        self.threads[usize::from(task)]
    }
}

impl Scheduler for Filter<'_> {
    fn begin(&mut self) -> bool {
        true
    }

    fn choose(&mut self, execution: &Execution, enabled: ThreadSet) -> Option<Choice> {
        let thread = if let Some(choosing) = execution.choosing(enabled) {
            choosing
        } else {
            let offered = |threads: &dyn Fn(&Task) -> bool| -> Vec<&Task> {
                self.runnable.iter().copied().filter(|task| threads(task)).collect()
            };
            let able = offered(&|task| enabled.contains(self.thread(task.id())));
            self.bridge.concurrent |= able.len() > 1;
            let known = self.bridge.introduced;
            let mut chosen = None;
            if self.threads.len() > known {
                // New tasks are shown once even if they are disabled; URW would stumble otherwise.
                let shown = offered(&|task| {
                    usize::from(task.id()) >= known || enabled.contains(self.thread(task.id()))
                });
                self.bridge.introduced = self.threads.len();
                chosen = self.bridge.inner.next_task(&shown, self.current, false);
                chosen = chosen.filter(|&task| enabled.contains(self.thread(task)));
            }
            let chosen = match chosen {
                Some(task) => task,
                None => self.bridge.inner.next_task(&able, self.current, false)?,
            };
            self.thread(chosen)
        };
        let alternatives: Vec<u32> = execution.alternatives(thread).iter().collect();
        let alternative = match alternatives.as_slice() {
            [only] => *only,
            several => several[(self.bridge.inner.next_u64() % several.len() as u64) as usize],
        };
        Some(Choice { thread, alternative })
    }

    fn end(&mut self, _: &Execution) {}

    fn problem(&self) -> Option<Reason> {
        None
    }
}
