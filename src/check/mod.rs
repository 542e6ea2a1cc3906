//! Checking a model: engine and settings in, [`Report`](crate::Report) out.
//!
//! [`checker`] is the public builder; [`watchdog`] starts a check on a thread of its own and detects a model
//! that hangs; [`run`] is the one loop that all engines share; [`parallel`] shares one search among several
//! workers; [`twice`] repeats the first schedule of a search; [`stats`] collects the statistics;
//! [`counterexample`] makes counterexamples of failures; [`replay`] runs the schedule of a token, and
//! [`asked`] identifies the check that a token belongs to.

mod asked;
mod checker;
pub(crate) mod config;
mod counterexample;
#[cfg(feature = "loom")]
mod loom;
mod native;
mod parallel;
mod replay;
mod run;
#[cfg(feature = "shuttle")]
mod shuttle;
mod stats;
mod twice;
mod watchdog;

use std::io::Write as _;
use std::panic::Location;
use std::sync::Arc;

pub use checker::Checker;

use crate::backend::loom_limits::{self, Limit};
use crate::check::config::Environment;
use crate::counterexample::token::Token;
use crate::engine::Kind;
use crate::failure::Reason;
use crate::runtime::sharing;
use crate::verdict::{Report, Verdict};

/// A model as all engines take it.
pub(crate) type Model = Arc<dyn Fn() + Send + Sync>;

/// Checks a model with the exhaustive engine, or with loom under `--cfg loom`, and panics with the
/// rendered counterexample unless it is verified. Made for `#[test]`.
///
/// `RADDLE_ENGINE`, `RADDLE_SEED`, `RADDLE_MAX_EXECUTIONS`, `RADDLE_TIME_LIMIT` and `RADDLE_WORKERS` override
/// its settings; `RADDLE_REPLAY=<token>` shows one failure again: the model that made the token runs once, on
/// that schedule, and every other model is checked as usual. A replay never passes.
///
/// # Panics
/// If the model is refuted, if the check is inconclusive, if a replayed schedule does not fail, or if an
/// environment variable is not valid.
///
/// # Examples
/// ```
/// use raddle::sync::atomic::{AtomicUsize, Ordering};
/// use raddle::{sync::Arc, thread};
///
/// raddle::check(|| {
///     let n = Arc::new(AtomicUsize::new(0));
///     let other = Arc::clone(&n);
///     let child = thread::spawn(move || other.fetch_add(1, Ordering::Relaxed));
///     n.fetch_add(1, Ordering::Relaxed);
///     child.join().unwrap();
///     assert_eq!(n.load(Ordering::Relaxed), 2);
/// });
/// ```
#[track_caller]
pub fn check<M: Fn() + Send + Sync + 'static>(model: M) {
    let environment = match Environment::read() {
        Ok(environment) => environment,
        Err(error) => panic!("raddle: {error}"),
    };
    let name = std::any::type_name::<M>();
    let asked = asked::next(name);
    let token = environment.replay.as_ref().map(|token| match Token::decode(token) {
        Ok(token) => token,
        Err(error) => panic!("raddle: RADDLE_REPLAY: {error}"),
    });
    let replayed = token.filter(|token| token.is_of(name, asked));
    let replaying = replayed.is_some();
    let kind = environment.engine.unwrap_or(if cfg!(loom) { Kind::Loom } else { Kind::Exhaustive });
    let checker = replayed.map_or_else(|| Checker::of(kind), Checker::follow);
    let mut checker = match environment.max_executions {
        Some(executions) => checker.executions(executions),
        None => checker,
    };
    environment.apply(&mut checker.settings);
    if !replaying {
        checker.settings.asked = asked;
    }
    let report = checker.check(model);
    if let Some(dir) = &environment.report_dir
        && !matches!(report.verdict, Verdict::Verified)
        && let Err(error) = crate::report::save(&report, dir)
    {
        panic!("raddle: RADDLE_REPORT_DIR={}: {error}\n{report}", dir.display());
    }
    match &report.verdict {
        Verdict::Verified => warn(&report),
        Verdict::Inconclusive(reason) if replaying => {
            panic!("raddle: RADDLE_REPLAY: {reason}; unset RADDLE_REPLAY to check the model")
        }
        // A sample was requested, and no execution of it failed.
        Verdict::Inconclusive(
            Reason::Sampled { .. } | Reason::MaxExecutions { .. } | Reason::TimeLimit { .. },
        ) if !kind.engine().concludes => {}
        Verdict::Inconclusive(_) | Verdict::Refuted(_) => panic!("{report}"),
    }
}

/// Prints the caution of a verdict on standard error, past the test runner, which captures what passing tests
/// print.
fn warn(report: &Report) {
    let cautions = report.assumptions.iter().filter(|text| sharing::is_caution(text));
    for caution in cautions {
        let model = &report.model;
        // If standard error is closed, the warning is dropped.
        let _ = writeln!(std::io::stderr().lock(), "raddle: {model} is verified, but {caution}");
    }
}

/// The most alternatives of one choice. Each is at least one execution, and the tree of unexplored branches
/// holds them all.
const MOST_ALTERNATIVES: usize = 65_536;

/// Takes one of `n` alternatives, `0..n`; the engine tries them all, or samples one.
///
/// Under loom, and outside any check, it is 0; a loom check of a model that chooses is inconclusive.
///
/// More than 65,536 alternatives make the check inconclusive: each is at least one execution, so a model
/// should choose among a few representative values.
///
/// # Panics
/// If `n` is 0.
///
/// # Examples
/// ```
/// let report = raddle::Checker::dfs().check(|| assert!(raddle::choose(3) < 3));
/// assert_eq!(report.stats.executions, 3);
/// ```
#[track_caller]
pub fn choose(n: usize) -> usize {
    assert!(n > 0, "there is nothing to choose from");
    match crate::runtime::context::backend() {
        crate::runtime::context::Backend::Model => {
            let what = crate::runtime::thread::Choosing::Model;
            let site = Location::caller();
            crate::runtime::context::session(|session| {
                if n > MOST_ALTERNATIVES {
                    session.give_up_check(format!(
                        "raddle::choose({n}) at {}:{} has more than {MOST_ALTERNATIVES} alternatives: let the \
                         model choose among a few values that stand for all that it treats alike",
                        site.file(),
                        site.line()
                    ));
                }
                session.choose(n as u32, what, site) as usize
            })
        }
        crate::runtime::context::Backend::Loom => {
            if n > 1 {
                loom_limits::meet(Limit::Choice);
            }
            0
        }
        crate::runtime::context::Backend::Native => 0,
    }
}
