//! The coroutines on which a model's threads run.
//!
//! An execution needs two things of whoever owns the coroutines: to begin a thread and to give up the
//! processor. Both are done on bare corosensei, for every engine of the Model arm.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::op::ThreadId;
use crate::rt::context;
use crate::rt::execution::{Execution, Scheduler};
use crate::rt::session::{Session, run_thread};
use crate::verdict::Reason;

/// Whoever counts the executions and decides whether there are enough.
pub(crate) trait Judge {
    /// Whether another execution may begin.
    fn wants_another(&mut self) -> bool;

    /// An execution has ended; or could not go on, for a reason.
    fn saw(&mut self, execution: &Execution, problem: Option<Reason>);

    /// A thread is about to go on.
    fn beat(&mut self, session: &Session, thread: ThreadId);
}

type Thread = Coroutine<(), (), ()>;
type Place = Box<Option<Thread>>;

/// Room for deep test code; only pages that are touched cost memory. An overflow meets a guard page.
const STACK: usize = 1 << 20;

/// The threads of one execution on corosensei's coroutines.
#[derive(Clone)]
pub(crate) struct Coroutines {
    shared: Rc<Shared>,
}

struct Shared {
    /// Where each thread's stack begins.
    bases: RefCell<Vec<usize>>,
    /// A place for each thread's coroutine, which stays where it is while it runs.
    threads: RefCell<Vec<Option<Place>>>,
    stacks: RefCell<Vec<DefaultStack>>,
    /// The running coroutine's way out, set by that coroutine whenever it goes on.
    way_out: Cell<Option<*const Yielder<(), ()>>>,
}

impl Coroutines {
    /// No coroutines yet.
    pub(crate) fn new() -> Self {
        let threads = RefCell::new(Vec::new());
        let stacks = RefCell::new(Vec::new());
        Coroutines {
            shared: Rc::new(Shared { bases: RefCell::default(), threads, stacks, way_out: Cell::new(None) }),
        }
    }

    /// Runs executions for as long as the scheduler wants any and `more` allows them.
    pub(crate) fn explore(
        &self,
        session: &Session,
        scheduler: &mut dyn Scheduler,
        model: &Rc<dyn Fn()>,
        judge: &mut dyn Judge,
    ) {
        let _inside = context::enter_model(session);
        while scheduler.begin() && judge.wants_another() {
            session.reset(scheduler.repeats(), scheduler.races_matter_from());
            let body = Rc::clone(model);
            self.spawn(ThreadId::MAIN, move || body());
            loop {
                let next = session.execution.borrow_mut().advance(scheduler);
                let Some(thread) = next else { break };
                judge.beat(session, thread);
                self.resume(thread);
            }
            self.give_up_stacks();
            session.execution.borrow_mut().judge();
            scheduler.end(&session.execution.borrow());
            judge.saw(&session.execution.borrow(), scheduler.problem());
        }
    }

    #[inline]
    fn resume(&self, thread: ThreadId) {
        let place = self.shared.threads.borrow_mut()[thread.index()].take();
        let mut place = place.expect("only one thread runs");
        let coroutine = place.as_mut().as_mut().expect("a thread that goes on has begun and not finished");
        if let CoroutineResult::Return(()) = coroutine.resume(()) {
            let stack = place.take().map(Coroutine::into_stack);
            self.shared.stacks.borrow_mut().extend(stack);
        }
        self.shared.threads.borrow_mut()[thread.index()] = Some(place);
    }

    /// Frees the stacks of threads that could not be unwound.
    fn give_up_stacks(&self) {
        for slot in self.shared.threads.borrow_mut().iter_mut() {
            if let Some(mut coroutine) = slot.as_mut().and_then(|place| place.take()) {
                // SAFETY: such a thread had to wait in a destructor that ran while it unwound, and
                // is never resumed. What is on its stack is leaked: nothing refers into it, for the
                // execution is over and every other thread of it has been unwound.
                unsafe { coroutine.force_reset() };
                self.shared.stacks.borrow_mut().push(coroutine.into_stack());
            }
        }
    }
}

impl Coroutines {
    /// Makes a coroutine for a new thread. It does not begin yet.
    pub(crate) fn spawn(&self, thread: ThreadId, body: impl FnOnce() + 'static) {
        let stack = self.shared.stacks.borrow_mut().pop();
        let stack = stack
            .unwrap_or_else(|| DefaultStack::new(STACK).expect("the system has memory for a 1 MiB stack"));
        {
            let mut bases = self.shared.bases.borrow_mut();
            if bases.len() <= thread.index() {
                bases.resize(thread.index() + 1, 0);
            }
            bases[thread.index()] = stack.base().get();
        }
        let shared = Rc::clone(&self.shared);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            shared.way_out.set(Some(std::ptr::from_ref(yielder)));
            run_thread(body);
        });
        let mut threads = self.shared.threads.borrow_mut();
        if threads.len() <= thread.index() {
            threads.resize_with(thread.index() + 1, || Some(Place::default()));
        }
        let place = threads[thread.index()].as_mut().expect("a thread that begins does not run yet");
        **place = Some(coroutine);
    }

    /// Where the stack of a thread begins, which grows downwards from there.
    pub(crate) fn stack_base(&self, thread: ThreadId) -> Option<usize> {
        self.shared.bases.borrow().get(thread.index()).copied()
    }

    /// Stops the running thread until it is chosen again.
    #[inline]
    pub(crate) fn switch(&self) {
        let way_out = self.shared.way_out.get().expect("only a thread of the execution switches");
        // SAFETY: the running coroutine has put its own yielder there, when it began or when it last
        // went on below; the yielder lives on that coroutine's stack for as long as it runs.
        unsafe { (*way_out).suspend(()) };
        self.shared.way_out.set(Some(way_out));
    }
}
