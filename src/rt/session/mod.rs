//! The door between a model's threads and the execution that they are part of.
//!
//! Every visible operation goes through [`Session::perform`] or one of its siblings: it announces,
//! switches, and returns when the scheduler has chosen it and its effect has taken place.

mod waiting;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::op::{Command, MAX_THREADS, ObjectId, Op, Publish, Site, State, ThreadId};
use crate::rt::execution::Execution;
use crate::rt::host::Coroutines;
use crate::rt::local_state;
use crate::rt::quiet;
use crate::rt::thread::{Panicked, Pending};
use crate::verdict::FailureKind;

/// The payload with which the threads of an ended execution are unwound.
#[derive(Debug)]
pub(crate) struct Cancelled;

/// Tells executions apart, so that an object cannot pass from one into another unnoticed. It is a
/// counter of the whole process, because sessions may follow each other at one address; nothing
/// depends on its value.
static EXECUTIONS: AtomicU64 = AtomicU64::new(0);

/// A number that no other execution of this process has, in any arm; never 0.
pub(crate) fn new_stamp() -> u64 {
    EXECUTIONS.fetch_add(1, Ordering::Relaxed) + 1
}

/// A thread's own value of a `thread_local`.
type Local = (ThreadId, usize, Rc<dyn Any>);

/// What one explorer and the model's threads share.
pub(crate) struct Session {
    pub(crate) execution: RefCell<Execution>,
    pub(crate) host: Coroutines,
    stamp: Cell<u64>,
    /// The values of `thread_local`s, by thread and key, for as long as their threads live.
    locals: RefCell<Vec<Local>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// A session whose execution has not begun.
    pub(crate) fn new(execution: Execution, host: Coroutines) -> Self {
        Session { execution: RefCell::new(execution), host, stamp: Cell::new(0), locals: RefCell::default() }
    }

    /// Prepares the next execution.
    pub(crate) fn reset(&self, repeats: usize, races_matter_from: usize) {
        self.stamp.set(new_stamp());
        self.locals.borrow_mut().clear();
        self.execution.borrow_mut().reset(repeats, races_matter_from);
    }

    /// The running thread's value of a `thread_local`, if it is there.
    pub(crate) fn local(&self, key: usize) -> Option<Rc<dyn Any>> {
        let me = self.me();
        let locals = self.locals.borrow();
        locals
            .iter()
            .find(|(thread, known, _)| (*thread, *known) == (me, key))
            .map(|(.., value)| Rc::clone(value))
    }

    /// Gives the running thread its value of a `thread_local`.
    pub(crate) fn set_local(&self, key: usize, value: Rc<dyn Any>) {
        let me = self.me();
        self.locals.borrow_mut().push((me, key, value));
    }

    /// Drops the running thread's values, oldest first; the destructors may perform operations, and
    /// make further values.
    fn drop_locals(&self) {
        let me = self.me();
        loop {
            let mut locals = self.locals.borrow_mut();
            let Some(at) = locals.iter().position(|(thread, ..)| *thread == me) else { return };
            let local = locals.remove(at);
            drop(locals);
            drop(local);
        }
    }

    /// The number of the running execution.
    #[inline]
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.get()
    }

    /// The running thread makes an object.
    pub(crate) fn create(&self, kind: &'static str, state: State, site: Site) -> ObjectId {
        self.execution.borrow_mut().create(kind, state, site)
    }

    /// The running thread comes first upon a static, and makes its value until the guard is dropped.
    pub(crate) fn declare(&self, place: usize) -> Declaring {
        let outer = self.execution.borrow_mut().declaring.replace((place, 0));
        Declaring { outer }
    }

    /// The running thread performs an operation; the state before it.
    #[inline]
    pub(crate) fn perform(&self, op: Op) -> State {
        if std::thread::panicking() {
            return self.perform_unwinding(op);
        }
        self.stop_at(Pending::Op(op))
    }

    /// The running thread performs a command without operands on an object of its execution.
    #[inline]
    pub(crate) fn perform_on(
        &self,
        object: ObjectId,
        command: &'static Command,
        publish: Publish,
        site: Site,
    ) -> State {
        self.perform(Op { command, object, args: [0; 2], publish, on_failure: publish, site })
    }

    /// The running thread performs an operation, or gives it up when its time is over, which it is
    /// when nothing else can move; `None` then.
    pub(crate) fn perform_within(&self, op: Op, nanoseconds: u64) -> Option<State> {
        if std::thread::panicking() {
            return self.execution.borrow_mut().perform_unscheduled(op);
        }
        self.give_up_after(nanoseconds);
        let answer = self.stop_at(Pending::Op(op));
        (!self.gave_up()).then_some(answer)
    }

    #[cold]
    fn perform_unwinding(&self, op: Op) -> State {
        if op.can_be_put_off() {
            self.give_back(op);
            return 0;
        }
        let performed = self.execution.borrow_mut().perform_unscheduled(op);
        performed.unwrap_or_else(|| self.wait_for_ever())
    }

    /// The running thread gives something back, which never waits and whose result nobody asks for. A
    /// thread that unwinds does so when it has unwound.
    #[inline]
    pub(crate) fn give_back(&self, op: Op) {
        if !std::thread::panicking() {
            self.stop_at(Pending::Op(op));
            return;
        }
        let mut execution = self.execution.borrow_mut();
        if execution.cancelling() {
            execution.perform_unscheduled(op);
        } else {
            execution.me().put_off.push(op);
        }
    }

    /// Performs what destructors gave back while the running thread unwound. They could not switch
    /// then: whether a thread panics is asked of the system's thread, which all threads of a model
    /// share.
    fn catch_up(&self) {
        while self.has_put_off() {
            let op = self.execution.borrow_mut().me().put_off.remove(0);
            self.announce_and_stop(Pending::Op(op));
        }
    }

    #[inline]
    fn has_put_off(&self) -> bool {
        let execution = self.execution.borrow();
        !execution.thread(execution.current()).put_off.is_empty()
    }

    /// The running thread would have to wait while it unwinds: its stack is given up.
    fn wait_for_ever(&self) -> ! {
        self.execution.borrow_mut().abandon_current();
        loop {
            self.host.switch();
        }
    }

    /// Announces, and returns when the thread may go on; the result of what it announced.
    #[inline]
    fn stop_at(&self, pending: Pending) -> State {
        if self.has_put_off() {
            self.catch_up();
        }
        if !self.execution.borrow().observes_steps() {
            return self.announce_and_stop(pending);
        }
        local_state::clear_below();
        self.note_local_state();
        let answer = self.announce_and_stop(pending);
        // The frames of what follows begin with the same words in every round.
        local_state::clear_below();
        answer
    }

    /// Keeps the running thread's local state with its next step.
    #[cold]
    #[inline(never)]
    fn note_local_state(&self) {
        let local = self.local_state(&local_state::here());
        self.execution.borrow_mut().me().local = Some(local);
    }

    #[inline]
    fn announce_and_stop(&self, pending: Pending) -> State {
        {
            let mut execution = self.execution.borrow_mut();
            if execution.cancelling() {
                drop(execution);
                cancel();
            }
            if execution.declaring.is_some() {
                drop(execution);
                panic!(
                    "the initializer of a static does what other threads can notice, and could not be \
                     `const`: use a `raddle::sync::LazyLock`"
                );
            }
            execution.announce(pending);
        }
        self.host.switch();
        let execution = self.execution.borrow();
        if execution.cancelling() {
            drop(execution);
            cancel();
        }
        execution.thread(execution.current()).answer
    }

    /// The running thread spawns another, which runs up to its first visible operation.
    pub(crate) fn spawn(&self, name: Option<String>, body: impl FnOnce() + 'static, site: Site) -> ThreadId {
        self.catch_up();
        let child = self.execution.borrow_mut().spawn(name);
        let Some(child) = child else {
            panic!("a model may have {MAX_THREADS} threads at most");
        };
        let parker = self.create("Parker", 0, site);
        {
            let mut execution = self.execution.borrow_mut();
            execution.set_parker(child, parker);
            let parent = execution.current();
            if let Some(log) = &mut execution.log {
                log.spawned(parent, child, site);
            }
        }
        self.host.spawn(child, body);
        self.stop_at(Pending::Spawned);
        child
    }

    /// The running thread passes a fence, which touches no object.
    pub(crate) fn fence(&self, publish: Publish, site: Site) {
        if !std::thread::panicking() {
            self.catch_up();
        }
        let mut execution = self.execution.borrow_mut();
        let thread = execution.current();
        if let Some(log) = &mut execution.log {
            log.fence(thread, publish, site);
        }
        execution.orders.fence(thread, publish);
    }

    /// Records a failure at the running thread, which cannot go on.
    pub(crate) fn fail(&self, kind: FailureKind, message: String) -> ! {
        {
            let mut execution = self.execution.borrow_mut();
            let thread = execution.current();
            if let Some(log) = &mut execution.log {
                log.declared(thread, kind, &message);
            }
            execution.fail(kind, message);
            execution.cancel();
        }
        self.leave()
    }

    /// Ends the execution from within: the running thread is unwound when its turn comes, after the
    /// threads that may borrow from it.
    fn leave(&self) -> ! {
        self.host.switch();
        cancel();
    }

    /// The running thread.
    #[inline]
    pub(crate) fn me(&self) -> ThreadId {
        self.execution.borrow().current()
    }

    /// The running thread ends by a panic whose payload somebody may ask for.
    pub(crate) fn note_panic(&self, panicked: Panicked) {
        self.execution.borrow_mut().me().panicked = Some(panicked);
    }

    /// The running thread's body has returned, or has panicked.
    fn finish(&self, outcome: std::thread::Result<()>) {
        let mut outcome = outcome;
        if !self.locals.borrow().is_empty() {
            let dropped = panic::catch_unwind(AssertUnwindSafe(|| self.drop_locals()));
            outcome = outcome.and(dropped);
        }
        let panicked = match outcome {
            Ok(()) => None,
            Err(payload) if payload.is::<Cancelled>() => None,
            Err(payload) => Some(quiet::describe(&*payload)),
        };
        if self.has_put_off() {
            // Whoever unwinds this unwinds the thread's last breath: there is nothing left to drop.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| self.catch_up()));
        }
        self.execution.borrow_mut().finish(panicked);
    }

    /// The running thread made a cell.
    pub(crate) fn make_cell(&self, cell: ObjectId, site: Site) {
        let mut execution = self.execution.borrow_mut();
        let thread = execution.current();
        let first = execution.declaring.is_some();
        execution.orders.make_cell(thread, cell, first, site);
    }

    /// The running thread touches a cell.
    pub(crate) fn touch_cell(&self, cell: ObjectId, write: bool, site: Site) {
        if !std::thread::panicking() {
            self.catch_up();
        }
        let mut guard = self.execution.borrow_mut();
        let execution = &mut *guard;
        if execution.cancelling() {
            return;
        }
        let thread = execution.current();
        execution.uses_cell(cell);
        if let Some(log) = &mut execution.log {
            log.cell(thread, cell, write, site);
        }
        let Some(earlier) = execution.orders.touch_cell(thread, cell, write, site) else { return };
        if let Some(log) = &mut execution.log {
            log.race = Some(earlier);
        }
        let verb = |write: bool| if write { "writes" } else { "reads" };
        let message = format!(
            "data race on {}: {} {} it at {}:{}, {} {} it at {}:{}, and nothing that the program wrote \
             puts the one before the other",
            execution.describe_object(cell),
            execution.describe(earlier.thread),
            verb(earlier.write),
            earlier.site.file(),
            earlier.site.line(),
            execution.describe(thread),
            verb(write),
            site.file(),
            site.line(),
        );
        execution.fail(FailureKind::DataRace, message);
        let stop = execution.settings.stop_on_failure;
        if stop {
            execution.cancel();
        }
        drop(guard);
        if stop && !std::thread::panicking() {
            self.leave();
        }
    }
}

/// A static's value is being made.
#[derive(Debug)]
pub(crate) struct Declaring {
    outer: Option<(usize, usize)>,
}

impl Drop for Declaring {
    fn drop(&mut self) {
        crate::rt::context::session(|session| session.execution.borrow_mut().declaring = self.outer);
    }
}

/// The body of every thread of a model: catches its panic and says that it has finished.
pub(crate) fn run_thread(body: impl FnOnce()) {
    let outcome = panic::catch_unwind(AssertUnwindSafe(body));
    crate::rt::context::session(|session| session.finish(outcome));
}

/// Unwinds the running thread without a word.
fn cancel() -> ! {
    panic::resume_unwind(Box::new(Cancelled))
}
