//! A data race, and the missing happens-before edge between its accesses.

use super::{Section, place_of, plain, short};
use crate::trace::{Event, Racing, Trace};

/// Both accesses, and the memory orderings that would have ordered them.
pub(super) fn race(trace: &Trace, message: &str) -> Vec<Section> {
    let Some((first, second, cell)) = &trace.race else { return vec![plain("data race", message)] };
    let access = |racing: &Racing| {
        let verb = match (racing.write, racing.event) {
            (true, None) => "makes",
            (true, Some(_)) => "writes",
            (false, _) => "reads",
        };
        format!("{} {verb} it at {}", trace.threads[racing.thread], short(&racing.place))
    };
    let accesses = Section {
        title: format!("data race on {}", trace.objects[*cell].name),
        lines: vec![access(first), access(second)],
    };
    let missing = Section {
        title: "the missing happens-before edge".to_owned(),
        lines: missing_edge(trace, first, second),
    };
    vec![accesses, missing]
}

/// Why the synchronization between the two threads does not order the one access before the other.
fn missing_edge(trace: &Trace, first: &Racing, second: &Racing) -> Vec<String> {
    let from = first.event.map_or(0, |event| event + 1);
    let to = second.event.unwrap_or(trace.events.len());
    let mut lines = Vec::new();
    for (index, read) in trace.events.iter().enumerate().take(to).skip(from) {
        if read.thread != second.thread || !read.touch.reads || read.access.is_none() {
            continue;
        }
        let Some(writer) = trace.writer(index).filter(|&w| w >= from) else { continue };
        let write = &trace.events[writer];
        if write.thread != first.thread || write.access.is_none() {
            continue;
        }
        let fenced = |thread: usize, from: usize, to: usize, of: fn(&Event) -> bool| {
            let fence = |e: &Event| e.thread == thread && e.object.is_none() && of(e);
            trace.events[from..to].iter().any(fence)
        };
        let publishes = write.touch.releases || fenced(first.thread, from, writer, |e| e.touch.releases);
        let sees = read.touch.acquires || fenced(second.thread, index, to, |e| e.touch.acquires);
        let (w, r) = (place_of(write), place_of(read));
        let (by, of) = (&trace.threads[first.thread], &trace.threads[second.thread]);
        if !publishes {
            lines.push(format!("{of} saw {w} by {by}, which has no Release ordering: it publishes nothing"));
        }
        if !sees {
            lines.push(format!(
                "{of} read it by {r}, which has no Acquire ordering: it takes over nothing that was published"
            ));
        }
    }
    lines.dedup();
    if lines.is_empty() {
        let (one, other) = (&trace.threads[first.thread], &trace.threads[second.thread]);
        lines.push(format!(
            "nothing leads from {one}'s access to {other}'s: no lock handed over, no join, no Acquire that \
             reads from a Release"
        ));
    }
    lines
}
