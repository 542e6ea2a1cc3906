//! Which events get a row of their own: long repetition is folded, and its first round bracketed.

use crate::trace::{Event, Trace};

/// The longest repeated block that is looked for; loops that spin are a few steps long, times the
/// threads that do.
const LONGEST_BLOCK: usize = 64;
/// This many equal rounds are worth a fold; two can be read.
const WORTH_FOLDING: usize = 3;
/// A reader looks at the beginning and, more closely, at the end.
const HEAD: usize = 60;
const TAIL: usize = 240;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// An event, as an index into [`Trace::events`].
    Event(usize),
    /// So many more rounds of the block of so many events above it.
    Rounds { rounds: usize, steps: usize },
    /// So many events that are not shown.
    LeftOut(usize),
}

/// The part of a bracket that stands beside a row.
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
    let events = &trace.events;
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
    if rows.len() > HEAD + TAIL {
        let left_out = rows.len() - HEAD - TAIL;
        rows.splice(HEAD..HEAD + left_out, [(Item::LeftOut(left_out), Bracket::None)]);
    }
    rows
}

/// The block at the beginning that repeats and saves most rows: its length, and how often it stands.
fn repetition(events: &[Event]) -> Option<(usize, usize)> {
    let mut best = None;
    let mut saved = 1;
    for steps in 1..=LONGEST_BLOCK.min(events.len() / WORTH_FOLDING) {
        let block = &events[..steps];
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
