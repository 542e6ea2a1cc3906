//! Threads of the system that run a model's threads while some of these unwind.
//!
//! std counts for each thread of the system whether it panics. A coroutine that yields the processor in a
//! destructor, while a panic unwinds it, leaves that count raised. So the coroutine keeps the system's thread
//! on which its panic began until the panic is caught, and meanwhile every other coroutine runs on another
//! one, which does not panic. `std::thread::panicking`, `catch_unwind` and poisoning are thus exact, also if
//! the model or a crate that it uses calls std. Only the processor moves: one coroutine runs at a time, and
//! the other system threads wait for the one that resumed it.
//!
//! A coroutine that is abandoned in that state leaves its system's thread panicking for ever. A helper is
//! then dismissed, and the explorer continues on a new thread; see [`on_another_thread`].
//!
//! The cost: two switches of the system's threads for a step, but only while a panic is in flight whose
//! destructors perform operations. std's own thread-locals and guards of std's locks, which belong to a
//! thread of the system, do not move with the coroutine: a model should use raddle's.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::runtime::context;
use crate::runtime::panic_hook::SilencedPanics;
use crate::runtime::session::Session;

/// A thread of the system on which coroutines run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    /// The one that explores.
    Explorer,
    /// A helper.
    Helper(usize),
}

/// The helpers of one explorer, started on demand.
#[derive(Default)]
pub(super) struct Helpers(RefCell<Vec<Helper>>);

struct Helper {
    jobs: Sender<Job>,
    /// Sends whether the helper's thread panics after a job.
    done: Receiver<bool>,
    /// True if a coroutine that has yielded the processor unwinds on it.
    taken: bool,
    thread: JoinHandle<()>,
}

/// A function that runs while the requesting thread waits.
type Job = Alone<*mut dyn FnMut()>;

/// A value that another thread uses while this one waits for it.
struct Alone<T>(T);

// SAFETY: the parts of an explorer (coroutines, `Rc`s, `RefCell`s, schedulers) are not bound to the system's
// thread on which they were made, but must be used by one at a time. One thread uses them while the other
// waits, and a channel or a join orders their accesses.
unsafe impl<T> Send for Alone<T> {}

impl<T> Alone<T> {
    fn into_inner(self) -> T {
        self.0
    }
}

/// Calls `f` on a new thread of the system, and waits for it.
#[allow(clippy::disallowed_methods)]
pub(crate) fn on_another_thread<R>(f: impl FnOnce() -> R) -> R {
    let alone = Alone(f);
    let result = std::thread::scope(|scope| {
        scope
            .spawn(move || {
                let _quiet = SilencedPanics::begin();
                Alone(alone.into_inner()())
            })
            .join()
    });
    match result {
        Ok(result) => result.into_inner(),
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

impl Helpers {
    /// Resumes a coroutine: on the thread where it unwinds already, or else on one that does not panic.
    /// Returns where it unwinds now if it yielded the processor while it unwound.
    #[cold]
    pub(super) fn run(&self, seat: Option<Seat>, session: &Session, goes_on: impl FnMut()) -> Option<Seat> {
        let mut goes_on = goes_on;
        let at = match seat {
            Some(Seat::Explorer) => {
                goes_on();
                return std::thread::panicking().then_some(Seat::Explorer);
            }
            Some(Seat::Helper(at)) => at,
            None => self.free(session),
        };
        let helpers = self.0.borrow();
        let what: &mut dyn FnMut() = &mut goes_on;
        // SAFETY: only the lifetime changes, and the helper has finished with it before this function
        // returns.
        let what = unsafe { std::mem::transmute::<&mut dyn FnMut(), &mut (dyn FnMut() + 'static)>(what) };
        let handed_over = helpers[at].jobs.send(Alone(what));
        let panics = handed_over.ok().and_then(|()| helpers[at].done.recv().ok());
        drop(helpers);
        let panics = panics.expect("a coroutine catches its panics");
        self.0.borrow_mut()[at].taken = panics;
        panics.then_some(Seat::Helper(at))
    }

    /// A helper on which no coroutine unwinds.
    fn free(&self, session: &Session) -> usize {
        let mut helpers = self.0.borrow_mut();
        helpers.iter().position(|helper| !helper.taken).unwrap_or_else(|| {
            helpers.push(Helper::hire(session));
            helpers.len() - 1
        })
    }

    /// Ends the helpers on which coroutines were abandoned while they unwound. No coroutine is left.
    pub(super) fn dismiss_spoilt(&self) {
        self.0.borrow_mut().extract_if(.., |helper| helper.taken).for_each(Helper::dismiss);
    }

    /// Ends all helpers.
    pub(super) fn dismiss(&self) {
        let helpers = std::mem::take(&mut *self.0.borrow_mut());
        helpers.into_iter().for_each(Helper::dismiss);
    }
}

impl Helper {
    /// A helper that is inside the session's executions until it is dismissed, also while it is idle: a
    /// coroutine that ran on it and continues elsewhere may still use the thread-local that it saw there.
    #[allow(clippy::disallowed_methods)]
    fn hire(session: &Session) -> Helper {
        let (jobs, receive) = channel::<Job>();
        let (send, done) = channel();
        let session = Alone(std::ptr::from_ref(session));
        let thread = std::thread::spawn(move || {
            let _quiet = SilencedPanics::begin();
            // SAFETY: the explorer dismisses its helpers, and waits for their ends, while it holds the
            // session.
            let _inside = context::enter_model(unsafe { &*session.into_inner() });
            for job in receive {
                // SAFETY: the explorer waits until the job is done, and lends it until then.
                (unsafe { &mut *job.into_inner() })();
                if send.send(std::thread::panicking()).is_err() {
                    return;
                }
            }
        });
        Helper { jobs, done, taken: false, thread }
    }

    fn dismiss(self) {
        drop(self.jobs);
        // It has no more work, so it does not matter whether std still counts it as panicking.
        let _ = self.thread.join();
    }
}
