//! The exhaustive engine runs one execution of every trace, no more and no less.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.

#[path = "common/programs.rs"]
mod programs;

use programs::*;
use raddle::{Checker, Stats};

/// Explores to the end, with the budgets at 0 and every round of every loop, as the counts in
/// the literature do.
fn explore(model: impl Fn() + Send + Sync + 'static) -> Stats {
    let report = Checker::exhaustive()
        .stop_on_failure(false)
        .spin_assume(false)
        .spurious_wakeups(0)
        .weak_failures(0)
        .timeouts(0)
        .fruitless_yields(0)
        .check(model);
    assert!(!matches!(report.verdict, raddle::Verdict::Inconclusive(_)), "{report}");
    assert_eq!(report.stats.redundant, 0, "{report}");
    report.stats
}

/// A program, and the executions that it has at each size.
macro_rules! counts {
    ($($(#[$attribute:meta])* $name:ident: $program:path, $($n:expr => $executions:expr),+;)*) => { $(
        #[test]
        $(#[$attribute])*
        fn $name() {
            $( assert_eq!(explore(|| $program($n)).executions, $executions, "{}({})", stringify!($program), $n); )+
        }
    )* };
}

counts! {
    readers_has_a_trace_for_each_set_that_reads_early: readers, 2 => 4, 8 => 256, 13 => 8192;
    lastzero_has_its_published_counts: lastzero, 5 => 64, 10 => 3328;
    indexer_has_its_published_counts: indexer, 12 => 8, 15 => 4096;
    filesystem_has_its_published_counts: filesystem, 14 => 2, 16 => 8, 18 => 32, 19 => 64;
    increments_of_two_steps: inc, 2 => 4, 3 => 36, 4 => 576;
    increments_under_a_lock_have_one_trace_per_order: lockinc, 3 => 6, 4 => 24, 5 => 120, 7 => 5040;
    failed_compare_exchanges_are_reads: cas, 2 => 2, 5 => 5, 9 => 9;
    compare_exchanges_beside_a_store: wcas, 2 => 5, 3 => 13, 4 => 33, 9 => 2305;
    store_buffering_has_three_traces: store_buffering, 2 => 3;
}

#[test]
fn treibers_stack_of_two_has_46_traces() {
    assert_eq!(explore(|| treiber(2)).executions, 46);
}

#[test]
#[ignore = "long without optimisation; CI runs it in release"]
fn treibers_stack_of_three_has_as_many_traces_as_nidhugg_counts() {
    assert_eq!(explore(|| treiber(3)).executions, 68_892);
}

#[test]
#[ignore = "long without optimisation; CI runs it in release"]
fn lastzero_of_fifteen_has_its_published_count() {
    assert_eq!(explore(|| lastzero(15)).executions, 147_456);
}

#[test]
fn the_ring_of_locks_has_one_deadlock() {
    for (n, executions) in [(2, 3), (3, 7), (4, 15)] {
        let stats = explore(move || ring(n));
        assert_eq!((stats.executions, stats.failures), (executions, 1), "ring({n})");
    }
}

#[test]
fn a_lost_wakeup_is_lost_in_the_published_number_of_traces() {
    for (n, executions, deadlocks) in [(1, 3, 1), (2, 15, 8), (3, 133, 81)] {
        let stats = explore(move || lost_wakeup(n));
        assert_eq!((stats.executions, stats.failures), (executions, deadlocks), "lost_wakeup({n})");
    }
}

#[test]
fn the_litmus_tests_have_their_published_counts() {
    assert_eq!(explore(message_passing).executions, 3);
    assert_eq!(explore(load_buffering).executions, 3);
    assert_eq!(explore(two_plus_two_writes).executions, 3);
    assert_eq!(explore(iriw).executions, 15);
}

#[test]
fn petersons_lock_has_twelve_traces_when_reads_that_lead_to_a_yield_count() {
    // For each order of the two writes to `turn`, the thread that wrote first reads in three ways (the
    // flag is down; both are up; up, and it waits once) and the other in two (it waits once, or not at
    // all). Four would be left if the reads of a round that ends in a yield were dropped, as with an
    // `await` of both variables at once, which the programs do not have.
    assert_eq!(explore(peterson).executions, 12);
}
