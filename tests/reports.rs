//! Failure reports as a user sees them: each kind of report, minimised schedules, tokens that replay.
#![cfg(feature = "check")]

#[path = "common/failing.rs"]
mod failing;

use std::collections::BTreeSet;

use failing::*;
use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use raddle::sync::{Arc, Mutex};
use raddle::{Checker, Counterexample, FailureKind, Reason, Report, Verdict, named, thread};

fn refuted(model: fn(), kind: FailureKind) -> Counterexample {
    Checker::exhaustive().check(model).expect_failure(kind).clone()
}

/// The report at this width, without the parts that depend on the token's layout and on the thread on
/// which libtest runs the test.
fn shown(counterexample: &Counterexample, width: usize) -> String {
    let text = format!("{counterexample:width$}").replace(counterexample.token(), "<token>");
    match text.split_once("<token> cargo test") {
        Some((before, _)) => format!("{before}<token> cargo test <test>"),
        None => text,
    }
}

// ---- their text ----

#[test]
fn every_failure_explains_itself_on_eighty_columns() {
    for &(name, model, kind) in FAILING {
        insta::assert_snapshot!(name, shown(&refuted(model, kind), 80));
    }
}

#[test]
fn a_cycle_without_an_end_is_folded() {
    let report = Checker::exhaustive().check(after_you);
    insta::assert_snapshot!("after_you", shown(report.expect_failure(FailureKind::Livelock), 80));
}

#[test]
fn a_leak_says_what_nobody_gave_back() {
    let variant = raddle::catalogue::find("reference-count").and_then(|hazard| hazard.variant("never-freed"));
    let variant = variant.expect("it is in the catalogue");
    let report = Checker::exhaustive().name("reference-count/never-freed").check(|| variant.run());
    insta::assert_snapshot!("leak", shown(report.expect_failure(FailureKind::Leak), 80));
}

/// Two threads that act for ever, each on one of two atomics; returns the report's "why".
fn for_ever(which: [usize; 2]) -> String {
    fn go(flag: &AtomicBool) {
        loop {
            flag.fetch_xor(true, Ordering::SeqCst);
        }
    }
    let report = Checker::exhaustive().max_steps(1_000).check(move || {
        let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let theirs = Arc::clone(&flags);
        thread::spawn(move || go(&theirs[which[1]]));
        go(&flags[which[0]]);
    });
    let text = report.expect_failure(FailureKind::Livelock).to_string();
    let why = text.lines().skip_while(|line| *line != "why").skip(1).take_while(|line| !line.is_empty());
    why.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_livelock_that_no_reversal_ends_says_so() {
    let why = for_ever([0, 0]);
    assert!(why.starts_with("no single reversal makes the model pass: each of the "), "{why}");
    assert_eq!(
        for_ever([0, 1]),
        "no two of its steps race with each other: no other order of them would help"
    );
}

#[test]
fn a_narrow_page_has_a_list() {
    insta::assert_snapshot!("lost_update_narrow", shown(&refuted(lost_update, FailureKind::Panic), 44));
}

#[test]
fn a_wide_page_has_the_source() {
    insta::assert_snapshot!(
        "opposite_orders_wide",
        shown(&refuted(opposite_orders, FailureKind::Deadlock), 130)
    );
}

#[test]
fn many_threads_have_a_list() {
    let report = Checker::random(1_000).check(many_threads);
    insta::assert_snapshot!("many_threads", shown(report.expect_failure(FailureKind::Panic), 80));
}

#[test]
fn a_thread_that_spins_beside_others_is_folded_and_bracketed() {
    let report = Checker::exhaustive().spin_assume(false).check(nobody_sets_the_flag);
    let text = shown(report.expect_failure(FailureKind::Livelock), 80);
    let rounds: Vec<&str> = text.lines().skip_while(|line| !line.starts_with('┌')).take(3).collect();
    assert!(rounds[1].starts_with("│ ○ AtomicBool#1.load() → false"), "{text}");
    assert!(rounds[2].starts_with("└ … 99 more rounds of these 2 steps"), "{text}");
}

// ---- their guarantees ----

#[test]
fn a_token_replays_to_the_same_failure_ten_times_out_of_ten() {
    for &(name, model, kind) in FAILING {
        for checker in [
            Checker::exhaustive(),
            Checker::dfs(),
            Checker::random(10_000),
            Checker::pct(10_000, 3),
            Checker::urw(10_000),
        ] {
            let report = checker.check(model);
            let first = report.expect_failure(kind);
            for _ in 0..10 {
                let replay = Checker::replay(first.token()).expect("the token is whole");
                let again = replay.check(model);
                let again = again.expect_failure(kind);
                assert_eq!(again.message(), first.message(), "{name}");
                assert_eq!(again.token(), first.token(), "{name} by {}", report.engine);
            }
        }
    }
}

/// The smallest bound on preemptions at which the model fails.
fn fewest_preemptions(model: fn()) -> usize {
    let fails = |bound: &usize| {
        let report = Checker::exhaustive().preemption_bound(*bound).check(model);
        matches!(report.verdict, Verdict::Refuted(_))
    };
    (0..8).find(fails).expect("the model fails")
}

/// The number of preemptions in the report: the last number before the semicolon.
fn preemptions(counterexample: &Counterexample) -> usize {
    let text = counterexample.to_string();
    let line = text.lines().find_map(|line| line.strip_prefix("minimised")).expect("it was minimised");
    let part = line.split(';').next().expect("a line has a beginning");
    let mut numbers = part.split_whitespace().filter_map(|word| word.parse().ok());
    numbers.next_back().expect("preemptions are counted")
}

#[test]
fn no_schedule_has_more_preemptions_than_the_smallest_bound_that_refutes() {
    for &(name, model, kind) in FAILING {
        let fewest = fewest_preemptions(model);
        for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(10_000).seed(3)] {
            let report = checker.check(model);
            let found = preemptions(report.expect_failure(kind));
            assert!(found <= fewest, "{name} by {}: {found} preemptions, {fewest} are enough", report.engine);
        }
    }
}

#[test]
fn a_schedule_found_by_chance_gets_smaller() {
    let found = Checker::random(10_000).check(many_threads);
    let text = found.expect_failure(FailureKind::Panic).to_string();
    let line = text.lines().find(|line| line.starts_with("minimised")).expect("it was minimised");
    assert!(line.contains("preemptions → 1;"), "{line}");
}

#[test]
fn failures_that_differ_keep_their_own_messages_when_all_are_wanted() {
    let model = || assert_eq!(raddle::choose(4), 0);
    let report = Checker::exhaustive().stop_on_failure(false).check(model);
    let messages: BTreeSet<&str> = report.failures.iter().map(Counterexample::message).collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
}

#[test]
fn the_same_check_tells_the_same_story_twice() {
    for &(name, model, kind) in FAILING {
        assert_eq!(refuted(model, kind).to_string(), refuted(model, kind).to_string(), "{name}");
    }
}

/// Publishes by relaxed accesses, with a fence on one of the two sides.
fn half_fenced(writer_fences: bool) -> String {
    let report = Checker::exhaustive().check(move || {
        let shared = Arc::new(Shared::new());
        let writer = Arc::clone(&shared);
        let child = thread::spawn(move || {
            writer.data.with_mut(|_| ());
            if writer_fences {
                fence(Ordering::Release);
            }
            writer.ready.store(true, Ordering::Relaxed);
        });
        if shared.ready.load(Ordering::Relaxed) {
            if !writer_fences {
                fence(Ordering::Acquire);
            }
            shared.data.with(|_| ());
        }
        child.join().expect("no panic");
    });
    report.expect_failure(FailureKind::DataRace).to_string()
}

#[test]
fn a_fence_counts_for_the_side_on_which_it_stands() {
    let (release, acquire) = ("no Release ordering", "no Acquire ordering");
    let text = half_fenced(true);
    assert!(!text.contains(release) && text.contains(acquire), "{text}");
    let text = half_fenced(false);
    assert!(text.contains(release) && !text.contains(acquire), "{text}");
}

/// A model whose operations before and after the failure can be varied.
fn edited(before: bool, after: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            if before {
                other.load(Ordering::SeqCst);
                other.load(Ordering::SeqCst);
            }
            other.store(1, Ordering::SeqCst);
        });
        assert_eq!(n.load(Ordering::SeqCst), 0, "the child was faster");
        if after {
            n.store(7, Ordering::SeqCst);
        }
        child.join().expect("no panic");
    }
}

#[test]
fn a_token_survives_edits_after_the_failure_and_tells_where_it_diverges() {
    let report = Checker::exhaustive().name("model").check(edited(false, false));
    let token = report.expect_failure(FailureKind::Panic).token().to_owned();
    let replay = Checker::replay(&token).expect("the token is whole").name("model");
    replay.check(edited(false, true)).expect_failure(FailureKind::Panic);

    let report = Checker::exhaustive().name("model").check(edited(true, false));
    let longer = report.expect_failure(FailureKind::Panic).token().to_owned();
    let replay = Checker::replay(&longer).expect("the token is whole").name("model");
    let Verdict::Inconclusive(Reason::Diverged { step, why }) = replay.check(edited(false, false)).verdict
    else {
        panic!("the model has fewer steps than the token asks for");
    };
    assert_eq!(step, 2, "{why}");
    assert!(why.contains("tests/reports.rs"), "{why}");
}

/// One line about the fault of a token, which is not replayed.
fn refusal(token: &str, name: &str, model: fn()) -> String {
    match Checker::replay(token) {
        Err(error) => error.to_string(),
        Ok(checker) => match checker.name(name).check(model).verdict {
            Verdict::Inconclusive(reason) => reason.to_string(),
            verdict => panic!("{token} is replayed: {verdict:?}"),
        },
    }
}

fn named_token(name: &str, model: fn(), kind: FailureKind) -> String {
    Checker::exhaustive().name(name).check(model).expect_failure(kind).token().to_owned()
}

#[test]
fn a_token_that_was_cut_or_altered_is_refused_in_one_line() {
    for &(name, model, kind) in FAILING {
        let token = named_token(name, model, kind);
        let cut = (0..token.len()).map(|end| token[..end].to_owned());
        let flipped = (0..token.len() * 7).filter_map(|bit| {
            let mut bytes = token.clone().into_bytes();
            bytes[bit / 7] ^= 1 << (bit % 7);
            String::from_utf8(bytes).ok()
        });
        for other in cut.chain(flipped) {
            let said = refusal(&other, name, model);
            assert!(!said.is_empty() && said.lines().count() == 1, "{name}: {other:?}: {said}");
        }
    }
}

#[test]
fn a_token_of_each_other_model_is_refused_in_one_line() {
    for &(name, model, kind) in FAILING {
        let token = named_token(name, model, kind);
        for &(other, unlike, _) in FAILING.iter().filter(|(other, ..)| *other != name) {
            let said = refusal(&token, other, unlike);
            assert!(said.contains("another model") && said.lines().count() == 1, "{name} on {other}: {said}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn a_token_that_is_none_is_refused_in_one_line(text in "\\PC{0,60}|[A-Za-z0-9_-]{0,80}") {
        let error = Checker::replay(&text).expect_err("nobody made this token");
        proptest::prop_assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn what_loom_finds_is_drawn_where_it_exists_under_sequential_consistency() {
    let report = Checker::loom().check(lost_update);
    let found = report.expect_failure(FailureKind::Panic);
    assert!(!found.token().is_empty(), "{found}");
    insta::assert_snapshot!("lost_update_by_loom", shown(found, 80));
    let again = Checker::replay(found.token()).expect("the token is whole").check(lost_update);
    again.expect_failure(FailureKind::Panic);
}

#[test]
fn what_only_loom_finds_is_not_given_a_schedule() {
    let report = Checker::loom().check(both_read_the_past);
    let found = report.expect_failure(FailureKind::Panic);
    assert_eq!(found.token(), "");
    insta::assert_snapshot!("stale_read_by_loom", found.to_string());
}

/// The steps of loom's failing execution, without the locations.
fn run_by_loom(model: fn()) -> Vec<String> {
    let report = Checker::loom().check(model);
    let Verdict::Refuted(found) = &report.verdict else { panic!("{report}") };
    assert_eq!(found.token(), "", "it is drawn as loom ran it\n{found}");
    let steps = found.steps();
    steps.iter().map(|step| step.split(" at ").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_loom_ran_is_told_in_its_order_with_locks_names_and_what_was_missed() {
    let steps = run_by_loom(|| {
        let [x, y] = ["x", "y"].map(|name| named(name, || AtomicUsize::new(0)));
        let shared = Arc::new((x, y, named("door", || Mutex::new(()))));
        let other = Arc::clone(&shared);
        let child = thread::Builder::new().name("writer".into()).spawn(move || {
            other.0.store(1, Ordering::Relaxed);
            other.0.store(2, Ordering::Relaxed);
            let seen = other.1.load(Ordering::Relaxed);
            drop(other.2.lock());
            seen
        });
        shared.1.store(1, Ordering::Relaxed);
        let here = shared.0.load(Ordering::Relaxed);
        let there = child.expect("a thread").join().expect("no panic");
        drop(shared.2.lock());
        assert!(here == 2 || there == 1, "both came first");
    });
    let of = |who: &str| -> Vec<&str> { steps.iter().filter_map(|step| step.strip_prefix(who)).collect() };
    let writer = of("writer: ");
    assert_eq!(writer[..2], ["x.store(1)", "x.store(2)"]);
    assert_eq!(writer[3..], ["door.lock()", "door.unlock()", "ends"]);
    let main = of("main: ");
    assert_eq!(main[0], "spawns writer");
    assert_eq!(main[3..main.len() - 1], ["joins writer", "door.lock()", "door.unlock()"]);
    assert_eq!(main[main.len() - 1], "panics: both came first");
    // The thread that loaded last missed the other's earlier store, which is above it in the report.
    let at = |step: &str| steps.iter().position(|other| other.starts_with(step)).expect("it is a step");
    let (y, x) = (at("writer: y.load() → 0"), at("main: x.load() → "));
    assert_eq!(steps[y].ends_with("(stale)"), at("main: y.store(1)") < y, "{steps:#?}");
    assert_eq!(steps[x].ends_with("(stale)"), at("writer: x.store(1)") < x, "{steps:#?}");
    assert!(steps.iter().any(|step| step.ends_with("(stale)")), "{steps:#?}");
}

#[test]
fn a_deadlock_that_only_loom_finds_names_who_holds_what() {
    let report = Checker::loom().check(|| {
        let flags = ["x", "y"].map(|name| named(name, || AtomicBool::new(false)));
        let shared = Arc::new((flags, ["left", "right"].map(|name| named(name, || Mutex::new(())))));
        let enter = |(flags, locks): &([AtomicBool; 2], [Mutex<()>; 2]), me: usize| {
            flags[me].store(true, Ordering::Relaxed);
            if !flags[1 - me].load(Ordering::Relaxed) {
                let _mine = locks[me].lock();
                let _other = locks[1 - me].lock();
            }
        };
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || enter(&other, 1));
        enter(&shared, 0);
        child.join().expect("no panic");
    });
    let text = report.expect_failure(FailureKind::Deadlock).to_string();
    assert!(text.contains("deadlock: 2 threads wait in a cycle"), "{text}");
    for (who, mine, other) in [("main", "left", "right"), ("thread 1", "right", "left")] {
        assert!(text.contains(&format!("{who} holds {mine} (taken at tests/reports.rs:")), "{text}");
        assert!(text.contains(&format!("{other}.lock() waits: held by ")), "{text}");
    }
}

#[test]
fn a_panic_under_loom_is_that_of_the_thread_which_went_on_after_parking() {
    let steps = run_by_loom(|| {
        let flags = Arc::new(["x", "y"].map(|name| named(name, || AtomicBool::new(false))));
        let other = Arc::clone(&flags);
        // What main saw, in an atomic that loom does not track.
        let main_saw = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let told = Arc::clone(&main_saw);
        let child = thread::spawn(move || {
            other[0].store(true, Ordering::Relaxed);
            let saw = other[1].load(Ordering::Relaxed);
            thread::park();
            assert!(saw || told.load(Ordering::SeqCst), "both read the past");
        });
        flags[1].store(true, Ordering::Relaxed);
        main_saw.store(flags[0].load(Ordering::Relaxed), Ordering::SeqCst);
        child.thread().unpark();
        let _ = child.join();
    });
    assert_eq!(steps.last().map(String::as_str), Some("thread 1: panics: both read the past"), "{steps:#?}");
}

#[test]
fn checks_side_by_side_do_not_mix_their_reports() {
    let alone: Vec<String> =
        FAILING.iter().map(|&(_, model, kind)| shown(&refuted(model, kind), 80)).collect();
    let together: Vec<String> = std::thread::scope(|scope| {
        let run = |&(_, model, kind): &(&str, fn(), FailureKind)| {
            scope.spawn(move || shown(&refuted(model, kind), 80))
        };
        let running: Vec<_> = FAILING.iter().map(run).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for (alone, together) in alone.iter().zip(&together) {
        assert_eq!(alone, together);
    }
    assert_eq!(alone.len(), together.len());
}

#[test]
fn the_line_to_paste_names_the_test() {
    // A closure, so that the model's name shows the test that it is in.
    let report: Report = Checker::exhaustive().check(|| {
        lost_update();
    });
    let text = report.to_string();
    let token = report.expect_failure(FailureKind::Panic).token();
    let line = format!("replay  RADDLE_REPLAY={token} cargo test the_line_to_paste_names_the_test");
    assert!(text.contains(&line), "{text}");
}

#[test]
fn the_line_to_paste_for_a_model_of_the_catalogue_is_a_command() {
    let report = Checker::exhaustive().name("lost-update/buggy").check(lost_update);
    let found = report.expect_failure(FailureKind::Panic);
    let text = found.to_string();
    assert!(text.ends_with(&format!("replay  raddle replay {}", found.token())), "{text}");
}

#[test]
fn no_line_but_the_one_to_paste_is_wider_than_the_page() {
    for &(name, model, kind) in FAILING {
        let found = refuted(model, kind);
        for width in [24, 40, 50, 64, 80, 100, 200] {
            let text = format!("{found:width$}");
            let wide = text.lines().find(|line| line.chars().count() > width && !line.starts_with("replay"));
            assert_eq!(wide, None, "{name} in {width} columns");
        }
    }
}

#[test]
fn a_panic_that_shows_control_characters_cannot_move_the_cursor() {
    let found = refuted(|| panic!("\x1b[2J\r\u{202e}gone"), FailureKind::Panic);
    let text = found.to_string();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{text:?}");
}
