//! Guarded commands in all backends: the base of every blocking primitive.
//!
//! A blocking object is one word and a table of commands: `when(permits > 0, permits - 1)`. In the
//! model backend a command is one visible operation that is enabled when its guard holds. Natively and
//! under loom the same table is run by a mutex, a condition variable and a loop.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use crate::backend::loom_limits::{self, Limit};
use crate::backend::native::{self, Blocked, GLANCE};
use crate::backend::on_loom::OnLoom;
use crate::op::{Args, Command, Op, Site, State};
use crate::runtime::context::{self, Backend};
use crate::runtime::object::{ModelObject, check_backend};
use crate::runtime::race_detector::Handed;
use crate::runtime::session::{Cancelled, Patience};
use crate::runtime::thread::Choosing;

/// A blocking object.
#[derive(Debug)]
pub(crate) struct Guarded {
    kind: &'static str,
    site: Site,
    of: Of,
}

#[derive(Debug)]
enum Of {
    Native(Box<(parking_lot::Mutex<State>, parking_lot::Condvar)>),
    Loom(Box<OnLoom>),
    Model(ModelObject),
}

// Whatever unwinds leaves a word that a command produced, so the object stays consistent.
impl UnwindSafe for Guarded {}
impl RefUnwindSafe for Guarded {}

impl Guarded {
    /// Makes an object in the backend of the calling thread.
    pub(crate) fn new(kind: &'static str, state: State, site: Site) -> Self {
        let of = match context::backend() {
            Backend::Native => {
                Of::Native(Box::new((parking_lot::Mutex::new(state), parking_lot::Condvar::new())))
            }
            Backend::Loom => Of::Loom(Box::new(OnLoom::new(kind, state, site))),
            Backend::Model => Of::Model(ModelObject::new(kind, state, site)),
        };
        Guarded { kind, site, of }
    }

    /// An existing object of the model backend.
    pub(crate) fn of_model(kind: &'static str, object: ModelObject, site: Site) -> Self {
        Guarded { kind, site, of: Of::Model(object) }
    }

    /// The object, if it is of the model backend.
    pub(crate) fn model(&self) -> Option<ModelObject> {
        match &self.of {
            Of::Model(object) => Some(*object),
            _ => None,
        }
    }

    /// The present state, for a caller that has exclusive access.
    pub(crate) fn peek(&self) -> State {
        match &self.of {
            Of::Native(native) => *native.0.lock(),
            Of::Loom(loom) => loom.peek(),
            Of::Model(object) => object.peek(),
        }
    }

    /// The running thread's race detector clock, to be stored with a value that the thread hands over; for
    /// the closure that [`perform_and`](Self::perform_and) calls.
    pub(crate) fn hand_over(&self) -> Option<Handed> {
        let object = self.model()?;
        object.with(self.site, |session| {
            let mut execution = session.execution.borrow_mut();
            let me = execution.current();
            execution.race_detector.hand_over(me)
        })
    }

    /// The running thread acquires the clock that came with a value that it takes.
    pub(crate) fn take(&self, handed: Option<Handed>) {
        let (Some(object), Some(handed)) = (self.model(), handed) else { return };
        object.with(self.site, |session| {
            let mut execution = session.execution.borrow_mut();
            let me = execution.current();
            execution.race_detector.take(me, handed);
        });
    }

    /// Waits until the command's guard holds and performs it; returns the state before.
    pub(crate) fn perform(&self, command: &'static Command, args: Args, site: Site) -> State {
        self.perform_and(command, args, site, |before| before)
    }

    /// Performs the first command, or in a model possibly the second: a spurious wakeup, which is a choice
    /// with a budget.
    pub(crate) fn perform_unless_in_vain(
        &self,
        (command, in_vain): (&'static Command, &'static Command),
        args: Args,
        site: Site,
    ) -> State {
        let happens = |object: ModelObject| {
            object.with(site, |session| session.happens(Choosing::SpuriousWakeup, site))
        };
        if let Of::Loom(_) = &self.of {
            loom_limits::meet(Limit::SpuriousWakeup);
        }
        let command = if self.model().is_some_and(happens) { in_vain } else { command };
        self.perform(command, args, site)
    }

    /// Waits until the first command's guard holds and performs it, to take a lock again for which a guard on
    /// the caller's stack still exists: even when it unwinds, this does not return before it has the lock. A
    /// thread of the operating system that is unwound takes it by the second command.
    pub(crate) fn perform_again(
        &self,
        (command, unwound): (&'static Command, &'static Command),
        args: Args,
        site: Site,
    ) -> State {
        match &self.of {
            Of::Native(_) => {
                let perform = AssertUnwindSafe(|| self.perform(command, args, site));
                panic::catch_unwind(perform).unwrap_or_else(|payload| {
                    native::without_unwinding(|| self.perform(unwound, args, site));
                    panic::resume_unwind(payload)
                })
            }
            Of::Model(object) => {
                self.having_again(|| object.perform(command, args, command.synchronization, site))
            }
            Of::Loom(_) => self.perform(command, args, site),
        }
    }

    /// Calls `waits`, which waits for this lock, while a guard on the caller's stack already stands for it.
    pub(crate) fn having_again<R>(&self, waits: impl FnOnce() -> R) -> R {
        match &self.of {
            Of::Native(_) => native::without_unwinding(waits),
            Of::Model(object) => object.with(self.site, |session| session.having_again(object.id, waits)),
            Of::Loom(_) => waits(),
        }
    }

    /// As above, for a `waits` that takes the lock again by itself on a thread of the operating system that
    /// is unwound.
    pub(crate) fn waiting_for_it<R>(&self, waits: impl FnOnce() -> R) -> R {
        if self.model().is_some() { self.having_again(waits) } else { waits() }
    }

    /// Waits until the guard of a command that may have two alternatives holds and performs it; returns the
    /// state before if the object was changed. Natively the second alternative is taken.
    pub(crate) fn perform_either_way(&self, command: &'static Command, site: Site) -> Option<State> {
        let natively = 1;
        let before = self.perform(command, [0, natively], site);
        let way = match &self.of {
            Of::Model(object) => object.with(site, |session| session.execution.borrow_mut().me().way),
            _ => natively,
        };
        ((command.effect)(before, [0, way]) != before).then_some(before)
    }

    /// Whether the object is used by a destructor that can no longer reach it; see [`ModelObject::is_lost`].
    pub(crate) fn is_lost(&self) -> bool {
        self.model().is_some_and(ModelObject::is_lost)
    }

    /// Performs a command that releases something: it is always enabled and has no result. For destructors.
    pub(crate) fn release(&self, command: &'static Command, args: Args, site: Site) {
        self.release_and(command, args, site, || ());
    }

    /// As above, and calls `and` as part of the same step, unless there is no step because the execution is
    /// over.
    pub(crate) fn release_and(&self, command: &'static Command, args: Args, site: Site, and: impl FnOnce()) {
        let backend = match &self.of {
            Of::Model(object) => {
                if object.release(command, args, site) {
                    and();
                }
                return;
            }
            Of::Native(_) => Backend::Native,
            Of::Loom(_) => Backend::Loom,
        };
        // In a destructor that runs during a panic, another panic would abort the process.
        if context::backend() == backend || !std::thread::panicking() {
            self.perform_and(command, args, site, |_| and());
        }
    }

    /// Waits until the command's guard holds, performs it, and calls `and` with the state before, as part of
    /// the same step, so that the data `and` accesses is accessed in the order of the commands. `and` must
    /// neither perform operations nor panic.
    pub(crate) fn perform_and<R>(
        &self,
        command: &'static Command,
        args: Args,
        site: Site,
        and: impl FnOnce(State) -> R,
    ) -> R {
        match &self.of {
            Of::Model(object) => and(object.perform(command, args, command.synchronization, site)),
            Of::Native(native) => {
                check_backend(Backend::Native, self.site, site);
                self.perform_natively(native, (command, command), args, None, site, and)
            }
            Of::Loom(loom) => {
                check_backend(Backend::Loom, self.site, site);
                loom.perform(command, args, site, and)
            }
        }
    }

    /// Performs the first command if its guard holds within the time, and otherwise the second, whose guard
    /// always holds and which is the non-blocking attempt at the first. `and` is called with the state
    /// before, which shows whether the first guard held.
    ///
    /// In a model the timeout may fire at once, which is a choice with a budget, and it fires when nothing
    /// else can move; see [`Patience`]. Under loom it never fires.
    pub(crate) fn perform_within<R>(
        &self,
        (command, attempt): (&'static Command, &'static Command),
        args: Args,
        timeout: Duration,
        site: Site,
        and: impl FnOnce(State) -> R,
    ) -> R {
        match &self.of {
            Of::Model(object) => {
                let done = object.with(site, |session| {
                    let (object, synchronization) = (object.id, command.synchronization);
                    let op = Op { command, object, args, synchronization, on_failure: synchronization, site };
                    match session.gives_up_early(timeout, site) {
                        Patience::Over => None,
                        Patience::Until(nanoseconds) => session.perform_within(op, nanoseconds),
                        Patience::Endless => Some(session.perform(op)),
                    }
                });
                and(done.unwrap_or_else(|| object.perform(attempt, args, attempt.synchronization, site)))
            }
            Of::Native(native) => {
                check_backend(Backend::Native, self.site, site);
                self.perform_natively(native, (command, attempt), args, Some(timeout), site, and)
            }
            Of::Loom(_) if timeout.is_zero() => self.perform_and(attempt, args, site, and),
            Of::Loom(_) => {
                loom_limits::meet(Limit::Timeout);
                self.perform_and(command, args, site, and)
            }
        }
    }

    #[allow(clippy::disallowed_methods)] // The native backend uses real time.
    fn perform_natively<R>(
        &self,
        (state, changed): &(parking_lot::Mutex<State>, parking_lot::Condvar),
        (mut command, attempt): (&'static Command, &'static Command),
        args: Args,
        timeout: Option<Duration>,
        site: Site,
        and: impl FnOnce(State) -> R,
    ) -> R {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let run = native::current_run();
        let mut ticket = None;
        let mut state = state.lock();
        loop {
            let seen = run.as_ref().map(|run| run.seen());
            // After its run was cancelled, a thread goes on only because others were unwound.
            if let Some(run) = run.as_ref().filter(|run| ticket.is_some() && run.unwinds_this_thread()) {
                drop(state);
                run.looked_with_success(ticket);
                native::leave_if_cancelled(run);
                unreachable!("a cancelled run unwinds its threads");
            }
            if (command.guard)(*state, args) {
                break;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                command = attempt;
                break;
            }
            match (&run, seen) {
                // A thread with a deadline is not stuck.
                (_, _) if deadline.is_some() => {
                    let left = deadline.map_or(GLANCE, |d| d.saturating_duration_since(Instant::now()));
                    changed.wait_for(&mut state, left);
                }
                (Some(run), Some(seen)) => {
                    let waits_for = || {
                        format!("{} waits in {} at {}:{}", self.kind, command.name, site.file(), site.line())
                    };
                    match run.looked_in_vain(&mut ticket, seen, &waits_for()) {
                        Blocked::Waits => _ = changed.wait_for(&mut state, GLANCE),
                        Blocked::Unwinds => {
                            drop(state);
                            run.looked_with_success(ticket);
                            native::leave_if_cancelled(run);
                            unreachable!("a cancelled run unwinds its threads");
                        }
                        Blocked::StaysForEver => {
                            drop(state);
                            run.stay_for_ever(ticket);
                        }
                    }
                }
                _ => changed.wait(&mut state),
            }
        }
        let before = *state;
        *state = (command.effect)(before, args);
        if *state != before {
            changed.notify_all();
            if let Some(run) = &run {
                run.progress();
            }
        }
        if let Some(run) = &run {
            run.looked_with_success(ticket);
        }
        and(before)
    }
}

pub(crate) use crate::backend::clones::Clones;
pub(crate) use crate::backend::owner_key;

pub(crate) use crate::backend::fail::unseen as panicked_unseen;

/// Resumes unwinding if the payload is the one with which the threads of an ended execution are unwound: code
/// that catches the model's panics must let that one pass.
pub(crate) fn let_cancellation_pass(payload: Box<dyn Any + Send>) -> Box<dyn Any + Send> {
    if payload.is::<Cancelled>() {
        std::panic::resume_unwind(payload);
    }
    payload
}
