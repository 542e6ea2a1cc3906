//! Woken because there was an item, and there is none.
//!
//! A consumer that finds the shelf empty waits. When it is woken it takes the item, without looking
//! again, for it was woken because there is one:
//!
//! ```text
//!   consumer            producer            third thread
//!   shelf empty: wait
//!                       put, signal
//!                                           take
//!   woken: take  ✗ empty
//! ```
//!
//! Between the signal and the moment when the consumer is back inside the lock, any other thread may enter.
//! In Python it is `if not items: cond.wait()` followed by `items.pop()`: an `IndexError` under load.
//!
//! Whether `if` is right depends on the monitor's discipline. In a *Mesa* monitor, which Python's
//! `threading.Condition` and nearly every other is, a signal is a hint, and the woken thread has to queue
//! for the lock again: so it must check again, which is the fix *while*. In a *Hoare* monitor the
//! signaller hands the monitor over to the woken thread, no other thread can enter in between, and `if`
//! is right: *hoare* is the same model with the same `if` under the other discipline. Both are a page of
//! code (`support/monitor.rs`) without spurious wakeups, so that the thief is the only possible cause.
//!
//! Every engine that chooses its schedules sees it: the thief has to enter between the signal and
//! the waiter's return. Natively the three threads hardly ever interleave. A race detector
//! reports nothing, because everything is done under the lock.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::joined;
use crate::catalogue::support::monitor::{Discipline, Inside, Monitor};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::Arc;
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "mesa-if",
    summary: "a woken consumer does not look again, and a third thread was there first",
    variants: &[
        buggy("buggy", || consume(Discipline::Mesa, wait_if_empty), FailureKind::Panic),
        fixed("while", || consume(Discipline::Mesa, wait_while_empty)),
        fixed("hoare", || consume(Discipline::Hoare, wait_if_empty)),
    ],
    source: include_str!("mesa_if.rs"),
};

/// Two items, one for the consumer and one for the thief, so that both threads end.
fn consume(discipline: Discipline, wait: fn(&mut Inside<'_, u32>)) {
    let shelf = Arc::new(Monitor::new(discipline, 0));
    let consumer = Arc::clone(&shelf);
    let consumer = thread::spawn(move || {
        let mut shelf = consumer.enter();
        wait(&mut shelf);
        assert!(*shelf.data() > 0, "woken, and there is nothing");
        *shelf.data() -= 1;
    });
    let thief = Arc::clone(&shelf);
    let thief = thread::spawn(move || {
        let mut shelf = thief.enter();
        *shelf.data() = shelf.data().saturating_sub(1);
    });
    for _ in 0..2 {
        let mut shelf = shelf.enter();
        *shelf.data() += 1;
        shelf.signal();
    }
    joined(consumer);
    joined(thief);
}

fn wait_if_empty(shelf: &mut Inside<'_, u32>) {
    if *shelf.data() == 0 {
        shelf.wait();
    }
}

fn wait_while_empty(shelf: &mut Inside<'_, u32>) {
    while *shelf.data() == 0 {
        shelf.wait();
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("while", "`while` becomes `if`", || consume(Discipline::Mesa, wait_if_empty), FailureKind::Panic),
    mutant(
        "hoare",
        "the signaller keeps the monitor",
        || consume(Discipline::Mesa, wait_if_empty),
        FailureKind::Panic,
    ),
];
