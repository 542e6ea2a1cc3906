//! The layout of a timeline: pure geometry in cells of a fixed width, which the renderers draw.
//!
//! Every thread has a lane. An event's text begins at its lane and may extend over the lanes to the right of
//! it, since a row belongs to one thread only; so lanes can be narrow and text whole. If there is no room for
//! lanes the timeline becomes a list, with the thread's name above each run.

use textwrap::Options;
use unicode_width::UnicodeWidthStr;

use super::fold::{Bracket, Item, fold};
use crate::failure::grouped;
use crate::report::source;
use crate::trace::{Event, EventKind, Trace};

/// Below this many columns lanes leave no room for text.
const NARROW: usize = 50;
/// The least room for the text of the last lane.
const TEXT: usize = 24;
/// The least distance between lanes.
const LANE: usize = 6;
/// The most columns for `file:line`.
const PLACE: usize = 28;
/// Source lines are shown if this much room is left beside them.
const SOURCE: usize = 24;
/// An event's text is cut after this many lines; the whole message is printed below the timeline.
const LINES: usize = 4;

/// The role of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A thread's name.
    Thread,
    /// The kind of an event.
    Glyph(EventKind),
    /// The text of an event.
    Text(EventKind),
    /// Its source line.
    SourceLine,
    /// The source itself.
    Source,
    /// Describes what is not shown.
    Fold,
    /// A part of a bracket.
    Bracket,
    /// A part of the line under a thread's name.
    Lane,
}

/// A piece of text in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) line: usize,
    pub(crate) x: usize,
    pub(crate) width: usize,
    pub(crate) text: String,
    pub(crate) role: Role,
}

/// A timeline, laid out. Spans are in reading order, inside `width` × `height`, and do not overlap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) spans: Vec<Span>,
}

/// The sign that shows the kind of an event without colour.
pub(crate) fn glyph(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Read => "○",
        EventKind::Write => "●",
        EventKind::Sync => "◆",
        EventKind::Wait => "■",
        EventKind::Note => "·",
        EventKind::Panic => "✗",
        EventKind::End => "╵",
    }
}

/// Lays a trace out in that many columns.
pub(crate) fn lay_out(trace: &Trace, width: usize) -> Layout {
    let width = width.max(20);
    let rows = fold(trace);
    let bracketed = rows.iter().any(|(_, bracket)| *bracket != Bracket::None);
    let left = if bracketed { 2 } else { 0 };
    let mut layout = Layout { width, ..Layout::default() };
    match Lanes::fit(trace, width, left) {
        Some(lanes) => lanes.draw(trace, &rows, &mut layout),
        None => list(trace, &rows, left, &mut layout),
    }
    layout.spans.sort_by_key(|span| (span.line, span.x));
    layout
}

impl Layout {
    fn put(&mut self, line: usize, x: usize, text: String, role: Role) {
        let width = text.width();
        if width > 0 {
            self.height = self.height.max(line + 1);
            self.spans.push(Span { line, x, width, text, role });
        }
    }
}

/// The lanes of a timeline that has room for them.
struct Lanes {
    left: usize,
    distance: usize,
    /// Where the text ends and the source lines begin.
    place_x: usize,
    place_width: usize,
    names: Vec<String>,
}

impl Lanes {
    fn fit(trace: &Trace, width: usize, left: usize) -> Option<Lanes> {
        if width < NARROW {
            return None;
        }
        let names: Vec<String> = trace.threads.iter().map(|name| clean(name)).collect();
        let places = trace.events.iter().filter_map(|e| e.place.as_ref());
        let place_width =
            places.map(|place| source::short(place).width()).max().unwrap_or(0).min(PLACE).min(width * 2 / 5);
        let room = width - left - place_width - 2;
        let others = names.len().saturating_sub(1);
        if others == 0 {
            return Some(Lanes { left, distance: 0, place_x: left + room + 2, place_width, names });
        }
        let longest = trace.events.iter().map(|e| clean(&e.text).width() + 2).max().unwrap_or(0);
        let widest = names.iter().map(|name| name.width()).max().unwrap_or(0);
        let most = room.saturating_sub(TEXT) / others;
        if most < LANE {
            return None;
        }
        let generous = room.saturating_sub(longest) / others;
        let distance = generous.max(widest + 2).clamp(LANE, 26).min(most);
        // Unused width stays empty on the right.
        let used = (distance * others + longest.max(widest)).min(room);
        Some(Lanes { left, distance, place_x: left + used + 2, place_width, names })
    }

    fn x(&self, thread: usize) -> usize {
        self.left + thread * self.distance
    }

    fn draw(&self, trace: &Trace, rows: &[(Item, Bracket)], layout: &mut Layout) {
        for (thread, name) in self.names.iter().enumerate() {
            let room = if thread + 1 < self.names.len() {
                self.distance - 1
            } else {
                self.place_x.saturating_sub(self.x(thread) + 1)
            };
            layout.put(0, self.x(thread), cut(name, room.max(1)), Role::Thread);
        }
        let lives = lives(trace);
        let mut line = 1;
        let mut now = 0;
        for (item, bracket) in rows {
            let first = layout.spans.len();
            let height = match *item {
                Item::Event(at) => {
                    now = at;
                    self.event(&trace.events[at], line, layout)
                }
                Item::Rounds { .. } | Item::ForEver { .. } | Item::LeftOut(_) => {
                    let room = self.place_x.saturating_sub(self.left + 2);
                    layout.put(line, self.left, cut(&words(*item), room), Role::Fold);
                    1
                }
            };
            put_bracket(layout, *bracket, line, height);
            let taken = layout.spans[first..].to_vec();
            for (thread, &(from, to)) in lives.iter().enumerate() {
                let x = self.x(thread);
                for line in line..line + height {
                    // A line is separated from the text on its left.
                    let covered = |s: &Span| s.line == line && s.x <= x && x <= s.x + s.width;
                    if from <= now && now < to && !taken.iter().any(covered) {
                        layout.put(line, x, "│".to_owned(), Role::Lane);
                    }
                }
            }
            line += height;
        }
    }

    fn event(&self, event: &Event, line: usize, layout: &mut Layout) -> usize {
        let x = self.x(event.thread);
        let lines = wrap(&event.text, self.place_x.saturating_sub(x + 4));
        layout.put(line, x, glyph(event.kind).to_owned(), Role::Glyph(event.kind));
        let height = lines.len().max(1);
        for (index, text) in lines.into_iter().enumerate() {
            layout.put(line + index, x + 2, text, Role::Text(event.kind));
        }
        let Some(place) = &event.place else { return height };
        layout.put(line, self.place_x, keep_end(&source::short(place), self.place_width), Role::SourceLine);
        let source_x = self.place_x + self.place_width + 2;
        if source_x + SOURCE <= layout.width
            && let Some(source) = source::line(place)
        {
            layout.put(line, source_x, cut(&clean(&source), layout.width - source_x), Role::Source);
        }
        height
    }
}

/// The first and last event of each thread.
fn lives(trace: &Trace) -> Vec<(usize, usize)> {
    let of = |thread: usize| {
        let mine = |event: &Event| event.thread == thread || event.begins == Some(thread);
        let ends =
            |event: &Event| event.thread == thread && matches!(event.kind, EventKind::End | EventKind::Panic);
        let from = if thread == 0 { Some(0) } else { trace.events.iter().position(mine) };
        let to = trace.events.iter().position(ends).unwrap_or(usize::MAX);
        (from.unwrap_or(usize::MAX), to)
    };
    (0..trace.threads.len()).map(of).collect()
}

/// The timeline as a list.
fn list(trace: &Trace, rows: &[(Item, Bracket)], left: usize, layout: &mut Layout) {
    let width = layout.width;
    let mut line = 0;
    let mut last = None;
    for (item, bracket) in rows {
        let Item::Event(at) = *item else {
            layout.put(line, left, cut(&words(*item), width - left), Role::Fold);
            put_bracket(layout, *bracket, line, 1);
            line += 1;
            continue;
        };
        let event = &trace.events[at];
        let begin = line;
        if last != Some(event.thread) {
            last = Some(event.thread);
            let name = trace.threads.get(event.thread).map_or_else(String::new, |name| clean(name));
            layout.put(line, left, cut(&name, width - left), Role::Thread);
            line += 1;
        }
        layout.put(line, left + 2, glyph(event.kind).to_owned(), Role::Glyph(event.kind));
        let lines = wrap(&event.text, width - left - 4);
        let height = lines.len().max(1);
        let end = left + 4 + lines.last().map_or(0, |text| text.width());
        for (index, text) in lines.into_iter().enumerate() {
            layout.put(line + index, left + 4, text, Role::Text(event.kind));
        }
        line += height;
        if let Some(place) = &event.place {
            let short = source::short(place);
            if end + 2 + short.width() <= width {
                layout.put(line - 1, width - short.width(), short, Role::SourceLine);
            } else {
                layout.put(line, left + 4, keep_end(&short, width - left - 4), Role::SourceLine);
                line += 1;
            }
        }
        put_bracket(layout, *bracket, begin, line - begin);
    }
}

fn put_bracket(layout: &mut Layout, bracket: Bracket, line: usize, height: usize) {
    for at in 0..height {
        let text = match bracket {
            Bracket::None => return,
            Bracket::Top if at == 0 => "┌",
            Bracket::Bottom if at + 1 == height => "└",
            _ => "│",
        };
        layout.put(line + at, 0, text.to_owned(), Role::Bracket);
    }
}

/// The text of a row without an event.
fn words(item: Item) -> String {
    let plural = |n: usize, word: &str| {
        let s = if n == 1 { "" } else { "s" };
        format!("{} more {word}{s}", grouped(n as u64))
    };
    match item {
        Item::Rounds { rounds, steps: 1 } => format!("… {} of this step", plural(rounds, "round")),
        Item::Rounds { rounds, steps } => format!("… {} of these {steps} steps", plural(rounds, "round")),
        Item::ForEver { rounds } => format!("… for ever: {} seen", plural(rounds, "round")),
        Item::LeftOut(rows) => format!("… {}", plural(rows, "row")),
        Item::Event(_) => String::new(),
    }
}

/// Text without characters that move the cursor.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_format(c) { ' ' } else { c }).collect()
}

/// Characters that change the direction of text or have no width, which would make every width wrong.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

/// Text in lines of at most that many columns.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let text = clean(text);
    let wrapped = textwrap::wrap(text.trim(), Options::new(width).subsequent_indent(""));
    let mut lines: Vec<String> = wrapped.into_iter().map(std::borrow::Cow::into_owned).collect();
    if lines.len() > LINES {
        lines.truncate(LINES);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last}…"), width);
        }
    }
    lines
}

/// The beginning of a text, in at most that many columns.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) + 1 > width {
            break;
        }
        kept.push(c);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// The end of a text, in at most that many columns: the end of a path identifies it best.
fn keep_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = text;
    while kept.width() + 1 > width {
        let mut chars = kept.chars();
        if chars.next().is_none() {
            break;
        }
        kept = chars.as_str();
    }
    // A partial directory name is removed if something whole remains.
    let whole = kept.find('/').map_or(kept, |at| &kept[at..]);
    match width {
        0 => String::new(),
        _ => format!("…{whole}"),
    }
}
