//! Freed in the middle of a read.
//!
//! An object counts its owners. Each uses it and then gives it up; the last one frees it:
//!
//! ```text
//!   owner 1                     owner 2
//!   read the object
//!   owners: 2 → 1 (Relaxed)
//!                               owners: 1 → 0 (Relaxed): the last
//!                               free  ✗ not ordered after the read
//! ```
//!
//! The count itself is right, for it is atomic. But a `Relaxed` decrement does not order the
//! accesses that its owner made before it: for the thread that frees the object, the other's
//! last reads may not have happened yet.
//!
//! In Python every object has such a count, and the interpreter lock makes it safe; the free-threaded
//! build has atomic counts and needs these orderings. It is also what a C extension has to get right
//! that shares an object without the lock.
//!
//! The fix is what `std::sync::Arc` does. Each decrement is a `Release`, which publishes what was done before
//! it. The last owner has an `Acquire` fence before it frees, which makes what all the others published
//! happen before the free. A fence and not an `AcqRel` decrement, because only the last one needs it.
//!
//! Raddle's own engines run one step after the other, and still see it: they judge plain data by the
//! orderings that were written, and none orders this read before this free. Loom sees it for the same
//! reason. It is not run on native threads, because their behaviour would be undefined.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::cell::UnsafeCell;
use crate::engine::Kind;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "arc-drop",
    summary: "the last owner frees an object that another's reads are not ordered before",
    variants: &[
        buggy("buggy", || use_and_drop(Ordering::Relaxed, || ()), FailureKind::DataRace)
            .except(&[skip(Kind::Native, "a data race is undefined behaviour, so it is not run for real")]),
        fixed("release-and-acquire-fence", || use_and_drop(Ordering::Release, acquire)),
    ],
    source: include_str!("arc_drop.rs"),
};

struct Counted {
    owners: AtomicUsize,
    /// The object, until it is freed.
    object: UnsafeCell<Option<u32>>,
}

// SAFETY: owners only read, and it is freed by the last one, after all the others gave it up.
unsafe impl Sync for Counted {}

fn acquire() {
    fence(Ordering::Acquire);
}

fn use_and_drop(decrement: Ordering, before_free: fn()) {
    let shared = Arc::new(Counted { owners: AtomicUsize::new(2), object: UnsafeCell::new(Some(7)) });
    let own = move |shared: &Counted| {
        // SAFETY: this thread still owns it, so it is not freed.
        shared.object.with(|object| unsafe { *object });
        if shared.owners.fetch_sub(1, decrement) == 1 {
            before_free();
            // SAFETY: this was the last owner.
            shared.object.with_mut(|object| unsafe { *object = None });
        }
    };
    let other = Arc::clone(&shared);
    let child = thread::spawn(move || own(&other));
    own(&shared);
    child.join().expect("owners do not panic");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "release-and-acquire-fence",
        "there is no fence before the free",
        || use_and_drop(Ordering::Release, || ()),
        FailureKind::DataRace,
    ),
    mutant(
        "release-and-acquire-fence",
        "the decrement is Relaxed",
        || use_and_drop(Ordering::Relaxed, acquire),
        FailureKind::DataRace,
    ),
];
