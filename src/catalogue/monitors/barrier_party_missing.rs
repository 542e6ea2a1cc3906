//! Waiting for a party that will not come.
//!
//! Two workers load their parts and meet at a barrier before they compute. One of them fails while it
//! loads, and leaves:
//!
//! ```text
//!   worker 1            worker 2
//!   load
//!                       load  ✗ error: return
//!   wait for the other
//!   ✗ for ever
//! ```
//!
//! The error is handled where it happened, and the barrier is not informed. In Python an
//! exception ends a `threading.Thread` before its `barrier.wait()`, and the program hangs with a
//! traceback on the terminal. `threading.Barrier` has `abort()` and a `BrokenBarrierError` for
//! this, and a timeout; Rust's `std::sync::Barrier` has neither.
//!
//! The fix is a barrier that can be *broken*: a party that leaves without having arrived breaks
//! it, in the destructor of a guard, which runs on every way out, and the waits of the others,
//! present or later, return an error.
//!
//! Every engine sees it, native threads too, because it happens under every schedule. The
//! failure is an `Err` that is passed up, not a panic: loom would end the whole model with a
//! child's panic (loom#417). The guard would be dropped by either.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Barrier, Condvar, Mutex, PoisonError};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "barrier-party-missing",
    summary: "a party fails before the barrier, and the others wait for it",
    variants: &[
        buggy("buggy", wait_for_the_missing, FailureKind::Deadlock),
        fixed("broken-barrier", || break_it(Condvar::notify_all, whether_both_came)),
    ],
    source: include_str!("barrier_party_missing.rs"),
};

/// Why a worker gave up.
#[derive(Debug, PartialEq, Eq)]
enum Failed {
    Loading,
    BrokenBarrier,
}

/// The second worker's part cannot be loaded.
fn load(worker: usize) -> Result<(), Failed> {
    if worker == 1 { Err(Failed::Loading) } else { Ok(()) }
}

fn wait_for_the_missing() {
    let barrier = Arc::new(Barrier::new(2));
    let work = |worker: usize, barrier: &Barrier| -> Result<(), Failed> {
        load(worker)?;
        barrier.wait();
        Ok(())
    };
    let other = Arc::clone(&barrier);
    let child = thread::spawn(move || work(1, &other));
    // The results are ignored: the first worker never returns.
    let _ = work(0, &barrier);
    let _ = child.join();
}

/// For two parties and one round: how many have arrived, and whether one never will.
#[derive(Default)]
struct Breakable {
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

/// What a finished wait returns, given how many parties have arrived.
type Told = fn(usize) -> Result<(), Failed>;

fn whether_both_came(here: usize) -> Result<(), Failed> {
    if here == 2 { Ok(()) } else { Err(Failed::BrokenBarrier) }
}

/// A party that has not arrived yet. If it never does, it breaks the barrier.
struct Party<'a> {
    barrier: &'a Breakable,
    notify: fn(&Condvar),
    told: Told,
}

impl Party<'_> {
    fn wait(self) -> Result<(), Failed> {
        let mut state = self.barrier.state.lock().expect("no thread panics");
        state.0 += 1;
        self.barrier.changed.notify_all();
        let waits = |(here, broken): &mut (usize, bool)| *here < 2 && !*broken;
        let (here, _) = *self.barrier.changed.wait_while(state, waits).expect("no thread panics");
        let told = self.told;
        std::mem::forget(self);
        told(here)
    }
}

impl Drop for Party<'_> {
    fn drop(&mut self) {
        // Also dropped by a panic, so a poisoned lock must not stop it.
        self.barrier.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        (self.notify)(&self.barrier.changed);
    }
}

fn break_it(notify: fn(&Condvar), told: Told) {
    let barrier = Arc::new(Breakable::default());
    let work = move |worker: usize, barrier: &Breakable| -> Result<(), Failed> {
        let party = Party { barrier, notify, told };
        load(worker)?;
        party.wait()
    };
    let other = Arc::clone(&barrier);
    let child = thread::spawn(move || work(1, &other));
    let mine = work(0, &barrier);
    let other = child.join().expect("workers do not panic");
    assert_eq!((mine, other), (Err(Failed::BrokenBarrier), Err(Failed::Loading)));
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "broken-barrier",
        "it is broken without telling",
        || break_it(|_| (), whether_both_came),
        FailureKind::Deadlock,
    ),
    mutant(
        "broken-barrier",
        "a broken barrier passes for a full one",
        || break_it(Condvar::notify_all, |_| Ok(())),
        FailureKind::Panic,
    ),
];
