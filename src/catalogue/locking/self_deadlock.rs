//! A method that holds the lock calls another that takes it.
//!
//! `add` takes the lock and adds one. The number between two additions must not be visible, so
//! `add_two` takes the lock too, and calls `add` twice:
//!
//! ```text
//!   add_two: lock
//!     add:   lock  ✗ held, by this very thread
//! ```
//!
//! No second thread is needed. In Python it is a `threading.Lock` in a class with methods that call each
//! other, often after a piece of a method was moved into a method of its own, or in a `__del__` or a
//! signal handler that runs in the middle of a locked region. A test of `add` alone passes, and so does
//! one of `add_two` if the call is on a path that is seldom taken.
//!
//! *reentrant* takes a lock that its owner may take again, `threading.RLock`. *unlocked-inner* divides
//! each method: a public one that locks, and an inner one that expects the lock to be held and takes what
//! the lock protects as an argument. The second is the better one where it is possible: the inner method
//! cannot be called without the lock, and no method runs in the middle of another's change.
//!
//! Every engine sees it, native threads too, under every schedule. Another thread reads the number
//! meanwhile, so that a fix by leaving the outer lock out would not pass.

use std::cell::Cell;

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::{Arc, Mutex, ReentrantMutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "self-deadlock",
    summary: "a method that holds a lock calls another that takes it",
    variants: &[
        buggy("buggy", || two_at_a_time(plain::add_two), FailureKind::Deadlock),
        fixed("reentrant", || two_at_a_time(reentrant::add_two)),
        fixed("unlocked-inner", || two_at_a_time(inner::add_two)),
    ],
    source: include_str!("self_deadlock.rs"),
};

/// What can be read while another thread adds.
trait Number: Send + Sync {
    fn new() -> Self;
    fn get(&self) -> u32;
}

fn two_at_a_time<N: Number + 'static>(add_two: fn(&N)) {
    let number = Arc::new(N::new());
    let other = Arc::clone(&number);
    let child = thread::spawn(move || add_two(&other));
    assert_eq!(number.get() % 2, 0, "another thread saw the number in between");
    joined(child);
}

type Plain = Mutex<u32>;

impl Number for Plain {
    fn new() -> Self {
        Mutex::new(0)
    }

    fn get(&self) -> u32 {
        *self.lock().expect("no thread panics")
    }
}

type Reentrant = ReentrantMutex<Cell<u32>>;

impl Number for Reentrant {
    fn new() -> Self {
        ReentrantMutex::new(Cell::new(0))
    }

    fn get(&self) -> u32 {
        self.lock().get()
    }
}

mod plain {
    use super::Plain;

    pub(super) fn add(number: &Plain) {
        *number.lock().expect("no thread panics") += 1;
    }

    pub(super) fn add_two(number: &Plain) {
        let _held = number.lock().expect("no thread panics");
        add(number);
        add(number);
    }
}

mod reentrant {
    use super::Reentrant;

    pub(super) fn add(number: &Reentrant) {
        let number = number.lock();
        number.set(number.get() + 1);
    }

    pub(super) fn add_two(number: &Reentrant) {
        let _held = number.lock();
        add(number);
        add(number);
    }
}

mod inner {
    use super::Plain;

    fn add(number: &mut u32) {
        *number += 1;
    }

    pub(super) fn add_two(number: &Plain) {
        let mut number = number.lock().expect("no thread panics");
        add(&mut number);
        add(&mut number);
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "reentrant",
        "the outer method does not lock",
        || {
            two_at_a_time(|number: &Reentrant| {
                reentrant::add(number);
                reentrant::add(number);
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "unlocked-inner",
        "the first inner call takes the lock after all",
        || {
            two_at_a_time(|number: &Plain| {
                let mut held = number.lock().expect("no thread panics");
                plain::add(number);
                *held += 1;
            });
        },
        FailureKind::Deadlock,
    ),
];
