//! Guarded commands in all arms: the ground on which every blocking primitive stands.
//!
//! A blocking object is one word and a table of commands: `when(permits > 0, permits - 1)`. In the
//! Model arm a command is one visible operation that is enabled when its guard holds. Natively and
//! under loom the same table is run by a mutex, a condition variable and a loop.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::engine::native::{self, GLANCE, Then};
use crate::op::{Args, Command, Op, Site, State};
use crate::rt::context::{self, Arm};
use crate::rt::loom_limits::{self, Limit};
use crate::rt::object::{ModelObject, check_arm};
use crate::rt::orders::Handed;
use crate::rt::session::{Cancelled, Patience};
use crate::rt::thread::Choosing;
use crate::rt::witness::Witnessed;

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

/// The state stands beside loom's mutex rather than inside it, for a thread that unwinds: there loom
/// must not be asked to switch. Loom runs all threads on one, so the orderings do not matter.
#[derive(Debug)]
struct OnLoom {
    witnessed: Witnessed,
    state: AtomicU64,
    mutex: loom::sync::Mutex<()>,
    changed: loom::sync::Condvar,
    /// Who waits, and for what.
    waiting: parking_lot::Mutex<Vec<(loom::thread::ThreadId, &'static Command, Args)>>,
}

// What an unwinding leaves behind is a word that some command made.
impl UnwindSafe for Guarded {}
impl RefUnwindSafe for Guarded {}

impl Guarded {
    /// Makes an object in the arm of the calling thread.
    pub(crate) fn new(kind: &'static str, state: State, site: Site) -> Self {
        let of = match context::arm() {
            Arm::Native => {
                Of::Native(Box::new((parking_lot::Mutex::new(state), parking_lot::Condvar::new())))
            }
            Arm::Loom => Of::Loom(Box::new(OnLoom {
                witnessed: Witnessed::new(kind, state, site),
                state: AtomicU64::new(state),
                mutex: loom::sync::Mutex::new(()),
                changed: loom::sync::Condvar::new(),
                waiting: parking_lot::Mutex::default(),
            })),
            Arm::Model => Of::Model(ModelObject::new(kind, state, site)),
        };
        Guarded { kind, site, of }
    }

    /// An object of the Model arm that is there already.
    pub(crate) fn of_model(kind: &'static str, object: ModelObject, site: Site) -> Self {
        Guarded { kind, site, of: Of::Model(object) }
    }

    /// The object, if it is of the Model arm.
    pub(crate) fn model(&self) -> Option<ModelObject> {
        match &self.of {
            Of::Model(object) => Some(*object),
            _ => None,
        }
    }

    /// The present state, looked at by a thread that has the object for itself.
    pub(crate) fn peek(&self) -> State {
        match &self.of {
            Of::Native(native) => *native.0.lock(),
            Of::Loom(loom) => loom.state.load(Relaxed),
            Of::Model(object) => object.peek(),
        }
    }

    /// What the running thread knows, to be kept beside something that it hands over; for the part of a
    /// step that [`perform_and`](Self::perform_and) calls.
    pub(crate) fn hand_over(&self) -> Option<Handed> {
        let object = self.model()?;
        object.with(self.site, |session| {
            let mut execution = session.execution.borrow_mut();
            let me = execution.current();
            execution.orders.hand_over(me)
        })
    }

    /// The running thread takes what was handed over.
    pub(crate) fn take(&self, handed: Option<Handed>) {
        let (Some(object), Some(handed)) = (self.model(), handed) else { return };
        object.with(self.site, |session| {
            let mut execution = session.execution.borrow_mut();
            let me = execution.current();
            execution.orders.take(me, handed);
        });
    }

    /// Waits until the command's guard holds and performs it; the state before.
    pub(crate) fn perform(&self, command: &'static Command, args: Args, site: Site) -> State {
        self.perform_and(command, args, site, |before| before)
    }

    /// Performs the first command, or in a model the second: a wait that ends for no reason, which has the
    /// budget of spurious wakeups.
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

    /// Waits until the first command's guard holds and performs it, for a lock that is taken again and for which
    /// a guard on the caller's stack stands all the while: what unwinds does not come back before it has the
    /// lock. A thread of the operating system that is unwound takes it by the second command.
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
            Of::Model(object) => self.having_again(|| object.perform(command, args, command.publish, site)),
            Of::Loom(_) => self.perform(command, args, site),
        }
    }

    /// Calls what waits for this lock, for which a guard on the caller's stack stands already.
    pub(crate) fn having_again<R>(&self, waits: impl FnOnce() -> R) -> R {
        match &self.of {
            Of::Native(_) => native::without_unwinding(waits),
            Of::Model(object) => object.with(self.site, |session| session.having_again(object.id, waits)),
            Of::Loom(_) => waits(),
        }
    }

    /// As above, for what takes the lock again by itself on a thread of the operating system that is unwound.
    pub(crate) fn waiting_for_it<R>(&self, waits: impl FnOnce() -> R) -> R {
        if self.model().is_some() { self.having_again(waits) } else { waits() }
    }

    /// Waits until the guard of a command that may have two ways to go holds and performs it; the state before
    /// if the object was changed. Natively the second way is taken.
    pub(crate) fn perform_either_way(&self, command: &'static Command, site: Site) -> Option<State> {
        let natively = 1;
        let before = self.perform(command, [0, natively], site);
        let way = match &self.of {
            Of::Model(object) => object.with(site, |session| session.execution.borrow_mut().me().way),
            _ => natively,
        };
        ((command.effect)(before, [0, way]) != before).then_some(before)
    }

    /// Whether the object is used by a destructor to which it is lost; see [`ModelObject::is_lost`].
    pub(crate) fn is_lost(&self) -> bool {
        self.model().is_some_and(ModelObject::is_lost)
    }

    /// Performs a command that gives something back: it is always enabled, and nobody asks for its
    /// result. For destructors.
    pub(crate) fn give_back(&self, command: &'static Command, args: Args, site: Site) {
        self.give_back_and(command, args, site, || ());
    }

    /// As above, and calls `and` as part of the same step, unless there is no step because the execution is over.
    pub(crate) fn give_back_and(
        &self,
        command: &'static Command,
        args: Args,
        site: Site,
        and: impl FnOnce(),
    ) {
        let arm = match &self.of {
            Of::Model(object) => {
                if object.give_back(command, args, site) {
                    and();
                }
                return;
            }
            Of::Native(_) => Arm::Native,
            Of::Loom(_) => Arm::Loom,
        };
        // In a destructor that runs during a panic another one would abort the process.
        if context::arm() == arm || !std::thread::panicking() {
            self.perform_and(command, args, site, |_| and());
        }
    }

    /// Waits until the command's guard holds, performs it, and calls `and` with the state before, as
    /// part of the same step: what it touches is touched in the order of the commands. It must not
    /// perform operations itself, nor panic.
    pub(crate) fn perform_and<R>(
        &self,
        command: &'static Command,
        args: Args,
        site: Site,
        and: impl FnOnce(State) -> R,
    ) -> R {
        match &self.of {
            Of::Model(object) => and(object.perform(command, args, command.publish, site)),
            Of::Native(native) => {
                check_arm(Arm::Native, self.site, site);
                self.perform_natively(native, (command, command), args, None, site, and)
            }
            Of::Loom(loom) => {
                check_arm(Arm::Loom, self.site, site);
                loom.perform(command, args, site, and)
            }
        }
    }

    /// Performs the first command if its guard holds within the time, and otherwise the second, whose
    /// guard always holds and which is what the first would have been as a mere attempt. Whether the
    /// first one's guard held is seen from the state before, which `and` is called with.
    ///
    /// In a model the time may be over at once, which is a choice with a budget, and is over when
    /// nothing else can move; see [`Patience`]. Under loom it never is.
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
                    let (object, publish) = (object.id, command.publish);
                    let op = Op { command, object, args, publish, on_failure: publish, site };
                    match session.gives_up_early(timeout, site) {
                        Patience::Over => None,
                        Patience::Until(nanoseconds) => session.perform_within(op, nanoseconds),
                        Patience::Endless => Some(session.perform(op)),
                    }
                });
                and(done.unwrap_or_else(|| object.perform(attempt, args, attempt.publish, site)))
            }
            Of::Native(native) => {
                check_arm(Arm::Native, self.site, site);
                self.perform_natively(native, (command, attempt), args, Some(timeout), site, and)
            }
            Of::Loom(_) if timeout.is_zero() => self.perform_and(attempt, args, site, and),
            Of::Loom(_) => {
                loom_limits::meet(Limit::Timeout);
                self.perform_and(command, args, site, and)
            }
        }
    }

    #[allow(clippy::disallowed_methods)] // The native arm lives in real time.
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
        let run = context::native_run();
        let mut ticket = None;
        let mut state = state.lock();
        loop {
            let seen = run.as_ref().map(|run| run.seen());
            // What lets a thread go on after its run was cancelled is only that others were unwound.
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
                // Whoever gives up after a time is not stuck.
                (_, _) if deadline.is_some() => {
                    let left = deadline.map_or(GLANCE, |d| d.saturating_duration_since(Instant::now()));
                    changed.wait_for(&mut state, left);
                }
                (Some(run), Some(seen)) => {
                    let waits_for = || {
                        format!("{} waits in {} at {}:{}", self.kind, command.name, site.file(), site.line())
                    };
                    match run.looked_in_vain(&mut ticket, seen, &waits_for()) {
                        Then::Waits => _ = changed.wait_for(&mut state, GLANCE),
                        Then::Unwinds => {
                            drop(state);
                            run.looked_with_success(ticket);
                            native::leave_if_cancelled(run);
                            unreachable!("a cancelled run unwinds its threads");
                        }
                        Then::StaysForEver => {
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

impl OnLoom {
    /// Calls `and` with the state before, as part of the same step.
    fn perform<R>(
        &self,
        command: &'static Command,
        args: Args,
        site: Site,
        and: impl FnOnce(State) -> R,
    ) -> R {
        if std::thread::panicking() {
            return and(self.perform_unwinding(command, args, site));
        }
        self.witnessed.awaits(command, args, site);
        let mut held = self.mutex.lock().expect("loom's mutexes are not poisoned");
        while !(command.guard)(self.state.load(Relaxed), args) {
            let me = (loom::thread::current().id(), command, args);
            self.waiting.lock().push(me);
            held = self.changed.wait(held).expect("loom's mutexes are not poisoned");
            self.waiting.lock().retain(|(thread, ..)| *thread != me.0);
        }
        let before = self.take_effect(command, args, site);
        // A notification that helps nobody would only be one more thing to interleave.
        if self.helps_somebody() {
            self.changed.notify_all();
        }
        and(before)
    }

    /// Whether somebody waits for what has now come about.
    fn helps_somebody(&self) -> bool {
        let state = self.state.load(Relaxed);
        self.waiting.lock().iter().any(|(_, command, args)| (command.guard)(state, *args))
    }

    fn take_effect(&self, command: &'static Command, args: Args, site: Site) -> State {
        let before = self.state.load(Relaxed);
        self.state.store((command.effect)(before, args), Relaxed);
        self.witnessed.did(command, args, before, command.publish, site);
        before
    }

    /// A destructor that runs while its thread unwinds: part of the step before, as in the Model arm.
    /// Whoever waits for it cannot be woken, which the engine is told.
    #[cold]
    fn perform_unwinding(&self, command: &'static Command, args: Args, site: Site) -> State {
        let waits = !(command.guard)(self.state.load(Relaxed), args);
        let before = self.take_effect(command, args, site);
        if waits || self.helps_somebody() {
            crate::engine::loom::could_not_wake();
        }
        before
    }
}

pub(crate) use crate::thread::owner_key;

pub(crate) use crate::rt::fail::unseen as panicked_unseen;

/// Goes on unwinding if the payload is the one with which the threads of an ended execution are
/// unwound: whoever catches a panic of the model's must let that one pass.
pub(crate) fn let_cancellation_pass(payload: Box<dyn Any + Send>) -> Box<dyn Any + Send> {
    if payload.is::<Cancelled>() {
        std::panic::resume_unwind(payload);
    }
    payload
}
