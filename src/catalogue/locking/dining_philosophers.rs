//! Three philosophers, three forks, and each takes the left one first.
//!
//! They sit at a round table with a fork between each two (Dijkstra, 1965; in this form by Hoare). A
//! philosopher that wants to eat takes the fork to the left, then the one to the right.
//!
//! ```text
//!   philosopher 0       philosopher 1       philosopher 2
//!   takes fork 0        takes fork 1        takes fork 2
//!   fork 1  ✗ held      fork 2  ✗ held      fork 0  ✗ held
//! ```
//!
//! It is lock-order with a longer cycle of waiting: no two of them disagree about any two forks, and only
//! all of them together close the cycle. So comparing the code of two threads does not find it, and the
//! more philosophers there are, the less often all of them hold a fork at once. In Python the forks are
//! `threading.Lock`s that are taken in `with` statements one inside the other: each file of a set locked
//! together with the next, each node of a ring with its neighbour.
//!
//! *asymmetric*: one of them takes the right fork first, so that no cycle of waiting can close: that
//! is the same as taking the forks by number. *waiter*: a semaphore admits all but one to the table,
//! so that at least one of them can always take both forks.
//!
//! Every engine that chooses its schedules sees it. At random it gets rarer with each
//! philosopher, because all of them must be stopped between two forks, while the exhaustive
//! engine runs only the orders that matter, of which there are few: forks that are not shared
//! may be taken in any order. Native threads eat too quickly.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy_of, fixed_of, joined};
use crate::named;
use crate::sync::{Arc, Mutex, Semaphore};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "dining-philosophers",
    summary: "all take the left fork, and then wait for the right one",
    variants: &[
        buggy_of("buggy", |n| dine(n, left_first), PHILOSOPHERS, FailureKind::Deadlock),
        fixed_of("asymmetric", |n| dine(n, last_takes_right_first), PHILOSOPHERS),
        fixed_of("waiter", |n| dine(n, all_but_one_at_a_time), PHILOSOPHERS),
    ],
    source: include_str!("dining_philosophers.rs"),
};

/// The smallest ring that is more than a pair; the number of schedules grows steeply with it.
const PHILOSOPHERS: usize = 3;

struct Table {
    forks: Vec<Mutex<()>>,
    waiter: Semaphore,
}

/// Main is the last of the philosophers.
fn dine(philosophers: usize, eat: fn(&Table, usize)) {
    dine_with(Semaphore::new(philosophers - 1), philosophers, eat);
}

fn dine_with(waiter: Semaphore, philosophers: usize, eat: fn(&Table, usize)) {
    let forks = named("fork", || (0..philosophers).map(|_| Mutex::new(())).collect());
    let table = Arc::new(Table { forks, waiter });
    let others: Vec<_> = (0..philosophers - 1)
        .map(|seat| {
            let table = Arc::clone(&table);
            thread::spawn(move || eat(&table, seat))
        })
        .collect();
    eat(&table, philosophers - 1);
    others.into_iter().for_each(joined);
}

fn left_first(table: &Table, seat: usize) {
    let _left = table.forks[seat].lock().expect("no thread panics");
    let _right = table.forks[(seat + 1) % table.forks.len()].lock().expect("no thread panics");
}

fn last_takes_right_first(table: &Table, seat: usize) {
    if seat + 1 < table.forks.len() {
        return left_first(table, seat);
    }
    let _right = table.forks[0].lock().expect("no thread panics");
    let _left = table.forks[seat].lock().expect("no thread panics");
}

fn all_but_one_at_a_time(table: &Table, seat: usize) {
    let _seated = table.waiter.permit();
    left_first(table, seat);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "asymmetric",
        "all of them take the right one first",
        || {
            dine(PHILOSOPHERS, |table, seat| {
                let _right = table.forks[(seat + 1) % PHILOSOPHERS].lock().expect("no thread panics");
                let _left = table.forks[seat].lock().expect("no thread panics");
            });
        },
        FailureKind::Deadlock,
    ),
    mutant(
        "waiter",
        "the waiter has a permit for each",
        || dine_with(Semaphore::new(PHILOSOPHERS), PHILOSOPHERS, all_but_one_at_a_time),
        FailureKind::Deadlock,
    ),
];
