//! One self-contained page: no external script, font or picture.
//!
//! Every timeline is drawn twice from the same geometry, wide and narrow, and the style sheet shows the one
//! that fits. The page is also well-formed XML, which the tests rely on.

use std::fmt::Write as _;

use crate::counterexample::Counterexample;
use crate::failure::grouped;
use crate::report::{story, terminal, timeline};
use crate::trace::Trace;

/// The columns of a wide and of a narrow timeline: 800 and 344 pixels at most.
const WIDE: usize = 100;
const NARROW: usize = 43;

/// The contents of the page.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    /// A one-sentence summary.
    pub(crate) summary: &'a str,
    pub(crate) hazards: Vec<Hazard<'a>>,
}

/// One hazard: its story, the engines' verdicts, and its failures.
#[derive(Debug)]
pub(crate) struct Hazard<'a> {
    pub(crate) name: &'a str,
    pub(crate) summary: &'a str,
    /// Text; indented lines are kept as they are.
    pub(crate) story: &'a str,
    pub(crate) rows: Vec<Cells<'a>>,
    pub(crate) bugs: Vec<Bug<'a>>,
}

/// One engine's verdict on one variant.
#[derive(Debug)]
pub(crate) struct Cells<'a> {
    pub(crate) variant: &'a str,
    pub(crate) engine: &'a str,
    pub(crate) expected: &'a str,
    pub(crate) verdict: &'a str,
    pub(crate) executions: Option<u64>,
    pub(crate) agrees: bool,
    pub(crate) reason: Option<&'a str>,
}

/// A variant that fails, and how.
#[derive(Debug)]
pub(crate) struct Bug<'a> {
    pub(crate) variant: &'a str,
    pub(crate) counterexample: Option<&'a Counterexample>,
}

/// The page.
pub(crate) fn page(page: &Page<'_>) -> String {
    let mut html =
        String::from("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n");
    let title = escape(page.title);
    html.push_str("<head>\n<meta charset=\"utf-8\"/>\n");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    html.push_str("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    put(
        &mut html,
        format_args!("<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"),
    );
    put(&mut html, format_args!("<h1>{title}</h1>\n<p>{}</p>\n", escape(page.summary)));
    if page.hazards.len() > 1 {
        contents(&mut html, &page.hazards);
    }
    for hazard in &page.hazards {
        section(&mut html, hazard);
    }
    html.push_str(LEGEND);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

/// All hazards in a line each: how they fail, what fixes them, and whether the engines agree.
fn contents(html: &mut String, hazards: &[Hazard<'_>]) {
    html.push_str("<nav aria-label=\"hazards\">\n<table>\n<thead><tr>");
    for head in ["hazard", "what goes wrong", "failure", "fixed by", "as expected"] {
        put(html, format_args!("<th scope=\"col\">{head}</th>"));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for hazard in hazards {
        let agrees = hazard.rows.iter().all(|row| row.agrees);
        let (class, agrees) = if agrees { ("", "yes") } else { (" class=\"unexpected\"", "no") };
        let mut failures: Vec<String> = Vec::new();
        for kind in hazard.bugs.iter().filter_map(|bug| bug.counterexample).map(Counterexample::kind) {
            if !failures.contains(&kind.to_string()) {
                failures.push(kind.to_string());
            }
        }
        let mut fixes: Vec<&str> = Vec::new();
        for row in &hazard.rows {
            if !fixes.contains(&row.variant) && hazard.bugs.iter().all(|bug| bug.variant != row.variant) {
                fixes.push(row.variant);
            }
        }
        let (id, name) = (anchor(hazard.name), escape(hazard.name));
        put(html, format_args!("<tr{class}><td><a href=\"#{id}\">{name}</a></td>"));
        let (failures, fixes) = (failures.join(", "), fixes.join(", "));
        let cells = [
            ("what goes wrong", hazard.summary),
            ("failure", &failures),
            ("fixed by", &fixes),
            ("as expected", agrees),
        ];
        for (label, text) in cells {
            put(html, format_args!("<td data-label=\"{label}\">{}</td>", escape(text)));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n</nav>\n");
}

fn section(html: &mut String, hazard: &Hazard<'_>) {
    let (id, name) = (anchor(hazard.name), escape(hazard.name));
    put(html, format_args!("<section id=\"{id}\">\n<h2>{name}</h2>\n"));
    put(html, format_args!("<p class=\"summary\">{}</p>\n", escape(hazard.summary)));
    prose(html, hazard.story);
    for bug in &hazard.bugs {
        let Some(counterexample) = bug.counterexample else { continue };
        let heading = format!("{}: {}", bug.variant, counterexample.kind());
        put(html, format_args!("<h3>{}</h3>\n", escape(&heading)));
        failure(html, counterexample, &format!("{} {heading}", hazard.name));
    }
    if !hazard.rows.is_empty() {
        table(html, &hazard.rows);
    }
    html.push_str("</section>\n");
}

/// The engines' verdicts: folded if all are as expected.
fn table(html: &mut String, rows: &[Cells<'_>]) {
    let wrong = rows.iter().filter(|row| !row.agrees).count();
    let (open, said) = match wrong {
        0 => ("", "all as expected".to_owned()),
        wrong => (" open=\"open\"", format!("{wrong} not as expected")),
    };
    let count = rows.len();
    let s = if count == 1 { "" } else { "s" };
    put(
        html,
        format_args!("<details{open}>\n<summary>what the engines say: {count} row{s}, {said}</summary>\n"),
    );
    html.push_str("<table>\n<thead><tr>");
    for head in ["variant", "engine", "expected", "verdict", "executions", "as expected"] {
        put(html, format_args!("<th scope=\"col\">{head}</th>"));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        table_row(html, row);
    }
    html.push_str("</tbody>\n</table>\n</details>\n");
}

fn table_row(html: &mut String, row: &Cells<'_>) {
    let executions = row.executions.map_or("–".to_owned(), grouped);
    let class = if row.agrees { "" } else { " class=\"unexpected\"" };
    let (agrees, reason) = (if row.agrees { "yes" } else { "no" }, row.reason.unwrap_or_default());
    put(html, format_args!("<tr{class}>"));
    let cells = [("variant", row.variant), ("engine", row.engine), ("expected", row.expected)];
    for (label, text) in cells {
        put(html, format_args!("<td data-label=\"{label}\">{}</td>", escape(text)));
    }
    let reason =
        if reason.is_empty() { String::new() } else { format!(" <small>{}</small>", escape(reason)) };
    put(html, format_args!("<td data-label=\"verdict\"><span>{}{reason}</span></td>", escape(row.verdict)));
    put(html, format_args!("<td data-label=\"executions\" class=\"number\">{executions}</td>"));
    put(html, format_args!("<td data-label=\"as expected\">{agrees}</td></tr>\n"));
}

/// A counterexample: the timeline and its explanation.
pub(crate) fn failure(html: &mut String, counterexample: &Counterexample, label: &str) {
    if let Some(heading) = terminal::heading(counterexample) {
        put(html, format_args!("<p>{}</p>\n", escape(&heading)));
    }
    if let Some(trace) = &counterexample.trace {
        html.push_str(&timelines(trace, label));
        let legend = story::legend(trace);
        if !legend.is_empty() {
            put(html, format_args!("<p class=\"objects\">{}</p>\n", escape(&legend.join("; "))));
        }
    }
    for section in story::sections(counterexample) {
        put(html, format_args!("<h4>{}</h4>\n", escape(&section.title)));
        for lines in section.lines.chunk_by(|a, b| a.starts_with(' ') && b.starts_with(' ')) {
            let tag = if lines[0].starts_with(' ') { "pre" } else { "p" };
            let lines: Vec<&str> = lines.iter().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
            put(html, format_args!("<{tag}>{}</{tag}>\n", escape(&lines.join("\n"))));
        }
    }
    if let Some(minimised) = &counterexample.minimised {
        put(html, format_args!("<h4>minimised</h4>\n<p>{}</p>\n", escape(&minimised.to_string())));
    }
    if let Some(line) = terminal::replay_line(counterexample) {
        put(html, format_args!("<h4>see it again</h4>\n<pre class=\"paste\">{}</pre>\n", escape(&line)));
    }
}

/// The timeline, wide and narrow.
pub(crate) fn timelines(trace: &Trace, label: &str) -> String {
    let wide = timeline::svg::draw(trace, WIDE, "wide", label);
    wide + &timeline::svg::draw(trace, NARROW, "narrow", label)
}

/// Paragraphs, and blocks of indented lines.
fn prose(html: &mut String, text: &str) {
    for block in text.split("\n\n") {
        let block = block.trim_matches('\n');
        if block.trim().is_empty() {
            continue;
        }
        if block.lines().any(|line| line.starts_with(' ') || line.starts_with('\t')) {
            put(html, format_args!("<pre>{}</pre>\n", escape(block)));
        } else {
            put(html, format_args!("<p>{}</p>\n", inline(block)));
        }
    }
}

/// Text in which `code` and *stress* are marked as in documentation; unpaired marks are kept.
fn inline(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*']) {
        let (before, marked) = rest.split_at(at);
        html.push_str(&escape(before));
        let (mark, tag) = [("**", "strong"), ("*", "em"), ("`", "code")]
            .into_iter()
            .find(|(mark, _)| marked.starts_with(mark))
            .unwrap_or(("`", "code"));
        let inside = marked[mark.len()..].split_once(mark).filter(|(inside, _)| {
            !inside.is_empty() && inside.trim() == *inside && !(tag == "em" && inside.contains('`'))
        });
        if let Some((inside, after)) = inside {
            put(&mut html, format_args!("<{tag}>{}</{tag}>", escape(inside)));
            rest = after;
        } else {
            html.push_str(mark);
            rest = &marked[mark.len()..];
        }
    }
    html + &escape(rest)
}

fn put(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = html.write_fmt(text);
}

fn anchor(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
}

/// Text escaped for HTML and XML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().map(legible) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A replacement for a character that XML does not allow, or that would change the direction of the text.
pub(crate) fn legible(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// The meaning of the marks.
const LEGEND: &str = "<footer>\n<p>In the timelines a circle reads, a disc writes, a diamond locks, unlocks or \
    signals, a square must wait, a dot is a choice, a yield, a spawn or a join, a cross is a panic, and a bar is \
    the end of a thread.</p>\n</footer>\n";

const STYLE: &str = include_str!("page.css");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::atomic::{AtomicUsize, Ordering};
    use crate::sync::{Arc, Mutex};
    use crate::{Checker, thread};

    fn lost_update() {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let add = |n: &AtomicUsize| n.store(n.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
        let child = thread::Builder::new().name("worker".into()).spawn(move || add(&other));
        add(&n);
        child.map(thread::JoinHandle::join).expect("a thread").expect("no panic");
        assert_eq!(n.load(Ordering::SeqCst), 2, "<an update> was lost & never found");
    }

    fn opposite_orders() {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let other = Arc::clone(&locks);
        let child = thread::spawn(move || {
            let _second = other.1.lock();
            let _first = other.0.lock();
        });
        {
            let _first = locks.0.lock();
            let _second = locks.1.lock();
        }
        child.join().expect("no panic");
    }

    fn after_you() {
        let flags = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let go = |mine: &AtomicUsize, other: &AtomicUsize| {
            mine.store(1, Ordering::SeqCst);
            while other.load(Ordering::SeqCst) == 1 {
                mine.store(0, Ordering::SeqCst);
                mine.store(1, Ordering::SeqCst);
            }
            mine.store(0, Ordering::SeqCst);
        };
        let theirs = Arc::clone(&flags);
        let child = thread::spawn(move || go(&theirs.1, &theirs.0));
        go(&flags.0, &flags.1);
        child.join().expect("no panic");
    }

    fn of<'a>(name: &'a str, story: &'a str, counterexample: &'a Counterexample) -> Hazard<'a> {
        let row = |variant, agrees| Cells {
            variant,
            engine: "exhaustive",
            expected: "refuted",
            verdict: "refuted",
            executions: Some(12_345),
            agrees,
            reason: (!agrees).then_some("loom has room for 5 threads, main included"),
        };
        let bugs = vec![Bug { variant: "buggy", counterexample: Some(counterexample) }];
        let rows = vec![row("buggy", true), row("by-number", false)];
        Hazard { name, summary: "two threads, and what they do to each other", story, rows, bugs }
    }

    #[test]
    fn marks_become_code_and_stress_and_lonely_ones_stay() {
        assert_eq!(
            inline("a `x < 1` and *b*, **c**"),
            "a <code>x &lt; 1</code> and <em>b</em>, <strong>c</strong>"
        );
        assert_eq!(inline("2 * 3 * 4, `open"), "2 * 3 * 4, `open");
        assert_eq!(inline("`**`"), "<code>**</code>");
    }

    #[test]
    fn a_page_shows_what_it_is_given() {
        let (one, two) =
            (Checker::exhaustive().check(lost_update), Checker::exhaustive().check(opposite_orders));
        let one = one.expect_failure(crate::FailureKind::Panic);
        let two = two.expect_failure(crate::FailureKind::Deadlock);
        let three = Checker::exhaustive().check(after_you);
        let three = three.expect_failure(crate::FailureKind::Livelock);
        let story = "Two locks, two threads, two orders.\n\n  transfer(a, b)      transfer(b, a)\n  lock a\n\
            \x20                     lock b\n\nFixed by an order.";
        let hazards = vec![
            of("lost-update", "A story.", one),
            of("lock-order", story, two),
            of("after-you", "", three),
        ];
        let html = page(&Page { title: "raddle", summary: "Three hazards.", hazards });
        for text in ["&lt;an update&gt; was lost &amp; never found", "worker", one.token(), two.token()] {
            assert!(html.contains(text), "{text} is missing");
        }
        assert_eq!(html.matches("<svg").count(), 6, "each timeline is there wide and narrow");
        assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("url("));
        assert!(html.contains("… for ever: 1,665 more rounds seen") && html.contains("class=\"bracket\""));
        assert_eq!(html.matches("<p>Fixed by an order.</p>").count(), 1);
    }
}
