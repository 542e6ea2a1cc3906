//! Converts the entries of a log into text, one event for each.

use super::{Awaits, Cast, Ending, Event, EventKind, Panic, SourceLine, Touch, Trace};
use crate::op::{Access, ObjectId, Role, ThreadId};
use crate::runtime::addresses::Addresses;
use crate::runtime::log::{End, Entry, What};
use crate::runtime::thread::{Choosing, Holder, Pending};

/// Turns a log into a trace.
pub(super) struct Teller<'a> {
    cast: &'a dyn Cast,
    pub(super) ids: Vec<ThreadId>,
    objects: Vec<ObjectId>,
    addresses: Addresses,
    pub(super) trace: Trace,
    told: Option<usize>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(cast: &'a dyn Cast) -> Self {
        let ids = cast.threads();
        let threads = ids.iter().map(|&thread| cast.called(thread)).collect();
        let trace = Trace { threads, ..Trace::default() };
        Teller { cast, ids, objects: Vec::new(), addresses: Addresses::default(), trace, told: None }
    }

    fn thread(&self, thread: ThreadId) -> usize {
        self.ids.iter().position(|&t| t == thread).unwrap_or_default()
    }

    fn object(&mut self, id: ObjectId) -> usize {
        if let Some(at) = self.objects.iter().position(|&known| known == id) {
            return at;
        }
        self.objects.push(id);
        self.trace.objects.push(self.cast.named(id));
        self.objects.len() - 1
    }

    fn name(&self, object: usize) -> &str {
        &self.trace.objects[object].name
    }

    pub(super) fn tell(&mut self, entry: &Entry) {
        let mut event = Event {
            thread: self.thread(entry.thread),
            object: None,
            kind: EventKind::Note,
            text: String::new(),
            short: String::new(),
            place: entry.site.map(SourceLine::from),
            step: entry.step,
            chosen: false,
            access: None,
            touch: Touch::default(),
            begins: None,
            stale: None,
        };
        let steps = matches!(entry.what, What::Op { .. } | What::Chose { .. } | What::Yielded);
        if steps && self.told != Some(entry.step) {
            self.told = Some(entry.step);
            event.chosen = true;
        }
        match &entry.what {
            What::Op { .. } => self.operation(&entry.what, &mut event),
            What::Waits { object, name, access, holder } => {
                let object = self.object(*object);
                event.object = Some(object);
                event.access = Some(*access);
                event.kind = EventKind::Wait;
                event.short = format!("{}.{name}", self.name(object));
                let holder = match holder {
                    Some(Holder { thread, waits: true, .. }) => {
                        format!(" behind {}, a waiting writer", self.cast.called(*thread))
                    }
                    Some(Holder { thread, .. }) if *thread == entry.thread => ": held by itself".to_owned(),
                    Some(Holder { thread, .. }) => format!(": held by {}", self.cast.called(*thread)),
                    None => String::new(),
                };
                event.text = format!("{}() waits{holder}", event.short);
            }
            What::Chose { what, alternative } => {
                event.short.push_str("choose");
                event.text = match (what, alternative) {
                    (Choosing::Model, n) => format!("choose() → {n}"),
                    // The usual case is not worth a row.
                    (_, 0) => return,
                    (Choosing::SpuriousWakeup, _) => "will wake up spuriously".to_owned(),
                    (Choosing::WeakFailure, _) => "will fail spuriously".to_owned(),
                    (Choosing::Timeout, _) => "will time out early".to_owned(),
                    (Choosing::FruitlessYield, _) => "yields, nothing changed".to_owned(),
                };
            }
            What::Yielded => event.text.push_str("yields until something changes"),
            What::Forced { timed_out: true } => event.text.push_str("times out"),
            What::Forced { timed_out: false } => event.text.push_str("yields without progress"),
            What::Cell { object, write } => {
                let object = self.object(*object);
                event.object = Some(object);
                event.kind = if *write { EventKind::Write } else { EventKind::Read };
                event.touch.reads = !write;
                event.touch.writes = *write;
                event.short.push_str(self.name(object));
                event.text = format!("{} {}", event.short, if *write { "written" } else { "read" });
            }
            What::Fence { synchronization } => {
                event.touch.releases = synchronization.releases();
                event.touch.acquires = synchronization.acquires();
                event.text.push_str("fence()");
            }
            What::Spawned { child } => {
                event.begins = Some(self.thread(*child));
                event.text = format!("spawns {}", self.cast.called(*child));
            }
            What::Joined { other } => event.text = format!("joins {}", self.cast.called(*other)),
            What::Finished => {
                event.kind = EventKind::End;
                event.text.push_str("ends");
            }
            What::Panicked(panicked) => {
                let place = panicked.place.as_deref().and_then(SourceLine::parse);
                let message = panicked.message.clone();
                event.kind = EventKind::Panic;
                event.place.clone_from(&place);
                let flat = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
                let lines: Vec<String> = message.lines().map(flat).filter(|line| !line.is_empty()).collect();
                event.text = format!("panics: {}", lines.join(", "));
                self.trace.panics.push(Panic { thread: event.thread, message, place });
            }
            What::Declared { kind, message } => {
                event.kind = EventKind::Panic;
                event.text = format!("{kind}: {message}");
            }
        }
        self.trace.events.push(event);
    }

    fn operation(&mut self, what: &What, event: &mut Event) {
        let What::Op { object, name, shown, role, access, synchronization, stale } = what else { return };
        let object = self.object(*object);
        let reads = *access == Access::READ;
        event.object = Some(object);
        event.access = Some(*access);
        event.short = format!("{}.{name}", self.name(object));
        let stale_note = if stale.is_some() { " (stale)" } else { "" };
        event.text = format!("{}{}{stale_note}", event.short, self.addresses.name(shown));
        event.stale = *stale;
        event.touch.releases = synchronization.releases();
        event.touch.acquires = synchronization.acquires();
        let (kind, sees, leaves) = match role {
            Role::Load => (EventKind::Read, true, false),
            Role::Store => (EventKind::Write, false, true),
            Role::CompareExchange if reads => (EventKind::Read, true, false),
            Role::Update | Role::CompareExchange => (EventKind::Write, true, true),
            _ => (EventKind::Sync, false, false),
        };
        event.kind = kind;
        event.touch.reads = sees;
        event.touch.writes = leaves;
        event.touch.takes = *role == Role::Acquire
            || matches!(role, Role::TryAcquire | Role::Share | Role::Succeed) && !reads;
        event.touch.gives = *role == Role::Release;
    }

    pub(super) fn end(&mut self, end: &End) {
        let awaits = match &end.pending {
            Pending::Finished => None,
            Pending::Op(_) if end.spins => Some(Awaits::Write),
            Pending::Op(op) if end.waiting => Some(Awaits::Object(self.object(op.object))),
            Pending::Join { thread, .. } => Some(Awaits::Thread(self.thread(*thread))),
            Pending::Wake { object, .. } => Some(Awaits::Notification(self.object(*object))),
            Pending::Yield { .. } => Some(Awaits::Write),
            _ => Some(Awaits::Nothing),
        };
        let succeeds =
            end.waiting && matches!(&end.pending, Pending::Op(op) if op.command.role == Role::Succeed);
        let op = match &end.pending {
            Pending::Op(op) => op.command.name.to_owned(),
            Pending::Join { .. } => "join".to_owned(),
            Pending::Wake { .. } => "wait".to_owned(),
            Pending::Yield { .. } => "yield".to_owned(),
            _ => String::new(),
        };
        let holds = end.held.iter().map(|held| (self.object(held.object), held.site.into())).collect();
        let place = end.pending.site().map(SourceLine::from);
        self.trace.endings.push(Ending {
            thread: self.thread(end.thread),
            awaits,
            op,
            place,
            holds,
            succeeds,
        });
    }
}
