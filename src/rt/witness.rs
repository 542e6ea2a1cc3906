//! What loom's running execution has done so far, noted by the facade's loom arm.
//!
//! Loom keeps its schedules to itself, and an execution with stale reads is none that raddle could run. So
//! what the model's threads do is noted as it happens, in the order in which loom lets it take effect, and
//! told when the execution fails. Loom runs all threads of an execution on one thread of the system.
//!
//! A load is stale if what it returned is not what was written last. Where two writes left the same value
//! nobody can tell. Yields and parking are not noted.

use std::cell::{Cell, RefCell};

use crate::op::{Access, Args, Command, ObjectId, Op, Publish, Role, Site, State, ThreadId};
use crate::rt::context::Arm;
use crate::rt::log::{End, Entry, Log, Stale, What};
use crate::rt::naming::{self, Names};
use crate::rt::object::check_arm;
use crate::rt::sharing::Sharing;
use crate::rt::thread::{Held, Holder, Joining, Panicked, Pending};
use crate::trace::{Cast, Named, Trace};
use crate::verdict::FailureKind;

thread_local! {
    static WITNESS: RefCell<Witness> = RefCell::new(Witness::default());
    /// What was seen of sharing in all executions of the check.
    static SHARING: Cell<Sharing> = Cell::new(Sharing::default());
}

/// Notes something about what threads share.
pub(crate) fn sharing(note: impl FnOnce(&mut Sharing)) {
    let mut sharing = SHARING.get();
    note(&mut sharing);
    SHARING.set(sharing);
}

/// What was seen of sharing since this was last asked.
pub(crate) fn take_sharing() -> Sharing {
    SHARING.take()
}

/// An object of the loom arm, as the witness knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Witnessed {
    id: ObjectId,
    site: Site,
}

/// What is known of the execution.
#[derive(Debug, Default)]
struct Witness {
    threads: Vec<Thread>,
    objects: Vec<Object>,
    notes: Vec<Note>,
    /// Who ran last, unwinding apart.
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
        publish: Publish,
    },
    Other(What),
    /// It may have to wait before its next note.
    About(Pending),
}

/// Loom begins an execution.
pub(crate) fn begin() {
    WITNESS.take();
    // Main is the first of the threads, whatever comes.
    witness(|_| ());
}

/// The running thread passes a fence.
pub(crate) fn fence(publish: Publish, site: Site) {
    note(Did::Other(What::Fence { publish }), Some(site));
}

/// The running thread has spawned another.
pub(crate) fn spawned(id: loom::thread::ThreadId, name: Option<String>, site: Site) {
    let child = witness(|witness| {
        witness.threads.push(Thread::new(id, name));
        ThreadId(witness.threads.len() as u32 - 1)
    });
    note(Did::Other(What::Spawned { child }), Some(site));
}

/// The running thread joins another, by `join`.
pub(crate) fn joins<R>(id: loom::thread::ThreadId, site: Site, join: impl FnOnce() -> R) -> R {
    let other = witness(|witness| witness.threads.iter().position(|thread| thread.id == id));
    let Some(other) = other else { return join() };
    let thread = ThreadId(other as u32);
    about_to(Pending::Join { thread, site, what_for: Joining::Joins });
    let result = join();
    note(Did::Other(What::Joined { other: thread }), Some(site));
    result
}

/// The running thread lets others run by `yields` and then goes on, with nothing to be told of it.
pub(crate) fn goes_on_after(yields: impl FnOnce()) {
    yields();
    witness(|_| ());
}

/// The running thread has finished.
pub(crate) fn finished() {
    note(Did::Other(What::Finished), None);
    about_to(Pending::Finished);
}

/// What the running thread may now have to wait for.
fn about_to(pending: Pending) {
    note(Did::About(pending), None);
}

/// Calls `f` with the names that the running thread gives to what it makes.
pub(crate) fn names<R>(f: impl FnOnce(&mut Names) -> R) -> R {
    witness(|witness| f(&mut witness.threads[witness.current].names))
}

impl Witnessed {
    /// The running thread makes an object.
    pub(crate) fn new(kind: &'static str, state: State, site: Site) -> Self {
        witness(|witness| {
            let name = witness.threads[witness.current].names.innermost();
            let maker = ThreadId(witness.current as u32);
            witness.objects.push(Object { kind, name, state, site, maker });
            Witnessed { id: ObjectId(witness.objects.len() as u32 - 1), site }
        })
    }

    /// Where it was made.
    pub(crate) fn site(self) -> Site {
        self.site
    }

    /// Complains unless it is used under loom.
    pub(crate) fn check(self, used: Site) {
        check_arm(Arm::Loom, self.site, used);
    }

    /// The running thread is about to perform a command on it, and may have to wait.
    pub(crate) fn awaits(self, command: &'static Command, args: Args, site: Site) {
        let (object, publish) = (self.id, command.publish);
        about_to(Pending::Op(Op { command, object, args, publish, on_failure: publish, site }));
    }

    /// The running thread is about to wait for a notification of it.
    pub(crate) fn awaits_notification(self, site: Site) {
        about_to(Pending::Wake { object: self.id, deadline: None, site });
    }

    /// The running thread has performed a command on it and met this state.
    pub(crate) fn did(
        self,
        command: &'static Command,
        args: Args,
        before: State,
        publish: Publish,
        site: Site,
    ) {
        note(Did::Op { object: self.id, command, args, before, publish }, Some(site));
    }

    /// The running thread reads or writes the cell.
    pub(crate) fn touched(self, write: bool, site: Site) {
        note(Did::Other(What::Cell { object: self.id, write }), Some(site));
    }
}

/// Calls `f` when it is known who runs.
fn witness<R>(f: impl FnOnce(&mut Witness) -> R) -> R {
    // Whoever unwinds has not given up its turn since its last note, and loom may not be able to tell.
    let running = (!std::thread::panicking()).then(|| loom::thread::current().id());
    WITNESS.with_borrow_mut(|witness| {
        if let Some(id) = running {
            witness.current =
                witness.threads.iter().position(|thread| thread.id == id).unwrap_or_else(|| {
                    witness.threads.push(Thread::new(id, None));
                    witness.threads.len() - 1
                });
        }
        f(witness)
    })
}

fn note(what: Did, site: Option<Site>) {
    let unwinding = std::thread::panicking();
    witness(|witness| {
        let thread = ThreadId(witness.current as u32);
        if let Did::Op { object, .. } | Did::Other(What::Cell { object, .. }) = what {
            let maker = witness.objects[object.index()].maker;
            sharing(|sharing| {
                sharing.uses(thread, maker);
                sharing.took(1);
            });
        }
        witness.notes.push(Note { thread, what, site, unwinding });
    });
}

/// How the execution failed.
pub(crate) enum Failed {
    /// By a panic of the model's.
    Panic(Panicked),
    /// In a way that a primitive or loom declares.
    Declared(FailureKind, String),
    /// Nobody can move.
    Deadlock,
}

/// What the execution did up to its failure.
pub(crate) fn tell(failed: Failed) -> Trace {
    let mut witness = WITNESS.take();
    let deadlock = matches!(failed, Failed::Deadlock);
    // What destructors did after that is no part of it.
    let kept = witness.notes.iter().rposition(|note| !note.unwinding).map_or(0, |last| last + 1);
    witness.notes.truncate(kept);
    let thread = ThreadId(witness.current as u32);
    let last = match failed {
        Failed::Panic(panicked) => Some(What::Panicked(panicked)),
        Failed::Declared(kind, message) => Some(What::Declared { kind, message }),
        Failed::Deadlock => None,
    };
    let last = last.map(|what| Note { thread, what: Did::Other(what), site: None, unwinding: false });
    let notes: Vec<Note> = std::mem::take(&mut witness.notes).into_iter().chain(last).collect();
    let mut written: Vec<Vec<(State, Option<usize>)>> =
        witness.objects.iter().map(|object| vec![(object.state, None)]).collect();
    let mut log = Log::default();
    let end =
        |thread| End { thread, pending: Pending::Nothing, held: Vec::new(), waiting: false, spins: false };
    log.ends = witness.threads().into_iter().map(end).collect();
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
            Did::Op { object, command, args, before, publish } => {
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
                What::Op { object, name, shown, role, access, publish, stale }
            }
        };
        log.entries.push(Entry { thread, what, site, step: at });
    }
    if deadlock {
        note_waiting(&mut log);
    }
    Trace::told(&log, &witness)
}

/// Nobody can move: whoever was about to do something waits for it.
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

/// What a look that met this value missed; nothing if it was the newest.
fn stale(written: &[(State, Option<usize>)], met: State) -> Option<Stale> {
    let (newest, missed) = *written.last()?;
    let (_, seen) = *written.iter().rev().find(|(value, _)| *value == met)?;
    missed.filter(|_| newest != met).map(|missed| Stale { seen, missed })
}

impl Cast for Witness {
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
        Named { name: naming::name(all, object.index()), kind, made: (*site).into() }
    }
}
