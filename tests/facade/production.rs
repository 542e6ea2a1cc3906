//! What std's and `parking_lot`'s own types do on native threads is a subset of what the
//! exhaustive engine finds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use crate::facade::draw::{Draw, groups, variable};
use crate::facade::{Group, NATIVE_SIZE, Pace, Program, Recorder};

/// How a run ended.
enum Ended {
    Well(String),
    Panicked,
    Hung,
}

/// Runs the program once.
fn run(program: &Program, seed: u64) -> Ended {
    let recorder = Arc::new(Recorder::default());
    let (done, is_done) = std::sync::mpsc::channel();
    let (inside, again) = (Arc::clone(&recorder), program.clone());
    std::thread::spawn(move || {
        let ended = catch_unwind(AssertUnwindSafe(|| again.run(Pace::Native(seed), &inside)));
        let _ = done.send(ended.is_ok());
    });
    let Ok(well) = is_done.recv_timeout(Duration::from_secs(20)) else { return Ended::Hung };
    // Threads that are never joined may still run.
    let begun = Instant::now();
    while recorder.live.load(SeqCst) > 0 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::yield_now();
    }
    let outcomes = std::mem::take(&mut *recorder.outcomes.lock().unwrap());
    match outcomes.first() {
        Some(outcome) if well => Ended::Well(format!("{outcome:x?}")),
        _ => Ended::Panicked,
    }
}

/// What a run does that the engine did not find; `line` has the engine's findings.
fn difference(line: &str, program: &Program, runs: u64) -> Option<String> {
    let (panics, outcomes) = line.split_once(' ').unwrap();
    (0..runs).find_map(|seed| match run(program, seed) {
        Ended::Well(outcome) => {
            (!outcomes.contains(&outcome)).then(|| format!("{outcome} is none of {outcomes}"))
        }
        Ended::Panicked => (panics == "false").then(|| "panicked".to_owned()),
        Ended::Hung => Some("hung".to_owned()),
    })
}

#[test]
#[ignore = "reads what a build with the feature `check` has written; see .ci/run"]
fn std_does_what_the_engine_finds() {
    let file = variable("FACADE_OUTCOMES").expect("FACADE_OUTCOMES names the file");
    let found = std::fs::read_to_string(file).unwrap();
    let draw = Draw::new(&groups(Group::runs_natively), NATIVE_SIZE, 2);
    // Panics of threads are part of the programs.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let differences: Vec<String> = found
        .lines()
        .filter_map(|line| {
            let (n, line) = line.split_once(' ').unwrap();
            let program = draw.program(n.parse().unwrap());
            difference(line, &program, 20).map(|how| format!("program {n}: {how}\n{program:?}"))
        })
        .collect();
    std::panic::set_hook(hook);
    println!("{} programs", found.lines().count());
    assert!(found.lines().count() > 0, "the file is empty");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
