//! A reference count that is not counted in one step.
//!
//! An object is freed by the last owner that drops its reference, as the count shows. Two owners drop
//! theirs at once. In *never-freed* each reads the count, subtracts and writes it back; in
//! *freed-twice* the subtraction is one step, but each then reads again to see whether it was the
//! last:
//!
//! ```text
//!   never-freed                       freed-twice
//!   owner 1           owner 2         owner 1            owner 2
//!   count → 2                         count -= 1 (→ 1)
//!                     count → 2                          count -= 1 (→ 0)
//!   count = 1                         count → 0  free
//!                     count = 1                          count → 0  free
//!   neither is the last: leaked       both were the last
//! ```
//!
//! Python keeps such a count in every object, and `ob_refcnt -= 1` is plain C. It is right because
//! the interpreter lock is held meanwhile; a C extension that drops a reference without holding that
//! lock gets one of the two failures above. The free-threaded Python has to count atomically. Those
//! are the two fixes. *interpreter-lock* leaves the plain code as it is and lets one thread run it
//! at a time. *atomic* uses the value that one atomic subtraction returns, so exactly one owner
//! reads 1.
//!
//! *atomic* needs one thing more: the others' last uses of the object must come before it is freed. Their
//! subtractions are Release, and an Acquire fence before the free orders them; see arc-drop.
//!
//! Every engine that chooses its schedules sees the bugs; on native threads the two owners hardly ever
//! drop their references within the same few instructions, which is why such a count survives its tests.
//! A missing Acquire or Release is seen by loom, and by the race detector that raddle's own engines
//! share.

use crate::FailureKind;
use crate::backend::fail;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::cell::UnsafeCell;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::sync::{Arc, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "reference-count",
    summary: "two owners let go of an object whose count is not kept in one step",
    variants: &[
        buggy("freed-twice", || two_owners(subtracts_and_looks_again), FailureKind::Panic),
        buggy("never-freed", || two_owners(reads_and_writes), FailureKind::Leak),
        fixed("interpreter-lock", || two_owners(under_the_interpreter_lock)),
        fixed("atomic", || two_owners(subtracts_atomically)),
    ],
    source: include_str!("reference_count.rs"),
};

struct Object {
    count: AtomicUsize,
    interpreter_lock: Mutex<()>,
    freed: AtomicBool,
    /// What the owners share and the last of them tears down.
    data: UnsafeCell<u32>,
}

// SAFETY: `data` is read by owners and written by the thread that frees the object, the last owner. Where
// that does not hold, the race detector reports it, which is the purpose of the model.
unsafe impl Sync for Object {}

fn two_owners(lets_go: fn(&Object) -> bool) {
    let object = Arc::new(Object {
        count: AtomicUsize::new(2),
        interpreter_lock: Mutex::new(()),
        freed: AtomicBool::new(false),
        data: UnsafeCell::new(7),
    });
    let own = move |object: &Object| {
        // SAFETY: this owner still has its reference, so the object is not freed.
        object.data.with(|data| unsafe { *data });
        if lets_go(object) {
            assert!(!object.freed.swap(true, Ordering::Relaxed), "freed twice");
            // SAFETY: the last owner has exclusive access to the object.
            object.data.with_mut(|data| unsafe { *data = 0 });
        }
    };
    let other = Arc::clone(&object);
    let child = thread::spawn(move || own(&other));
    own(&object);
    joined(child);
    if !object.freed.load(Ordering::Relaxed) {
        fail::leak("both owners have let go, and the object was never freed");
    }
}

fn subtracts_and_looks_again(object: &Object) -> bool {
    object.count.fetch_sub(1, Ordering::SeqCst);
    object.count.load(Ordering::SeqCst) == 0
}

fn reads_and_writes(object: &Object) -> bool {
    let left = object.count.load(Ordering::SeqCst) - 1;
    object.count.store(left, Ordering::SeqCst);
    left == 0
}

fn under_the_interpreter_lock(object: &Object) -> bool {
    let _held = object.interpreter_lock.lock().expect("no thread panics");
    reads_and_writes(object)
}

fn subtracts_atomically(object: &Object) -> bool {
    let last = object.count.fetch_sub(1, Ordering::Release) == 1;
    if last {
        fence(Ordering::Acquire);
    }
    last
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "interpreter-lock",
        "the lock is given up between the read and the write",
        || {
            two_owners(|object| {
                let held = object.interpreter_lock.lock().expect("no thread panics");
                let left = object.count.load(Ordering::SeqCst) - 1;
                drop(held);
                let _held = object.interpreter_lock.lock().expect("no thread panics");
                object.count.store(left, Ordering::SeqCst);
                left == 0
            });
        },
        FailureKind::Leak,
    ),
    mutant(
        "atomic",
        "the last owner has no Acquire fence",
        || two_owners(|object| object.count.fetch_sub(1, Ordering::Release) == 1),
        FailureKind::DataRace,
    ),
    mutant(
        "atomic",
        "the subtraction is Relaxed",
        || {
            two_owners(|object| {
                let last = object.count.fetch_sub(1, Ordering::Relaxed) == 1;
                fence(Ordering::Acquire);
                last
            });
        },
        FailureKind::DataRace,
    ),
];
