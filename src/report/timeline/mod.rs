//! A trace drawn as a timeline: one layout, as text and as SVG.

mod fold;
pub(crate) mod layout;
#[cfg(feature = "cli")]
pub(crate) mod svg;
#[cfg(all(test, feature = "cli"))]
mod tests;
mod text;

use crate::trace::Trace;

/// The timeline as text, at most that many columns wide, with ANSI colours if requested.
pub(crate) fn text(trace: &Trace, width: usize, colour: bool) -> String {
    text::draw(&layout::lay_out(trace, width), colour)
}
