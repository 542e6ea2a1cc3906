//! Explains in words what a timeline does not show by itself: wait-for edges, the writer of each value that
//! was read, the missing happens-before edge. Only facts in the trace are printed.

mod race;

use crate::counterexample::Counterexample;
use crate::counterexample::explain::RaceReversal;
use crate::failure::FailureKind;
use crate::report::source::{line as source_line, short};
use crate::runtime::cast::{Named, SourceLine};
use crate::trace::{Awaits, Ending, Event, EventKind, Touch, Trace};
use race::race;

/// The number of different objects whose last reads explain a panic.
const READS: usize = 3;

/// A few lines under a heading. Lines that begin with a space are kept as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
}

/// The explanations of a counterexample, the most helpful first.
pub(crate) fn sections(counterexample: &Counterexample) -> Vec<Section> {
    let mut sections = Vec::new();
    match &counterexample.trace {
        Some(trace) => {
            sections.extend(match counterexample.kind {
                FailureKind::Deadlock => waits(trace, &counterexample.message),
                FailureKind::Livelock => spins(trace, &counterexample.message),
                FailureKind::Panic => panic(trace, &counterexample.message),
                FailureKind::DataRace => race(trace, &counterexample.message),
                kind => declared(trace, kind, &counterexample.message),
            });
        }
        None => sections.push(plain(counterexample.kind.word(), &counterexample.message)),
    }
    sections.extend(counterexample.trace.as_ref().and_then(stale));
    if let Some(race_reversal) = &counterexample.race_reversal {
        sections.push(why(race_reversal));
    }
    if let Some(note) = &counterexample.note {
        sections.push(plain("how it was found", note));
    }
    sections
}

/// The objects of a trace by their names, and where each was made: objects made at one place are grouped.
pub(crate) fn legend(trace: &Trace) -> Vec<String> {
    let together = |a: &Named, b: &Named| a.made == b.made && a.kind == b.kind;
    let mut groups: Vec<Vec<&Named>> = Vec::new();
    for object in &trace.objects {
        match groups.iter_mut().find(|group| together(group[0], object)) {
            Some(group) => group.push(object),
            None => groups.push(vec![object]),
        }
    }
    let line = |mut group: Vec<&Named>| {
        group.sort_by_key(|object| (object.name.len(), object.name.clone()));
        let names: Vec<&str> = group.iter().map(|object| object.name.as_str()).collect();
        let kind = group[0].kind.as_ref().map_or(String::new(), |kind| format!(" ({kind})"));
        format!("{}{kind} made at {}", names.join(", "), short(&group[0].made))
    };
    groups.into_iter().map(line).collect()
}

fn plain(title: &str, message: &str) -> Section {
    Section { title: title.to_owned(), lines: message.lines().map(str::to_owned).collect() }
}

/// A failure that a primitive declares: the thread, its last step, and the holders of locks.
fn declared(trace: &Trace, kind: FailureKind, message: &str) -> Vec<Section> {
    let mut section = plain(kind.word(), message);
    let Some(end) = trace.newest_step().filter(|&end| trace.events[end].kind == EventKind::Panic) else {
        return vec![section];
    };
    let thread = trace.events[end].thread;
    let who = &trace.threads[thread];
    section.title = format!("{kind} in {who}");
    if let Some(last) = trace.events[..end].iter().rfind(|e| e.thread == thread && e.kind != EventKind::Wait)
    {
        section.lines.push(format!("its last step was {}", place_of(last)));
    }
    for ending in trace.endings.iter().filter(|_| kind == FailureKind::NotOwner) {
        for (object, since) in &ending.holds {
            let (holder, name) = (&trace.threads[ending.thread], &trace.objects[*object].name);
            section.lines.push(format!("{holder} holds {name}, taken at {}", short(since)));
        }
    }
    let mut sections = vec![section];
    let seen = causes(trace, thread);
    if !seen.is_empty() {
        sections.push(Section { title: format!("what {who} had seen"), lines: seen });
    }
    sections
}

fn at(place: Option<&SourceLine>) -> String {
    place.map_or(String::new(), |place| format!(" at {}", short(place)))
}

// ---- deadlock ----

fn waits(trace: &Trace, message: &str) -> Vec<Section> {
    let stuck = |ending: &&Ending| ending.awaits.is_some_and(|awaits| awaits != Awaits::Nothing);
    if let Some(cycle) = cycle(trace) {
        let endings = cycle.iter().filter_map(|&t| trace.endings.iter().find(|e| e.thread == t));
        let mut lines: Vec<String> = endings.map(|ending| waiting(trace, ending)).collect();
        let outside = |e: &&Ending| stuck(e) && !cycle.contains(&e.thread);
        lines.extend(trace.endings.iter().filter(outside).map(|ending| waiting(trace, ending)));
        let title = match cycle.len() {
            1 => "deadlock: a thread waits for itself".to_owned(),
            n => format!("deadlock: {n} threads wait in a cycle"),
        };
        return vec![Section { title, lines }];
    }
    let lines: Vec<String> = trace.endings.iter().filter(stuck).map(|e| waiting(trace, e)).collect();
    if lines.is_empty() {
        return vec![plain("deadlock", message)];
    }
    let mut lines = lines;
    for panic in &trace.panics {
        lines.push(format!("{} had panicked: {}", trace.threads[panic.thread], panic.message));
    }
    vec![Section { title: "deadlock: no thread can make progress".to_owned(), lines }]
}

/// Threads each of which waits for an object that the next one holds, or for its end.
fn cycle(trace: &Trace) -> Option<Vec<usize>> {
    let next = |thread: usize| -> Vec<usize> {
        let ending = trace.endings.iter().find(|e| e.thread == thread);
        match ending.and_then(|e| e.awaits) {
            Some(Awaits::Object(object)) => match trace.successor(object, thread) {
                Some(next) => vec![next.thread],
                None => trace.holders(object).map(|(thread, _)| thread).collect(),
            },
            Some(Awaits::Thread(other)) => vec![other],
            _ => Vec::new(),
        }
    };
    (0..trace.threads.len()).find_map(|start| {
        let mut paths = vec![vec![start]];
        while let Some(path) = paths.pop() {
            for thread in next(*path.last()?) {
                if thread == start {
                    return Some(path);
                }
                if !path.contains(&thread) {
                    let mut longer = path.clone();
                    longer.push(thread);
                    paths.push(longer);
                }
            }
        }
        None
    })
}

fn waiting(trace: &Trace, ending: &Ending) -> String {
    let place = at(ending.place.as_ref());
    let waits = match ending.awaits {
        None | Some(Awaits::Nothing) => {
            return format!("{} could go on{place}", trace.threads[ending.thread]);
        }
        Some(Awaits::Object(object)) => {
            let mut text = format!("waits in {}{place} for {}", ending.op, trace.objects[object].name);
            if let Some(next) = trace.successor(object, ending.thread) {
                let (name, place) = (&trace.threads[next.thread], at(next.place.as_ref()));
                text.extend([" behind ", name, ", which waits", &place, " for the readers to leave"]);
                return holding(trace, ending, &text, None);
            }
            for (index, (holder, since)) in trace.holders(object).enumerate() {
                let ended = trace.endings.iter().any(|e| e.thread == holder && e.awaits.is_none());
                let by = match trace.threads.get(holder) {
                    _ if holder == ending.thread => "it took itself".to_owned(),
                    Some(name) if ended => format!("{name}, which has ended, took"),
                    Some(name) => format!("{name} took"),
                    None => continue,
                };
                let also = if index == 0 { ", which " } else { " and " };
                text.extend([also, by.as_str(), " at ", short(since).as_str()]);
            }
            text
        }
        Some(Awaits::Notification(object)) => {
            let name = &trace.objects[object].name;
            let notifies = |e: &Event| e.object == Some(object) && e.short.contains(".notify");
            let begins = |e: &Event| e.object == Some(object) && e.thread == ending.thread;
            let last = trace.events.iter().rposition(notifies);
            let last = last.map_or("; it was not notified".to_owned(), |index| {
                let event = &trace.events[index];
                let (by, place) = (&trace.threads[event.thread], at(event.place.as_ref()));
                let late = trace.events[index..].iter().any(begins);
                let late = if late { ", before it began to wait" } else { "" };
                format!("; the last notification was by {by}{place}{late}")
            });
            format!("waits{place} for a notification of {name}{last}")
        }
        Some(Awaits::Thread(other)) => format!("waits{place} for the end of {}", trace.threads[other]),
        Some(Awaits::Write) => format!("spins{place} on a value that no other thread is left to write"),
    };
    let waited = match ending.awaits {
        Some(Awaits::Object(object)) => Some(object),
        _ => None,
    };
    holding(trace, ending, &waits, waited)
}

/// How a thread waits, and what it holds meanwhile besides the object `waited`.
fn holding(trace: &Trace, ending: &Ending, waits: &str, waited: Option<usize>) -> String {
    let who = &trace.threads[ending.thread];
    let held: Vec<String> = ending
        .holds
        .iter()
        .filter(|(object, _)| Some(*object) != waited)
        .map(|(object, since)| format!("{} (taken at {})", trace.objects[*object].name, short(since)))
        .collect();
    if held.is_empty() {
        format!("{who} {waits}")
    } else {
        format!("{who} holds {} and {waits}", held.join(", "))
    }
}

// ---- livelock ----

fn spins(trace: &Trace, message: &str) -> Vec<Section> {
    let mut lines = Vec::new();
    for ending in &trace.endings {
        match ending.awaits {
            Some(Awaits::Write) => {
                let mine = |e: &&Event| e.thread == ending.thread && e.touch.reads;
                let read = trace.events.iter().rfind(mine);
                let read = read.map_or(String::new(), |event| {
                    format!("; it saw {}{}", event.text, at(event.place.as_ref()))
                });
                let (who, place) = (&trace.threads[ending.thread], at(ending.place.as_ref()));
                lines.push(format!(
                    "{who} spins{place} for ever, and no other thread is left to write what it reads{read}"
                ));
            }
            Some(Awaits::Nothing) | None => {}
            Some(_) => lines.push(waiting(trace, ending)),
        }
    }
    if lines.is_empty() {
        let message = message.strip_prefix("livelock: ").unwrap_or(message);
        lines.extend(message.split("; ").map(str::to_owned));
    }
    vec![Section { title: "livelock: threads move and none gets anywhere".to_owned(), lines }]
}

// ---- panic ----

fn panic(trace: &Trace, message: &str) -> Vec<Section> {
    let panicked = trace.panics.iter().find(|p| message.contains(&p.message)).or(trace.panics.last());
    let Some(panicked) = panicked else { return vec![plain("panic", message)] };
    let who = &trace.threads[panicked.thread];
    let mut lines = Vec::new();
    if let Some(source) = panicked.place.as_ref().and_then(source_line) {
        lines.push(format!("  | {source}"));
    }
    lines.extend(panicked.message.lines().map(|line| format!("  {line}")));
    if panicked.message != message {
        lines.push("it was not joined".to_owned());
    }
    let title = format!("panic in {who}{}", at(panicked.place.as_ref()));
    let mut sections = vec![Section { title, lines }];
    for other in trace.panics.iter().filter(|other| other.thread != panicked.thread) {
        let lines = other.message.lines().map(|line| format!("  {line}")).collect();
        let title = format!("{} had panicked{}", trace.threads[other.thread], at(other.place.as_ref()));
        sections.push(Section { title, lines });
        let lines = causes(trace, other.thread);
        if !lines.is_empty() {
            sections.push(Section { title: format!("what {} had seen", trace.threads[other.thread]), lines });
        }
    }
    let reads = causes(trace, panicked.thread);
    if !reads.is_empty() {
        sections.push(Section { title: format!("what {who} had seen"), lines: reads });
    }
    sections
}

/// The last values that a thread read and locks that it took, and the threads that wrote or released them.
fn causes(trace: &Trace, thread: usize) -> Vec<String> {
    let end = trace.events.iter().rposition(|e| e.thread == thread && e.kind == EventKind::Panic);
    let end = end.unwrap_or(trace.events.len());
    let mut seen = Vec::new();
    let mut lines = Vec::new();
    for (index, event) in trace.events[..end].iter().enumerate().rev() {
        let Touch { reads, takes, .. } = event.touch;
        if event.thread != thread || !(reads || takes) || seen.contains(&event.object) {
            continue;
        }
        seen.push(event.object);
        let (source, done, never) = if reads {
            (trace.writer(index), "written", "its initial value")
        } else {
            (trace.giver(index), "released", "it had not been taken before")
        };
        let why = source.map_or(never.to_owned(), |source| {
            let source = &trace.events[source];
            let done = if reads && !source.touch.writes { "left so" } else { done };
            let by = if source.thread == thread { "itself" } else { &trace.threads[source.thread] };
            format!("{done} by {by}, {}", place_of(source))
        });
        lines.push(format!("{}: {why}", place_of(event)));
        if lines.len() == READS {
            break;
        }
    }
    lines
}

fn place_of(event: &Event) -> String {
    format!("{}{}", event.text, at(event.place.as_ref()))
}

// ---- stale reads ----

/// Which thread missed which write.
fn stale(trace: &Trace) -> Option<Section> {
    let line = |read: &Event| {
        let missed = &trace.events[read.stale?.missed];
        let (who, by) = (&trace.threads[read.thread], &trace.threads[missed.thread]);
        let by = if read.thread == missed.thread { "itself" } else { by };
        let (read, place) = (read.text.trim_end_matches(" (stale)"), at(read.place.as_ref()));
        Some(format!("{who} had {read}{place}, and did not see {} by {by}", place_of(missed)))
    };
    let lines: Vec<String> = trace.events.iter().filter_map(line).collect();
    let title = "stale reads, which sequential consistency does not have".to_owned();
    (!lines.is_empty()).then_some(Section { title, lines })
}

// ---- why ----

fn why(race_reversal: &RaceReversal) -> Section {
    let lines = match race_reversal {
        RaceReversal::Order { earlier, later } => vec![format!(
            "the model passes when {}'s {}{} comes before {}'s {}{}, and not after it as here",
            later.thread,
            later.what,
            at(later.place.as_ref()),
            earlier.thread,
            earlier.what,
            at(earlier.place.as_ref()),
        )],
        RaceReversal::Neither { reversals: 0, .. } => {
            vec!["no two of its steps race with each other: no other order of them would help".to_owned()]
        }
        RaceReversal::Neither { reversals, all } => {
            let races = if *reversals == 1 { "race".to_owned() } else { format!("{reversals} races") };
            let which = if *all { "of the" } else { "of the last" };
            let until = "up to the end of the first round";
            vec![format!(
                "no single reversal makes the model pass: each {which} {races} {until} was tried the other way \
                 round, and the threads never got out"
            )]
        }
        RaceReversal::Choice { of, taken, instead } => vec![format!(
            "the model passes when {}'s choice{} is {instead}, and not {taken} as here",
            of.thread,
            at(of.place.as_ref()),
        )],
    };
    Section { title: "why".to_owned(), lines }
}

#[cfg(test)]
mod tests {
    use crate::runtime::context;
    use crate::sync::{Arc, Mutex};
    use crate::{Checker, FailureKind, thread};

    /// A child takes a lock and then declares a failure, as primitives do.
    fn declared(kind: FailureKind) -> String {
        let report = Checker::exhaustive().check(move || {
            let lock = Arc::new(Mutex::new(()));
            let other = Arc::clone(&lock);
            let child = thread::spawn(move || {
                let _guard = other.lock();
                context::session(|session| session.fail(kind, "of this message".to_owned()));
            });
            drop(lock.lock());
            child.join().expect("no panic");
        });
        report.expect_failure(kind).to_string()
    }

    #[test]
    fn a_release_by_another_names_the_thread_and_its_last_step() {
        let text = declared(FailureKind::NotOwner);
        assert!(text.contains("not-owner in thread 1\n  of this message\n"), "{text}");
        assert!(text.contains("\n  its last step was Mutex#1.lock() at src/"), "{text}");
        assert!(text.contains("\n  thread 1 holds Mutex#1, taken at src/"), "{text}");
    }

    #[test]
    fn a_leak_says_what_leaked() {
        let text = declared(FailureKind::Leak);
        assert!(text.contains("\nleak in thread 1\n  of this message\n"), "{text}");
    }
}
