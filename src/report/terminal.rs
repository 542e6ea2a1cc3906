//! A counterexample as text: the timeline, the explanation, and the line that replays it.
//!
//! `{counterexample:120}` is 120 columns wide instead of 80, and `{counterexample:#}` is coloured.

use std::fmt::{self, Write as _};

use crate::counterexample::Counterexample;
use crate::failure::grouped;
use crate::report::timeline::layout::clean;
use crate::report::{story, timeline};

/// The deepest indentation: messages come from the model, and may have any.
const DEEP: usize = 8;

/// The width if the format string gives none.
const WIDTH: usize = 80;

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, f.width().unwrap_or(WIDTH), f.alternate()))
    }
}

/// A counterexample in that many columns; with ANSI colours if requested.
pub(crate) fn text(counterexample: &Counterexample, width: usize, colour: bool) -> String {
    let mut text = String::new();
    let bold = if colour { anstyle::Style::new().bold() } else { anstyle::Style::new() };
    if let Some(heading) = heading(counterexample) {
        lines(&mut text, &[heading], width);
        text.push('\n');
    }
    if let Some(trace) = &counterexample.trace {
        text.push_str(&timeline::text(trace, width, colour));
        let legend = story::legend(trace);
        if !legend.is_empty() {
            text.push('\n');
            lines(&mut text, &legend, width);
        }
        text.push('\n');
    }
    for section in story::sections(counterexample) {
        let title = clean(&section.title);
        for part in textwrap::wrap(&title, textwrap::Options::new(width.max(20)).subsequent_indent("  ")) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{bold}{part}{bold:#}");
        }
        lines(&mut text, &section.lines, width);
        text.push('\n');
    }
    if let Some(minimised) = &counterexample.minimised {
        let line = format!("minimised  {minimised}");
        for part in textwrap::wrap(&line, textwrap::Options::new(width.max(20)).subsequent_indent("  ")) {
            text.extend([&*part, "\n"]);
        }
    }
    if let Some(line) = replay_line(counterexample) {
        let what = if counterexample.token.is_empty() { "again  " } else { "replay  " };
        text.extend([what, &clean(&line), "\n"]);
    }
    text.truncate(text.trim_end().len());
    text
}

fn lines(text: &mut String, lines: &[String], width: usize) {
    for line in lines {
        let line = clean(line);
        // The indentation is kept if it leaves room, and continuation lines are indented a little further.
        let deep = (line.len() - line.trim_start().len()).min(DEEP);
        let first = " ".repeat(2 + deep);
        let next = " ".repeat(4 + deep);
        let options =
            textwrap::Options::new(width.max(20 + deep)).initial_indent(&first).subsequent_indent(&next);
        for part in textwrap::wrap(line.trim(), options) {
            text.push_str(part.trim_end());
            text.push('\n');
        }
    }
}

/// Facts to print before the timeline.
pub(crate) fn heading(counterexample: &Counterexample) -> Option<String> {
    let execution = grouped(counterexample.found_in?);
    Some(format!("as loom ran it, in execution {execution}; a stale load is one that misses a newer write"))
}

/// The line to paste to see the failure again: by its schedule, or by running loom again, which explores in
/// the same order; `None` if the failure depends on the machine.
pub(crate) fn replay_line(counterexample: &Counterexample) -> Option<String> {
    let Counterexample { token, model, asked_by, found_in, .. } = counterexample;
    let test = || asked_by.clone().unwrap_or_else(|| test_of(model));
    // The catalogue's models are called `hazard/variant`; a type's name has no slash.
    let line = match (model.contains('/'), token.is_empty()) {
        (true, false) => format!("raddle replay {token}"),
        (false, false) => format!("RADDLE_REPLAY={token} cargo test {}", test()),
        _ if found_in.is_none() => return None,
        (true, true) => format!("raddle explain {model}"),
        (false, true) => format!("RADDLE_ENGINE=loom cargo test {}", test()),
    };
    Some(line.trim_end().to_owned())
}

/// The name that libtest gives the test in which a model is written: its path without the crate. Empty for a
/// name that is not a path, such as one that the user chose.
fn test_of(model: &str) -> String {
    let path = model.split("::{{closure}}").next().unwrap_or(model);
    let plain = path.split(['<', '>', '&', ' ']).next().unwrap_or(path);
    plain.split_once("::").map_or("", |(_crate, path)| path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::test_of;

    #[test]
    fn the_name_of_a_test_is_its_path_without_the_crate() {
        assert_eq!(test_of("mine::tests::foo::{{closure}}"), "tests::foo");
        assert_eq!(test_of("reports::a_lost_update::{{closure}}::{{closure}}"), "a_lost_update");
        assert_eq!(test_of("mine::model"), "model");
        assert_eq!(test_of("given"), "");
    }
}
