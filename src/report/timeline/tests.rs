//! Properties of the renderers: every sample is drawn, inside its page, without overlap, and as XML.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::report::html::escape;
use crate::verification::{properties, samples};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_report_is_rendered_in_every_form(bytes in vec(any::<u8>(), 0..6_000)) {
        properties::check(&bytes);
    }

    #[test]
    fn what_is_escaped_reads_as_before(text in "[ -~äλ→漢🦀\n]{0,40}") {
        let document = format!("<a>{}</a>", escape(&text));
        let parsed = roxmltree::Document::parse(&document).expect("it is well-formed");
        prop_assert_eq!(parsed.root_element().text().unwrap_or_default(), text);
    }
}

#[test]
fn bytes_by_chance_reach_everything_that_a_trace_can_hold() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let bytes = vec(any::<u8>(), 6_000);
    let mut seen = [0; 6];
    for _ in 0..64 {
        let tree = bytes.new_tree(&mut runner).expect("bytes");
        let sample = samples::sample(&tree.current()).expect("enough of them");
        let Some(trace) = &sample.counterexample.trace else { continue };
        let has = [
            trace.events.len() > 100,
            trace.lasso.is_some(),
            trace.race.is_some(),
            trace.events.iter().any(|event| event.stale.is_some()),
            !trace.endings.is_empty(),
            sample.rows.iter().any(|row| row.failure().is_some()),
        ];
        for (count, has) in seen.iter_mut().zip(has) {
            *count += usize::from(has);
        }
    }
    assert!(seen.iter().all(|&count| count > 2), "{seen:?}");
}
