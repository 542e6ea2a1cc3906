//! Decides which events get a row of their own: long repetition is folded, and its first round bracketed. The
//! cycle of a livelock is known, however long its rounds are; other repetition is searched for.

use crate::runtime::lasso::Lasso;
use crate::trace::{Event, Trace};

/// The longest repeated block that is searched for; loops that spin are a few steps long, times the number of
/// spinning threads.
const LONGEST_BLOCK: usize = 64;
/// The number of equal rounds from which folding saves space; two can be read.
const WORTH_FOLDING: usize = 3;
/// The rows kept at the beginning; more are kept at the end, which matters most.
const HEAD: usize = 60;
const TAIL: usize = 240;

/// The content of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// An event, as an index into [`Trace::events`].
    Event(usize),
    /// This many more rounds of the block of that many events above it.
    Rounds { rounds: usize, steps: usize },
    /// The block above it repeats for ever; this many more rounds of it were seen.
    ForEver { rounds: usize },
    /// This many events that are not shown.
    LeftOut(usize),
}

/// The part of a bracket beside a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bracket {
    /// None.
    #[default]
    None,
    /// Its upper end.
    Top,
    /// Its middle.
    Middle,
    /// Its lower end.
    Bottom,
}

/// The rows of a trace.
pub(crate) fn fold(trace: &Trace) -> Vec<(Item, Bracket)> {
    // Events before the first chosen step of a round are no part of it.
    let is_there = |e: &Event, step: usize| e.step > step || e.step == step && e.chosen;
    let from = |step| trace.events.iter().position(|e| is_there(e, step)).unwrap_or(trace.events.len());
    let start = trace.lasso.map_or(trace.events.len(), |lasso| from(lasso.stem));
    let mut rows = repeated(&trace.events[..start]);
    if let Some(Lasso { stem: step, cycle: steps, rounds, .. }) = trace.lasso {
        let end = from(step + steps).max(start);
        let bracket = |at| if at == start { Bracket::Top } else { Bracket::Middle };
        rows.extend((start..end).map(|at| (Item::Event(at), bracket(at))));
        let rounds = rounds.saturating_sub(1);
        rows.push((Item::ForEver { rounds }, Bracket::Bottom));
    }
    if rows.len() > HEAD + TAIL {
        let left_out = rows.len() - HEAD - TAIL;
        rows.splice(HEAD..HEAD + left_out, [(Item::LeftOut(left_out), Bracket::None)]);
    }
    rows
}

/// The rows of events among which repetition is searched for.
fn repeated(events: &[Event]) -> Vec<(Item, Bracket)> {
    let mut rows = Vec::new();
    let mut at = 0;
    while at < events.len() {
        let Some((steps, rounds)) = repetition(&events[at..]) else {
            rows.push((Item::Event(at), Bracket::None));
            at += 1;
            continue;
        };
        for index in 0..steps {
            let bracket = if index == 0 { Bracket::Top } else { Bracket::Middle };
            rows.push((Item::Event(at + index), bracket));
        }
        rows.push((Item::Rounds { rounds: rounds - 1, steps }, Bracket::Bottom));
        at += steps * rounds;
    }
    rows
}

/// The block at the beginning whose repetition saves most rows: its length, and the number of repetitions.
fn repetition(events: &[Event]) -> Option<(usize, usize)> {
    let mut best = None;
    let mut saved = 1;
    for steps in 1..=LONGEST_BLOCK.min(events.len() / WORTH_FOLDING) {
        let block = &events[..steps];
        if !same(&block[..1], &events[steps..]) {
            continue;
        }
        let rounds = events.chunks_exact(steps).take_while(|other| same(block, other)).count();
        if rounds >= WORTH_FOLDING && steps * (rounds - 1) > saved {
            saved = steps * (rounds - 1);
            best = Some((steps, rounds));
        }
    }
    best
}

fn same(one: &[Event], other: &[Event]) -> bool {
    one.iter().zip(other).all(|(a, b)| a.thread == b.thread && a.text == b.text && a.place == b.place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{EventKind, Touch};

    /// Events whose texts are these letters.
    fn trace(letters: &str) -> Trace {
        let event = |letter: char| Event {
            thread: 0,
            object: None,
            kind: EventKind::Note,
            text: letter.to_string(),
            short: String::new(),
            place: None,
            step: 0,
            chosen: true,
            access: None,
            touch: Touch::default(),
            begins: None,
            stale: None,
        };
        let events = letters.chars().map(event).collect();
        Trace { threads: vec!["main".to_owned()], events, ..Trace::default() }
    }

    fn folded(letters: &str) -> String {
        let trace = trace(letters);
        let text = |(item, _): &(Item, Bracket)| match *item {
            Item::Event(at) => trace.events[at].text.clone(),
            Item::Rounds { rounds, steps } => format!("[{rounds}x{steps}]"),
            Item::ForEver { rounds } => format!("({rounds})"),
            Item::LeftOut(rows) => format!("<{rows}>"),
        };
        fold(&trace).iter().map(text).collect()
    }

    #[test]
    fn repetition_is_folded_and_what_surrounds_it_is_kept() {
        assert_eq!(folded("abababc"), "ab[2x2]c");
        assert_eq!(folded("xaaaaay"), "xa[4x1]y");
        assert_eq!(folded("abcabc"), "abcabc");
        assert_eq!(folded("aabaabaabz"), "aab[2x3]z");
    }

    #[test]
    fn the_cycle_of_a_livelock_is_folded_to_the_end_and_what_leads_to_it_by_itself() {
        let mut trace = trace("aaaxyabcabcab");
        for (step, event) in trace.events.iter_mut().enumerate() {
            event.step = step;
        }
        trace.lasso = Some(Lasso { stem: 5, cycle: 3, rounds: 2, fair: true });
        let brackets: Vec<Bracket> = fold(&trace).into_iter().map(|(_, bracket)| bracket).collect();
        let (none, top, middle, bottom) = (Bracket::None, Bracket::Top, Bracket::Middle, Bracket::Bottom);
        assert_eq!(brackets, [top, bottom, none, none, top, middle, middle, bottom]);
        assert_eq!(fold(&trace).last().map(|row| row.0), Some(Item::ForEver { rounds: 1 }));
    }

    #[test]
    fn every_event_is_shown_or_counted() {
        for letters in ["", "a", "aaa", "abcabcabcabd", "aababababbbbbbc"] {
            let rows = fold(&trace(letters));
            let count = |(item, _): &(Item, Bracket)| match *item {
                Item::Event(_) => 1,
                Item::Rounds { rounds, steps } => rounds * steps,
                Item::ForEver { .. } => unreachable!("none of these is a livelock"),
                Item::LeftOut(rows) => rows,
            };
            assert_eq!(rows.iter().map(count).sum::<usize>(), letters.len(), "{letters}");
        }
    }

    #[test]
    fn a_long_trace_shows_its_beginning_and_its_end() {
        let letters: String = (0..1_000_u32).map(|n| char::from_u32(0x4e00 + n).unwrap_or('?')).collect();
        let rows = fold(&trace(&letters));
        assert_eq!(rows.len(), HEAD + TAIL + 1);
        assert_eq!(rows[HEAD].0, Item::LeftOut(1_000 - HEAD - TAIL));
        assert_eq!(rows.last().map(|row| row.0), Some(Item::Event(999)));
    }
}
