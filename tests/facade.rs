//! Random programs over the whole facade: the exhaustive engine and the search without reduction agree, and
//! what real threads do is among what the exhaustive engine finds.
//!
//! `RADDLE_TEST_PROGRAMS` says how many programs each test runs, `FACADE_GROUPS` over which groups
//! (names between commas; see `tests/common/facade`), and `FACADE_SEED` with which seed. With
//! `FACADE_SURVEY` a test goes on after a difference and prints them all, each shrunk.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/facade/mod.rs"]
mod facade;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use facade::compare::{Compared, compare, explore};
use facade::{Choices, Group, Outcome, Pace, Program, Recorder};
use raddle::{Checker, FailureKind};

/// More schedules than this, and a program is passed over.
const MOST: u64 = 30_000;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How many programs a test runs; CI sets more.
fn programs(default: u64) -> u64 {
    variable("RADDLE_TEST_PROGRAMS").and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// The groups that are generated: those that are asked for, or all.
fn groups(of: fn(Group) -> bool) -> Vec<Group> {
    let groups = match variable("FACADE_GROUPS") {
        Some(names) => {
            let asked = |name: &str| Group::ALL.iter().copied().find(|group| group.name() == name);
            names.split(',').map(|name| asked(name).unwrap_or_else(|| panic!("no group {name}"))).collect()
        }
        None => Group::ALL.to_vec(),
    };
    groups.into_iter().filter(|group| of(*group)).collect()
}

/// The bytes of the n-th program (splitmix64).
fn bytes(n: u64) -> Vec<u8> {
    let base: u64 = variable("FACADE_SEED").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut state = n ^ base << 40;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    next();
    (0..8).flat_map(|_| next().to_le_bytes()).collect()
}

/// Bytes that are shorter, or smaller at one place.
fn smaller(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> =
        [2, 4, 8].iter().map(|n| bytes[..bytes.len() - bytes.len() / n].to_vec()).collect();
    for at in 0..bytes.len() {
        all.push([&bytes[..at], &bytes[at + 1..]].concat());
        for less in [0, bytes[at] / 2, bytes[at].saturating_sub(1)] {
            let mut changed = bytes.to_vec();
            changed[at] = less;
            all.push(changed);
        }
    }
    all.retain(|other| (other.len(), other) < (bytes.len(), &bytes.to_vec()));
    all
}

/// The smallest program that still differs, as far as smaller bytes lead.
fn shrunk(
    mut bytes: Vec<u8>,
    decode: impl Fn(&[u8]) -> Program,
    differs: impl Fn(&Program) -> bool,
) -> Program {
    let mut program = decode(&bytes);
    while let Some(next) = smaller(&bytes).into_iter().find(|other| {
        let smaller = decode(other);
        smaller == program || (smaller.weight() <= program.weight() && differs(&smaller))
    }) {
        (program, bytes) = (decode(&next), next);
    }
    program
}

/// Compares the engines on so many programs.
fn run(cases: u64, size: usize, budget: usize) {
    let groups = groups(|_| true);
    let survey = variable("FACADE_SURVEY").is_some();
    let (mut compared, mut effects, mut with): (u64, BTreeMap<_, u64>, BTreeMap<Group, u64>) =
        Default::default();
    let (mut differences, began) = (Vec::new(), Instant::now());
    for n in 0..cases {
        let decode = |bytes: &[u8]| Program::decode(&mut Choices::new(bytes), &groups, size);
        let program = decode(&bytes(n));
        let before = Instant::now();
        let result = compare(&program, budget, MOST);
        if survey && before.elapsed() > Duration::from_secs(10) {
            println!("program {n} took {:?}\n{program:?}", before.elapsed());
        }
        match result {
            Compared::TooLarge => {}
            Compared::Agree(more) => {
                compared += 1;
                for ((group, kind), _) in more {
                    *effects.entry((group, kind)).or_default() += 1;
                }
                for group in &program.groups {
                    *with.entry(*group).or_default() += 1;
                }
            }
            Compared::Differ(..) => {
                compared += 1;
                let differs =
                    |program: &Program| matches!(compare(program, budget, MOST), Compared::Differ(..));
                let small = shrunk(bytes(n), decode, differs);
                let Compared::Differ(what, how) = compare(&small, budget, MOST) else { unreachable!() };
                let text = format!("program {n} with budget {budget}: {what}: {how}\n{small:?}");
                assert!(survey, "{text}");
                println!("{text}");
                differences.push(text);
            }
        }
    }
    println!("{compared} of {cases} programs in {:?}; {} differ", began.elapsed(), differences.len());
    assert!(compared * 10 >= cases * 7, "only {compared} of {cases} programs were small enough");
    for group in &groups {
        let of = with.get(group).copied().unwrap_or(0);
        for kind in group.kinds() {
            let had = effects.get(&(*group, *kind)).copied().unwrap_or(0);
            if survey {
                println!("{}.{kind}: {had} of {of}", group.name());
            }
            // Of few programs some kinds are missed by chance.
            assert!(had * 100 >= of || of < 200, "{}.{kind}: had an effect in {had} of {of}", group.name());
        }
    }
    assert!(differences.is_empty(), "{} programs differ", differences.len());
}

#[test]
fn engines_agree_on_the_whole_facade() {
    run(programs(150), 10, 0);
}

#[test]
fn engines_agree_on_the_whole_facade_with_budgets() {
    run(programs(100), 8, 1);
}

/// How a run on real threads ended.
enum Ended {
    Well(BTreeSet<Outcome>),
    Panicked,
    /// It hung, though the engine found no deadlock.
    Hung,
}

/// Runs the program once on real threads.
fn natively(program: &Program, seed: u64) -> Ended {
    let recorder = Arc::new(Recorder::default());
    let (done, is_done) = std::sync::mpsc::channel();
    let (inside, again) = (Arc::clone(&recorder), program.clone());
    std::thread::spawn(move || {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            again.run(Pace::Native(seed), &inside);
        }));
        let _ = done.send(ended.is_ok());
    });
    let Ok(well) = is_done.recv_timeout(Duration::from_secs(20)) else { return Ended::Hung };
    // Threads that nobody joins may still run.
    let begun = Instant::now();
    while recorder.live.load(SeqCst) > 0 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::yield_now();
    }
    if !well {
        return Ended::Panicked;
    }
    let outcomes = std::mem::take(&mut *recorder.outcomes.lock().unwrap());
    Ended::Well(outcomes)
}

/// The budget within which real threads stay: what they time out of is not bounded.
const NATIVE_BUDGET: usize = 2;

/// What differs between real threads and the exhaustive engine; `None` if the program is passed over.
fn native_difference(program: &Program, runs: u64) -> Option<Option<String>> {
    let found = explore(program, Checker::exhaustive(), NATIVE_BUDGET, MOST);
    let stuck = [FailureKind::Deadlock, FailureKind::Livelock].iter().any(|kind| found.kinds.contains(kind));
    if found.cut() || stuck {
        return None;
    }
    for seed in 0..runs {
        match natively(program, seed) {
            Ended::Hung => return Some(Some("hung".into())),
            Ended::Panicked if !found.kinds.contains(&FailureKind::Panic) => {
                return Some(Some("panicked".into()));
            }
            Ended::Panicked => {}
            Ended::Well(outcomes) => {
                if let Some(new) = outcomes.difference(&found.outcomes).next() {
                    return Some(Some(format!("{new:x?} is none of {:x?}", found.outcomes)));
                }
            }
        }
    }
    Some(None)
}

#[test]
fn real_threads_do_what_the_engine_finds() {
    // Panics of threads are part of the programs.
    let (cases, groups) = (programs(50), groups(Group::runs_natively));
    let survey = variable("FACADE_SURVEY").is_some();
    let (mut compared, mut differences, began) = (0, 0, Instant::now());
    for n in 0..cases {
        let decode = |bytes: &[u8]| Program::decode(&mut Choices::new(bytes), &groups, 6);
        let program = decode(&bytes(1 << 32 | n));
        match native_difference(&program, 20) {
            None => {}
            Some(None) => compared += 1,
            Some(Some(_)) => {
                compared += 1;
                let differs = |program: &Program| {
                    // By chance a difference may not show in so few runs.
                    matches!(native_difference(program, 60), Some(Some(_)))
                };
                let small = shrunk(bytes(1 << 32 | n), decode, differs);
                let how = native_difference(&small, 200).flatten();
                let text = format!("program {n} on real threads: {how:?}\n{small:?}");
                assert!(survey, "{text}");
                println!("{text}");
                differences += 1;
            }
        }
    }
    println!("{compared} of {cases} programs in {:?}; {differences} differ", began.elapsed());
    assert!(compared * 2 >= cases, "only {compared} of {cases} programs were small enough and end");
    assert_eq!(differences, 0, "programs differ");
}
