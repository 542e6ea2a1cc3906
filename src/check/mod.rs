//! Checking a model: engine and settings in, [`Report`](crate::Report) out.
//!
//! [`checker`] is the public builder; [`watch`] starts a check on a thread of its own and notices when the
//! model hangs; [`run`] is the one loop that all engines share; [`together`] shares one search among
//! several; [`tally`] counts what is seen; [`failing`] makes counterexamples of failures.

mod checker;
mod failing;
mod run;
mod tally;
mod together;
mod watch;

use std::panic::Location;
use std::sync::Arc;

pub use checker::Checker;

use crate::config::Environment;
use crate::engine::Kind;
use crate::verdict::Verdict;

/// A model as all engines take it.
pub(crate) type Model = Arc<dyn Fn() + Send + Sync>;

/// Checks a model with the exhaustive engine, or with loom under `--cfg loom`, and panics with the
/// rendered counterexample unless it is verified. Made for `#[test]`.
///
/// `RADDLE_ENGINE`, `RADDLE_SEED`, `RADDLE_MAX_EXECUTIONS`, `RADDLE_TIME_LIMIT` and `RADDLE_WORKERS`
/// override what it does; `RADDLE_REPLAY=<token>` shows one failure again.
///
/// # Panics
/// If the model is refuted, if the check is inconclusive, or if an environment variable is not valid.
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
    let checker = match &environment.replay {
        Some(token) => match Checker::replay(token) {
            Ok(checker) => checker,
            Err(error) => panic!("raddle: RADDLE_REPLAY: {error}"),
        },
        None => {
            Checker::of(environment.engine.unwrap_or(if cfg!(loom) { Kind::Loom } else { Kind::Exhaustive }))
        }
    };
    let mut checker = match environment.max_executions {
        Some(executions) => checker.executions(executions),
        None => checker,
    };
    environment.apply(&mut checker.settings);
    let report = checker.check(model);
    if let Some(dir) = &environment.report_dir
        && !matches!(report.verdict, Verdict::Verified)
        && let Err(error) = crate::report::save(&report, dir)
    {
        panic!("raddle: RADDLE_REPORT_DIR={}: {error}\n{report}", dir.display());
    }
    let concludes = environment.engine.is_none_or(|kind| kind.engine().concludes);
    if matches!(report.verdict, Verdict::Inconclusive(_)) && (environment.replay.is_some() || !concludes) {
        // Somebody asked for a sample, or to see one failure, and there was none to see.
        return;
    }
    assert!(matches!(report.verdict, Verdict::Verified), "{report}");
}

/// Takes one of `n` alternatives, `0..n`; the engine tries them all, or samples one.
///
/// Under loom, and outside of any check, it is 0.
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
    match crate::rt::context::arm() {
        crate::rt::context::Arm::Model => {
            let n = u32::try_from(n).unwrap_or(u32::MAX);
            let what = crate::rt::thread::Choosing::Model;
            let site = Location::caller();
            crate::rt::context::session(|session| session.choose(n, what, site) as usize)
        }
        _ => 0,
    }
}
