//! Random programs whose threads panic, catch panics, and run operations in destructors meanwhile: the
//! engine with reduction sees what the search without it sees, and native threads see nothing else.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::collection::vec;
use proptest::prelude::*;
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::sync::{Arc, Mutex, PoisonError};
use raddle::{Checker, Verdict, thread};

use crate::Finally;

/// What a thread does next.
#[derive(Clone, Debug)]
enum Act {
    /// Adds, in two steps.
    Add(usize),
    /// Runs the block while it holds a lock.
    Lock(usize, Vec<Act>),
    /// Takes a lock if it is free.
    TryLock(usize),
    IsPoisoned(usize),
    ClearPoison(usize),
    Choose,
    /// Runs the first block, and then the second in a destructor; catches the panics of the first.
    Catch(Vec<Act>, Vec<Act>),
    Throw,
    /// Spawns a thread that adds, and joins it.
    Spawn(usize),
}

/// A few acts. Those in destructors catch all panics that they throw.
fn acts(depth: u32, throws: bool) -> BoxedStrategy<Vec<Act>> {
    let plain = prop_oneof![
        3 => (0..2_usize).prop_map(Act::Add),
        1 => (0..2_usize).prop_map(Act::TryLock),
        1 => (0..2_usize).prop_map(Act::IsPoisoned),
        1 => (0..2_usize).prop_map(Act::ClearPoison),
        1 => Just(Act::Choose),
        1 => (0..2_usize).prop_map(Act::Spawn),
    ]
    .boxed();
    let plain = if throws { prop_oneof![3 => plain, 1 => Just(Act::Throw)].boxed() } else { plain };
    if depth == 0 {
        return vec(plain, 0..2).boxed();
    }
    let nested = prop_oneof![
        1 => plain,
        2 => (0..2_usize, acts(depth - 1, throws)).prop_map(|(lock, inner)| Act::Lock(lock, inner)),
        3 => (acts(depth - 1, true), acts(depth - 1, false)).prop_map(|(body, last)| Act::Catch(body, last)),
    ];
    vec(nested, 1..3).boxed()
}

#[derive(Default)]
struct Shared {
    numbers: [AtomicUsize; 2],
    locks: [Mutex<usize>; 2],
}

impl Shared {
    fn add(&self, at: usize) -> usize {
        let seen = self.numbers[at].load(Ordering::SeqCst);
        self.numbers[at].store(seen + 1, Ordering::SeqCst);
        seen
    }
}

/// Performs them, and adds what it sees to the log.
fn run(shared: &Arc<Shared>, acts: &[Act], log: &std::cell::RefCell<Vec<usize>>) {
    for act in acts {
        let seen = match act {
            Act::Add(at) => shared.add(*at),
            Act::Lock(at, inner) => {
                let lock = shared.locks[*at].lock();
                log.borrow_mut().push(lock.is_err().into());
                let mut guard = lock.unwrap_or_else(PoisonError::into_inner);
                run(shared, inner, log);
                *guard += 1;
                *guard
            }
            Act::TryLock(at) => shared.locks[*at].try_lock().is_ok().into(),
            Act::IsPoisoned(at) => shared.locks[*at].is_poisoned().into(),
            Act::ClearPoison(at) => {
                shared.locks[*at].clear_poison();
                continue;
            }
            Act::Choose => raddle::choose(2),
            Act::Catch(body, last) => {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let _last = Finally(|| run(shared, last, log));
                    run(shared, body, log);
                }));
                log.borrow_mut().push(std::thread::panicking().into());
                caught.is_err().into()
            }
            Act::Throw => panic!("expected"),
            Act::Spawn(at) => {
                let (shared, at) = (Arc::clone(shared), *at);
                thread::spawn(move || shared.add(at)).join().unwrap()
            }
        };
        log.borrow_mut().push(seen);
    }
}

type Outcome = Vec<Option<Vec<usize>>>;

/// What the threads see, of those that do not end by a panic, and the final values.
fn model(programs: &[Vec<Act>]) -> Outcome {
    let shared = Arc::new(Shared::default());
    let threads: Vec<_> = programs
        .iter()
        .cloned()
        .map(|acts| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let log = std::cell::RefCell::default();
                run(&shared, &acts, &log);
                log.into_inner()
            })
        })
        .collect();
    let mut seen: Outcome = threads.into_iter().map(|thread| thread.join().ok()).collect();
    seen.push(Some(shared.numbers.iter().map(|number| number.load(Ordering::SeqCst)).collect()));
    let counts = shared.locks.iter().map(|lock| *lock.lock().unwrap_or_else(PoisonError::into_inner));
    seen.push(Some(counts.collect()));
    seen
}

struct Seen {
    outcomes: BTreeSet<Outcome>,
    failures: BTreeSet<String>,
    verdict: Verdict,
    stats: raddle::Stats,
}

fn explore(checker: Checker, programs: &[Vec<Act>]) -> Seen {
    let outcomes = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let (into, programs) = (Arc::clone(&outcomes), programs.to_vec());
    let report = checker.stop_on_failure(false).count_traces(true).check(move || {
        let outcome = model(&programs);
        into.lock().unwrap().insert(outcome);
    });
    let failures = report.failures.iter().map(|failure| failure.kind().to_string()).collect();
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap());
    Seen { outcomes, failures, verdict: report.verdict, stats: report.stats }
}

/// Few by default; `UNWINDING_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("UNWINDING_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40)
}

/// Programs with more interleavings are skipped.
const MOST: u64 = 2_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_that_panic_are_explored_like_others(programs in vec(acts(2, true), 2)) {
        let every = explore(Checker::dfs().max_executions(MOST), &programs);
        if matches!(every.verdict, Verdict::Inconclusive(_)) || every.stats.executions >= MOST {
            return Ok(());
        }
        let seen = explore(Checker::exhaustive(), &programs);
        prop_assert!(!matches!(seen.verdict, Verdict::Inconclusive(_)), "{:?}", seen.verdict);
        prop_assert_eq!(&seen.outcomes, &every.outcomes);
        prop_assert_eq!(&seen.failures, &every.failures);
        prop_assert_eq!(Some(seen.stats.executions), every.stats.traces);
        prop_assert_eq!(seen.stats.redundant, 0);
        if seen.failures.is_empty() {
            let native = explore(Checker::native(20), &programs);
            prop_assert!(native.failures.is_empty(), "{:?}", native.failures);
            prop_assert!(
                native.outcomes.is_subset(&seen.outcomes),
                "{:?} of {:?}", native.outcomes.difference(&seen.outcomes).collect::<Vec<_>>(), seen.outcomes
            );
        }
    }
}
