//! Runs rows on a few threads of the operating system. Rows are independent of each other, so the results do
//! not depend on which row finishes first, and they are printed in the order in which they were requested.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use indicatif::ProgressBar;

use crate::Checker;
use crate::catalogue::Expected;
use crate::check::config::Environment;
use crate::engine::Kind;
use crate::verification::row::Row;

/// A native sample proves nothing however long it is, and a deadlock takes milliseconds to be detected: 200
/// runs would take half of the time for the whole catalogue.
const NATIVE_RUNS: u64 = 50;

/// The checker of an engine with the command line's settings.
pub(crate) fn checker(kind: Kind, environment: &Environment) -> Checker {
    let mut checker = match kind {
        // How soon a native run fails depends on chance; the number of runs should not.
        Kind::Native => Checker::native(NATIVE_RUNS).stop_on_failure(false),
        kind => Checker::of(kind),
    };
    if let Some(seed) = environment.seed {
        checker = checker.seed(seed);
    }
    if let Some(executions) = environment.max_executions {
        checker = match kind {
            // A larger number of executions is meant for the other engines; natively it would mean hours of
            // waiting for deadlocks.
            Kind::Native => checker.max_executions(executions),
            _ => checker.executions(executions),
        };
    }
    if let Some(limit) = environment.time_limit {
        checker = checker.time_limit(limit);
    }
    checker
}

/// Adds the reports of the rows that are not skipped.
pub(crate) fn all(rows: Vec<Row>, environment: &Environment, progress: &ProgressBar) -> Vec<Row> {
    let jobs = rows.iter().filter(|row| !matches!(row.expected, Expected::Skipped(_))).count();
    let threads =
        environment.workers.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
    let pool = threads.min(jobs).max(1);
    // A single row may use all of them itself.
    let workers = (threads / pool).max(1);
    // Shuttle installs a panic hook once in a process. This is done before other checks run that it could
    // disturb.
    let _ = Checker::random(1).check(|| {});
    let rows: Vec<Mutex<Row>> = rows.into_iter().map(Mutex::new).collect();
    // Loom's rows may take the longest: if one began last, the other workers would idle until it ends.
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

/// A row is locked by the worker that took its number only, so this never blocks, and a panic is caught in
/// [`one`].
fn taken(row: &Mutex<Row>) -> MutexGuard<'_, Row> {
    row.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks one row. A panic of the engine breaks only that row.
fn one(row: &mut Row, checker: &Checker) {
    match catch_unwind(AssertUnwindSafe(|| row.variant.check(row.hazard, checker.clone()))) {
        Ok(report) => row.report = Some(report),
        Err(payload) => row.broken = Some(crate::runtime::panic_hook::describe(&*payload).message),
    }
}
