//! Raddle prints a message where a pass without one would mislead. Tests that need a process of
//! their own run this binary again, with the name of the test.
#![cfg(all(feature = "check", not(loom)))]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "common/alone.rs"]
mod alone;

use alone::{alone, run_alone, said};
use raddle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, Condvar, Mutex};
use raddle::time::{Duration, Instant};
use raddle::{Checker, Error, FailureKind, Reason, Report, Verdict, thread};

/// Two threads that lose no update.
fn counts() {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    let child = thread::spawn(move || other.fetch_add(1, SeqCst));
    n.fetch_add(1, SeqCst);
    child.join().unwrap();
    assert_eq!(n.load(SeqCst), 2);
}

#[test]
fn loom_stays_quiet_after_a_check_by_loom() {
    if alone() {
        Checker::loom().check(counts).expect_verified();
        loom::model(|| {
            let n = std::sync::Arc::new(loom::sync::atomic::AtomicUsize::new(0));
            let other = std::sync::Arc::clone(&n);
            let child = loom::thread::spawn(move || other.fetch_add(1, SeqCst));
            n.fetch_add(1, SeqCst);
            child.join().unwrap();
        });
        return;
    }
    let output = run_alone(&["loom_stays_quiet_after_a_check_by_loom", "--nocapture"], &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).matches("panicked at").count(), 0, "{}", said(&output));
}

#[test]
fn a_hook_that_was_installed_during_a_check_survives_it() {
    static HEARD: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    if alone() {
        // On top of raddle's hook, as the crate `generator` does.
        let install = || {
            let below = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if info.payload().is::<u8>() {
                    HEARD.fetch_add(1, SeqCst);
                } else {
                    below(info);
                }
            }));
        };
        static ONCE: std::sync::Once = std::sync::Once::new();
        Checker::dfs().check(move || ONCE.call_once(install)).expect_verified();
        for round in 1..=3 {
            assert!(std::panic::catch_unwind(|| std::panic::panic_any(1u8)).is_err());
            assert_eq!(HEARD.load(SeqCst), round);
            Checker::dfs().check(|| panic!("in silence")).expect_failure(FailureKind::Panic);
        }
        assert!(std::panic::catch_unwind(|| panic!("aloud")).is_err());
        return;
    }
    let output = run_alone(&["a_hook_that_was_installed_during_a_check_survives_it", "--nocapture"], &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains("in silence"), "{}", said(&output));
    assert_eq!(said(&output).matches("aloud").count(), 1, "{}", said(&output));
}

/// Every engine that concludes.
fn conclusive() -> [Checker; 5] {
    let exhaustive = Checker::exhaustive();
    let bounded = Checker::dfs().preemption_bound(1);
    [exhaustive.clone(), exhaustive.workers(2), Checker::dfs(), bounded, Checker::loom()]
}

fn why(report: &Report) -> String {
    let Verdict::Inconclusive(Reason::Unseen { why }) = &report.verdict else { panic!("{report}") };
    why.clone()
}

#[test]
fn threads_that_share_stds_mutex_are_not_verified() {
    for checker in conclusive() {
        let report = checker.check(|| {
            let lock = std::sync::Arc::new(std::sync::Mutex::new(0));
            let other = std::sync::Arc::clone(&lock);
            let child = thread::spawn(move || *other.lock().unwrap() += 1);
            *lock.lock().unwrap() += 1;
            child.join().unwrap();
            assert_eq!(*lock.lock().unwrap(), 2);
        });
        assert!(
            why(&report).contains("tests/silence.rs:") && why(&report).contains("raddle::sync"),
            "{report}"
        );
    }
}

#[test]
fn a_lost_update_on_stds_atomic_is_not_verified() {
    use std::sync::atomic::AtomicUsize;
    for checker in conclusive() {
        let report = checker.check(|| {
            let n = std::sync::Arc::new(AtomicUsize::new(0));
            let threads = [(); 2].map(|()| {
                let n = std::sync::Arc::clone(&n);
                thread::spawn(move || n.store(n.load(SeqCst) + 1, SeqCst))
            });
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(n.load(SeqCst), 2);
        });
        why(&report);
    }
}

#[test]
fn a_result_does_not_excuse_what_a_thread_was_given() {
    let report = Checker::exhaustive().check(|| {
        let n = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let other = std::sync::Arc::clone(&n);
        let child = thread::spawn(move || other.fetch_add(1, SeqCst));
        assert_eq!(child.join().unwrap(), 0);
    });
    why(&report);
}

#[test]
fn a_scope_that_shares_stds_types_is_not_verified() {
    let report = Checker::exhaustive().check(|| {
        let n = std::sync::atomic::AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| n.fetch_add(1, SeqCst));
            scope.spawn(|| n.fetch_add(1, SeqCst));
        });
    });
    why(&report);
}

#[test]
fn threads_that_share_leaked_memory_are_not_verified() {
    let report = Checker::exhaustive().check(|| {
        let n: &'static std::sync::atomic::AtomicUsize = Box::leak(Box::default());
        let child = thread::spawn(move || n.store(n.load(SeqCst) + 1, SeqCst));
        n.store(n.load(SeqCst) + 1, SeqCst);
        child.join().unwrap();
    });
    why(&report);
}

#[test]
fn threads_that_share_but_their_results_are_verified_with_a_caution() {
    let computes = || {
        let n = 6;
        let child = thread::spawn(move || n * 7);
        assert_eq!(child.join().unwrap(), 42);
        thread::spawn(|| ()).join().unwrap();
    };
    for checker in conclusive() {
        let report = checker.check(computes);
        report.expect_verified();
        assert!(report.assumptions[0].contains("the threads share nothing"), "{report}");
    }
}

#[test]
fn a_model_in_which_nothing_happens_is_verified_with_a_caution() {
    let report = Checker::exhaustive().check(|| {});
    report.expect_verified();
    assert!(report.assumptions[0].contains("there is nothing to check"), "{report}");
    // Operations of a single thread, and choices, count as checked.
    Checker::exhaustive().check(|| *Mutex::new(0).lock().unwrap() += 1).expect_verified();
    for model in [|| *Mutex::new(0).lock().unwrap() += 1, || assert!(raddle::choose(2) < 2)] {
        let report = Checker::exhaustive().check(model);
        report.expect_verified();
        assert!(!report.to_string().contains("nothing"), "{report}");
    }
}

#[test]
fn an_object_that_only_one_thread_uses_counts_if_another_made_it() {
    for checker in conclusive() {
        let report = checker.check(|| {
            let lock = Arc::new(Mutex::new(0));
            let other = Arc::clone(&lock);
            thread::spawn(move || *other.lock().unwrap() += 1).join().unwrap();
        });
        report.expect_verified();
        assert!(!report.to_string().contains("nothing"), "{report}");
    }
}

#[test]
fn cells_count_as_shared() {
    let report = Checker::exhaustive().check(|| {
        let cell = Box::new(raddle::cell::UnsafeCell::new(0));
        // SAFETY: the thread is joined before the cell is read.
        let child = thread::spawn(move || {
            // SAFETY: every access happens after the one before.
            cell.with_mut(|n| unsafe { *n += 1 });
            cell
        });
        let cell = child.join().unwrap();
        // SAFETY: no other thread has access to it.
        cell.with(|n| assert_eq!(unsafe { *n }, 1));
    });
    report.expect_verified();
    assert!(!report.to_string().contains("nothing"), "{report}");
}

#[test]
fn an_object_on_a_thread_of_stds_names_both_places() {
    for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(3)] {
        let report = checker.check(|| {
            let lock = std::sync::Arc::new(Mutex::new(0));
            let joined = std::thread::spawn(move || *lock.lock().unwrap() += 1).join();
            joined.unwrap_or_else(|payload| std::panic::resume_unwind(payload));
        });
        let message = report.expect_failure(FailureKind::Panic).message();
        assert!(message.contains("outside the execution"), "{message}");
        assert_eq!(message.matches("tests/silence.rs:").count(), 2, "{message}");
    }
}

#[test]
fn a_passing_check_of_nothing_says_so_past_the_test_runner() {
    if alone() {
        // Std's threads and types, for everything that this model does.
        raddle::check(|| {
            let n = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let other = std::sync::Arc::clone(&n);
            std::thread::spawn(move || other.fetch_add(1, SeqCst)).join().unwrap();
            n.fetch_add(1, SeqCst);
        });
        raddle::check(counts);
        return;
    }
    let output = run_alone(&["a_passing_check_of_nothing_says_so_past_the_test_runner"], &[]);
    assert!(output.status.success(), "{}", said(&output));
    let warnings: Vec<String> =
        said(&output).lines().filter(|line| line.starts_with("raddle: ")).map(str::to_owned).collect();
    assert_eq!(warnings.len(), 1, "{}", said(&output));
    assert!(warnings[0].contains("nothing to check") && warnings[0].contains("std's own"), "{warnings:?}");
}

/// The assumptions of a loom report, except for loom's memory model and the one about an empty model.
fn taken_for_granted(model: fn()) -> Vec<String> {
    let report = Checker::loom().check(model);
    report.expect_verified();
    let always =
        |text: &String| text.starts_with("loom 0.7") || text.starts_with("there is nothing to check");
    report.assumptions.iter().filter(|text| !always(text)).cloned().collect()
}

#[test]
fn a_report_by_loom_names_what_loom_leaves_out_of_the_model() {
    let waits = || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&pair);
        let child = thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_one();
        });
        drop(pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready).unwrap());
        child.join().unwrap();
    };
    let waits_for_some_time = || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&pair);
        let child = thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_one();
        });
        let (lock, soon) = (pair.0.lock().unwrap(), Duration::from_millis(1));
        drop(pair.1.wait_timeout_while(lock, soon, |ready| !*ready).unwrap());
        child.join().unwrap();
    };
    let naps = || {
        let begun = Instant::now();
        thread::sleep(Duration::from_millis(1));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    };
    type Case = (fn(), &'static [&'static str]);
    let cases: [Case; 8] = [
        (counts, &[]),
        (waits, &["wakes up spuriously"]),
        (waits_for_some_time, &["no timeout fires", "time stands still", "wakes up spuriously"]),
        (naps, &["time stands still"]),
        (|| drop(Mutex::new(0).try_lock()), &["try_lock"]),
        (|| drop(raddle::sync::RwLock::new(0).try_read()), &["try_lock"]),
        (
            || assert!(AtomicBool::new(false).compare_exchange_weak(false, true, SeqCst, SeqCst).is_ok()),
            &["compare_exchange_weak"],
        ),
        (
            || {
                let child = thread::spawn(|| ());
                assert!(!child.is_finished());
                child.join().unwrap();
            },
            &["is_finished"],
        ),
    ];
    for (model, expected) in cases {
        let mut assumptions = taken_for_granted(model);
        assumptions.retain(|assumption| !assumption.contains("the threads share nothing"));
        assert_eq!(assumptions.len(), expected.len(), "{assumptions:?}");
        for words in expected {
            assert!(
                assumptions.iter().any(|assumption| assumption.contains(words)),
                "{words}: {assumptions:?}"
            );
        }
    }
    let park = || {
        thread::current().unpark();
        thread::park_timeout(Duration::from_millis(1));
    };
    assert_eq!(taken_for_granted(park).len(), 2);
    let semaphore = || assert!(raddle::sync::Semaphore::new(1).acquire_timeout(Duration::from_secs(1)));
    assert!(taken_for_granted(semaphore)[0].contains("no timeout fires"));
}

#[test]
fn a_check_by_loom_of_a_model_that_chooses_is_inconclusive() {
    let report = Checker::loom().check(|| assert!(raddle::choose(2) == 0));
    let Verdict::Inconclusive(Reason::EngineLimit { why }) = &report.verdict else { panic!("{report}") };
    assert!(why.contains("raddle::choose"), "{why}");
    Checker::loom().check(|| assert!(raddle::choose(1) == 0)).expect_verified();
}

#[test]
fn a_variable_that_means_nothing_is_an_error_that_names_the_nearest() {
    if alone() {
        raddle::check(counts);
        return;
    }
    let test = "a_variable_that_means_nothing_is_an_error_that_names_the_nearest";
    for (variable, words) in [
        ("RADDLE_WORKER", "did you mean RADDLE_WORKERS?"),
        ("RADDLE_MAX_EXECUTION", "did you mean RADDLE_MAX_EXECUTIONS?"),
        ("RADDLE_THREADS_OF_ALL_KINDS", "it must be one of RADDLE_ENGINE, RADDLE_SEED"),
    ] {
        let output = run_alone(&[test], &[(variable, "3")]);
        assert!(!output.status.success(), "{}", said(&output));
        let complaint = format!("raddle: unknown environment variable {variable}: {words}");
        assert!(said(&output).lines().any(|line| line.starts_with(&complaint)), "{}", said(&output));
    }
    let known = [("RADDLE_WORKERS", "2"), ("RADDLE_TEST_PROGRAMS", "3"), ("RADDLES", "4")];
    let output = run_alone(&[test], &known);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_sample_passes_and_a_breakdown_of_it_does_not() {
    if alone() {
        let runs = std::sync::atomic::AtomicUsize::new(0);
        raddle::check(move || {
            if std::env::var_os("RADDLE_TEST_ENDLESS").is_some() {
                let n = AtomicUsize::new(0);
                while n.fetch_add(1, SeqCst) < usize::MAX {}
            }
            runs.fetch_add(1, SeqCst);
            counts();
        });
        return;
    }
    let test = "a_sample_passes_and_a_breakdown_of_it_does_not";
    let random = ("RADDLE_ENGINE", "random");
    let output = run_alone(&[test], &[random, ("RADDLE_MAX_EXECUTIONS", "20")]);
    assert!(output.status.success(), "{}", said(&output));
    let output = run_alone(&[test], &[random, ("RADDLE_TEST_ENDLESS", "1")]);
    assert!(!output.status.success() && said(&output).contains("max_steps"), "{}", said(&output));
}

#[test]
fn an_unknown_variable_is_an_error_of_its_own_kind() {
    // The variant is public, so that a tool can distinguish it from a bad value.
    let error = Error::UnknownVariable { name: "X".to_owned(), hint: "did you mean Y?".to_owned() };
    assert_eq!(error.to_string(), "unknown environment variable X: did you mean Y?");
}
