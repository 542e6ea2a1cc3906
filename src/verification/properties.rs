//! Properties of every report: the property tests check them for random bytes, and the fuzz target `report`
//! for bytes that reach further.

use unicode_width::UnicodeWidthStr;

use crate::report::html::{self, Bug, Hazard, Page};
use crate::report::terminal;
use crate::report::timeline::layout::{Layout, lay_out};
use crate::report::timeline::svg;
use crate::verification::samples::{Sample, sample};
use crate::verification::{json, junit};

/// The narrowest page: below it a word and its indentation have no room.
const NARROWEST: usize = 28;

/// Renders the sample of these bytes in every form.
///
/// # Panics
/// If one of them violates a property.
#[cfg_attr(not(fuzzing), allow(unreachable_pub))]
pub fn check(bytes: &[u8]) {
    // Bytes that make no sample are skipped.
    let Ok(sample) = sample(bytes) else { return };
    check_text(&sample);
    check_page(&sample);
    check_rows(&sample);
    if let Some(trace) = &sample.counterexample.trace {
        check_geometry(&lay_out(trace, sample.columns));
        parse("SVG", &svg::draw(trace, sample.columns, "wide", &sample.name));
    }
}

/// Every element is on the page and overlaps no other.
fn check_geometry(layout: &Layout) {
    let mut end = (0, 0);
    for span in &layout.spans {
        assert!(span.line < layout.height, "{span:?} is below the page");
        assert!(span.x + span.width <= layout.width, "{span:?} is beside {} columns", layout.width);
        assert!((span.line, span.x) >= end, "{span:?} overlaps what ends at {end:?}");
        end = (span.line, span.x + span.width);
    }
}

/// Nothing moves the cursor, and no line is too wide except the one to paste, which must not be broken.
fn check_text(Sample { counterexample, columns, .. }: &Sample) {
    let text = terminal::text(counterexample, *columns, false);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let paste = terminal::replay_line(counterexample);
    let lines = text.lines().count();
    let free = text.lines().take(lines - usize::from(paste.is_some()));
    for line in free {
        assert!(line.width() <= *columns.max(&NARROWEST), "{columns} columns, but {line:?}");
    }
    // Colours only repeat the information of the signs.
    let coloured = terminal::text(counterexample, *columns, true);
    let stripped = anstream::adapter::strip_str(&coloured).to_string();
    let words = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(words(&stripped), words(&text));
}

/// The page is XML, and its content is shown as text.
fn check_page(Sample { counterexample, name, rows, .. }: &Sample) {
    let reasons: Vec<Option<String>> = rows.iter().map(crate::verification::row::Row::reason).collect();
    let cells = rows.iter().zip(&reasons).map(|(row, reason)| html::Cells {
        variant: name,
        engine: row.engine.name(),
        expected: row.expected.word(),
        verdict: row.verdict(),
        executions: Some(row.stats().executions),
        agrees: row.agrees(),
        reason: reason.as_deref(),
    });
    let bugs = vec![Bug { variant: name, counterexample: Some(counterexample) }];
    let story = &counterexample.message;
    let hazards = vec![Hazard { name, summary: story, story, rows: cells.collect(), bugs }];
    let page = html::page(&Page { title: name, summary: story, hazards });
    assert!(!page.contains("<script"), "{page}");
    parse("HTML", &page);
}

fn check_rows(Sample { rows, .. }: &Sample) {
    let mut bytes = Vec::new();
    junit::write(rows, &mut bytes).expect("a vector takes everything");
    let text = String::from_utf8(bytes).expect("XML is text");
    parse("JUnit", &text);
    let mut bytes = Vec::new();
    json::write(rows, &mut bytes).expect("a vector takes everything");
    let document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(document["results"].as_array().map(Vec::len), Some(rows.len()));
}

fn parse(what: &str, text: &str) {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    if let Err(error) = roxmltree::Document::parse_with_options(text, options) {
        panic!("{what} is not well-formed: {error}\n{text}");
    }
}
