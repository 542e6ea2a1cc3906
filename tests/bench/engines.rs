//! How many executions an engine needs and how fast it runs them, side by side in one run.
//!
//! `cargo bench` prints two tables. The machine may be busy, so read the ratios: each pair of figures
//! is measured alternately, and the best of several rounds counts.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    unreachable_pub
)]

mod programs;

use std::time::{Duration, Instant};

use raddle::{Checker, Verdict};
use shuttle::scheduler::{DfsScheduler, RandomScheduler};
use shuttle::{Config, Runner};

/// Rounds of each measurement; the best counts, for noise only ever adds.
const ROUNDS: usize = 5;
/// Executions of each sampling round.
const SAMPLE: usize = 3_000;
/// When an engine without reduction is given up.
const PATIENCE: Duration = Duration::from_secs(5);

type Program = (&'static str, usize, fn(usize), fn(usize), fn(usize));

const PROGRAMS: &[Program] = &[
    ("lockinc", 3, programs::raddle::lockinc, programs::shuttle::lockinc, programs::loom::lockinc),
    ("lockinc", 4, programs::raddle::lockinc, programs::shuttle::lockinc, programs::loom::lockinc),
    ("inc", 2, programs::raddle::inc, programs::shuttle::inc, programs::loom::inc),
    ("inc", 3, programs::raddle::inc, programs::shuttle::inc, programs::loom::inc),
    ("readers", 3, programs::raddle::readers, programs::shuttle::readers, programs::loom::readers),
    ("lastzero", 3, programs::raddle::lastzero, programs::shuttle::lastzero, programs::loom::lastzero),
    ("dining", 3, programs::raddle::dining, programs::shuttle::dining, programs::loom::dining),
    ("dining", 4, programs::raddle::dining, programs::shuttle::dining, programs::loom::dining),
    ("adds", 3, programs::raddle::adds, programs::shuttle::adds, programs::loom::adds),
];

fn config() -> Config {
    let mut config = Config::new();
    config.silence_warnings = true;
    config.failure_persistence = shuttle::FailurePersistence::None;
    config
}

/// The best of several rounds, of two measurements taken in turn.
fn best(mut a: impl FnMut() -> Duration, mut b: impl FnMut() -> Duration) -> (f64, f64) {
    let mut least = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        least = (least.0.min(a()), least.1.min(b()));
    }
    (least.0.as_secs_f64(), least.1.as_secs_f64())
}

fn main() {
    println!("executions per second under shuttle's random scheduler, {SAMPLE} executions");
    println!("{:<12} {:>14} {:>14} {:>8}", "program", "raddle's types", "shuttle's", "ratio");
    for &(name, n, ours, theirs, _) in PROGRAMS {
        let checker = Checker::random(SAMPLE as u64).fruitless_yields(0);
        let (a, b) = best(
            || {
                let began = Instant::now();
                checker.check(move || ours(n)).expect_no_failure();
                began.elapsed()
            },
            || {
                let began = Instant::now();
                let scheduler = RandomScheduler::new_from_seed(7, SAMPLE);
                Runner::new(scheduler, config()).run(move || theirs(n));
                began.elapsed()
            },
        );
        let rate = |seconds: f64| SAMPLE as f64 / seconds;
        println!("{:<12} {:>14.0} {:>14.0} {:>8.2}", format!("{name}({n})"), rate(a), rate(b), b / a);
    }
    println!();
    println!("executions and seconds to exhaust ({} s at most without reduction)", PATIENCE.as_secs());
    println!("{:<12} {:>22} {:>22} {:>22}", "program", "raddle", "loom", "shuttle's DFS");
    for &(name, n, ours, theirs, looms) in PROGRAMS.iter().filter(|program| program.0 != "adds") {
        let report = Checker::exhaustive().fruitless_yields(0).check(move || ours(n));
        report.expect_verified();
        let raddle = format!("{} {:.4}", report.stats.executions, report.elapsed.as_secs_f64());
        let loom = if n < 4 || name == "lockinc" || name == "dining" {
            // Loom's own types, counted from inside.
            let runs = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
            let count = std::sync::Arc::clone(&runs);
            let began = Instant::now();
            loom::model(move || {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                looms(n);
            });
            format!(
                "{} {:.4}",
                runs.load(std::sync::atomic::Ordering::Relaxed),
                began.elapsed().as_secs_f64()
            )
        } else {
            "too many threads".to_owned()
        };
        let mut limited = config();
        limited.max_time = Some(PATIENCE);
        let began = Instant::now();
        let runs = Runner::new(DfsScheduler::new(None, false), limited).run(move || theirs(n));
        let more = if began.elapsed() >= PATIENCE { ">" } else { "" };
        let dfs = format!("{more}{runs} {more}{:.4}", began.elapsed().as_secs_f64());
        println!("{:<12} {raddle:>22} {loom:>22} {dfs:>22}", format!("{name}({n})"));
    }
    println!();
    println!("the exhaustive engine alone, executions, steps and nanoseconds per step");
    for (name, model) in [
        ("readers(13)", (|| programs::raddle::readers(13)) as fn()),
        ("lastzero(10)", || programs::raddle::lastzero(10)),
        ("lastzero(15)", || programs::raddle::lastzero(15)),
        ("lockinc(7)", || programs::raddle::lockinc(7)),
    ] {
        let report = Checker::exhaustive().fruitless_yields(0).check(model);
        assert!(matches!(report.verdict, Verdict::Verified), "{report}");
        let stats = report.stats;
        let each = report.elapsed.as_secs_f64() * 1e9 / stats.steps as f64;
        let rate = stats.executions as f64 / report.elapsed.as_secs_f64();
        println!(
            "{name:<12} {:>9} {:>9} {each:>7.0} ns, {rate:>9.0} executions/s",
            stats.executions, stats.steps
        );
    }
    println!("{}", peak_memory());
}

/// The most memory that this process had, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    peak.map_or_else(
        || "peak memory not known here".to_owned(),
        |line| format!("peak memory {}", &line[6..].trim()),
    )
}
