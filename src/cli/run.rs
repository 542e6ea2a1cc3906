//! Runs rows on a few threads of the operating system. Rows know nothing of each other, so the results
//! are the same whatever finishes first, and they stand in the order in which they came.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use indicatif::ProgressBar;

use crate::Checker;
use crate::catalogue::Expected;
use crate::config::Environment;
use crate::engine::Kind;
use crate::report::row::Row;

/// A native sample proves nothing however long it is, and a deadlock takes milliseconds to be noticed: half
/// of the time for the catalogue would go there with 200.
const NATIVE_RUNS: u64 = 50;

/// The checker of an engine as the command line uses it.
pub(crate) fn checker(kind: Kind, environment: &Environment) -> Checker {
    let mut checker = match kind {
        // How soon a native run fails is chance; how often it was run need not be.
        Kind::Native => Checker::native(NATIVE_RUNS).stop_on_failure(false),
        kind => Checker::of(kind),
    };
    if let Some(seed) = environment.seed {
        checker = checker.seed(seed);
    }
    if let Some(executions) = environment.max_executions {
        checker = match kind {
            // Whoever wants more of the others does not want hours of deadlocks that are waited for.
            Kind::Native => checker.max_executions(executions),
            _ => checker.executions(executions),
        };
    }
    if let Some(limit) = environment.time_limit {
        checker = checker.time_limit(limit);
    }
    checker
}

/// Fills in the reports of the rows that are not skipped.
pub(crate) fn all(rows: Vec<Row>, environment: &Environment, progress: &ProgressBar) -> Vec<Row> {
    let jobs = rows.iter().filter(|row| !matches!(row.expected, Expected::Skipped(_))).count();
    let threads =
        environment.workers.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
    let pool = threads.min(jobs).max(1);
    // A lone row may use them all itself.
    let workers = (threads / pool).max(1);
    // Shuttle installs a panic hook once in a process. That is done before others can be disturbed.
    let _ = Checker::random(1).check(|| {});
    let rows: Vec<Mutex<Row>> = rows.into_iter().map(Mutex::new).collect();
    // Loom's rows may take the longest: were one the last to begin, the others would wait for it.
    let (loom, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| taken(row).engine == Kind::Loom);
    let order = [loom, others].concat();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(row) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut row = taken(row);
            if !matches!(row.expected, Expected::Skipped(_)) {
                progress.set_message(row.hazard.name);
                let checker = checker(row.engine, environment).workers(workers);
                one(&mut row, &checker);
            }
            progress.inc(1);
        }
    };
    thread::scope(|scope| {
        for _ in 1..pool {
            scope.spawn(work);
        }
        work();
    });
    progress.finish_and_clear();
    rows.into_iter().map(|row| row.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// A row belongs to whoever took its number, so nobody ever waits here, and a fault is kept in [`one`].
fn taken(row: &Mutex<Row>) -> MutexGuard<'_, Row> {
    row.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks one row. A fault of the engine is kept to its row.
fn one(row: &mut Row, checker: &Checker) {
    match catch_unwind(AssertUnwindSafe(|| row.variant.check(row.hazard, checker.clone()))) {
        Ok(report) => row.report = Some(report),
        Err(payload) => row.broken = Some(crate::rt::quiet::describe(&*payload).message),
    }
}
