//! The coroutines on which a model's threads run.
//!
//! An execution needs two operations of its coroutines: to begin a thread and to yield the processor. Both
//! are implemented on bare corosensei, for every engine of the model backend. All coroutines run on the
//! thread of the system that explores, except those that [`helpers`](crate::runtime::helpers) run.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::failure::Reason;
use crate::op::ThreadId;
use crate::runtime::context;
use crate::runtime::execution::{Execution, Scheduler};
use crate::runtime::helpers::{Helpers, Seat, on_another_thread};
use crate::runtime::session::{Session, run_thread};

/// Counts the executions and decides whether to run another.
pub(crate) trait Judge {
    /// Whether another execution may begin.
    fn wants_another(&mut self) -> bool;

    /// An execution has ended; or could not go on, for the reason in `problem`.
    fn saw(&mut self, execution: &Execution, problem: Option<Reason>);

    /// A thread is about to run.
    fn beat(&mut self, session: &Session, thread: ThreadId);
}

type Thread = Coroutine<(), (), ()>;

/// A thread's coroutine, which stays in place while it runs, and its properties.
#[derive(Default)]
struct Slot {
    coroutine: Option<Thread>,
    /// The system's thread on which it unwinds, if it yielded the processor while it unwound.
    unwinds_on: Option<Seat>,
    /// The extent of its stack.
    stack: Extent,
}

/// The extent of a stack: it begins at `base` and grows downwards to `limit`, where the guard page begins.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    limit: usize,
    base: usize,
}

/// The default stack size of a thread of the system. Only pages that are touched use memory, on systems with
/// enough address space. An overflow hits a guard page.
pub(crate) const STACK: usize = if cfg!(target_pointer_width = "64") { 8 << 20 } else { 1 << 20 };

/// The threads of one execution, each a corosensei coroutine.
#[derive(Clone)]
pub(crate) struct Coroutines {
    shared: Rc<Shared>,
}

struct Shared {
    /// Each thread's coroutine; `None` while it runs.
    threads: RefCell<Vec<Option<Box<Slot>>>>,
    /// Stacks for reuse, all of the default size.
    stacks: RefCell<Vec<DefaultStack>>,
    /// The yielder of the running coroutine, set by that coroutine whenever it is resumed.
    way_out: Cell<Option<*const Yielder<(), ()>>>,
    /// The extent of the running coroutine's stack.
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

    /// Runs executions for as long as the scheduler has any and `more` allows them.
    pub(crate) fn explore(
        &self,
        session: &Session,
        scheduler: &mut dyn Scheduler,
        model: &Rc<dyn Fn()>,
        judge: &mut dyn Judge,
    ) {
        // If a coroutine was abandoned on a thread of the system while it unwound, that thread counts as
        // panicking for ever.
        let mut over = !std::thread::panicking() && self.explore_here(session, scheduler, model, judge);
        while !over {
            over = on_another_thread(|| self.explore_here(session, scheduler, model, judge));
        }
        self.shared.helpers.dismiss();
    }

    /// Runs executions on this thread of the system; returns whether the last of them has ended.
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
                // SAFETY: such a thread is never resumed. The values on its stack are leaked: no reference
                // into it is left, for the execution is over and every other thread of it has ended or is
                // abandoned as well.
                unsafe { coroutine.force_reset() };
                self.shared.keep(Some(coroutine));
                unwound |= place.unwinds_on.take().is_some();
            }
        }
        if unwound {
            self.shared.helpers.dismiss_spoilt();
        }
    }

    /// The address at which the frames of the running thread begin; they grow downwards. Above is only the
    /// link to the stack from which the coroutine was resumed, which varies while some thread unwinds; the
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

/// Makes the first touch of a stack cost one small page instead of a huge one, on systems that use huge pages
/// by default.
#[cfg(target_os = "linux")]
fn in_small_pages(stack: &DefaultStack) {
    let from = stack.limit().get() as *mut std::ffi::c_void;
    // SAFETY: the range is the stack's own mapping, which is not in use yet; only the size of its pages
    // changes. It is a hint, and may fail.
    unsafe { libc::madvise(from, size(stack), libc::MADV_NOHUGEPAGE) };
}

fn size(stack: &DefaultStack) -> usize {
    stack.base().get() - stack.limit().get()
}

impl Coroutines {
    /// A stack of the default size, or of the requested size if that is larger.
    pub(crate) fn stack(&self, size: Option<usize>) -> io::Result<DefaultStack> {
        let larger = size.filter(|&size| size > STACK);
        let kept = if larger.is_none() { self.shared.stacks.borrow_mut().pop() } else { None };
        if let Some(stack) = kept {
            return Ok(stack);
        }
        // If the system has less than that, the call returns an error.
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

    /// Suspends the running thread until it is chosen again.
    #[inline]
    pub(crate) fn switch(&self) {
        let way_out = self.shared.way_out.get().expect("only a thread of the execution switches");
        // SAFETY: the running coroutine stored its own yielder when it began or when it was last resumed
        // below; the yielder lives on that coroutine's stack for as long as it runs.
        unsafe { (*way_out).suspend(()) };
        self.shared.way_out.set(Some(way_out));
    }
}
