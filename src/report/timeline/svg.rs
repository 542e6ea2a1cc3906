//! A laid out timeline as SVG.
