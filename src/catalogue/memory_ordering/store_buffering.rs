//! Both knock, and neither hears the other.
//!
//! Each thread announces itself and then looks for the other. At least one of them must see the
//! other, one would think, whatever the order of the four steps:
//!
//! ```text
//!   thread 1                    thread 2
//!   x = 1 (in its buffer)
//!                               y = 1 (in its buffer)
//!   y? 0                                               both are in
//!                               x? 0                   ✗
//!   (x = 1 arrives)
//!                               (y = 1 arrives)
//! ```
//!
//! A processor puts its stores into a buffer and executes later loads before they have arrived, every x86
//! does. `Release` and `Acquire` do not forbid it: they order what was before a store with what comes
//! after a load, and here it is the store that must come before the load. Dekker's and Peterson's locks
//! rest on these four steps. In Python the interpreter lock hides it from pure Python code; an
//! implementation of Peterson's lock over `multiprocessing.shared_memory`, or in C, has it.
//!
//! The fix is a sequentially consistent fence between the store and the load, in both threads: the fences
//! have one order, and the thread with the second fence sees the other's store.
//!
//! **Only loom sees it**, and native threads once in a long while, because they have such buffers;
//! 200 runs of them do not show it. Raddle's own engines are sequentially consistent: each step
//! takes effect before the next one, so no execution of theirs has both reads 0, and they verify the
//! buggy variant. There is no plain data in it either that a race detector could judge. That is the
//! limit of their verdict, which they print as an assumption; it is why the catalogue is run under
//! both. Loom does not support `SeqCst` stores and loads (it takes them for `AcqRel`, loom#180) but
//! it does support fences, which is why the fix uses those.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Exception, Expected, Hazard, buggy, expect, fixed};
use crate::engine::Kind;
use crate::named;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::thread;

/// The sequentially consistent engines find nothing, by design.
const SEQUENTIALLY_CONSISTENT: &[Exception] = &[
    expect(Kind::Exhaustive, Expected::Verified),
    expect(Kind::Dfs, Expected::Verified),
    expect(Kind::Random, Expected::Verified),
    expect(Kind::Pct, Expected::Verified),
    expect(Kind::Urw, Expected::Verified),
];

pub(crate) const HAZARD: Hazard = Hazard {
    name: "store-buffering",
    summary: "each thread announces itself and looks for the other: neither sees the other",
    variants: &[
        buggy("buggy", || knock(|| (), || ()), FailureKind::Panic).except(SEQUENTIALLY_CONSISTENT),
        fixed("seqcst-fences", || knock(full_fence, full_fence)),
    ],
    source: include_str!("store_buffering.rs"),
};

fn full_fence() {
    fence(Ordering::SeqCst);
}

fn knock(first: fn(), second: fn()) {
    let flags = Arc::new(["x", "y"].map(|name| named(name, || AtomicBool::new(false))));
    let enter = |flags: &[AtomicBool; 2], me: usize, between: fn()| {
        flags[me].store(true, Ordering::Release);
        between();
        !flags[1 - me].load(Ordering::Acquire)
    };
    let other = Arc::clone(&flags);
    let child = thread::spawn(move || enter(&other, 1, second));
    let i_am_in = enter(&flags, 0, first);
    let child_is_in = child.join().expect("entering does not panic");
    assert!(!(i_am_in && child_is_in), "both are in");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("seqcst-fences", "one fence is missing", || knock(full_fence, || ()), FailureKind::Panic)
        .under(Kind::Loom),
    mutant(
        "seqcst-fences",
        "one fence is AcqRel",
        || knock(|| fence(Ordering::AcqRel), full_fence),
        FailureKind::Panic,
    )
    .under(Kind::Loom),
];
