//! One execution: threads, objects, and what happens when a thread takes its next step.
//!
//! The model's threads *announce* what they are about to do and stop. [`Execution::advance`] then
//! decides who goes on: first those for whom only local work is left (a child that begins, a join
//! whose thread has finished, a waiter that was notified), which is never a branch point; then,
//! when every thread has announced a visible operation, whomever the [`Scheduler`] chooses among
//! those that are enabled. The chosen operation takes effect here, before its thread runs on.
//!
//! [`threads`], [`enabled`], [`advance`], [`effects`] and [`ending`] are the parts of that.

mod advance;
mod awaits;
mod effects;
mod enabled;
mod ending;
mod threads;

use std::collections::VecDeque;
use std::rc::Rc;

use crate::config::Settings;
use crate::op::{Access, ObjectId, Site, State, ThreadId, ThreadSet};
use crate::rt::cycles::{Cycle, Mark};
use crate::rt::history::{Alternatives, History, Touches};
use crate::rt::ids::Identities;
use crate::rt::log::Log;
use crate::rt::orders::Orders;
use crate::rt::sharing::Sharing;
use crate::rt::spinloop::Shared;
use crate::rt::thread::{Pending, Thread};
use crate::rt::times::{Ends, Times};
use crate::schedule::Choice;
use crate::verdict::{FailureKind, Reason};
use awaits::Awaits;
pub(crate) use awaits::{Await, Goes};
use enabled::Waiting;

/// Chooses who takes the next step. Everything else about an engine of the Model arm is shared.
pub(crate) trait Scheduler {
    /// Prepares the next execution; `false` when there is none.
    fn begin(&mut self) -> bool;

    /// Chooses the next step among the enabled threads. `None` abandons the execution.
    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice>;

    /// The first step whose races with earlier ones matter to it.
    fn races_matter_from(&self) -> usize {
        usize::MAX
    }

    /// How many of the first steps will be those of the execution before.
    fn repeats(&self) -> usize {
        0
    }

    /// Whether the step that was chosen last could as well be another: it is none if it is a look that closes a
    /// round without effect.
    fn is_free(&self) -> bool {
        true
    }

    /// The step that was chosen last is none, and another is to be chosen.
    fn take_back(&mut self) {}

    /// Learns how the execution ended.
    fn end(&mut self, execution: &Execution);

    /// Why the scheduler cannot go on, if it cannot.
    fn problem(&self) -> Option<Reason>;
}

/// An object: its state and where it came from.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) state: State,
    /// How often its state was changed.
    pub(crate) version: u32,
    /// The threads whose next step looks at it.
    watched_by: ThreadSet,
    /// What it is, as traces call it: `Mutex`.
    pub(crate) kind: &'static str,
    /// What the model calls it.
    pub(crate) name: Option<Rc<str>>,
    /// Where it was made.
    pub(crate) site: Site,
    /// The thread that made it.
    maker: ThreadId,
}

/// What went wrong in an execution.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

/// Why an execution was not run to its end.
#[derive(Clone, Debug)]
pub(crate) enum Cut {
    /// It took more steps than allowed; the thread and line of the last of them, and the cycle that
    /// it was in.
    Steps { thread: ThreadId, site: Option<Site>, cycle: Option<Cycle> },
    /// The scheduler had no use for it.
    Abandoned,
    /// Something was learned of the model's loops with which the search begins anew.
    StartOver,
    /// A thread was told that another has finished, which could not finish before that.
    Assumed,
    /// The model needs more of something than there is room for.
    Limit { why: String },
}

/// How often a thread that waits for a write may return from its yield when nobody is left to write,
/// before that is called a livelock. Loops that give up after some rounds of spinning are finite and
/// must not be mistaken for ones that never do; a round costs a few steps, and only where nothing
/// else can move.
const FRUITLESS_ROUNDS: usize = 32;

/// The state of one execution. Its memory is used again by the next one.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) settings: Settings,
    pub(crate) ids: Identities,
    threads: Vec<Thread>,
    /// The threads of this execution in the order of their creation.
    born: Vec<ThreadId>,
    waiting: Waiting,
    objects: Vec<Object>,
    /// The places whose objects are made when first used, and were in this execution.
    declared: Vec<Site>,
    /// What is inside of the statics that were used.
    within: Vec<ObjectId>,
    /// The static whose value is being made, and how many objects were made for it.
    pub(crate) declaring: Option<(usize, usize)>,
    ready: VecDeque<ThreadId>,
    current: ThreadId,
    /// What was chosen so far.
    pub(crate) schedule: Vec<Choice>,
    /// The steps that notified one of several waiters, and whom.
    pub(crate) chosen_waiters: Vec<(usize, ThreadId)>,
    /// What each choice led to, for the recognition of cycles.
    marks: Vec<Mark>,
    /// The cycle that a livelock is in, if the failure is one.
    pub(crate) cycle: Option<Cycle>,
    /// The happens-before relation, for engines that ask for it.
    pub(crate) history: Option<History>,
    /// What is told to a reader, when it is recorded.
    pub(crate) log: Option<Log>,
    /// Which accesses the written memory orderings put in order.
    pub(crate) orders: Orders,
    /// What operations bring to the clocks of threads.
    pub(crate) times: Times,
    /// Loops that wait, for the engine that treats them as one step.
    awaits: Option<Awaits>,
    /// How often time has passed because no thread could go on.
    forced: u32,
    /// What operations bring of threads' ends.
    pub(crate) ends: Ends,
    pub(crate) failure: Option<Failure>,
    pub(crate) cut: Option<Cut>,
    cancelling: bool,
    /// What was seen of sharing, in all executions so far.
    pub(crate) sharing: Sharing,
    /// Virtual time in nanoseconds.
    now: u64,
    /// By how much time passes next for loops that wait for it, in nanoseconds.
    tick: u64,
    /// The number of steps at which the execution is next searched for a cycle that it does not leave.
    look_at: usize,
}

/// By how much time passes first for loops that wait for nothing else, in nanoseconds. It is doubled each
/// time, so that such a loop takes few rounds whatever it waits for.
const FIRST_TICK: u64 = 1_000_000;

/// After how many steps an execution is first searched for a cycle.
const FIRST_LOOK: usize = 10_000;

impl Execution {
    /// An execution that has not begun.
    pub(crate) fn new(settings: Settings) -> Self {
        Execution {
            settings,
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
            marks: Vec::new(),
            cycle: None,
            history: None,
            log: None,
            orders: Orders::default(),
            times: Times::default(),
            awaits: None,
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

    /// Loops that wait become one step each, by what is known of them.
    /// Where the execution `follows` a schedule, there is no search that would begin anew with a lesson.
    pub(crate) fn treat_loops_as_awaits(&mut self, shared: Shared, follows: bool) {
        self.awaits = Some(Awaits::new(shared, follows));
    }

    /// Returns everything that lives for one execution to its beginning.
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
        self.marks.clear();
        self.cycle = None;
        if let Some(history) = &mut self.history {
            history.rewind(repeats, races_matter_from);
        }
        if let Some(log) = &mut self.log {
            log.clear();
        }
        self.orders.clear();
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
        self.look_at = FIRST_LOOK.min(self.settings.max_steps);
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

    /// Ends the execution: every thread is unwound when it is next to go on.
    pub(crate) fn cancel(&mut self) {
        self.cancelling = true;
    }

    /// Whether every thread has finished.
    pub(crate) fn finished(&self) -> bool {
        self.born.iter().all(|&t| matches!(self.thread(t).pending, Pending::Finished))
    }

    /// Whether a thread takes a step of a cycle.
    pub(crate) fn moves_in(&self, cycle: Cycle, thread: ThreadId) -> bool {
        self.marks[cycle.start..][..cycle.period].iter().any(|mark| mark.thread == thread)
    }

    /// The virtual time in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Whether local states are observed at every step, because the execution has become long: a cycle
    /// fills half of it when it is searched.
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

    /// The alternative of a thread's next step that a portable schedule calls by a number: that is a
    /// waiter's place in the order of creation, where one of several is chosen.
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

    /// What a thread's next step touches if it is taken now.
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
