//! A laid out timeline as text, plain or with colours.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::layout::{Layout, Role};
use crate::trace::EventKind;

/// Draws a timeline. Colours only repeat the information of the signs.
pub(crate) fn draw(layout: &Layout, colour: bool) -> String {
    let mut text = String::new();
    let mut spans = layout.spans.iter().peekable();
    for line in 0..layout.height {
        let mut x = 0;
        while let Some(span) = spans.next_if(|span| span.line == line) {
            text.extend(std::iter::repeat_n(' ', span.x.saturating_sub(x)));
            let style = if colour { style(span.role) } else { Style::new() };
            // Writing to a string cannot fail.
            let _ = write!(text, "{style}{}{style:#}", span.text);
            x = span.x + span.width;
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

fn style(role: Role) -> Style {
    let fg = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match role {
        Role::Thread => Style::new().bold(),
        Role::Glyph(mark) | Role::Text(mark) => match mark {
            EventKind::Read => fg(AnsiColor::Cyan),
            EventKind::Write => fg(AnsiColor::Yellow),
            EventKind::Sync => fg(AnsiColor::Magenta),
            EventKind::Wait | EventKind::Panic => fg(AnsiColor::Red).bold(),
            EventKind::Note | EventKind::End => Style::new(),
        },
        Role::SourceLine | Role::Source | Role::Fold | Role::Bracket | Role::Lane => Style::new().dimmed(),
    }
}
