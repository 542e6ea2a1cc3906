//! Threads of the system for the threads of a model, while some of these unwind.
//!
//! Whether a thread panics, std counts for each thread of the system. A coroutine that gives up the processor in
//! a destructor, while a panic unwinds it, leaves that count raised. So the system's thread on which its panic
//! began is its own until the panic is caught, and meanwhile every other coroutine goes on on another one, on
//! which nothing panics. `std::thread::panicking`, `catch_unwind` and poisoning are thus exact, also where the
//! model or a crate that it uses asks std. Only the processor moves: one coroutine runs at a time, and whichever
//! system's thread resumes it, the others wait.
//!
//! A coroutine that is given up in that state leaves its system's thread panicking for ever. A helper is then
//! dismissed, and the explorer continues on a new thread; see [`on_another_thread`].
//!
//! What it costs: two switches of the system's threads for a step, but only while a panic is in flight whose
//! destructors perform operations. What it does not move are std's own thread-locals and guards of std's locks
//! that belong to a thread: a model should use raddle's.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::rt::context;
use crate::rt::quiet::Quiet;
use crate::rt::session::Session;

/// A thread of the system on which coroutines run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    /// The one that explores.
    Explorer,
    /// A helper.
    Helper(usize),
}

/// The helpers of one explorer. There are none until they are needed.
#[derive(Default)]
pub(super) struct Helpers(RefCell<Vec<Helper>>);

struct Helper {
    jobs: Sender<Job>,
    /// Whether the helper's thread panics after a job.
    done: Receiver<bool>,
    /// Whether a coroutine unwinds on it that has given up the processor.
    taken: bool,
    thread: JoinHandle<()>,
}

/// Something to be done, while the thread that asks for it waits.
type Job = Alone<*mut dyn FnMut()>;

/// Something that another thread uses while this one waits for it.
struct Alone<T>(T);

// SAFETY: what an explorer is made of (coroutines, `Rc`s, `RefCell`s, schedulers) is not bound to the system's
// thread on which it was made, but only to be used by one at a time. One uses it while the other waits, and
// they meet at a channel or a join, which puts what the one did before what the other does.
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
                let _quiet = Quiet::begin();
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
    /// Lets a coroutine go on: where it unwinds already, or else where nothing panics. Says where it unwinds now
    /// if it gave up the processor while it was unwound.
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
        // SAFETY: only the lifetime changes, and the helper is done with it before this function returns.
        let what = unsafe { std::mem::transmute::<&mut dyn FnMut(), &mut (dyn FnMut() + 'static)>(what) };
        let handed_over = helpers[at].jobs.send(Alone(what));
        let panics = handed_over.ok().and_then(|()| helpers[at].done.recv().ok());
        drop(helpers);
        let panics = panics.expect("a coroutine catches its panics");
        self.0.borrow_mut()[at].taken = panics;
        panics.then_some(Seat::Helper(at))
    }

    /// A helper on which nothing unwinds.
    fn free(&self, session: &Session) -> usize {
        let mut helpers = self.0.borrow_mut();
        helpers.iter().position(|helper| !helper.taken).unwrap_or_else(|| {
            helpers.push(Helper::hire(session));
            helpers.len() - 1
        })
    }

    /// Lets those helpers go on which coroutines were given up while they unwound. No coroutine is left.
    pub(super) fn dismiss_spoilt(&self) {
        self.0.borrow_mut().extract_if(.., |helper| helper.taken).for_each(Helper::dismiss);
    }

    /// Lets all helpers go.
    pub(super) fn dismiss(&self) {
        let helpers = std::mem::take(&mut *self.0.borrow_mut());
        helpers.into_iter().for_each(Helper::dismiss);
    }
}

impl Helper {
    /// A helper that is inside of the session's executions until it is dismissed, also while it has nothing to
    /// do: a coroutine that ran on it and goes on elsewhere may still look where it saw that.
    #[allow(clippy::disallowed_methods)]
    fn hire(session: &Session) -> Helper {
        let (jobs, receive) = channel::<Job>();
        let (send, done) = channel();
        let session = Alone(std::ptr::from_ref(session));
        let thread = std::thread::spawn(move || {
            let _quiet = Quiet::begin();
            // SAFETY: the explorer dismisses its helpers, and waits for their ends, while it has the session.
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
        // It has nothing left to do, so it does not matter whether std still counts it as panicking.
        let _ = self.thread.join();
    }
}
