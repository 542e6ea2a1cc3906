//! The events of a counterexample for readers: names instead of ids, text instead of machine words.
//!
//! A [`Trace`] is plain data. [`crate::report`] queries it for what follows from the data alone (the writer
//! of a value that was read, the wait-for edges); it contains nothing about columns or colours.

mod teller;

use crate::op::{Access, ObjectId, ThreadId};
use crate::runtime::cast::{Cast, Named, SourceLine};
use crate::runtime::execution::Execution;
use crate::runtime::lasso::Lasso;
use crate::runtime::log::{Log, Stale};
use teller::Teller;

/// The kind of an event, which decides how its row looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// Reads shared state.
    Read,
    /// Changes shared state.
    Write,
    /// Takes or releases a lock, notifies, signals.
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

/// How an event accesses its object, for the search for causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Touch {
    /// Whether it read the object's value.
    pub(crate) reads: bool,
    /// Whether it left a value there.
    pub(crate) writes: bool,
    /// Whether its thread acquired the object: a lock and the data that it protects.
    pub(crate) takes: bool,
    /// Whether it released the object.
    pub(crate) gives: bool,
    /// Whether its memory ordering releases.
    pub(crate) releases: bool,
    /// Whether its memory ordering acquires.
    pub(crate) acquires: bool,
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its thread, as an index into [`Trace::threads`].
    pub(crate) thread: usize,
    /// The object that it accesses, as an index into [`Trace::objects`].
    pub(crate) object: Option<usize>,
    pub(crate) kind: EventKind,
    /// What happened: `n.load() → 0`.
    pub(crate) text: String,
    /// The operation, without operands and result: `n.load`.
    pub(crate) short: String,
    pub(crate) place: Option<SourceLine>,
    /// Events with the same number belong to one choice of the schedule.
    pub(crate) step: usize,
    /// Whether this is the event that the schedule chose in its step; the events after it are local.
    pub(crate) chosen: bool,
    /// Its access class, if it is an operation or waits to be one.
    pub(crate) access: Option<Access>,
    pub(crate) touch: Touch,
    /// The thread that begins with it.
    pub(crate) begins: Option<usize>,
    /// The newer writes that it missed, by indices into [`Trace::events`].
    pub(crate) stale: Option<Stale>,
}

/// What a thread that has not finished waited for when the failure was detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// Nothing: it could have gone on.
    Nothing,
    /// An object, before it can perform an operation.
    Object(usize),
    /// A notification of an object.
    Notification(usize),
    /// The end of a thread.
    Thread(usize),
    /// Another thread's write.
    Write,
}

/// The pending operation of a thread when the failure was detected.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// The thread.
    pub(crate) thread: usize,
    /// What it waits for; `None` if it had finished.
    pub(crate) awaits: Option<Awaits>,
    /// The operation in which it waits: `lock`.
    pub(crate) op: String,
    /// Where it waits.
    pub(crate) place: Option<SourceLine>,
    /// The locks that it holds, and where it took them.
    pub(crate) holds: Vec<(usize, SourceLine)>,
    /// True if the last of them with the object that it waits for is only its registration as the next owner.
    pub(crate) succeeds: bool,
}

/// A panic.
#[derive(Clone, Debug)]
pub(crate) struct Panic {
    pub(crate) thread: usize,
    pub(crate) message: String,
    pub(crate) place: Option<SourceLine>,
}

/// One of the two accesses of a data race.
#[derive(Clone, Debug)]
pub(crate) struct Racing {
    pub(crate) thread: usize,
    pub(crate) write: bool,
    pub(crate) place: SourceLine,
    /// Its event; the creation of a cell has none.
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
    pub(crate) lasso: Option<Lasso>,
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
    /// The trace of an execution's log.
    pub(crate) fn of(execution: &Execution) -> Trace {
        let log = execution.log.as_ref();
        let mut trace = log.map_or_else(Trace::default, |log| Trace::told(log, execution));
        trace.lasso = execution.lasso;
        trace
    }

    /// The trace of a log, with the names that `cast` gives to threads and objects.
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
            let place = SourceLine::from(earlier.site);
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

    /// The event that released the lock which this one took.
    pub(crate) fn giver(&self, event: usize) -> Option<usize> {
        let object = self.events[event].object?;
        self.events[..event].iter().rposition(|e| e.object == Some(object) && e.touch.gives)
    }

    /// The last event that is not a wait: after it there are only threads that wait.
    pub(crate) fn newest_step(&self) -> Option<usize> {
        self.events.iter().rposition(|event| event.kind != EventKind::Wait)
    }

    /// The event that left the value which this one read: a write, or a lock that was taken.
    pub(crate) fn writer(&self, event: usize) -> Option<usize> {
        if let Some(Stale { seen, .. }) = self.events[event].stale {
            return seen;
        }
        let object = self.events[event].object?;
        let leaves = |e: &Event| {
            e.touch.writes
                || e.kind == EventKind::Sync && e.access.is_some_and(|access| access != Access::READ)
        };
        self.events[..event].iter().rposition(|e| e.object == Some(object) && leaves(e))
    }

    /// The threads that hold an object at the end, and where it was taken.
    pub(crate) fn holders(&self, object: usize) -> impl Iterator<Item = (usize, &SourceLine)> {
        self.endings.iter().flat_map(move |ending| {
            let of_it = ending.holds.iter().rev().filter(move |(held, _)| *held == object);
            let turn = ending.succeeds && ending.awaits == Some(Awaits::Object(object));
            of_it.skip(usize::from(turn)).map(|(_, place)| (ending.thread, place))
        })
    }

    /// The thread other than this one that is registered as the next owner of an object, and waits at the end
    /// for its holders to leave.
    pub(crate) fn successor(&self, object: usize, thread: usize) -> Option<&Ending> {
        let next = |e: &&Ending| e.succeeds && e.awaits == Some(Awaits::Object(object));
        self.endings.iter().find(next).filter(|ending| ending.thread != thread)
    }
}
