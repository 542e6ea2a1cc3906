//! Misuse is reported in one clear line: objects outside their execution, damaged tokens, models
//! that are not deterministic, threads that hang.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use raddle::sync::atomic::AtomicUsize as Checked;
use raddle::sync::{Arc, Mutex};
use raddle::{Checker, Error, FailureKind, Reason, Verdict, thread};

fn racy() {
    let n = Arc::new(Checked::new(0));
    let other = Arc::clone(&n);
    let child = thread::spawn(move || {
        let before = other.load(SeqCst);
        other.store(before + 1, SeqCst);
    });
    let before = n.load(SeqCst);
    n.store(before + 1, SeqCst);
    child.join().unwrap();
    assert_eq!(n.load(SeqCst), 2);
}

#[test]
fn an_object_made_outside_the_execution_names_both_places() {
    let outside = std::sync::Arc::new(Mutex::new(0));
    for checker in [Checker::exhaustive(), Checker::random(5), Checker::loom()] {
        let lock = std::sync::Arc::clone(&outside);
        let report = checker.check(move || *lock.lock().unwrap() += 1);
        let message = report.expect_failure(FailureKind::Panic).message();
        assert!(message.contains("outside the execution"), "{message}");
        assert_eq!(message.matches("tests/misuse.rs:").count(), 2, "{message}");
    }
}

#[test]
fn an_object_of_one_execution_cannot_be_used_in_the_next() {
    let kept: std::sync::Arc<std::sync::OnceLock<Checked>> = std::sync::Arc::default();
    let report = Checker::dfs().check(move || {
        raddle::choose(2);
        kept.get_or_init(|| Checked::new(0)).store(1, SeqCst);
    });
    let message = report.expect_failure(FailureKind::Panic).message();
    assert!(message.contains("outside the execution"), "{message}");
}

#[test]
fn a_model_that_is_not_deterministic_is_told_at_which_step() {
    for checker in [Checker::dfs(), Checker::exhaustive(), Checker::exhaustive().workers(3)] {
        let runs = std::sync::Arc::new(AtomicUsize::new(0));
        let report = checker.check(move || {
            let x = Arc::new([Checked::new(0), Checked::new(0)]);
            let other = Arc::clone(&x);
            // A decision by the run's number differs when the prefix is run again.
            let which = runs.fetch_add(1, SeqCst) % 2;
            let child = thread::spawn(move || other[0].fetch_add(1, SeqCst));
            x[which].fetch_add(1, SeqCst);
            x[0].fetch_add(1, SeqCst);
            child.join().unwrap();
        });
        let Verdict::Inconclusive(Reason::Diverged { step, why }) = &report.verdict else {
            panic!("{report}")
        };
        assert!(*step <= 3, "{step}");
        assert!(why.contains("HashMap"), "{why}");
    }
}

#[test]
fn a_token_of_another_model_is_refused() {
    let report = Checker::dfs().name("one").check(racy);
    let token = report.expect_failure(FailureKind::Panic).token().to_owned();
    let report = Checker::replay(&token).unwrap().name("other").check(racy);
    let Verdict::Inconclusive(reason) = &report.verdict else { panic!("{report}") };
    assert!(reason.to_string().contains("another model"), "{reason}");
}

#[test]
fn a_token_that_is_not_whole_is_refused() {
    let report = Checker::dfs().check(racy);
    let token = report.expect_failure(FailureKind::Panic).token();
    for end in 0..token.len() {
        let Err(Error::MalformedToken { .. }) = Checker::replay(&token[..end]) else {
            panic!("cut at {end}")
        };
    }
}

#[test]
fn a_token_says_where_the_code_has_changed() {
    let changed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let switch = std::sync::Arc::clone(&changed);
    let model = move || {
        if changed.load(SeqCst) { thread::spawn(|| ()).join().unwrap() } else { racy() }
    };
    let token =
        Checker::dfs().name("m").check(model.clone()).expect_failure(FailureKind::Panic).token().to_owned();
    switch.store(true, SeqCst);
    let report = Checker::replay(&token).unwrap().name("m").check(model);
    assert!(matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
}

#[test]
fn a_replay_fails_as_the_run_did_under_every_engine_of_the_model_arm() {
    let engines = [
        Checker::exhaustive(),
        Checker::dfs(),
        Checker::random(500),
        Checker::pct(500, 3),
        Checker::urw(500),
    ];
    for checker in engines {
        let report = checker.check(racy);
        let token = report.expect_failure(FailureKind::Panic).token().to_owned();
        for _ in 0..10 {
            let again = Checker::replay(&token).unwrap().check(racy);
            assert_eq!(again.expect_failure(FailureKind::Panic).token(), token);
        }
    }
}

#[test]
fn a_seed_gives_the_same_answer_every_time() {
    for checker in [Checker::random(50), Checker::pct(50, 3), Checker::urw(50)] {
        let answers: BTreeSet<String> = (0..5)
            .map(|_| {
                let report = checker.clone().seed(7).stop_on_failure(false).check(racy);
                format!("{:?} {:?}", report.stats, report.failures)
            })
            .collect();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
}

#[test]
fn loom_has_room_for_five_threads_and_says_so() {
    let report = Checker::loom().check(|| {
        let threads: Vec<_> = (0..5).map(|_| thread::spawn(|| ())).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    let Verdict::Inconclusive(Reason::EngineLimit { why }) = &report.verdict else { panic!("{report}") };
    assert!(why.contains("5 threads"), "{why}");
}

#[test]
fn looms_bound_on_branches_is_no_verdict() {
    let report = Checker::loom().check(|| {
        let n = Checked::new(0);
        for _ in 0..2_000 {
            n.fetch_add(1, SeqCst);
        }
    });
    let Verdict::Inconclusive(Reason::EngineLimit { why }) = &report.verdict else { panic!("{report}") };
    assert!(why.contains("branches"), "{why}");
}

#[test]
fn looms_budgets_do_not_pass_silently() {
    let report = Checker::loom().max_executions(3).check(racy);
    assert!(matches!(report.verdict, Verdict::Refuted(_) | Verdict::Inconclusive(_)), "{report}");
    let right = || {
        let n = Arc::new(Checked::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || other.fetch_add(1, SeqCst));
        n.fetch_add(1, SeqCst);
        child.join().unwrap();
    };
    let report = Checker::loom().max_executions(1).check(right);
    assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::MaxExecutions { bound: 1 })), "{report}");
}

#[test]
fn a_preemption_bound_that_leaves_something_out_concludes_nothing() {
    let right = || {
        let n = Arc::new(Checked::new(0));
        let other = Arc::clone(&n);
        let child = thread::spawn(move || {
            other.fetch_add(1, SeqCst);
            other.fetch_add(1, SeqCst);
        });
        n.fetch_add(1, SeqCst);
        n.fetch_add(1, SeqCst);
        child.join().unwrap();
    };
    let report = Checker::exhaustive().preemption_bound(1).check(right);
    assert!(
        matches!(report.verdict, Verdict::Inconclusive(Reason::PreemptionBound { bound: 1 })),
        "{report}"
    );
    Checker::exhaustive().preemption_bound(10).check(right).expect_verified();
    let report = Checker::exhaustive().preemption_bound(10).check(racy);
    report.expect_failure(FailureKind::Panic);
    assert_eq!(report.bounds, ["1 preemption, the fewest that show the failure"]);
}

#[test]
fn a_thread_that_hangs_is_named_and_left_behind() {
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let until = std::sync::Arc::clone(&stop);
    let report = Checker::dfs().check(move || {
        Checked::new(0).store(1, SeqCst);
        while !until.load(SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    });
    stop.store(true, SeqCst);
    let Verdict::Inconclusive(Reason::NoProgress { place }) = &report.verdict else { panic!("{report}") };
    assert!(place.contains("main") && place.contains("tests/misuse.rs"), "{place}");
}

#[test]
fn loom_failing_itself_on_an_unpark_is_no_refutation() {
    let report = Checker::loom().check(|| {
        let main = thread::current();
        let child = thread::spawn(move || main.unpark());
        child.join().unwrap();
    });
    // loom#249; when this fails, loom is fixed.
    let Verdict::Inconclusive(Reason::EngineLimit { why }) = &report.verdict else { panic!("{report}") };
    assert!(why.contains("loom#249"), "{why}");
}

#[test]
fn sampling_a_model_without_a_choice_finds_nothing() {
    for checker in [Checker::random(5), Checker::pct(5, 3), Checker::urw(5)] {
        for model in [|| (), || Checked::new(0).store(1, SeqCst)] as [fn(); 2] {
            checker.check(model).expect_no_failure();
        }
    }
}
