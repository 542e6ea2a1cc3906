//! Made once, and seen half made.
//!
//! A costly value is made when it is first asked for. To avoid the lock afterwards, a flag is
//! checked before the lock is taken, and again under it:
//!
//! ```text
//!   thread 1                        thread 2
//!   done? no
//!   lock, done? no
//!   value = 7, done = true
//!   unlock
//!                                   done? yes (Relaxed)
//!                                   read value  ✗ not ordered after the write
//! ```
//!
//! The second check is ordered by the lock. The first one is not: it skips the lock, and with it the only
//! thing that ordered the value's write before this read. It was the standard way to make a singleton in
//! Java and C++ for years (and "is broken" by a well-known declaration).
//!
//! In Python it is `if _cache is None: with lock: if _cache is None: ...`, which the interpreter lock
//! makes right; `functools.cached_property` dropped its lock in 3.12. In C and Rust it needs its ordering.
//!
//! *acquire* makes the first check an `Acquire` load, paired with a `Release` store of the flag.
//! *once-lock* is the same thing from the library, which is what one should write.
//!
//! Raddle's own engines run one step after the other, and still see it: they judge plain data by the
//! orderings that were written, and a Relaxed load orders nothing. Loom sees it for the same reason. It
//! is not run on native threads, because their behaviour would be undefined.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, skip};
use crate::cell::UnsafeCell;
use crate::engine::Kind;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, OnceLock};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "double-checked-init",
    summary: "a flag that is looked at without the lock does not bring the value along",
    variants: &[
        buggy("buggy", || by_hand(Ordering::Relaxed, Ordering::Release), FailureKind::DataRace)
            .except(&[skip(Kind::Native, "a data race is undefined behaviour, so it is not run for real")]),
        fixed("acquire", || by_hand(Ordering::Acquire, Ordering::Release)),
        fixed("once-lock", || with_once_lock(|cell| _ = cell.get_or_init(|| 7))),
    ],
    source: include_str!("double_checked_init.rs"),
};

struct Lazy {
    done: AtomicBool,
    making: Mutex<()>,
    value: UnsafeCell<u32>,
}

// SAFETY: the value is written once, under the lock, and read after the flag was seen.
unsafe impl Sync for Lazy {}

fn by_hand(first_look: Ordering, store: Ordering) {
    let (done, making) = (AtomicBool::new(false), Mutex::new(()));
    let lazy = Arc::new(Lazy { done, making, value: UnsafeCell::new(0) });
    let get = move |lazy: &Lazy| {
        if !lazy.done.load(first_look) {
            let _making = lazy.making.lock().expect("no thread panics");
            if !lazy.done.load(Ordering::Relaxed) {
                // SAFETY: it is not done, and the lock excludes the other threads.
                lazy.value.with_mut(|value| unsafe { *value = 7 });
                lazy.done.store(true, store);
            }
        }
        // SAFETY: it is done, and it is written once.
        lazy.value.with(|value| unsafe { *value });
    };
    let other = Arc::clone(&lazy);
    let child = thread::spawn(move || get(&other));
    get(&lazy);
    child.join().expect("getting does not panic");
}

fn with_once_lock(get: fn(&OnceLock<u32>)) {
    let cell = Arc::new(OnceLock::new());
    let other = Arc::clone(&cell);
    let child = thread::spawn(move || get(&other));
    get(&cell);
    child.join().expect("it is set once");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "acquire",
        "the flag is stored Relaxed",
        || by_hand(Ordering::Acquire, Ordering::Relaxed),
        FailureKind::DataRace,
    ),
    mutant(
        "once-lock",
        "look, then set",
        || {
            with_once_lock(|cell| {
                if cell.get().is_none() {
                    cell.set(7).expect("it is not set");
                }
            });
        },
        FailureKind::Panic,
    ),
];
