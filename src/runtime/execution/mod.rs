//! One execution: threads, objects, and the effect of each step.
//!
//! The model's threads *announce* what they are about to do and stop. [`Execution::advance`] then decides
//! which thread goes on: first a thread that has only local work left (a child that begins, a join whose
//! thread has finished, a waiter that was notified), which is never a branch point; then, when every thread
//! has announced a visible operation, the enabled thread that the [`Scheduler`] chooses. The chosen operation
//! takes effect here, before its thread runs on.
//!
//! Its parts are [`threads`], [`enabled`], [`advance`], [`effects`] and [`ending`].

mod advance;
mod awaits;
mod effects;
mod enabled;
mod ending;
mod going;
mod threads;

use std::collections::VecDeque;
use std::rc::Rc;

use crate::failure::{FailureKind, Reason};
use crate::op::{Access, ObjectId, Site, State, ThreadId, ThreadSet};
use crate::runtime::happens_before::{Alternatives, HappensBefore, Touches};
use crate::runtime::ids::Identities;
use crate::runtime::lasso::{Lasso, StepRecord};
use crate::runtime::limits::Limits;
use crate::runtime::log::Log;
use crate::runtime::race_detector::RaceDetector;
use crate::runtime::sharing::Sharing;
use crate::runtime::spinloop::{self, Shared};
use crate::runtime::thread::{Pending, Thread};
use crate::runtime::times::{Ends, Times};
use crate::schedule::Choice;
use awaits::Awaits;
pub(crate) use awaits::{Await, Goes};
use enabled::Waiting;

/// Chooses the next step. All other parts of an engine of the model backend are shared.
pub(crate) trait Scheduler {
    /// Prepares the next execution; `false` when there is none.
    fn begin(&mut self) -> bool;

    /// Chooses the next step among the enabled threads. `None` abandons the execution.
    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice>;

    /// The first step whose races with earlier ones are needed.
    fn races_matter_from(&self) -> usize {
        usize::MAX
    }

    /// How many of the first steps repeat those of the previous execution.
    fn repeats(&self) -> usize {
        0
    }

    /// Whether another step could be chosen instead of the one that was chosen last: it is dropped if it is a
    /// look that closes a round without effect.
    fn is_free(&self) -> bool {
        true
    }

    /// The step that was chosen last was dropped, and another is to be chosen.
    fn take_back(&mut self) {}

    /// Called when the execution has ended.
    fn end(&mut self, execution: &Execution);

    /// Why the scheduler cannot go on, if it cannot.
    fn problem(&self) -> Option<Reason>;
}

/// An object: its state and its origin.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) state: State,
    /// How often its state was changed.
    pub(crate) version: u32,
    /// How many steps there were when it was changed last, and by which thread.
    changed: (usize, ThreadId),
    /// How many there were when another thread than that changed it last.
    changed_before: usize,
    /// The threads whose next step accesses it.
    watched_by: ThreadSet,
    /// Its kind, as in traces: `Mutex`.
    pub(crate) kind: &'static str,
    /// The name that the model gave it.
    pub(crate) name: Option<Rc<str>>,
    /// Where it was made.
    pub(crate) site: Site,
    /// The thread that made it.
    maker: ThreadId,
}

/// A failure of an execution.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

/// Why an execution was not run to its end.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// It took more steps than allowed; the thread and line of the last of them, and the cycle that it was
    /// in.
    Steps { thread: ThreadId, site: Option<Site>, lasso: Option<Lasso> },
    /// The scheduler abandoned it.
    Abandoned,
    /// New knowledge about the model's loops restarts the search.
    StartOver,
    /// `is_finished` was to return true for a thread that could not finish before that.
    Assumed,
    /// The model needs more of something than raddle can hold.
    Limit { why: String },
}

/// How often a thread that waits for a write may return from its yield when no other thread can write, before
/// that is called a livelock. Loops that give up after some rounds of spinning are finite and must not be
/// mistaken for endless ones; a round costs a few steps, and only when nothing else can move. A
/// loop that counts further than this in the heap is taken for one that waits.
const FRUITLESS_ROUNDS: usize = spinloop::ROUNDS as usize;

/// The state of one execution. The next one reuses its memory.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) limits: Limits,
    pub(crate) ids: Identities,
    threads: Vec<Thread>,
    /// The threads of this execution in the order of their creation.
    born: Vec<ThreadId>,
    waiting: Waiting,
    objects: Vec<Object>,
    /// The places whose objects are made on first use, and were in this execution.
    declared: Vec<Site>,
    /// The objects inside the statics that were used.
    within: Vec<ObjectId>,
    /// The static whose value is being made, and how many objects were made for it.
    pub(crate) declaring: Option<(usize, usize)>,
    ready: VecDeque<ThreadId>,
    current: ThreadId,
    /// The choices so far.
    pub(crate) schedule: Vec<Choice>,
    /// The steps that notified one of several waiters, and the waiter.
    pub(crate) chosen_waiters: Vec<(usize, ThreadId)>,
    /// A record of each step, for the detection of cycles.
    records: Vec<StepRecord>,
    /// The lasso of a livelock, if the failure is one.
    pub(crate) lasso: Option<Lasso>,
    /// The happens-before relation, for engines that use it.
    pub(crate) happens_before: Option<HappensBefore>,
    /// The log for the trace, when it is recorded.
    pub(crate) log: Option<Log>,
    /// The order of accesses by the memory orderings that the program wrote.
    pub(crate) race_detector: RaceDetector,
    /// The clocks that threads learn from operations.
    pub(crate) times: Times,
    /// Waiting loops, for the engine that treats them as one step.
    awaits: Option<Awaits>,
    /// Whether a thread has yielded in this execution or in an earlier one.
    pub(crate) yields: bool,
    /// How often time has passed because no thread could go on.
    forced: u32,
    /// The threads' ends that threads learn from operations.
    pub(crate) ends: Ends,
    pub(crate) failure: Option<Failure>,
    pub(crate) cut: Option<Cut>,
    cancelling: bool,
    /// What was observed about sharing, in all executions so far.
    pub(crate) sharing: Sharing,
    /// Virtual time in nanoseconds.
    now: u64,
    /// By how much time passes next for loops that wait for it, in nanoseconds.
    tick: u64,
    /// The number of steps at which the execution is next searched for a cycle without an exit.
    look_at: usize,
}

/// By how much time passes first for loops that wait for nothing else, in nanoseconds. It is doubled each
/// time, so that such a loop takes few rounds whatever deadline it waits for.
const FIRST_TICK: u64 = 1_000_000;

/// After how many steps an execution is first searched for a cycle.
const FIRST_LOOK: usize = 10_000;

impl Execution {
    /// An execution that has not begun.
    pub(crate) fn new(limits: Limits) -> Self {
        Execution {
            limits,
            ids: Identities::new(),
            threads: Vec::new(),
            born: Vec::new(),
            waiting: Waiting::default(),
            objects: Vec::new(),
            declared: Vec::new(),
            within: Vec::new(),
            declaring: None,
            ready: VecDeque::new(),
            current: ThreadId::MAIN,
            schedule: Vec::new(),
            chosen_waiters: Vec::new(),
            records: Vec::new(),
            lasso: None,
            happens_before: None,
            log: None,
            race_detector: RaceDetector::default(),
            times: Times::default(),
            awaits: None,
            yields: false,
            forced: 0,
            ends: Ends::default(),
            failure: None,
            cut: None,
            cancelling: false,
            sharing: Sharing::default(),
            now: 0,
            tick: FIRST_TICK,
            look_at: 0,
        }
    }

    /// Treats waiting loops as one step each, by what is known about them. If the execution `follows` a
    /// schedule, there is no search that new knowledge could restart.
    pub(crate) fn treat_loops_as_awaits(&mut self, shared: Shared, follows: bool) {
        self.awaits = Some(Awaits::new(shared, follows));
    }

    /// Resets everything that lives for one execution.
    pub(crate) fn reset(&mut self, repeats: usize, races_matter_from: usize) {
        for thread in self.born.drain(..) {
            self.threads[thread.index()].reset();
        }
        self.waiting.clear();
        self.declared.clear();
        self.within.clear();
        self.declaring = None;
        self.ready.clear();
        self.schedule.clear();
        self.chosen_waiters.clear();
        self.records.clear();
        self.lasso = None;
        if let Some(happens_before) = &mut self.happens_before {
            happens_before.rewind(repeats, races_matter_from);
        }
        if let Some(log) = &mut self.log {
            log.clear();
        }
        self.race_detector.clear();
        self.times.clear();
        self.ends.clear();
        self.failure = None;
        self.cut = None;
        self.cancelling = false;
        self.now = 0;
        self.forced = 0;
        if let Some(awaits) = &mut self.awaits {
            awaits.begin();
        }
        self.tick = FIRST_TICK;
        self.look_at = FIRST_LOOK.min(self.limits.max_steps);
        self.be_born(ThreadId::MAIN, None, None);
        self.current = ThreadId::MAIN;
        let parker = self.create("Parker", 0, std::panic::Location::caller());
        self.set_parker(ThreadId::MAIN, parker);
        self.ready.push_back(ThreadId::MAIN);
    }

    /// The thread that is running.
    #[inline]
    pub(crate) fn current(&self) -> ThreadId {
        self.current
    }

    /// A thread's state.
    #[inline]
    pub(crate) fn thread(&self, thread: ThreadId) -> &Thread {
        &self.threads[thread.index()]
    }

    /// The running thread's state.
    #[inline]
    pub(crate) fn me(&mut self) -> &mut Thread {
        &mut self.threads[self.current.index()]
    }

    /// The threads of this execution in the order of their creation.
    pub(crate) fn born(&self) -> &[ThreadId] {
        &self.born
    }

    /// An object's state.
    #[inline]
    pub(crate) fn object(&self, object: ObjectId) -> &Object {
        &self.objects[object.index()]
    }

    /// Whether the threads are being unwound.
    #[inline]
    pub(crate) fn cancelling(&self) -> bool {
        self.cancelling
    }

    /// Ends the execution: every thread is unwound when it would next go on.
    pub(crate) fn cancel(&mut self) {
        self.cancelling = true;
    }

    /// Whether every thread has finished.
    pub(crate) fn finished(&self) -> bool {
        self.born.iter().all(|&t| matches!(self.thread(t).pending, Pending::Finished))
    }

    /// Whether a thread takes a step in the cycle.
    pub(crate) fn moves_in(&self, lasso: Lasso, thread: ThreadId) -> bool {
        self.records[lasso.stem..][..lasso.cycle].iter().any(|record| record.thread == thread)
    }

    /// The virtual time in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Whether local states are recorded at every step, because the execution has become long: a cycle fills
    /// half of it when it is searched.
    #[inline]
    pub(crate) fn observes_steps(&self) -> bool {
        self.schedule.len() * 8 >= self.look_at * 3
    }

    /// The alternatives of a thread's next step.
    #[inline]
    pub(crate) fn alternatives(&self, thread: ThreadId) -> Alternatives {
        match &self.thread(thread).pending {
            Pending::Op(op) => {
                let state = self.object(op.object).state;
                match op.waiters(state) {
                    Some(waiters) => Alternatives::Among(waiters),
                    None if op.goes_either_way(state) => Alternatives::Below(2),
                    None => Alternatives::One,
                }
            }
            Pending::Choose { n, .. } => Alternatives::Below(*n),
            _ => Alternatives::One,
        }
    }

    /// The alternative of a thread's next step for a number in a portable schedule: a waiter's index in the
    /// order of creation, if the step chooses among waiters.
    pub(crate) fn alternative_of(&self, thread: ThreadId, portable: u32) -> Option<u32> {
        let alternatives = self.alternatives(thread);
        match (alternatives, &self.thread(thread).pending) {
            (Alternatives::Among(slots), Pending::Op(op)) => {
                let waiter = *self.born.get(portable as usize)?;
                slots.iter().find(|&slot| self.ids.waiter(op.object, slot) == Some(waiter))
            }
            _ => alternatives.contains(portable).then_some(portable),
        }
    }

    /// Whether a thread's next step could be taken now.
    #[inline]
    pub(crate) fn enabled(&self, thread: ThreadId) -> bool {
        let state = self.thread(thread);
        match &state.pending {
            Pending::Op(op) => {
                let value = self.object(op.object).state;
                op.enabled(value) && !state.looks_in_vain(value)
            }
            Pending::Choose { .. } => true,
            Pending::Yield { .. } => {
                state.read.iter().any(|&(object, version)| self.object(object).version != version)
            }
            _ => false,
        }
    }

    /// What a thread's next step accesses if it is taken now.
    #[inline]
    pub(crate) fn touches(&self, thread: ThreadId) -> Touches {
        let state = self.thread(thread);
        match &state.pending {
            Pending::Op(op) => Touches::One((op.object, op.access(self.object(op.object).state))),
            Pending::Yield { .. } => state.read.iter().map(|&(object, _)| (object, Access::READ)).collect(),
            _ => Touches::None,
        }
    }
}

fn spinning_now(thread: &Thread) -> bool {
    matches!(thread.pending, Pending::Yield { .. })
}
