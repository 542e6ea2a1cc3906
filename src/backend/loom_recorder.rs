//! Records what loom's running execution has done so far; called by the facade's loom backend.
//!
//! Loom exposes no schedule, and the SC runtime cannot replay a stale read. So the steps of the model's
//! threads are recorded as they happen, in the order in which loom performs them, and turned into a log when
//! the execution fails. Loom runs all threads of an execution on one thread of the system.
//!
//! A load is stale if it did not return the value that was written last. If two writes left the same value,
//! they cannot be told apart. Yields and parking are not recorded.

use std::cell::{Cell, RefCell};

use crate::backend::loom_crate as loom;
use crate::failure::FailureKind;
use crate::op::{Access, Args, Command, ObjectId, Op, Role, Site, State, Synchronization, ThreadId};
use crate::runtime::cast::{Cast, Named};
use crate::runtime::context::Backend;
use crate::runtime::log::{End, Entry, Log, Stale, What};
use crate::runtime::names::{self, Names};
use crate::runtime::object::check_backend;
use crate::runtime::sharing::Sharing;
use crate::runtime::thread::{Held, Holder, Joining, Panicked, Pending};

thread_local! {
    static RECORDER: RefCell<Recorder> = RefCell::new(Recorder::default());
    /// What was observed about sharing in all executions of the check.
    static SHARING: Cell<Sharing> = Cell::new(Sharing::default());
}

/// Records an observation about what threads share.
pub(crate) fn sharing(note: impl FnOnce(&mut Sharing)) {
    let mut sharing = SHARING.get();
    note(&mut sharing);
    SHARING.set(sharing);
}

/// Returns the observations about sharing since the last call.
pub(crate) fn take_sharing() -> Sharing {
    SHARING.take()
}

/// An object of the loom backend, by its index in the recorder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded {
    id: ObjectId,
    site: Site,
}

/// The record of the running execution.
#[derive(Debug, Default)]
struct Recorder {
    threads: Vec<Thread>,
    objects: Vec<Object>,
    notes: Vec<Note>,
    /// The thread that took the last step, ignoring threads that unwind.
    current: usize,
}

#[derive(Debug)]
struct Thread {
    id: loom::thread::ThreadId,
    name: Option<String>,
    names: Names,
}

impl Thread {
    fn new(id: loom::thread::ThreadId, name: Option<String>) -> Self {
        Thread { id, name, names: Names::default() }
    }
}

#[derive(Debug)]
struct Object {
    kind: &'static str,
    name: Option<std::rc::Rc<str>>,
    state: State,
    site: Site,
    /// The thread that made it.
    maker: ThreadId,
}

#[derive(Debug)]
struct Note {
    thread: ThreadId,
    what: Did,
    site: Option<Site>,
    /// Whether a destructor did it while its thread unwound.
    unwinding: bool,
}

#[derive(Debug)]
enum Did {
    Op {
        object: ObjectId,
        command: &'static Command,
        args: Args,
        before: State,
        synchronization: Synchronization,
    },
    Other(What),
    /// The thread may have to wait before its next entry.
    About(Pending),
}

/// Loom begins an execution.
pub(crate) fn begin() {
    RECORDER.take();
    // Main is always the first of the threads.
    recorder(|_| ());
}

/// The running thread passes a fence.
pub(crate) fn fence(synchronization: Synchronization, site: Site) {
    note(Did::Other(What::Fence { synchronization }), Some(site));
}

/// The running thread has spawned another.
pub(crate) fn spawned(id: loom::thread::ThreadId, name: Option<String>, site: Site) {
    let child = recorder(|recorder| {
        recorder.threads.push(Thread::new(id, name));
        ThreadId(recorder.threads.len() as u32 - 1)
    });
    note(Did::Other(What::Spawned { child }), Some(site));
}

/// The running thread joins another, by `join`.
pub(crate) fn joins<R>(id: loom::thread::ThreadId, site: Site, join: impl FnOnce() -> R) -> R {
    let other = recorder(|recorder| recorder.threads.iter().position(|thread| thread.id == id));
    let Some(other) = other else { return join() };
    let thread = ThreadId(other as u32);
    about_to(Pending::Join { thread, site, what_for: Joining::Joins });
    let result = join();
    note(Did::Other(What::Joined { other: thread }), Some(site));
    result
}

/// Calls `yields`, in which the running thread lets others run; nothing is recorded.
pub(crate) fn goes_on_after(yields: impl FnOnce()) {
    yields();
    recorder(|_| ());
}

/// The running thread has finished.
pub(crate) fn finished() {
    note(Did::Other(What::Finished), None);
    about_to(Pending::Finished);
}

/// Records the operation for which the running thread may now have to wait.
fn about_to(pending: Pending) {
    note(Did::About(pending), None);
}

/// Calls `f` with the names that the running thread gives to what it makes.
pub(crate) fn names<R>(f: impl FnOnce(&mut Names) -> R) -> R {
    recorder(|recorder| f(&mut recorder.threads[recorder.current].names))
}

impl Recorded {
    /// The running thread makes an object.
    pub(crate) fn new(kind: &'static str, state: State, site: Site) -> Self {
        recorder(|recorder| {
            let name = recorder.threads[recorder.current].names.innermost();
            let maker = ThreadId(recorder.current as u32);
            recorder.objects.push(Object { kind, name, state, site, maker });
            Recorded { id: ObjectId(recorder.objects.len() as u32 - 1), site }
        })
    }

    /// Where it was made.
    pub(crate) fn site(self) -> Site {
        self.site
    }

    /// Panics unless it is used under loom.
    pub(crate) fn check(self, used: Site) {
        check_backend(Backend::Loom, self.site, used);
    }

    /// The running thread is about to perform a command on it, and may have to wait.
    pub(crate) fn awaits(self, command: &'static Command, args: Args, site: Site) {
        let (object, synchronization) = (self.id, command.synchronization);
        about_to(Pending::Op(Op {
            command,
            object,
            args,
            synchronization,
            on_failure: synchronization,
            site,
        }));
    }

    /// The running thread is about to wait for a notification of it.
    pub(crate) fn awaits_notification(self, site: Site) {
        about_to(Pending::Wake { object: self.id, deadline: None, site });
    }

    /// The running thread has performed a command on it in this state.
    pub(crate) fn did(
        self,
        command: &'static Command,
        args: Args,
        before: State,
        synchronization: Synchronization,
        site: Site,
    ) {
        note(Did::Op { object: self.id, command, args, before, synchronization }, Some(site));
    }

    /// The running thread reads or writes the cell.
    pub(crate) fn touched(self, write: bool, site: Site) {
        note(Did::Other(What::Cell { object: self.id, write }), Some(site));
    }
}

/// Calls `f` after updating the index of the running thread.
fn recorder<R>(f: impl FnOnce(&mut Recorder) -> R) -> R {
    // A thread that unwinds has not been preempted since its last entry, and loom may not be able to name it.
    let running = (!std::thread::panicking()).then(|| loom::thread::current().id());
    RECORDER.with_borrow_mut(|recorder| {
        if let Some(id) = running {
            recorder.current =
                recorder.threads.iter().position(|thread| thread.id == id).unwrap_or_else(|| {
                    recorder.threads.push(Thread::new(id, None));
                    recorder.threads.len() - 1
                });
        }
        f(recorder)
    })
}

/// How much the threads have done.
pub(crate) fn noted() -> usize {
    recorder(|recorder| recorder.notes.len())
}

fn note(what: Did, site: Option<Site>) {
    let unwinding = std::thread::panicking();
    recorder(|recorder| {
        let thread = ThreadId(recorder.current as u32);
        if let Did::Op { object, .. } | Did::Other(What::Cell { object, .. }) = what {
            let maker = recorder.objects[object.index()].maker;
            sharing(|sharing| {
                sharing.uses(thread, maker);
                sharing.took(1);
            });
        }
        recorder.notes.push(Note { thread, what, site, unwinding });
    });
}

/// How the execution failed.
pub(crate) enum Failed {
    /// By a panic of the model's.
    Panic(Panicked),
    /// In a way that a primitive or loom declares.
    Declared(FailureKind, String),
    /// No thread can make progress.
    Deadlock,
}

/// The log of what the execution did up to its failure.
pub(crate) fn tell(failed: Failed) -> (Log, impl Cast) {
    let mut recorder = RECORDER.take();
    let deadlock = matches!(failed, Failed::Deadlock);
    // Steps of destructors after the failure are left out.
    let kept = recorder.notes.iter().rposition(|note| !note.unwinding).map_or(0, |last| last + 1);
    recorder.notes.truncate(kept);
    let thread = ThreadId(recorder.current as u32);
    let last = match failed {
        Failed::Panic(panicked) => Some(What::Panicked(panicked)),
        Failed::Declared(kind, message) => Some(What::Declared { kind, message }),
        Failed::Deadlock => None,
    };
    let last = last.map(|what| Note { thread, what: Did::Other(what), site: None, unwinding: false });
    let notes: Vec<Note> = std::mem::take(&mut recorder.notes).into_iter().chain(last).collect();
    let mut written: Vec<Vec<(State, Option<usize>)>> =
        recorder.objects.iter().map(|object| vec![(object.state, None)]).collect();
    let mut log = Log::default();
    let end =
        |thread| End { thread, pending: Pending::Nothing, held: Vec::new(), waiting: false, spins: false };
    log.ends = recorder.threads().into_iter().map(end).collect();
    for Note { thread, what, site, .. } in notes {
        let end = &mut log.ends[thread.index()];
        end.pending = Pending::Nothing;
        let at = log.entries.len();
        let what = match what {
            Did::Other(what) => what,
            Did::About(pending) => {
                end.pending = pending;
                continue;
            }
            Did::Op { object, command, args, before, synchronization } => {
                let access = (command.access)(before, args);
                let written = &mut written[object.index()];
                let looks = matches!(command.role, Role::Load | Role::CompareExchange);
                let stale = stale(written, before).filter(|_| looks && access == Access::READ);
                if access != Access::READ {
                    written.push(((command.effect)(before, args), Some(at)));
                }
                let (name, shown, role) = (command.name, (command.show)(before, args), command.role);
                match (role, site) {
                    (Role::Acquire | Role::TryAcquire | Role::Share, Some(site))
                        if access != Access::READ =>
                    {
                        end.held.push(Held { object, site });
                    }
                    (Role::Release, _) => {
                        let taken = end.held.iter().rposition(|held| held.object == object);
                        taken.map(|taken| end.held.remove(taken));
                    }
                    _ => {}
                }
                What::Op { object, name, shown, role, access, synchronization, stale }
            }
        };
        log.entries.push(Entry { thread, what, site, step: at });
    }
    if deadlock {
        note_waiting(&mut log);
    }
    (log, recorder)
}

/// No thread can make progress: every thread with an announced operation waits for it.
fn note_waiting(log: &mut Log) {
    let step = log.entries.len();
    for at in 0..log.ends.len() {
        let End { thread, pending: Pending::Op(op), .. } = log.ends[at] else { continue };
        log.ends[at].waiting = true;
        let holder = log.ends.iter().find_map(|end| {
            let held = end.held.iter().find(|held| held.object == op.object)?;
            Some(Holder { thread: end.thread, site: held.site, waits: false })
        });
        let what = What::Waits { object: op.object, name: op.command.name, access: Access::WRITE, holder };
        log.entries.push(Entry { thread, what, site: Some(op.site), step });
    }
}

/// The writes that a load of this value missed; `None` if it returned the newest.
fn stale(written: &[(State, Option<usize>)], met: State) -> Option<Stale> {
    let (newest, missed) = *written.last()?;
    let (_, seen) = *written.iter().rev().find(|(value, _)| *value == met)?;
    missed.filter(|_| newest != met).map(|missed| Stale { seen, missed })
}

impl Cast for Recorder {
    fn threads(&self) -> Vec<ThreadId> {
        (0..self.threads.len() as u32).map(ThreadId).collect()
    }

    fn called(&self, thread: ThreadId) -> String {
        match &self.threads[thread.index()].name {
            _ if thread == ThreadId::MAIN => "main".to_owned(),
            Some(name) => name.clone(),
            None => format!("thread {}", thread.0),
        }
    }

    fn named(&self, object: ObjectId) -> Named {
        let all = self.objects.iter().map(|object| (object.name.as_deref(), object.kind));
        let Object { kind, name, site, .. } = &self.objects[object.index()];
        let kind = name.as_ref().map(|_| (*kind).to_owned());
        Named { name: names::name(all, object.index()), kind, made: (*site).into() }
    }
}
