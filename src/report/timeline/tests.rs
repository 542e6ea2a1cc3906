//! Properties of the renderer: any trace is drawn, inside its page, without overlap, and as XML.

use proptest::collection::vec;
use proptest::prelude::*;

use super::layout::{Layout, lay_out};
use crate::report::html::{Bug, Hazard, Page, Row, escape, page};
use crate::report::terminal;
use crate::trace::{Awaits, Ending, Event, Mark, Named, Panic, Place, Racing, Touch, Trace};
use crate::verdict::{Counterexample, FailureKind};

fn place() -> impl Strategy<Value = Place> {
    ("(\\PC|[<&/\\\\])*", any::<u32>()).prop_map(|(file, line)| Place { file, line })
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z#.()→ 0-9]{0,40}",
        1 => any::<String>(),
        1 => Just("<script>alert('&')</script>]]>\u{0}\u{1b}[31m\u{202e}".to_owned()),
        1 => "(漢字|🦀|e\u{301}|\n|\t){0,30}",
    ]
}

fn mark() -> impl Strategy<Value = Mark> {
    proptest::sample::select(vec![
        Mark::Read,
        Mark::Write,
        Mark::Sync,
        Mark::Wait,
        Mark::Note,
        Mark::Panic,
        Mark::End,
    ])
}

fn event(threads: usize, objects: usize) -> impl Strategy<Value = Event> {
    let object = proptest::option::of(0..objects);
    let touch = any::<[bool; 6]>();
    (0..threads, object, mark(), words(), words(), proptest::option::of(place()), 0..9_usize, touch).prop_map(
        |(
            thread,
            object,
            mark,
            text,
            short,
            place,
            step,
            [reads, writes, takes, gives, releases, acquires],
        )| Event {
            thread,
            object,
            mark,
            text,
            short,
            place,
            step,
            chosen: step % 2 == 0,
            access: object.map(|_| crate::op::Access::WRITE),
            touch: Touch { reads, writes, takes, gives, releases, acquires },
            begins: None,
            stale: None,
        },
    )
}

fn ending(thread: usize, threads: usize, objects: usize) -> impl Strategy<Value = Ending> {
    let awaits = proptest::option::of(prop_oneof![
        Just(Awaits::Nothing),
        Just(Awaits::Write),
        (0..objects).prop_map(Awaits::Object),
        (0..objects).prop_map(Awaits::Notification),
        (0..threads).prop_map(Awaits::Thread),
    ]);
    (awaits, words(), proptest::option::of(place()), vec((0..objects, place()), 0..3))
        .prop_map(move |(awaits, op, place, holds)| Ending { thread, awaits, op, place, holds })
}

fn trace() -> impl Strategy<Value = Trace> {
    let sizes = (1..8_usize, 1..5_usize, 0..40_usize);
    sizes.prop_flat_map(|(threads, objects, events)| {
        let endings: Vec<_> = (0..threads).map(|thread| ending(thread, threads, objects)).collect();
        let named =
            (words(), place()).prop_map(|(name, made)| Named { kind: Some(name.clone()), name, made });
        let panic = (0..threads, words(), proptest::option::of(place()))
            .prop_map(|(thread, message, place)| Panic { thread, message, place });
        let racing =
            move || {
                let at = proptest::option::of(0..events.max(1));
                (0..threads, any::<bool>(), place(), at).prop_map(move |(thread, write, place, event)| {
                    Racing { thread, write, place, event: event.filter(|_| events > 0) }
                })
            };
        let race = proptest::option::of((racing(), racing(), 0..objects));
        let repeated = (vec(event(threads, objects), events), 1..5_usize);
        let objects = vec(named, objects);
        (vec(words(), threads), objects, repeated, endings, vec(panic, 0..2), race).prop_map(
            |(threads, objects, (events, times), endings, panics, race)| Trace {
                threads,
                objects,
                events: (0..times).flat_map(|_| events.clone()).collect(),
                endings,
                panics,
                race,
                cycle: None,
            },
        )
    })
}

/// What must hold of every layout.
fn check_geometry(layout: &Layout) {
    let mut end = (0, 0);
    for span in &layout.spans {
        assert!(span.line < layout.height, "{span:?} is below the page");
        assert!(span.x + span.width <= layout.width, "{span:?} is beside {} columns", layout.width);
        assert!((span.line, span.x) >= end, "{span:?} overlaps what ends at {end:?}");
        end = (span.line, span.x + span.width);
    }
}

fn counterexample(trace: Trace, kind: FailureKind, message: String) -> Counterexample {
    let token = "token".to_owned();
    let model = message.clone();
    let trace = Some(trace);
    Counterexample {
        kind,
        message,
        token,
        trace,
        model,
        asked_by: None,
        note: None,
        minimised: None,
        turning: None,
        found_in: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_trace_stands_inside_its_page_without_overlap(trace in trace(), width in 0..180_usize) {
        check_geometry(&lay_out(&trace, width));
    }

    #[test]
    fn any_counterexample_is_text_without_control_characters(
        trace in trace(),
        kind in proptest::sample::select(FailureKind::ALL),
        message in words(),
        width in 0..140_usize,
    ) {
        let text = terminal::text(&counterexample(trace, kind, message), width, false);
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }

    #[test]
    fn any_page_is_well_formed_and_escaped(
        trace in trace(),
        kind in proptest::sample::select(FailureKind::ALL),
        text in words(),
        name in words(),
    ) {
        let counterexample = counterexample(trace, kind, text.clone());
        let row = Row {
            variant: &text,
            engine: &name,
            expected: "refuted",
            verdict: &text,
            executions: Some(1),
            agrees: false,
            reason: Some(&text),
        };
        let bug = Bug { variant: &name, counterexample: Some(&counterexample) };
        let hazard =
            Hazard { name: &name, summary: &text, story: &text, rows: vec![row], bugs: vec![bug] };
        let html = page(&Page { title: &name, summary: &text, hazards: vec![hazard] });
        prop_assert!(!html.contains("<script"));
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let parsed = roxmltree::Document::parse_with_options(&html, options);
        prop_assert!(parsed.is_ok(), "{:?}\n{html}", parsed.err());
    }

    #[test]
    fn what_is_escaped_reads_as_before(text in "[ -~äλ→漢🦀\n]{0,40}") {
        let document = format!("<a>{}</a>", escape(&text));
        let parsed = roxmltree::Document::parse(&document).expect("it is well-formed");
        prop_assert_eq!(parsed.root_element().text().unwrap_or_default(), text);
    }
}
