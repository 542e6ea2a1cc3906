//! A trace drawn as a timeline: one layout, as text and as SVG.

mod fold;
pub(crate) mod layout;
#[cfg(feature = "cli")]
pub(crate) mod svg;
#[cfg(all(test, feature = "cli"))]
mod tests;
mod text;

use crate::trace::Trace;

/// The timeline as text, at most so many columns wide, with colours as ANSI sequences if asked for.
pub(crate) fn text(trace: &Trace, width: usize, colour: bool) -> String {
    text::draw(&layout::lay_out(trace, width), colour)
}
