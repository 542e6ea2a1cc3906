//! A counterexample's events as a reader needs them: names instead of numbers, text instead of words.

use crate::op::{ObjectId, Role, Site};
use crate::rt::execution::Execution;
use crate::rt::log::What;
use crate::rt::thread::{Choosing, Pending};

/// A line of the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl From<Site> for Place {
    fn from(site: Site) -> Self {
        Place { file: site.file().to_owned(), line: site.line() }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What kind of row an event makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Looks at shared state.
    Read,
    /// Changes shared state.
    Write,
    /// Takes or gives back a lock, notifies, signals.
    Sync,
    /// Must wait.
    Wait,
    /// A choice, a yield, a timeout.
    Note,
    /// A panic.
    Panic,
    /// The end of a thread.
    End,
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Whose it is, as an index into [`Trace::threads`].
    pub(crate) thread: usize,
    /// Which object it touches, as an index into [`Trace::objects`].
    pub(crate) object: Option<usize>,
    pub(crate) mark: Mark,
    /// What happened: `n.load() → 0`.
    pub(crate) text: String,
    pub(crate) place: Option<Place>,
    /// Events with the same number belong to one choice of the schedule.
    pub(crate) step: usize,
}

/// An object of the model.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// A short name that is unique in the trace: `Mutex #2`.
    pub(crate) name: String,
    /// Where it was made.
    pub(crate) made: Place,
}

/// What a thread was about when the execution ended.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// Whose end it is.
    pub(crate) thread: usize,
    /// What it waits for, in words; nothing if it had finished.
    pub(crate) waits: Option<String>,
    /// Where it waits.
    pub(crate) place: Option<Place>,
    /// The locks that it holds, and where it took them.
    pub(crate) holds: Vec<(usize, Place)>,
}

/// A failing execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    /// The threads' names, in the order of their creation.
    pub(crate) threads: Vec<String>,
    pub(crate) objects: Vec<Named>,
    pub(crate) events: Vec<Event>,
    pub(crate) endings: Vec<Ending>,
}

impl Trace {
    /// What the execution's log says.
    pub(crate) fn of(execution: &Execution) -> Trace {
        let mut names = Names::default();
        let born = execution.born();
        let index = |thread| born.iter().position(|&t| t == thread).unwrap_or_default();
        let mut trace =
            Trace { threads: born.iter().map(|&t| execution.describe(t)).collect(), ..Trace::default() };
        let entries = execution.log.as_ref().map_or(&[][..], |log| &log.entries);
        for entry in entries {
            let mut object = None;
            let mut name_of = |id: ObjectId, names: &mut Names| {
                let at = names.index(id, execution);
                object = Some(at);
                names.named[at].name.clone()
            };
            let (mark, text) = match &entry.what {
                What::Op { object, name, shown, role, before, after } => {
                    let mark = match role {
                        Role::Load => Mark::Read,
                        Role::Store | Role::Update => Mark::Write,
                        Role::CompareExchange if before == after => Mark::Read,
                        Role::CompareExchange => Mark::Write,
                        _ => Mark::Sync,
                    };
                    (mark, format!("{}.{name}{shown}", name_of(*object, &mut names)))
                }
                What::Waits { object, name, holder } => {
                    let what = name_of(*object, &mut names);
                    let holder = match holder {
                        Some((t, _)) if *t == entry.thread => ": held by itself".to_owned(),
                        Some((t, _)) => format!(": held by {}", execution.describe(*t)),
                        None => String::new(),
                    };
                    (Mark::Wait, format!("{what}.{name}() waits{holder}"))
                }
                What::Chose { what, alternative } => match (what, alternative) {
                    (Choosing::Model, n) => (Mark::Note, format!("choose → {n}")),
                    // The usual course of things is not worth a row.
                    (_, 0) => continue,
                    (Choosing::SpuriousWakeup, _) => (Mark::Note, "will wake up spuriously".to_owned()),
                    (Choosing::WeakFailure, _) => (Mark::Note, "will fail spuriously".to_owned()),
                    (Choosing::Timeout, _) => (Mark::Note, "will time out early".to_owned()),
                    (Choosing::FruitlessYield, _) => (Mark::Note, "yields, nothing changed".to_owned()),
                },
                What::Yielded => (Mark::Note, "yields, and something changed".to_owned()),
                What::Forced { timed_out: true } => (Mark::Note, "times out".to_owned()),
                What::Forced { timed_out: false } => (Mark::Note, "yields, nobody can write".to_owned()),
                What::Cell { object, write } => {
                    let name = name_of(*object, &mut names);
                    if *write {
                        (Mark::Write, format!("{name} written"))
                    } else {
                        (Mark::Read, format!("{name} read"))
                    }
                }
                What::Fence => (Mark::Note, "fence".to_owned()),
                What::Finished => (Mark::End, "ends".to_owned()),
                What::Panicked { message } => (Mark::Panic, format!("panics: {message}")),
            };
            trace.events.push(Event {
                thread: index(entry.thread),
                object,
                mark,
                text,
                place: entry.site.map(Place::from),
                step: entry.step,
            });
        }
        for &thread in born {
            let state = execution.thread(thread);
            let waits = match &state.pending {
                Pending::Finished => None,
                Pending::Op(op) => {
                    let at = names.index(op.object, execution);
                    Some(format!("{} of {}", op.command.name, names.named[at].name))
                }
                Pending::Join { thread, .. } => Some(format!("the end of {}", execution.describe(*thread))),
                Pending::Wake { object, .. } => {
                    let at = names.index(*object, execution);
                    Some(format!("a notification by {}", names.named[at].name))
                }
                Pending::Yield { .. } => Some("a write by somebody else".to_owned()),
                _ => Some("its turn".to_owned()),
            };
            let holds = state
                .held
                .iter()
                .map(|held| (names.index(held.object, execution), held.site.into()))
                .collect();
            let place = state.pending.site().map(Place::from);
            trace.endings.push(Ending { thread: index(thread), waits, place, holds });
        }
        trace.objects = names.named;
        trace
    }
}

/// The objects of a trace and their names.
#[derive(Default)]
struct Names {
    ids: Vec<ObjectId>,
    named: Vec<Named>,
}

impl Names {
    fn index(&mut self, id: ObjectId, execution: &Execution) -> usize {
        if let Some(at) = self.ids.iter().position(|&known| known == id) {
            return at;
        }
        let object = execution.object(id);
        let alike = self.ids.iter().filter(|&&other| execution.object(other).kind == object.kind).count();
        self.ids.push(id);
        self.named.push(Named { name: format!("{}#{}", object.kind, alike + 1), made: object.site.into() });
        self.ids.len() - 1
    }
}
