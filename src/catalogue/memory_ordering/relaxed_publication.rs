//! The flag has arrived and the data has not.
//!
//! One thread writes a result and then raises a flag. Another sees the flag and reads the result:
//!
//! ```text
//!   writer                      reader
//!   data = 42
//!   ready = true (Relaxed)
//!                               ready? yes (Relaxed)
//!                               read data  ✗ not ordered after the write
//! ```
//!
//! In the order in which the lines were executed all is well. But a `Relaxed` store does not order what
//! was written before it: compiler and processor may let the flag overtake the data, and on ARM they do.
//! The two accesses to the data are then a *data race*, which is undefined behaviour.
//!
//! In Python the interpreter lock keeps pure Python code from it. It occurs in C extensions that release
//! that lock, in two processes that share a `multiprocessing.shared_memory` block with a ready byte, and
//! it is what the free-threaded build of Python has to get right inside.
//!
//! The fix is to store with `Release` and to load with `Acquire`: all writes before the store happen
//! before what follows a load that reads it. It takes both: either one alone orders nothing.
//!
//! Raddle's own engines run one step after the other, and still see it: they judge plain data by
//! the orderings that were written. Loom sees it too. It is not run on native threads, because
//! their behaviour would be undefined.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::cell::UnsafeCell;
use crate::engine::Kind;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "relaxed-publication",
    summary: "data is written, then announced by a flag that orders nothing",
    variants: &[
        buggy("buggy", || synchronization(Ordering::Relaxed, Ordering::Relaxed), FailureKind::DataRace)
            .except(&[skip(Kind::Native, "a data race is undefined behaviour, so it is not run for real")]),
        fixed("release-acquire", || synchronization(Ordering::Release, Ordering::Acquire)),
    ],
    source: include_str!("relaxed_publication.rs"),
};

struct Shared {
    data: UnsafeCell<u32>,
    ready: AtomicBool,
}

// SAFETY: the data is read only after the flag was seen, which is raised after it was written.
unsafe impl Sync for Shared {}

fn synchronization(store: Ordering, load: Ordering) {
    let shared = Arc::new(Shared { data: UnsafeCell::new(0), ready: AtomicBool::new(false) });
    let other = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        // SAFETY: no thread reads it before the flag is up.
        other.data.with_mut(|data| unsafe { *data = 42 });
        other.ready.store(true, store);
    });
    if shared.ready.load(load) {
        // SAFETY: the flag is up, so no thread writes it any more.
        shared.data.with(|data| unsafe { *data });
    }
    writer.join().expect("writing does not panic");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "release-acquire",
        "the store is Relaxed",
        || synchronization(Ordering::Relaxed, Ordering::Acquire),
        FailureKind::DataRace,
    ),
    mutant(
        "release-acquire",
        "the load is Relaxed",
        || synchronization(Ordering::Release, Ordering::Relaxed),
        FailureKind::DataRace,
    ),
];
