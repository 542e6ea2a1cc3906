//! Progress on standard error, on terminals only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar for so many rows. It draws nothing where nobody watches.
pub(crate) fn bar(rows: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(rows as u64), ProgressDrawTarget::stderr());
    // Without the style, the bar is a plain one.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} rows, {elapsed}  {msg}") {
        bar.set_style(style);
    }
    bar
}
