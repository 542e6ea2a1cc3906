//! One execution: threads, objects, and what happens when a thread takes its next step.
//!
//! The model's threads *announce* what they are about to do and stop. [`Execution::advance`] then
//! decides who goes on: first those for whom only local work is left (a child that begins, a join
//! whose thread has finished, a waiter that was notified), which is never a branch point; then,
//! when every thread has announced a visible operation, whomever the [`Scheduler`] chooses among
//! those that are enabled. The chosen operation takes effect here, before its thread runs on.

use std::collections::VecDeque;

use smallvec::smallvec;

use crate::config::Settings;
use crate::op::{Access, ObjectId, Op, Role, Site, State, ThreadId, ThreadSet};
use crate::rt::cycles::{self, Cycle, Mark};
use crate::rt::history::{Alternatives, History, Next, Touches};
use crate::rt::ids::Identities;
use crate::rt::log::Log;
use crate::rt::orders::Orders;
use crate::rt::thread::{Held, Panicked, Pending, Thread};
use crate::rt::waits;
use crate::schedule::Choice;
use crate::verdict::{FailureKind, Reason};

/// Chooses who takes the next step. Everything else about an engine of the Model arm is shared.
pub(crate) trait Scheduler {
    /// Prepares the next execution; `false` when there is none.
    fn begin(&mut self) -> bool;

    /// Chooses the next step among the enabled threads. `None` abandons the execution.
    fn choose(&mut self, execution: &Execution, enabled: ThreadSet) -> Option<Choice>;

    /// The first step whose races with earlier ones matter to it.
    fn races_matter_from(&self) -> usize {
        usize::MAX
    }

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
    /// What it is, as traces call it: `Mutex`.
    pub(crate) kind: &'static str,
    /// Where it was made.
    pub(crate) site: Site,
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
    objects: Vec<Object>,
    /// The places whose objects are made when first used, and were in this execution.
    declared: Vec<Site>,
    ready: VecDeque<ThreadId>,
    current: ThreadId,
    /// What was chosen so far.
    pub(crate) schedule: Vec<Choice>,
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
    pub(crate) failure: Option<Failure>,
    pub(crate) cut: Option<Cut>,
    cancelling: bool,
    /// Whether a destructor did more than give something back while its thread unwound.
    pub(crate) unwound: bool,
    /// Virtual time in nanoseconds.
    now: u64,
}

impl Execution {
    /// An execution that has not begun.
    pub(crate) fn new(settings: Settings) -> Self {
        Execution {
            settings,
            ids: Identities::new(),
            threads: Vec::new(),
            born: Vec::new(),
            objects: Vec::new(),
            declared: Vec::new(),
            ready: VecDeque::new(),
            current: ThreadId::MAIN,
            schedule: Vec::new(),
            marks: Vec::new(),
            cycle: None,
            history: None,
            log: None,
            orders: Orders::default(),
            failure: None,
            cut: None,
            cancelling: false,
            unwound: false,
            now: 0,
        }
    }

    /// Returns everything that lives for one execution to its beginning.
    pub(crate) fn reset(&mut self, races_matter_from: usize) {
        for thread in self.born.drain(..) {
            self.threads[thread.index()].reset();
        }
        self.declared.clear();
        self.ready.clear();
        self.schedule.clear();
        self.marks.clear();
        self.cycle = None;
        if let Some(history) = &mut self.history {
            history.clear(races_matter_from);
        }
        if let Some(log) = &mut self.log {
            log.clear();
        }
        self.orders.clear();
        self.failure = None;
        self.cut = None;
        self.cancelling = false;
        self.unwound = false;
        self.now = 0;
        self.be_born(ThreadId::MAIN, None, None);
        self.current = ThreadId::MAIN;
        let parker = self.create("Parker", 0, std::panic::Location::caller());
        self.set_parker(ThreadId::MAIN, parker);
        self.ready.push_back(ThreadId::MAIN);
    }

    // ---- what others may look at ----

    /// The thread that is running.
    pub(crate) fn current(&self) -> ThreadId {
        self.current
    }

    /// A thread's state.
    pub(crate) fn thread(&self, thread: ThreadId) -> &Thread {
        &self.threads[thread.index()]
    }

    /// The running thread's state.
    pub(crate) fn me(&mut self) -> &mut Thread {
        &mut self.threads[self.current.index()]
    }

    /// The threads of this execution in the order of their creation.
    pub(crate) fn born(&self) -> &[ThreadId] {
        &self.born
    }

    /// An object's state.
    pub(crate) fn object(&self, object: ObjectId) -> &Object {
        &self.objects[object.index()]
    }

    /// Whether the threads are being unwound.
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

    /// The virtual time in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// A thread whose next step is a choice, which is taken before anything else: it touches
    /// nothing, so it need not be a branch point for the other threads.
    pub(crate) fn choosing(&self, enabled: ThreadSet) -> Option<ThreadId> {
        enabled.iter().find(|&t| matches!(self.thread(t).pending, Pending::Choose { .. }))
    }

    /// The alternatives of a thread's next step.
    pub(crate) fn alternatives(&self, thread: ThreadId) -> Alternatives {
        match &self.thread(thread).pending {
            Pending::Op(op) => {
                op.waiters(self.object(op.object).state).map_or(Alternatives::One, Alternatives::Among)
            }
            Pending::Choose { n, .. } => Alternatives::Below(*n),
            _ => Alternatives::One,
        }
    }

    /// Whether a thread's next step could be taken now.
    pub(crate) fn enabled(&self, thread: ThreadId) -> bool {
        let state = self.thread(thread);
        match &state.pending {
            Pending::Op(op) => op.enabled(self.object(op.object).state),
            Pending::Choose { .. } => true,
            Pending::Yield { .. } => {
                state.read.iter().any(|&(object, version)| self.object(object).version != version)
            }
            _ => false,
        }
    }

    /// What a thread's next step touches if it is taken now.
    pub(crate) fn touches(&self, thread: ThreadId) -> Touches {
        let state = self.thread(thread);
        match &state.pending {
            Pending::Op(op) => smallvec![(op.object, op.access(self.object(op.object).state))],
            Pending::Yield { .. } => state.read.iter().map(|&(object, _)| (object, Access::READ)).collect(),
            _ => Touches::new(),
        }
    }

    /// A number that tells apart what a thread is about to do, the same in every execution.
    pub(crate) fn signature(&self, thread: ThreadId) -> u64 {
        match &self.thread(thread).pending {
            Pending::Op(op) => std::ptr::from_ref(op.command) as u64 ^ u64::from(op.object.0).rotate_left(48),
            Pending::Choose { n, .. } => 1 | u64::from(*n) << 8,
            Pending::Yield { .. } => 2,
            _ => 3,
        }
    }

    // ---- what the threads do ----

    /// A new thread begins with `parent`'s knowledge. `None` if there are too many threads.
    pub(crate) fn spawn(&mut self, name: Option<String>) -> Option<ThreadId> {
        let parent = self.current;
        let k = self.threads[parent.index()].children;
        let child = self.ids.child(parent, k)?;
        self.threads[parent.index()].children += 1;
        self.be_born(child, Some(parent), name);
        self.threads[child.index()].slept = self.threads[parent.index()].slept;
        Some(child)
    }

    fn be_born(&mut self, thread: ThreadId, parent: Option<ThreadId>, name: Option<String>) {
        if self.threads.len() <= thread.index() {
            self.threads.resize_with(thread.index() + 1, Thread::default);
        }
        self.threads[thread.index()].name = name;
        self.born.push(thread);
        if let Some(history) = &mut self.history {
            history.spawn(thread, parent);
        }
        self.orders.spawn(thread, parent);
    }

    /// Gives a thread the object on which it parks.
    pub(crate) fn set_parker(&mut self, thread: ThreadId, parker: ObjectId) {
        self.threads[thread.index()].parker = Some(parker);
    }

    /// The running thread makes an object.
    pub(crate) fn create(&mut self, kind: &'static str, state: State, site: Site) -> ObjectId {
        let creator = self.current;
        let k = self.threads[creator.index()].objects;
        self.threads[creator.index()].objects += 1;
        let id = self.ids.object(creator, k);
        self.install(id, kind, state, site);
        id
    }

    /// The running thread comes first upon an object that was declared elsewhere, in a static.
    pub(crate) fn create_declared(&mut self, kind: &'static str, state: State, site: Site) -> ObjectId {
        let k = self.declared.iter().filter(|&&known| known == site).count();
        self.declared.push(site);
        let id = self.ids.declared(site, k);
        self.install(id, kind, state, site);
        id
    }

    fn install(&mut self, id: ObjectId, kind: &'static str, state: State, site: Site) {
        let object = Object { state, version: 0, kind, site };
        if self.objects.len() <= id.index() {
            let filler = || Object { state: 0, version: 0, kind: "", site };
            self.objects.resize_with(id.index() + 1, filler);
        }
        self.objects[id.index()] = object;
    }

    /// The running thread says what it is about to do, and will then stop.
    pub(crate) fn announce(&mut self, pending: Pending) {
        let thread = self.current;
        match pending {
            Pending::Spawned => {
                // The newest child runs up to its first visible operation before its parent goes on.
                if let Some(&child) = self.born.last() {
                    self.ready.push_back(child);
                }
                self.ready.push_back(thread);
            }
            Pending::Join { thread: other, site } => {
                if matches!(self.thread(other).pending, Pending::Finished) {
                    self.joins(thread, other, Some(site));
                }
            }
            Pending::Wake { .. } => {
                if let Some(step) = self.thread(thread).woken_by {
                    self.wakes(thread, step);
                }
            }
            _ => {}
        }
        self.threads[thread.index()].pending = pending;
    }

    /// The running thread has finished.
    pub(crate) fn finish(&mut self, panicked: Option<Panicked>) {
        let thread = self.current;
        let state = &mut self.threads[thread.index()];
        state.pending = Pending::Finished;
        if panicked.is_some() {
            state.panicked = panicked;
        }
        if let (false, Some(log)) = (self.cancelling, &mut self.log) {
            log.finished(thread, state.panicked.as_ref());
        }
        for index in 0..self.born.len() {
            let other = self.born[index];
            if matches!(self.thread(other).pending, Pending::Join { thread: awaited, .. } if awaited == thread)
            {
                self.joins(other, thread, self.thread(other).pending.site());
            }
        }
    }

    /// Who holds a lock, and where it was taken.
    pub(crate) fn holder(&self, object: ObjectId) -> Option<(ThreadId, Site)> {
        self.born.iter().find_map(|&thread| {
            let held = self.thread(thread).held.iter().find(|held| held.object == object)?;
            Some((thread, held.site))
        })
    }

    fn joins(&mut self, thread: ThreadId, other: ThreadId, site: Option<Site>) {
        self.threads[other.index()].joined = true;
        let slept = self.threads[other.index()].slept;
        let state = &mut self.threads[thread.index()];
        state.slept = state.slept.max(slept);
        if let Some(history) = &mut self.history {
            history.follow(thread, other);
        }
        self.orders.follow(thread, other);
        if let Some(log) = &mut self.log {
            log.joined(thread, other, site);
        }
        self.ready.push_back(thread);
    }

    fn wakes(&mut self, thread: ThreadId, step: u32) {
        if let Some(history) = &mut self.history {
            history.follow_event(thread, step);
        }
        self.ready.push_back(thread);
    }

    // ---- who goes on ----

    /// Lets the next thread go on, and names it; `None` at the end of the execution.
    pub(crate) fn advance(&mut self, scheduler: &mut dyn Scheduler) -> Option<ThreadId> {
        loop {
            if let Some(thread) = self.ready.pop_front() {
                self.current = thread;
                return Some(thread);
            }
            if self.cancelling {
                return self.next_to_unwind();
            }
            if self.settings.stop_on_failure {
                self.notice_early();
                if self.failure.is_some() {
                    self.cancelling = true;
                    continue;
                }
            }
            let mut enabled = ThreadSet::default();
            for &thread in &self.born {
                if self.enabled(thread) {
                    enabled.insert(thread);
                }
            }
            if let Some(mut log) = self.log.take() {
                log.step = self.schedule.len();
                log.note_waiting(self);
                self.log = Some(log);
            }
            if enabled.is_empty() {
                if !self.finished() && !self.force() {
                    self.stuck();
                    self.cancelling = true;
                    continue;
                }
                if self.ready.is_empty() {
                    return None;
                }
                continue;
            }
            if self.schedule.len() >= self.settings.max_steps {
                self.run_out_of_steps();
                continue;
            }
            let Some(choice) = scheduler.choose(self, enabled) else {
                self.cut = Some(Cut::Abandoned);
                self.cancelling = true;
                continue;
            };
            let what = self.signature(choice.thread);
            self.step(choice);
            let what = what ^ self.thread(choice.thread).answer.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.marks.push(Mark { thread: choice.thread, what, enabled });
            self.current = choice.thread;
            return Some(choice.thread);
        }
    }

    /// The execution is at its bound: a livelock if it is in a fair cycle, else cut.
    fn run_out_of_steps(&mut self) {
        self.cancelling = true;
        let cycle = cycles::find(&self.marks);
        if let Some(cycle) = cycle.filter(|cycle| cycle.fair) {
            self.cycle = Some(cycle);
            let message = waits::describe_livelock(self, cycle);
            self.fail(FailureKind::Livelock, message);
        } else if self.failure.is_none() {
            let thread = self.schedule.last().map_or(ThreadId::MAIN, |choice| choice.thread);
            let site = self.thread(thread).pending.site();
            self.cut = Some(Cut::Steps { thread, site, cycle });
        }
    }

    fn next_to_unwind(&mut self) -> Option<ThreadId> {
        // The newest first: a child may borrow from its parent's stack.
        let unfinished = |t: &&ThreadId| {
            let state = self.thread(**t);
            !state.abandoned && !matches!(state.pending, Pending::Finished)
        };
        let thread = *self.born.iter().rev().find(unfinished)?;
        self.current = thread;
        Some(thread)
    }

    /// Performs the pending operation of the chosen thread.
    fn step(&mut self, choice: Choice) {
        let Choice { thread, alternative } = choice;
        let pending = std::mem::take(&mut self.threads[thread.index()].pending);
        self.schedule.push(choice);
        self.threads[thread.index()].last_site = pending.site();
        match pending {
            Pending::Op(op) => self.perform(thread, op, alternative),
            Pending::Choose { what, site, .. } => {
                if let Some(history) = &mut self.history {
                    history.local(thread, alternative);
                }
                if let Some(log) = &mut self.log {
                    log.chose(thread, what, alternative, site);
                }
                self.threads[thread.index()].answer = u64::from(alternative);
            }
            Pending::Yield { site } => {
                let state = &mut self.threads[thread.index()];
                if let Some(history) = &mut self.history {
                    history.look_for_races(thread, &Next::Yield(&state.read), 0);
                    let objects = &self.objects;
                    let read = state.read.iter().map(|&(id, _)| (id, objects[id.index()].state));
                    history.yields(thread, read);
                }
                if let Some(log) = &mut self.log {
                    log.yielded(thread, site);
                }
                state.read.clear();
                state.rounds = 0;
            }
            _ => unreachable!("only a visible operation is ever enabled"),
        }
    }

    fn perform(&mut self, thread: ThreadId, mut op: Op, alternative: u32) {
        let before = self.objects[op.object.index()].state;
        if op.waiters(before).is_some() {
            op.args[1] = 1 << alternative;
        }
        if let Some(history) = &mut self.history {
            history.look_for_races(thread, &Next::Op(&op), before);
            history.op(thread, alternative, &op, before);
        }
        self.take_effect(thread, op, before);
    }

    /// The part of an operation that is the same whether it was scheduled or not.
    fn take_effect(&mut self, thread: ThreadId, op: Op, before: State) {
        let access = op.access(before);
        let after = op.effect(before);
        if let Some(log) = &mut self.log {
            log.performed(thread, &op, before);
        }
        let object = &mut self.objects[op.object.index()];
        object.state = after;
        let state = &mut self.threads[thread.index()];
        state.answer = before;
        state.idle_yields = 0;
        // A swap that puts back what was there is a look, as far as waiting is concerned: the loop of a
        // test-and-set lock waits for somebody else's write.
        if after == before {
            if !state.read.iter().any(|&(read, _)| read == op.object) {
                state.read.push((op.object, object.version));
            }
        } else {
            object.version += 1;
            state.read.clear();
            state.rounds = 0;
        }
        match op.command.role {
            Role::Acquire => state.held.push(Held { object: op.object, site: op.site }),
            Role::TryAcquire if after != before => {
                state.held.push(Held { object: op.object, site: op.site });
            }
            Role::Release => {
                if let Some(at) = state.held.iter().rposition(|held| held.object == op.object) {
                    state.held.remove(at);
                }
            }
            Role::Notify => self.notify(ThreadSet(before & !after)),
            _ => {}
        }
        self.orders.op(thread, &op, access, after != before);
    }

    fn notify(&mut self, woken: ThreadSet) {
        let step = self.schedule.len().saturating_sub(1) as u32;
        for waiter in woken.iter() {
            self.threads[waiter.index()].woken_by = Some(step);
            if matches!(self.thread(waiter).pending, Pending::Wake { .. }) {
                self.wakes(waiter, step);
            }
        }
    }

    /// Performs an operation at once, as part of the newest event: destructors that run during a panic's
    /// unwinding must not switch. Schedules in which others come between are left out, which the
    /// verdict says. `None` if the operation would have to wait.
    pub(crate) fn perform_unscheduled(&mut self, op: Op) -> Option<State> {
        let thread = self.current;
        let before = self.objects[op.object.index()].state;
        if !op.enabled(before) {
            return None;
        }
        let mut op = op;
        // What was put off comes before it, at once and whatever it is: giving back is never disabled.
        let put_off = std::mem::take(&mut self.threads[thread.index()].put_off);
        for earlier in put_off {
            self.perform_unscheduled(earlier);
        }
        let before = self.objects[op.object.index()].state;
        self.unwound |= !self.cancelling;
        if let Some(first) = op.waiters(before).and_then(ThreadSet::first) {
            op.args[1] = ThreadSet::one(first).0;
        }
        if !self.cancelling
            && let Some(history) = &mut self.history
        {
            history.extend(thread, &op, before);
        }
        let quiet = self.cancelling.then(|| self.log.take()).flatten();
        self.take_effect(thread, op, before);
        if quiet.is_some() {
            self.log = quiet;
        }
        Some(before)
    }

    /// Gives up the running thread, which would have to wait while it unwinds.
    pub(crate) fn abandon_current(&mut self) {
        let thread = self.current;
        self.threads[thread.index()].abandoned = true;
        if !self.cancelling {
            self.fail(
                FailureKind::Panic,
                format!(
                    "{} panicked, and a destructor that ran while it unwound waits for another thread, \
                     which raddle does not follow",
                    self.describe(thread)
                ),
            );
            self.cancelling = true;
        }
    }

    /// Lets time pass, or yields return, when nothing else can move. Whether anything did.
    fn force(&mut self) -> bool {
        let deadline = self.born.iter().filter_map(|&t| self.deadline(t)).min();
        let spinning = |t: ThreadId| matches!(self.thread(t).pending, Pending::Yield { .. });
        let spins = self.born.iter().any(|&t| spinning(t));
        if deadline.is_none() && !spins {
            return false;
        }
        if spins
            && deadline.is_none()
            && self.born.iter().all(|&t| !spinning(t) || self.thread(t).rounds >= FRUITLESS_ROUNDS)
        {
            return false;
        }
        if let Some(history) = &mut self.history {
            waits::check_blocked(history, &self.threads, &self.objects, &self.born);
            history.barrier();
        }
        if let Some(deadline) = deadline {
            self.now = self.now.max(deadline);
        }
        for index in 0..self.born.len() {
            let thread = self.born[index];
            let fires = self.deadline(thread).is_some_and(|d| d <= self.now);
            if !spinning_now(self.thread(thread)) && !fires {
                continue;
            }
            let state = &mut self.threads[thread.index()];
            if let (true, Pending::Wake { object, .. }) = (fires, state.pending) {
                state.timed_out = true;
                let object = &mut self.objects[object.index()];
                object.state &= !ThreadSet::one(thread).0;
            } else if fires {
                // What was pending stays undone, and its thread does something else instead.
                state.timed_out = true;
                state.rounds += 1;
            } else {
                state.rounds += 1;
                state.read.clear();
            }
            if let Some(log) = &mut self.log {
                log.forced(thread, fires, state.pending.site());
            }
            if fires {
                self.threads[thread.index()].pending = Pending::Nothing;
            }
            self.ready.push_back(thread);
        }
        true
    }

    fn deadline(&self, thread: ThreadId) -> Option<u64> {
        match self.thread(thread).pending {
            Pending::Wake { deadline, .. } => deadline,
            Pending::Op(_) => self.thread(thread).deadline,
            // A loop that asks again and again whether a thread has finished takes no steps.
            Pending::Join { .. } if self.thread(thread).rounds < FRUITLESS_ROUNDS => {
                self.thread(thread).deadline
            }
            _ => None,
        }
    }

    // ---- how it ends ----

    /// Records the first failure; later ones are consequences.
    pub(crate) fn fail(&mut self, kind: FailureKind, message: String) {
        if self.failure.is_none() {
            self.failure = Some(Failure { kind, message });
            if let Some(mut log) = self.log.take() {
                log.note_end(self);
                self.log = Some(log);
            }
        }
    }

    /// A failure that is certain before the execution ends.
    fn notice_early(&mut self) {
        if self.failure.is_some() {
            return;
        }
        if let Some(message) = self.main_panicked() {
            self.fail(FailureKind::Panic, message);
        } else if let Some(cycle) = waits::cycle(self) {
            self.fail(FailureKind::Deadlock, waits::describe_cycle(self, &cycle));
        }
    }

    fn main_panicked(&self) -> Option<String> {
        self.thread(ThreadId::MAIN).panicked.as_ref().map(|p| p.message.clone())
    }

    /// Nobody can move and somebody is unfinished.
    fn stuck(&mut self) {
        if let Some(history) = &mut self.history {
            waits::check_blocked(history, &self.threads, &self.objects, &self.born);
        }
        if let Some(message) = self.main_panicked() {
            self.fail(FailureKind::Panic, message);
        }
        let spins = self.born.iter().any(|&t| spinning_now(self.thread(t)));
        let kind = if spins { FailureKind::Livelock } else { FailureKind::Deadlock };
        let message = waits::describe_stuck(self);
        self.fail(kind, message);
    }

    /// Judges an execution that ran to its end: a panic that nobody asked about is a failure.
    pub(crate) fn judge(&mut self) {
        if self.cut.is_some() || self.failure.is_some() {
            return;
        }
        let unseen = |t: &&ThreadId| {
            let state = self.thread(**t);
            state.panicked.is_some() && !state.joined
        };
        if let Some(&thread) = self.born.iter().find(unseen) {
            let message = match &self.thread(thread).panicked {
                Some(panicked) if thread == ThreadId::MAIN => panicked.message.clone(),
                Some(panicked) => {
                    format!("{} panicked and nobody joined it: {}", self.describe(thread), panicked.message)
                }
                None => return,
            };
            self.fail(FailureKind::Panic, message);
        }
    }

    /// A thread as messages call it: by its name, or by its place in the order of creation.
    pub(crate) fn describe(&self, thread: ThreadId) -> String {
        if thread == ThreadId::MAIN {
            return "main".to_owned();
        }
        if let Some(name) = &self.thread(thread).name {
            return name.clone();
        }
        let place = self.born.iter().position(|&t| t == thread).unwrap_or_default();
        format!("thread {place}")
    }

    /// An object as messages call it: its kind, and its place among those of its kind that the
    /// model made on that line.
    pub(crate) fn describe_object(&self, object: ObjectId) -> String {
        let Object { kind, site, .. } = self.object(object);
        format!("{kind} made at {}:{}", site.file(), site.line())
    }
}

fn spinning_now(thread: &Thread) -> bool {
    matches!(thread.pending, Pending::Yield { .. })
}
