//! Standard output: coloured on terminals only, silent once its reader has gone.

use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

use crate::cli::problem::Problem;
use crate::counterexample::Counterexample;

/// The destination of results.
#[derive(Debug)]
pub(crate) struct Output {
    stream: BufWriter<AutoStream<StdoutLock<'static>>>,
    /// True if the reader has closed its end, as `head` does.
    closed: bool,
}

impl Output {
    /// Standard output.
    pub(crate) fn standard() -> Self {
        let stream = BufWriter::new(AutoStream::auto(io::stdout()).lock());
        Output { stream, closed: false }
    }

    /// Flushes buffered output.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        Ok(self.flush()?)
    }

    /// A closed pipe is not an error: the reader needs no more.
    fn forgive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            other => other,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.stream.write(bytes);
        self.forgive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.stream.flush();
        self.forgive(result, ())
    }
}

/// Style of headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// Style of expected results.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Style of a bug that was found where it was declared.
pub(crate) const BUG: Style = AnsiColor::Red.on_default();
/// Style of unexpected results.
pub(crate) const WRONG: Style = AnsiColor::Red.on_default().bold();
/// Style of secondary text.
pub(crate) const DIM: Style = Style::new().dimmed();

/// The width that every terminal has.
pub(crate) const WIDTH: usize = 80;

/// A timeline needs no more than this width.
const WIDEST: usize = 140;

/// A counterexample as wide as the terminal, with colours, which [`Output`] strips unless it writes to a
/// terminal.
pub(crate) fn drawn(found: &Counterexample) -> String {
    let width = terminal_size::terminal_size_of(io::stdout()).map_or(WIDTH, |(width, _)| width.0.into());
    let width = width.clamp(WIDTH / 2, WIDEST);
    format!("{found:#width$}").trim_end().to_owned()
}

/// Breaks a paragraph into lines of at most [`WIDTH`] columns; all but the first are indented.
pub(crate) fn wrap(text: &str, first: usize, indent: usize) -> String {
    let mut wrapped = String::new();
    let mut column = first;
    // A line of indentation only must not be broken.
    let mut fresh = first <= indent;
    for word in text.split_whitespace() {
        let long = word.chars().count();
        if column + 1 + long > WIDTH && !fresh {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            column = indent;
        } else if !wrapped.is_empty() {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += long;
        fresh = false;
    }
    wrapped
}

/// A time in seconds, rounded: `0.31 s`, `12.3 s`.
pub(crate) fn seconds(time: std::time::Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 9.995 { format!("{seconds:.2} s") } else { format!("{seconds:.1} s") }
}

/// `1 row`, `2 rows`.
pub(crate) fn count(n: usize, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", crate::failure::grouped(n as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_keeps_within_the_width() {
        let text = "word ".repeat(60);
        let wrapped = wrap(&text, 10, 4);
        assert!(
            wrapped.lines().skip(1).all(|line| line.starts_with("    ") && line.chars().count() <= WIDTH)
        );
        assert!(wrapped.lines().next().is_some_and(|line| line.len() + 10 <= WIDTH));
        assert_eq!(wrapped.split_whitespace().count(), 60);
    }

    #[test]
    fn a_word_that_fits_nowhere_stands_alone() {
        let long = "x".repeat(100);
        assert_eq!(wrap(&format!("a {long} b"), 0, 2), format!("a\n  {long}\n  b"));
    }
}
