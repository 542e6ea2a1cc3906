//! `raddle measure`: what threads cost on this machine; a measurement, not a model check.
//!
//! Two questions whose expected answers are often wrong: what it costs to hand work from one thread of the
//! operating system to another and back, compared with one thread that does the same work; and what a new
//! thread for each job costs, compared with a pool. Both sides of each are printed, with their spread.
//!
//! A job is nearly empty, so that only the cost of the threads is left; the gain of threads when jobs are
//! long is not measured. Jobs are submitted one by one, each waited for, where the pool must hand over twice
//! for each; and all at once, where it may go on without waiting. The system chooses the processors: handing
//! over to another processor is part of the cost.

use std::hint::black_box;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::Status;
use crate::cli::output::{BOLD, DIM, Output, count, wrap};
use crate::cli::problem::Problem;
use crate::failure::grouped;
use crate::verification::json::SCHEMA;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How to print the measurements: text or json
    #[arg(long, value_enum, default_value_t, hide_default_value = true, hide_possible_values = true)]
    format: Format,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

/// Enough samples to tell the median from the spread, within a second or two.
const SAMPLES: usize = 25;
/// Turns in one sample: enough that reading the clock is negligible.
const TURNS: u32 = 2_000;
/// Jobs in one sample: a new thread costs more than a turn.
const JOBS: u32 = 200;
/// Workers of the pool.
const WORKERS: usize = 2;

#[derive(Serialize)]
struct Document {
    schema: u32,
    processors: usize,
    samples: usize,
    measurements: Vec<Measurement>,
}

/// One cost, in nanoseconds for each turn or job.
#[derive(Serialize)]
struct Measurement {
    name: &'static str,
    what: &'static str,
    per: &'static str,
    unit: &'static str,
    median: f64,
    lowest: f64,
    lower_quartile: f64,
    upper_quartile: f64,
    highest: f64,
}

/// Measures and prints.
pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Status, Problem> {
    let document = measure();
    match arguments.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Format::Text => text(&document, out)?,
    }
    Ok(Status::AsExpected)
}

fn measure() -> Document {
    let measurements = vec![
        sample("turns-one-thread", "one thread takes every turn", "turn", TURNS, one_thread),
        sample("turns-two-threads", "two threads take turns", "turn", TURNS, two_threads),
        sample("jobs-one-thread", "one thread does every job", "job", JOBS, jobs_on_one_thread),
        sample("jobs-new-threads", "a new thread for each, one by one", "job", JOBS, jobs_on_new_threads),
        sample("jobs-pool", "a pool of two threads, one by one", "job", JOBS, jobs_in_a_pool),
        sample(
            "jobs-new-threads-at-once",
            "a new thread for each, all at once",
            "job",
            JOBS,
            jobs_on_threads_at_once,
        ),
        sample(
            "jobs-pool-at-once",
            "a pool of two threads, all at once",
            "job",
            JOBS,
            jobs_in_a_pool_at_once,
        ),
    ];
    let processors = thread::available_parallelism().map_or(1, Into::into);
    Document { schema: SCHEMA, processors, samples: SAMPLES, measurements }
}

/// The clock, for costs only.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

/// Takes samples; the first run only warms the caches and is dropped.
fn sample(
    name: &'static str,
    what: &'static str,
    per: &'static str,
    rounds: u32,
    run: fn(u32) -> Duration,
) -> Measurement {
    run(rounds);
    let mut costs: Vec<f64> =
        (0..SAMPLES).map(|_| run(rounds).as_secs_f64() * 1e9 / f64::from(rounds)).collect();
    costs.sort_by(f64::total_cmp);
    let at = |share: usize| (costs[(costs.len() - 1) * share / 4] * 10.0).round() / 10.0;
    Measurement {
        name,
        what,
        per,
        unit: "ns",
        median: at(2),
        lowest: at(0),
        lower_quartile: at(1),
        upper_quartile: at(3),
        highest: at(4),
    }
}

/// The turn counter, whose parity selects one of two threads, and the work done in all turns.
struct Turn {
    state: Mutex<(u32, u64)>,
    changed: Condvar,
}

impl Turn {
    fn new() -> Self {
        Turn { state: Mutex::new((0, 0)), changed: Condvar::new() }
    }

    /// Takes the turns of one thread: those whose number has its parity, or all.
    fn take(&self, turns: u32, mine: impl Fn(u32) -> bool) {
        loop {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let mut state = self
                .changed
                .wait_while(state, |(turn, _)| *turn < turns && !mine(*turn))
                .unwrap_or_else(PoisonError::into_inner);
            if state.0 >= turns {
                return;
            }
            state.1 = work(state.1);
            state.0 += 1;
            self.changed.notify_one();
        }
    }
}

/// A nearly empty job, which the compiler must not optimise away.
fn work(value: u64) -> u64 {
    black_box(value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1))
}

/// The same lock, condition and work as below, without the other thread.
fn one_thread(turns: u32) -> Duration {
    let turn = Turn::new();
    let began = now();
    turn.take(turns, |_| true);
    began.elapsed()
}

#[allow(clippy::disallowed_methods)]
// The subject of the measurement is the operating system's threads.
fn two_threads(turns: u32) -> Duration {
    let turn = Arc::new(Turn::new());
    let other = Arc::clone(&turn);
    let ready = Arc::new(std::sync::Barrier::new(2));
    let also_ready = Arc::clone(&ready);
    let child = thread::spawn(move || {
        also_ready.wait();
        other.take(turns, |turn| turn % 2 == 1);
    });
    ready.wait();
    let began = now();
    turn.take(turns, |turn| turn % 2 == 0);
    // The child takes no locks and does no work that this thread does not.
    let _ = child.join();
    began.elapsed()
}

fn jobs_on_one_thread(jobs: u32) -> Duration {
    let began = now();
    let mut value = 0;
    for _ in 0..jobs {
        value = work(value);
    }
    black_box(value);
    began.elapsed()
}

#[allow(clippy::disallowed_methods)]
fn new_thread(job: u32) -> thread::JoinHandle<u64> {
    thread::spawn(move || work(u64::from(job)))
}

/// Waits for each job before it begins the next one.
fn jobs_on_new_threads(jobs: u32) -> Duration {
    let began = now();
    for job in 0..jobs {
        let _ = black_box(new_thread(job).join());
    }
    began.elapsed()
}

/// Begins all jobs, then waits for them.
fn jobs_on_threads_at_once(jobs: u32) -> Duration {
    let began = now();
    let threads: Vec<_> = (0..jobs).map(new_thread).collect();
    for thread in threads {
        let _ = black_box(thread.join());
    }
    began.elapsed()
}

/// Waits for each job before it submits the next one.
fn jobs_in_a_pool(jobs: u32) -> Duration {
    in_a_pool(|send, results| {
        for job in 0..jobs {
            if send.send(u64::from(job)).is_ok() {
                let _ = black_box(results.recv());
            }
        }
    })
}

/// Submits all jobs, then waits for them.
fn jobs_in_a_pool_at_once(jobs: u32) -> Duration {
    in_a_pool(|send, results| {
        let sent = (0..jobs).filter(|&job| send.send(u64::from(job)).is_ok()).count();
        for _ in 0..sent {
            let _ = black_box(results.recv());
        }
    })
}

/// Measures the time that something takes in a pool that is already running.
#[allow(clippy::disallowed_methods)]
fn in_a_pool(run: impl FnOnce(&Sender<u64>, &Receiver<u64>)) -> Duration {
    let (send_job, take_job) = channel::<u64>();
    let (send_result, take_result) = channel();
    let take_job = Arc::new(Mutex::new(take_job));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (take_job, send_result) = (Arc::clone(&take_job), send_result.clone());
            thread::spawn(move || {
                loop {
                    let job = take_job.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    // The queue is closed, or the receiver of the results is gone.
                    let Ok(job) = job else { return };
                    if send_result.send(work(job)).is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    drop(send_result);
    let began = now();
    run(&send_job, &take_result);
    let elapsed = began.elapsed();
    drop(send_job);
    for worker in workers {
        let _ = worker.join();
    }
    elapsed
}

fn text(document: &Document, out: &mut Output) -> io::Result<()> {
    let [one, two, same, new, pool, new_at_once, pool_at_once] = document.measurements.as_slice() else {
        return Ok(());
    };
    writeln!(out, "{BOLD}What does a switch between threads cost, for each turn?{BOLD:#}")?;
    table(&[one, two], out)?;
    comparison("handing the turn over", two, "keeping it", one, out)?;
    writeln!(out, "\n{BOLD}What does a new thread cost, for each job?{BOLD:#}")?;
    table(&[same, new, pool, new_at_once, pool_at_once], out)?;
    comparison("one by one, a new thread", new, "a pool", pool, out)?;
    comparison("all at once, a new thread", new_at_once, "a pool", pool_at_once, out)?;
    comparison("all at once, a pool", pool_at_once, "no other thread at all", same, out)?;
    let note = format!(
        "{} samples of {} turns or {} jobs on {}. A job is next to nothing, so this is what threads cost, \
         not what they may gain when jobs are long.",
        document.samples,
        grouped(TURNS.into()),
        grouped(JOBS.into()),
        count(document.processors, "processor")
    );
    writeln!(out, "\n{DIM}{}{DIM:#}", wrap(&note, 0, 0))
}

fn table(measurements: &[&Measurement], out: &mut Output) -> io::Result<()> {
    writeln!(out, "{DIM}{:36} {:>12}  {:>20}{DIM:#}", "", "median", "middle half")?;
    for one in measurements {
        let spread = format!("{} to {}", short(one.lower_quartile), short(one.upper_quartile));
        writeln!(out, "  {:<34} {:>9} ns  {spread:>20}", one.what, short(one.median))?;
    }
    Ok(())
}

/// Says which costs more and by how much; and if their spreads overlap, that the difference is not
/// significant.
fn comparison(
    dear: &str,
    dear_cost: &Measurement,
    cheap: &str,
    cheap_cost: &Measurement,
    out: &mut Output,
) -> io::Result<()> {
    let factor = dear_cost.median / cheap_cost.median.max(f64::MIN_POSITIVE);
    let apart = dear_cost.lower_quartile > cheap_cost.upper_quartile
        || dear_cost.upper_quartile < cheap_cost.lower_quartile;
    let line = if apart {
        format!("{dear} costs {} times as much as {cheap}", short(factor))
    } else {
        format!("{dear} and {cheap} cost about the same: the spreads overlap")
    };
    writeln!(out, "  → {}", wrap(&line, 4, 4))
}

/// Formats a positive number for reading, rounded.
fn short(number: f64) -> String {
    if number < 10.0 {
        return format!("{number:.1}");
    }
    // A time or a quotient of times is not negative.
    #[allow(clippy::cast_sign_loss)]
    let whole = number.round() as u64;
    grouped(whole)
}
