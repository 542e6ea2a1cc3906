//! A laid out timeline as SVG: shapes for the marks, so that it can be read without colour, and text that is
//! stretched to its cells, so that it overlaps with no font.

use std::fmt::Write as _;

use super::layout::{Layout, Role, Span};
use crate::report::html::escape;
use crate::trace::{EventKind, Trace};

/// The size of a cell, in pixels, for a font of 13 pixels.
const WIDE: usize = 8;
const HIGH: usize = 20;
/// Marks are a little wider than their cells.
const EDGE: usize = 3;

/// The timeline as one `svg` element, in that many columns; `label` describes it.
pub(crate) fn draw(trace: &Trace, columns: usize, class: &str, label: &str) -> String {
    let layout = super::layout::lay_out(trace, columns);
    let used = layout.spans.iter().map(|span| span.x + span.width).max().unwrap_or(1);
    let (width, height) = (used * WIDE + 2 * EDGE, layout.height.max(1) * HIGH);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline {class}\" role=\"img\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"-{EDGE} 0 {width} {height}\">\n<title>{}</title>\n",
        escape(label)
    );
    spans(&layout, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

fn spans(layout: &Layout, svg: &mut String) {
    for span in &layout.spans {
        let (left, top) = (span.x * WIDE, span.line * HIGH);
        let (middle, centre, bottom) = (left + WIDE / 2, top + HIGH / 2, top + HIGH);
        // Writing to a string cannot fail.
        let _ = match span.role {
            Role::Lane => {
                writeln!(svg, "<path class=\"lane\" d=\"M{middle} {top}V{bottom}\"/>")
            }
            Role::Bracket => {
                let right = left + WIDE + 2;
                let path = match span.text.as_str() {
                    "┌" => format!("M{right} {centre}H{middle}V{bottom}"),
                    "└" => format!("M{middle} {top}V{centre}H{right}"),
                    _ => format!("M{middle} {top}V{bottom}"),
                };
                writeln!(svg, "<path class=\"bracket\" d=\"{path}\"/>")
            }
            Role::Glyph(kind) => writeln!(svg, "{}", shape(kind, middle, centre)),
            _ => writeln!(svg, "{}", text(span, left, top)),
        };
    }
}

fn shape(kind: EventKind, x: usize, y: usize) -> String {
    match kind {
        EventKind::Read => format!("<circle class=\"read\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>"),
        EventKind::Write => format!("<circle class=\"write\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>"),
        EventKind::Sync => format!("<path class=\"sync\" d=\"M{x} {y}m0 -5l5 5l-5 5l-5 -5z\"/>"),
        EventKind::Wait => format!("<path class=\"wait\" d=\"M{x} {y}m-4 -4h8v8h-8z\"/>"),
        EventKind::Note => format!("<circle class=\"note\" cx=\"{x}\" cy=\"{y}\" r=\"2\"/>"),
        EventKind::Panic => format!("<path class=\"panic\" d=\"M{x} {y}m-4 -4l8 8m0 -8l-8 8\"/>"),
        EventKind::End => format!("<path class=\"end\" d=\"M{x} {y}m0 -10v10m-4 0h8\"/>"),
    }
}

fn text(span: &Span, left: usize, top: usize) -> String {
    let class = match span.role {
        Role::Thread => "thread",
        Role::Text(EventKind::Wait | EventKind::Panic) => "text bad",
        Role::SourceLine | Role::Source => "place",
        Role::Fold => "fold",
        _ => "text",
    };
    format!(
        "<text class=\"{class}\" x=\"{left}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\">{}</text>",
        top + 14,
        span.width * WIDE,
        escape(&span.text)
    )
}
