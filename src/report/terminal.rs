//! A counterexample as text.

use std::fmt::{self, Write as _};

use crate::trace::Trace;
use crate::verdict::Counterexample;

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(trace) = &self.trace {
            f.write_str(&timeline(trace))?;
        }
        writeln!(f, "{}", self.message)?;
        if !self.token.is_empty() {
            write!(f, "replay: RADDLE_REPLAY={}", self.token)?;
        }
        Ok(())
    }
}

/// One row per event, one column per thread.
fn timeline(trace: &Trace) -> String {
    let mut text = String::new();
    for event in &trace.events {
        let indent = "  ".repeat(event.thread * 4);
        let place = event.place.as_ref().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "{:<10}{indent}{}   {place}", trace.threads[event.thread], event.text);
    }
    text
}
