//! The results are all there, in the order of arrival.
//!
//! A parallel `map` gives each input to a thread, and each thread appends its result to a list:
//!
//! ```text
//!   thread of input 1       thread of input 2       results
//!   compute 10
//!                           compute 20
//!                           append                  [20]
//!   append                                          [20, 10]  ✗ meant was [10, 20]
//! ```
//!
//! The list has its lock and nothing is lost, but the results belong to the wrong inputs as soon as
//! one thread overtakes another. In Python it is `results.append(...)` in threads (an append needs no
//! lock there, which is why it looks right), or `concurrent.futures.as_completed` zipped with the
//! inputs; `Executor.map` and `asyncio.gather` keep the order.
//!
//! The fix is a slot for each input: the result is written to the place of its input, so that the order
//! of arrival does not show.
//!
//! Every engine sees it, and the native one now and then: it needs the second thread to overtake the
//! first, which real inputs of unequal size do all the time. No lock is missing and no data is torn,
//! so a race detector has nothing to say.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "completion-order",
    summary: "a parallel map returns its results in the order in which they arrive",
    variants: &[
        buggy("buggy", || map(|results, _, result| results.push(result)), FailureKind::Panic),
        fixed("slot-per-input", || map(into_its_slot)),
    ],
    source: include_str!("completion_order.rs"),
};

fn map(collect: fn(&mut Vec<u32>, usize, u32)) {
    let results = Arc::new(Mutex::new(Vec::new()));
    let handles = [0, 1].map(|index| {
        let results = Arc::clone(&results);
        thread::spawn(move || {
            let result = 10 * (index as u32 + 1);
            collect(&mut results.lock().expect("no thread panics"), index, result);
        })
    });
    for handle in handles {
        handle.join().expect("computing does not panic");
    }
    assert_eq!(*results.lock().expect("no thread panics"), [10, 20], "a result stands at another's place");
}

fn into_its_slot(results: &mut Vec<u32>, index: usize, result: u32) {
    results.resize(2, 0);
    results[index] = result;
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[mutant(
    "slot-per-input",
    "the slot is the next free one",
    || map(|results, _, result| into_its_slot(results, usize::from(!results.is_empty()), result)),
    FailureKind::Panic,
)];
