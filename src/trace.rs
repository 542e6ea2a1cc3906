//! A counterexample's events as a reader needs them: names instead of numbers, text instead of words.
//!
//! A [`Trace`] is plain data. What it can tell on its own (who wrote the value that was read, who
//! waits for whom) is asked of it by [`crate::report`]; it knows nothing of columns or colours.

mod teller;

use crate::op::{Access, ObjectId, Site, ThreadId};
use crate::rt::cycles::Cycle;
use crate::rt::execution::Execution;
use crate::rt::log::{Log, Stale};
use teller::Teller;

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

impl Place {
    /// Reads `file:line:column`, as panics have it.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, ':');
        let (_column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Place { file: file.to_owned(), line: line.parse().ok()? })
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

/// How an event touches its object, for those who look for causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Touch {
    /// Whether it saw the object's value.
    pub(crate) reads: bool,
    /// Whether it left a value there.
    pub(crate) writes: bool,
    /// Whether it took the object for its thread: a lock and what it protects.
    pub(crate) takes: bool,
    /// Whether it gave the object back.
    pub(crate) gives: bool,
    /// Whether its memory ordering publishes what its thread did before.
    pub(crate) releases: bool,
    /// Whether its memory ordering sees what others published.
    pub(crate) acquires: bool,
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
    /// What was done, without operands and result: `n.load`.
    pub(crate) short: String,
    pub(crate) place: Option<Place>,
    /// Events with the same number belong to one choice of the schedule.
    pub(crate) step: usize,
    /// Whether this is what the schedule chose in its step; what follows is local.
    pub(crate) chosen: bool,
    /// With what it commutes, if it is an operation or waits to be one.
    pub(crate) access: Option<Access>,
    pub(crate) touch: Touch,
    /// The thread that begins with it.
    pub(crate) begins: Option<usize>,
    /// What it did not see though it was there, by indices into [`Trace::events`].
    pub(crate) stale: Option<Stale>,
}

/// An object of the model.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// A short name that is unique in the trace: `Mutex#2`.
    pub(crate) name: String,
    /// What it is, where its name does not say that.
    pub(crate) kind: Option<String>,
    /// Where it was made.
    pub(crate) made: Place,
}

/// What a thread that has not finished was about when the failure was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// Its turn: it could have gone on.
    Nothing,
    /// An object, before it can perform an operation.
    Object(usize),
    /// A notification of an object.
    Notification(usize),
    /// The end of a thread.
    Thread(usize),
    /// A write by somebody else.
    Write,
}

/// What a thread was about when the failure was noticed.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// Whose end it is.
    pub(crate) thread: usize,
    /// What it waits for; nothing if it had finished.
    pub(crate) awaits: Option<Awaits>,
    /// What it waits in: `lock`.
    pub(crate) op: String,
    /// Where it waits.
    pub(crate) place: Option<Place>,
    /// The locks that it holds, and where it took them.
    pub(crate) holds: Vec<(usize, Place)>,
    /// Whether the last of them with the object that it waits for is only its turn to have it next.
    pub(crate) succeeds: bool,
}

/// A panic.
#[derive(Clone, Debug)]
pub(crate) struct Panic {
    pub(crate) thread: usize,
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
}

/// One of the two accesses of a data race.
#[derive(Clone, Debug)]
pub(crate) struct Racing {
    pub(crate) thread: usize,
    pub(crate) write: bool,
    pub(crate) place: Place,
    /// Its event; the making of a cell has none.
    pub(crate) event: Option<usize>,
}

/// A failing execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    /// The threads' names, in the order of their creation.
    pub(crate) threads: Vec<String>,
    pub(crate) objects: Vec<Named>,
    pub(crate) events: Vec<Event>,
    pub(crate) endings: Vec<Ending>,
    pub(crate) panics: Vec<Panic>,
    /// The two accesses that race, the earlier one first, and the cell.
    pub(crate) race: Option<(Racing, Racing, usize)>,
    /// The steps that repeat for ever, if it is a livelock of that kind.
    pub(crate) cycle: Option<Circle>,
}

/// Steps that repeat for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// The first step of the first round.
    pub(crate) start: usize,
    /// How many steps a round has.
    pub(crate) steps: usize,
    /// How many rounds were seen.
    pub(crate) rounds: usize,
}

/// Who and what takes part in an execution.
pub(crate) trait Cast {
    /// The threads in the order of their creation.
    fn threads(&self) -> Vec<ThreadId>;
    /// What reports call a thread.
    fn called(&self, thread: ThreadId) -> String;
    /// What is known of an object.
    fn named(&self, object: ObjectId) -> Named;
}

impl Cast for Execution {
    fn threads(&self) -> Vec<ThreadId> {
        self.born().to_vec()
    }

    fn called(&self, thread: ThreadId) -> String {
        self.describe(thread)
    }

    fn named(&self, id: ObjectId) -> Named {
        let object = self.object(id);
        let kind = object.name.as_ref().map(|_| object.kind.to_owned());
        Named { name: self.name_of(id), kind, made: object.site.into() }
    }
}

impl Trace {
    /// What the execution's log says.
    pub(crate) fn of(execution: &Execution) -> Trace {
        let log = execution.log.as_ref();
        let mut trace = log.map_or_else(Trace::default, |log| Trace::told(log, execution));
        trace.cycle = execution.cycle.map(|cycle| {
            let Cycle { start, period: steps, rounds, .. } = cycle;
            Circle { start, steps, rounds }
        });
        trace
    }

    /// What a log says of those who take part.
    pub(crate) fn told(log: &Log, cast: &dyn Cast) -> Trace {
        let mut teller = Teller::new(cast);
        for entry in &log.entries {
            teller.tell(entry);
        }
        for end in &log.ends {
            teller.end(end);
        }
        let threads = teller.ids;
        let mut trace = teller.trace;
        let last = trace.newest_step();
        if let (Some(earlier), Some(index)) = (&log.race, last) {
            let last = &trace.events[index];
            let thread = threads.iter().position(|&t| t == earlier.thread).unwrap_or_default();
            let place = Place::from(earlier.site);
            let is_it = |event: &Event| {
                event.thread == thread
                    && event.object == last.object
                    && event.touch.writes == earlier.write
                    && event.place.as_ref() == Some(&place)
            };
            let event = trace.events[..index].iter().rposition(is_it);
            let first = Racing { thread, write: earlier.write, place, event };
            if let (Some(object), Some(place)) = (last.object, last.place.clone()) {
                let (thread, write) = (last.thread, last.touch.writes);
                trace.race = Some((first, Racing { thread, write, place, event: Some(index) }, object));
            }
        }
        trace
    }

    /// The events, a line for each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |event: &Event| {
            let place = event.place.as_ref().map_or(String::new(), |place| format!(" at {place}"));
            format!("{}: {}{place}", self.threads[event.thread], event.text)
        };
        self.events.iter().map(line).collect()
    }

    /// The event that gave back the lock which this one took.
    pub(crate) fn giver(&self, event: usize) -> Option<usize> {
        let object = self.events[event].object?;
        self.events[..event].iter().rposition(|e| e.object == Some(object) && e.touch.gives)
    }

    /// The last event that somebody took: after it there are only threads that are found to wait.
    pub(crate) fn newest_step(&self) -> Option<usize> {
        self.events.iter().rposition(|event| event.mark != Mark::Wait)
    }

    /// The event that left the value which this one saw: a write, or a lock that was taken.
    pub(crate) fn writer(&self, event: usize) -> Option<usize> {
        if let Some(Stale { seen, .. }) = self.events[event].stale {
            return seen;
        }
        let object = self.events[event].object?;
        let leaves = |e: &Event| {
            e.touch.writes || e.mark == Mark::Sync && e.access.is_some_and(|access| access != Access::READ)
        };
        self.events[..event].iter().rposition(|e| e.object == Some(object) && leaves(e))
    }

    /// Who holds an object at the end, and where it was taken.
    pub(crate) fn holders(&self, object: usize) -> impl Iterator<Item = (usize, &Place)> {
        self.endings.iter().flat_map(move |ending| {
            let of_it = ending.holds.iter().rev().filter(move |(held, _)| *held == object);
            let turn = ending.succeeds && ending.awaits == Some(Awaits::Object(object));
            of_it.skip(usize::from(turn)).map(|(_, place)| (ending.thread, place))
        })
    }

    /// Which thread other than this one waits at the end for the holders of an object to leave, and is to have
    /// it next.
    pub(crate) fn successor(&self, object: usize, thread: usize) -> Option<&Ending> {
        let next = |e: &&Ending| e.succeeds && e.awaits == Some(Awaits::Object(object));
        self.endings.iter().find(next).filter(|ending| ending.thread != thread)
    }
}
