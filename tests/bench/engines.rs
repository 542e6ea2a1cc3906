//! How many executions an engine needs and how fast it runs them, side by side in one run.
//!
//! `cargo bench` prints four tables. The machine may be busy, so read the ratios: each pair of figures
//! is measured alternately, and the best of several rounds counts.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    unreachable_pub
)]

#[path = "../common/sized.rs"]
mod sized;

use std::time::{Duration, Instant};

use raddle::{Checker, Verdict};
use shuttle::scheduler::{DfsScheduler, RandomScheduler};
use shuttle::{Config, Runner};

sized::programs_over!(ours, raddle);
sized::programs_over!(shuttles, shuttle);
sized::programs_over!(looms, loom);

/// Rounds of each measurement; the best counts, because noise only ever adds time.
const ROUNDS: usize = 5;
/// Executions of each sampling round.
const SAMPLE: usize = 3_000;
/// An engine without reduction is stopped after this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// Hazards of the catalogue at a larger size than there: the variant and the size.
const HAZARDS: &[(&str, &str, usize)] = &[
    ("lost-update", "buggy", 4),
    ("lost-update", "lock", 4),
    ("lost-update", "cas-loop", 4),
    ("lock-order", "buggy", 4),
    ("lock-order", "ordered", 4),
    ("dining-philosophers", "buggy", 5),
    ("dining-philosophers", "asymmetric", 4),
    ("dining-philosophers", "waiter", 4),
    ("lost-wakeup", "buggy", 3),
    ("lost-wakeup", "predicate", 3),
];

type Program = (&'static str, usize, fn(usize), fn(usize), fn(usize));

const PROGRAMS: &[Program] = &[
    ("lockinc", 3, ours::lockinc, shuttles::lockinc, looms::lockinc),
    ("lockinc", 4, ours::lockinc, shuttles::lockinc, looms::lockinc),
    ("inc", 2, ours::inc, shuttles::inc, looms::inc),
    ("inc", 3, ours::inc, shuttles::inc, looms::inc),
    ("readers", 3, ours::readers, shuttles::readers, looms::readers),
    ("lastzero", 3, ours::lastzero, shuttles::lastzero, looms::lastzero),
    ("treiber", 2, ours::treiber, shuttles::treiber, looms::treiber),
    ("dining", 3, ours::dining, shuttles::dining, looms::dining),
    ("dining", 4, ours::dining, shuttles::dining, looms::dining),
    ("adds", 3, ours::adds, shuttles::adds, looms::adds),
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
            // Loom's own types; the executions are counted inside the model.
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
    println!(
        "the exhaustive engine alone, executions, steps and nanoseconds per step; what two workers gain"
    );
    for (name, model) in [
        ("readers(13)", (|| ours::readers(13)) as fn()),
        ("lastzero(10)", || ours::lastzero(10)),
        ("lastzero(15)", || ours::lastzero(15)),
        ("lockinc(7)", || ours::lockinc(7)),
        ("treiber(3)", || ours::treiber(3)),
    ] {
        let with = |workers| Checker::exhaustive().fruitless_yields(0).workers(workers).check(model);
        let stats = with(1).stats;
        let (one, two) = best(|| timed(&with(1)), || timed(&with(2)));
        let each = one * 1e9 / stats.steps as f64;
        let (rate, gain) = (stats.executions as f64 / one, one / two);
        println!(
            "{name:<12} {:>9} {:>9} {each:>7.0} ns, {rate:>9.0} executions/s {gain:>6.2}x",
            stats.executions, stats.steps
        );
    }
    println!();
    larger_hazards();
    println!("{}", peak_memory());
}

/// The time of a check that must verify its model.
fn timed(report: &raddle::Report) -> Duration {
    assert!(matches!(report.verdict, Verdict::Verified), "{report}");
    report.elapsed
}

/// Hazards at a size too large for the catalogue's tests: all their failures, or that there are none.
fn larger_hazards() {
    println!("larger hazards, all executions: and how many times as many another engine needs");
    println!("{:<34} {:>18} {:>18} {:>18}", "hazard", "exhaustive", "loom", "dfs");
    for &(name, variant, size) in HAZARDS {
        let chosen = raddle::catalogue::find(name).and_then(|hazard| hazard.variant(variant));
        let (model, _) = chosen.and_then(raddle::catalogue::Variant::sized).expect("it has a size");
        let run =
            |checker: Checker| checker.time_limit(PATIENCE).stop_on_failure(false).check(move || model(size));
        let whole = run(Checker::exhaustive());
        let others = [Checker::loom(), Checker::dfs()].map(|checker| {
            let report = run(checker);
            let all = matches!(report.verdict, Verdict::Verified | Verdict::Refuted(_));
            // Loom ends with the first failure, so there is nothing to compare.
            if report.engine == "loom" && report.stats.failures > 0 {
                return "first failure".to_owned();
            }
            let more = if all && report.elapsed < PATIENCE { "" } else { ">" };
            let times = |ours: f64, theirs: f64| format!("{more}{:.1}x", theirs / ours);
            format!(
                "{} {}",
                times(whole.stats.executions as f64, report.stats.executions as f64),
                times(whole.elapsed.as_secs_f64(), report.elapsed.as_secs_f64())
            )
        });
        println!(
            "{:<34} {:>18} {:>18} {:>18}",
            format!("{name}/{variant}({size})"),
            format!("{} {:.4}", whole.stats.executions, whole.elapsed.as_secs_f64()),
            others[0],
            others[1]
        );
    }
}

/// The peak memory of this process, where the system reports it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    peak.map_or_else(
        || "peak memory not known here".to_owned(),
        |line| format!("peak memory {}", &line[6..].trim()),
    )
}
