//! Progress on standard error, on terminals only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar for that many rows. It draws nothing if standard error is not a terminal.
pub(crate) fn bar(rows: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(rows as u64), ProgressDrawTarget::stderr());
    // If the template is invalid, the bar has the default style.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} rows, {elapsed}  {msg}") {
        bar.set_style(style);
    }
    bar
}
