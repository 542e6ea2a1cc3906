//! The coroutines on which a model's threads run.
//!
//! An execution needs two things of whoever owns the coroutines: to begin a thread and to give up the
//! processor. Both are done on bare corosensei, for every engine of the Model arm. All coroutines run on the
//! thread of the system that explores, but for those that [`helpers`](crate::rt::helpers) run.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::op::ThreadId;
use crate::rt::context;
use crate::rt::execution::{Execution, Scheduler};
use crate::rt::helpers::{Helpers, Seat, on_another_thread};
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

/// A thread's coroutine, which stays where it is while it runs, and what is known of it.
#[derive(Default)]
struct Place {
    coroutine: Option<Thread>,
    /// The system's thread that unwinds it, if it gave up the processor while it was unwound.
    unwinds_on: Option<Seat>,
    /// Where its stack lies.
    stack: Extent,
}

/// Where a stack lies: it begins at `base` and grows downwards to `limit`, where the guard page begins.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    limit: usize,
    base: usize,
}

/// As much stack as a thread of the system has by default. Only pages that are touched cost memory, where there
/// are addresses enough. An overflow meets a guard page.
pub(crate) const STACK: usize = if cfg!(target_pointer_width = "64") { 8 << 20 } else { 1 << 20 };

/// The threads of one execution on corosensei's coroutines.
#[derive(Clone)]
pub(crate) struct Coroutines {
    shared: Rc<Shared>,
}

struct Shared {
    /// A place for each thread's coroutine; nothing while it runs.
    threads: RefCell<Vec<Option<Box<Place>>>>,
    /// Stacks to be used again, all of the default size.
    stacks: RefCell<Vec<DefaultStack>>,
    /// The running coroutine's way out, set by that coroutine whenever it goes on.
    way_out: Cell<Option<*const Yielder<(), ()>>>,
    /// Where the running coroutine's stack lies.
    stack: Cell<Extent>,
    helpers: Helpers,
}

impl Coroutines {
    /// No coroutines yet.
    pub(crate) fn new() -> Self {
        Coroutines {
            shared: Rc::new(Shared {
                threads: RefCell::default(),
                stacks: RefCell::default(),
                way_out: Cell::new(None),
                stack: Cell::default(),
                helpers: Helpers::default(),
            }),
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
        // A thread of the system on which a coroutine was given up while it unwound panics for ever.
        let mut over = !std::thread::panicking() && self.explore_here(session, scheduler, model, judge);
        while !over {
            over = on_another_thread(|| self.explore_here(session, scheduler, model, judge));
        }
        self.shared.helpers.dismiss();
    }

    /// Runs executions on this thread of the system; whether the last of them has ended.
    fn explore_here(
        &self,
        session: &Session,
        scheduler: &mut dyn Scheduler,
        model: &Rc<dyn Fn()>,
        judge: &mut dyn Judge,
    ) -> bool {
        let _inside = context::enter_model(session);
        while scheduler.begin() && judge.wants_another() {
            session.reset(scheduler.repeats(), scheduler.races_matter_from());
            let body = Rc::clone(model);
            let stack = self.stack(None).expect("the system has memory for a stack");
            self.spawn(ThreadId::MAIN, stack, move || body());
            loop {
                let next = session.execution.borrow_mut().advance(scheduler);
                let Some(thread) = next else { break };
                judge.beat(session, thread);
                self.resume(session, thread);
            }
            self.give_up_stacks();
            session.leak_locals();
            session.execution.borrow_mut().judge();
            scheduler.end(&session.execution.borrow());
            judge.saw(&session.execution.borrow(), scheduler.problem());
            if std::thread::panicking() {
                return false;
            }
        }
        true
    }

    #[inline]
    fn resume(&self, session: &Session, thread: ThreadId) {
        let shared = &*self.shared;
        let place = shared.threads.borrow_mut()[thread.index()].take();
        let mut place = place.expect("only one thread runs");
        shared.stack.set(place.stack);
        let coroutine = place.coroutine.as_mut().expect("a thread that goes on has begun and not finished");
        let mut returned = false;
        let mut goes_on = || returned = matches!(coroutine.resume(()), CoroutineResult::Return(()));
        if place.unwinds_on.is_none() && !std::thread::panicking() {
            goes_on();
            if std::thread::panicking() {
                place.unwinds_on = Some(Seat::Explorer);
            }
        } else {
            place.unwinds_on = shared.helpers.run(place.unwinds_on, session, goes_on);
        }
        if returned {
            shared.keep(place.coroutine.take());
        }
        shared.threads.borrow_mut()[thread.index()] = Some(place);
    }

    /// Frees the stacks of threads that could not be unwound.
    fn give_up_stacks(&self) {
        let mut unwound = false;
        for place in self.shared.threads.borrow_mut().iter_mut().flatten() {
            if let Some(mut coroutine) = place.coroutine.take() {
                // SAFETY: such a thread is never resumed. What is on its stack is leaked: nothing refers
                // into it, for the execution is over and every other thread of it has ended or is given
                // up as well.
                unsafe { coroutine.force_reset() };
                self.shared.keep(Some(coroutine));
                unwound |= place.unwinds_on.take().is_some();
            }
        }
        if unwound {
            self.shared.helpers.dismiss_spoilt();
        }
    }

    /// Where the frames of the running thread begin, which grow downwards from there. Above is only the link to
    /// the stack from which the coroutine was resumed, which is another one while some thread unwinds; the
    /// yielder is a view of that link.
    pub(crate) fn stack_base(&self) -> usize {
        let base = self.shared.way_out.get().map_or(0, <*const Yielder<(), ()>>::addr);
        let stack = self.shared.stack.get();
        debug_assert!((stack.limit..stack.base).contains(&base), "a link lies on its coroutine's stack");
        base
    }

    /// The lowest address of the running thread's stack.
    pub(crate) fn stack_limit(&self) -> usize {
        self.shared.stack.get().limit
    }
}

impl Shared {
    /// Keeps the stack of a coroutine that has ended.
    #[inline]
    fn keep(&self, ended: Option<Thread>) {
        if let Some(stack) = ended.map(Coroutine::into_stack)
            && size(&stack) <= STACK + SLACK
        {
            self.stacks.borrow_mut().push(stack);
        }
    }
}

/// Room for the guard page of a stack.
const SLACK: usize = 1 << 16;

/// Lets the first touch of a stack cost one page, and not a huge one, where the system is set to give these.
#[cfg(target_os = "linux")]
fn in_small_pages(stack: &DefaultStack) {
    let from = stack.limit().get() as *mut std::ffi::c_void;
    // SAFETY: the range is a mapping of the stack's own, which nothing uses yet; only the size of its pages
    // changes. It is a hint, and may fail.
    unsafe { libc::madvise(from, size(stack), libc::MADV_NOHUGEPAGE) };
}

fn size(stack: &DefaultStack) -> usize {
    stack.base().get() - stack.limit().get()
}

impl Coroutines {
    /// A stack of the usual size, or of the size asked for if that is larger.
    pub(crate) fn stack(&self, size: Option<usize>) -> io::Result<DefaultStack> {
        let larger = size.filter(|&size| size > STACK);
        let kept = if larger.is_none() { self.shared.stacks.borrow_mut().pop() } else { None };
        if let Some(stack) = kept {
            return Ok(stack);
        }
        // The system has less than that, and says so.
        let stack = DefaultStack::new(larger.unwrap_or(STACK).min(usize::MAX >> 2))?;
        #[cfg(target_os = "linux")]
        in_small_pages(&stack);
        Ok(stack)
    }

    /// Makes a coroutine for a new thread. It does not begin yet.
    pub(crate) fn spawn(&self, thread: ThreadId, stack: DefaultStack, body: impl FnOnce() + 'static) {
        let extent = Extent { limit: stack.limit().get(), base: stack.base().get() };
        let shared = Rc::clone(&self.shared);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            shared.way_out.set(Some(std::ptr::from_ref(yielder)));
            run_thread(body);
        });
        let mut threads = self.shared.threads.borrow_mut();
        if threads.len() <= thread.index() {
            threads.resize_with(thread.index() + 1, || Some(Box::default()));
        }
        let place = threads[thread.index()].as_mut().expect("a thread that begins does not run yet");
        place.coroutine = Some(coroutine);
        place.stack = extent;
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
