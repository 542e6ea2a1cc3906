//! Entry point for visible operations.
//!
//! Every visible operation goes through [`Session::perform`] or one of its siblings: it announces,
//! switches, and returns when the scheduler has chosen it and its effect has taken place.

mod ending;
mod locals;
mod waiting;

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::FailureKind;
use crate::op::{Command, MAX_THREADS, ObjectId, Op, Site, State, Synchronization, ThreadId};
use crate::runtime::coroutines::Coroutines;
use crate::runtime::execution::{Execution, Goes};
use crate::runtime::local_state;
use crate::runtime::spinloop::{Arrival, Later, LookSite};
use crate::runtime::thread::{Panicked, Pending};

pub(crate) use ending::{Cancelled, run_thread};
pub(crate) use locals::Found;
use locals::Local;
pub(crate) use waiting::Patience;

/// The source of execution numbers, which keep an object from passing from one execution into another. It is
/// a counter of the whole process, because sessions may follow each other at one address; nothing depends on
/// its value.
static EXECUTIONS: AtomicU64 = AtomicU64::new(0);

/// A number that no other execution of this process has, in any backend; never 0.
pub(crate) fn new_stamp() -> u64 {
    EXECUTIONS.fetch_add(1, Ordering::Relaxed) + 1
}

/// The state shared by one explorer and the model's threads.
pub(crate) struct Session {
    pub(crate) execution: RefCell<Execution>,
    pub(crate) coroutines: Coroutines,
    stamp: Cell<u64>,
    /// The values of `thread_local`s, for as long as their threads live, in the order in which they were
    /// made.
    locals: RefCell<Vec<Local>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// A session whose execution has not begun.
    pub(crate) fn new(execution: Execution, coroutines: Coroutines) -> Self {
        Session {
            execution: RefCell::new(execution),
            coroutines,
            stamp: Cell::new(0),
            locals: RefCell::default(),
        }
    }

    /// Prepares the next execution.
    pub(crate) fn reset(&self, repeats: usize, races_matter_from: usize) {
        self.stamp.set(new_stamp());
        self.execution.borrow_mut().reset(repeats, races_matter_from);
    }

    /// The number of the running execution.
    #[inline]
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.get()
    }

    /// The running thread makes an object.
    pub(crate) fn create(&self, kind: &'static str, state: State, site: Site) -> ObjectId {
        self.acts();
        self.execution.borrow_mut().create(kind, state, site)
    }

    /// The running thread is the first to use an object that was declared elsewhere, in a static; returns it,
    /// and how many of its line came before it.
    pub(crate) fn comes_upon(&self, kind: &'static str, state: State, site: Site) -> (ObjectId, usize) {
        self.acts();
        self.execution.borrow_mut().comes_upon(kind, state, site)
    }

    /// The running thread is the first to use a static, and makes its value until the guard is dropped.
    pub(crate) fn declare(&self, place: usize) -> Declaring {
        self.acts();
        let outer = self.execution.borrow_mut().declaring.replace((place, 0));
        Declaring { outer }
    }

    /// The running thread performs an operation; returns the state before it.
    #[inline]
    pub(crate) fn perform(&self, op: Op) -> State {
        match self.stop(Pending::Op(op)) {
            Some(before) => before,
            None if op.has_no_result() => 0,
            None => self.never_go_on(),
        }
    }

    /// The running thread performs a command without operands on an object of its execution.
    #[inline]
    pub(crate) fn perform_on(
        &self,
        object: ObjectId,
        command: &'static Command,
        synchronization: Synchronization,
        site: Site,
    ) -> State {
        self.perform(Op { command, object, args: [0; 2], synchronization, on_failure: synchronization, site })
    }

    /// The running thread performs an operation, or gives up when its timeout fires, which it does when
    /// nothing else can move; `None` then.
    pub(crate) fn perform_within(&self, op: Op, nanoseconds: u64) -> Option<State> {
        self.execution.borrow_mut().meets();
        self.give_up_after(nanoseconds);
        let answer = self.stop_at(Pending::Op(op));
        (!self.gave_up()).then_some(answer)
    }

    /// The running thread releases something, which never waits and has no result. A destructor that does so
    /// when the execution has ended continues without it. Returns whether it took effect.
    #[inline]
    pub(crate) fn release(&self, op: Op) -> bool {
        self.stop(Pending::Op(op)).is_some()
    }

    /// Announces, and returns when the thread may go on; the result of the operation.
    #[inline]
    fn stop_at(&self, pending: Pending) -> State {
        self.stop(pending).unwrap_or_else(|| self.never_go_on())
    }

    /// Announces, and returns when the thread may go on, with the result of the operation. At the end of an
    /// execution it unwinds instead, or returns `None` if it is unwinding already.
    #[inline]
    fn stop(&self, pending: Pending) -> Option<State> {
        let (steps, loops) = {
            let execution = self.execution.borrow();
            (execution.observes_steps(), execution.observes_loops())
        };
        if !steps && !loops {
            return self.announce_and_stop(pending);
        }
        local_state::clear_below();
        if steps || self.execution.borrow().observes_arrival(&pending) {
            self.note_local_state();
        } else {
            self.execution.borrow_mut().me().arrived = None;
        }
        let answer = if self.execution.borrow().is_trial() {
            self.go_on_trial(&pending)
        } else {
            self.announce_and_stop(pending)
        };
        // The frames pushed from here begin with the same words in every round.
        local_state::clear_below();
        answer
    }

    /// Stores the running thread's local state with its next step.
    #[cold]
    #[inline(never)]
    fn note_local_state(&self) {
        let local = self.local_state(&local_state::here());
        let mut execution = self.execution.borrow_mut();
        let me = execution.me();
        (me.local, me.arrived) = (Some(local), Some(local));
    }

    /// The running thread, which was given a value without a step, arrives at an operation. Returns the next
    /// value, or stops the thread: it is where the trial began, or does something else.
    #[cold]
    fn go_on_trial(&self, pending: &Pending) -> Option<State> {
        let answer = {
            let mut execution = self.execution.borrow_mut();
            let arrival = match pending {
                Pending::Op(op) => Some(Arrival { place: LookSite::of(op), local: execution.me().arrived }),
                _ => None,
            };
            execution.goes_on_trial(arrival)
        };
        match answer {
            Some(Goes::On(answer)) => Some(answer),
            Some(Goes::HasTaken) => self.announce_and_stop(*pending),
            None => self.stopped(),
        }
    }

    /// The running thread does something other than a look.
    #[inline]
    pub(crate) fn acts(&self) {
        let mut execution = self.execution.borrow_mut();
        if execution.is_trial() {
            drop(execution);
            self.leaves_trial();
            execution = self.execution.borrow_mut();
        }
        execution.acts();
    }

    /// Ends the running thread's trial, if there is one: the thread does something else than another round.
    #[cold]
    fn leaves_trial(&self) {
        let mut execution = self.execution.borrow_mut();
        if execution.is_trial() && execution.goes_on_trial(None).is_none() {
            drop(execution);
            self.wait_for_the_end();
        }
    }

    #[inline]
    fn announce_and_stop(&self, pending: Pending) -> Option<State> {
        {
            let mut execution = self.execution.borrow_mut();
            if execution.cancelling() {
                drop(execution);
                return self.unwind();
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
        self.stopped()
    }

    /// Suspends the running thread at its announced operation until it may go on.
    #[inline]
    fn stopped(&self) -> Option<State> {
        self.coroutines.switch();
        let execution = self.execution.borrow();
        if execution.cancelling() {
            drop(execution);
            return self.unwind();
        }
        Some(execution.thread(execution.current()).answer)
    }

    /// The running thread spawns another, which runs up to its first visible operation. An error if the
    /// system has no stack of the requested size.
    pub(crate) fn spawn(
        &self,
        (name, stack): (Option<String>, Option<usize>),
        body: impl FnOnce() + 'static,
        site: Site,
    ) -> io::Result<ThreadId> {
        if self.execution.borrow().cancelling() {
            self.leave();
        }
        self.acts();
        let stack = match self.coroutines.stack(stack) {
            Err(_) if stack.is_none() => {
                let threads = self.execution.borrow().born().len();
                self.give_up_check(format!(
                    "the system has no memory for the stack of one more thread than {threads}: let the model spawn \
                     fewer, or raise the limits on memory and on its mappings (vm.max_map_count)"
                ))
            }
            made => made?,
        };
        let child = self.execution.borrow_mut().spawn(name);
        let Some(child) = child else {
            self.give_up_check(format!(
                "raddle has room for {MAX_THREADS} threads in one execution: let the model spawn fewer"
            ))
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
        self.coroutines.spawn(child, stack, body);
        self.stop_at(Pending::Spawned);
        Ok(child)
    }

    /// The running thread passes a fence, which touches no object.
    pub(crate) fn fence(&self, synchronization: Synchronization, site: Site) {
        self.execution.borrow_mut().does(Later::Fence(synchronization, site));
    }

    /// The running thread.
    #[inline]
    pub(crate) fn me(&self) -> ThreadId {
        self.execution.borrow().current()
    }

    /// The running thread ends by a panic whose payload its join may return.
    pub(crate) fn note_panic(&self, panicked: Panicked) {
        self.execution.borrow_mut().me().panicked = Some(panicked);
    }

    /// The running thread made a cell.
    pub(crate) fn make_cell(&self, cell: ObjectId, site: Site) {
        self.acts();
        let mut execution = self.execution.borrow_mut();
        let thread = execution.current();
        let first = execution.declaring.is_some();
        execution.race_detector.make_cell(thread, cell, first, site);
    }

    /// The running thread accesses a cell.
    pub(crate) fn touch_cell(&self, cell: ObjectId, write: bool, site: Site) {
        self.acts();
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
        let Some(earlier) = execution.race_detector.touch_cell(thread, cell, write, site) else { return };
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
        let stop = execution.limits.stop_on_failure;
        if stop {
            execution.cancel();
        }
        drop(guard);
        if stop {
            self.wait_for_the_end();
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
        crate::runtime::context::session(|session| session.execution.borrow_mut().declaring = self.outer);
    }
}
