//! Two locks, two threads, two orders.
//!
//! ```text
//!   thread 1            thread 2
//!   lock a
//!                       lock b
//!   lock b  ✗ held      lock a  ✗ held
//! ```
//!
//! Each thread holds the lock that the other waits for, and neither releases it. In Python it is
//! two `threading.Lock`s in two `with` statements nested in opposite orders, in two methods that
//! were written by two people. It needs both to be inside at once, so it shows itself under
//! load, in production, as a process that does nothing.
//!
//! A deadlock needs four conditions (Coffman, Elphick and Shoshani, 1971), and each fix removes one.
//! *Circular wait*: *ordered* takes the lower-numbered lock first, so that no cycle of waiting can close.
//! *No preemption*, that a lock is never taken away from its holder: in *back-off* one side only tries
//! the second lock and, if that fails, releases the first one. *Hold and wait*: *both-at-once* takes the
//! two under one outer lock, so that no thread holds one while it waits for the other. *Mutual
//! exclusion*: *no-lock* keeps both values in one atomic word, and there is nothing to hold.
//!
//! Every engine that chooses its schedules sees it. Native threads do not here: a transfer takes less
//! time than a thread takes to start. Loom cannot check *back-off*, because its `try_lock` never reports
//! a lock as held (loom#376), so no thread ever has to back off there.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy_of, fixed, fixed_of, skip};
use crate::engine::Kind;
use crate::named;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "lock-order",
    summary: "two threads take two locks in opposite orders",
    variants: &[
        buggy_of("buggy", |n| transfer_round(n, opposite_orders), ACCOUNTS, FailureKind::Deadlock),
        fixed_of("ordered", |n| transfer_round(n, by_number), ACCOUNTS),
        fixed("back-off", || transfer_both_ways(back_off))
            .except(&[skip(Kind::Loom, "loom#376: its try_lock never sees that a lock is held")]),
        fixed("both-at-once", both_at_once),
        fixed("no-lock", no_lock),
    ],
    source: include_str!("lock_order.rs"),
};

/// The fewest accounts with two opposite transfers. More of them make a longer cycle.
const ACCOUNTS: usize = 2;

/// The accounts, each with its lock.
type Accounts = Vec<Mutex<i64>>;

fn open(accounts: usize) -> Accounts {
    named("account", || (0..accounts).map(|_| Mutex::new(1)).collect())
}

/// Each account transfers to the next, and the last one to the first; main runs the first one's transfer.
fn transfer_round(n: usize, transfer: fn(&Accounts, usize, usize)) {
    let accounts = Arc::new(open(n));
    let others: Vec<_> = (1..n)
        .map(|from| {
            let accounts = Arc::clone(&accounts);
            thread::spawn(move || transfer(&accounts, from, (from + 1) % n))
        })
        .collect();
    transfer(&accounts, 0, 1);
    for other in others {
        other.join().expect("transfers do not panic");
    }
    nothing_is_lost(&accounts);
}

fn transfer_both_ways(transfer: fn(&Accounts, usize, usize)) {
    transfer_round(ACCOUNTS, transfer);
}

/// Every account has given as much as it received.
fn nothing_is_lost(accounts: &Accounts) {
    let balances = accounts.iter().map(|balance| *balance.lock().expect("no thread panics"));
    assert!(balances.into_iter().all(|balance| balance == 1), "money was made or lost");
}

fn opposite_orders(accounts: &Accounts, from: usize, to: usize) {
    let mut source = accounts[from].lock().expect("no thread panics");
    let mut target = accounts[to].lock().expect("no thread panics");
    *source -= 1;
    *target += 1;
}

fn by_number(accounts: &Accounts, from: usize, to: usize) {
    let mut first = accounts[from.min(to)].lock().expect("no thread panics");
    let mut second = accounts[from.max(to)].lock().expect("no thread panics");
    let amount = if from < to { 1 } else { -1 };
    *first -= amount;
    *second += amount;
}

/// Only one of the two backs off: if both did, they could do so for ever.
fn back_off(accounts: &Accounts, from: usize, to: usize) {
    if from < to {
        return opposite_orders(accounts, from, to);
    }
    loop {
        let mut source = accounts[from].lock().expect("no thread panics");
        if let Ok(mut target) = accounts[to].try_lock() {
            *source -= 1;
            *target += 1;
            return;
        }
        drop(source);
        // Blocks until the other is done, holding nothing.
        drop(accounts[to].lock().expect("no thread panics"));
    }
}

fn both_at_once() {
    both_behind(|door| Some(door.lock().expect("no thread panics")));
}

fn both_behind(alone: for<'a> fn(&'a Mutex<()>) -> Option<MutexGuard<'a, ()>>) {
    let door = Arc::new((Mutex::new(()), open(ACCOUNTS)));
    let transfer = move |door: &(Mutex<()>, Accounts), from: usize, to: usize| {
        let (mut source, mut target) = {
            let _alone = alone(&door.0);
            (door.1[from].lock().expect("no thread panics"), door.1[to].lock().expect("no thread panics"))
        };
        *source -= 1;
        *target += 1;
    };
    let other = Arc::clone(&door);
    let child = thread::spawn(move || transfer(&other, 1, 0));
    transfer(&door, 0, 1);
    child.join().expect("transfers do not panic");
    nothing_is_lost(&door.1);
}

fn no_lock() {
    in_one_word(|balances, give, take| {
        let mut before = balances.load(Ordering::SeqCst);
        while let Err(now) =
            balances.compare_exchange(before, before - give + take, Ordering::SeqCst, Ordering::SeqCst)
        {
            before = now;
        }
    });
}

/// Each balance in one half of a word.
fn in_one_word(transfer: fn(&AtomicU64, u64, u64)) {
    let balances = Arc::new(AtomicU64::new(1 << 32 | 1));
    let other = Arc::clone(&balances);
    let child = thread::spawn(move || transfer(&other, 1 << 32, 1));
    transfer(&balances, 1, 1 << 32);
    child.join().expect("transfers do not panic");
    assert_eq!(balances.load(Ordering::SeqCst), 1 << 32 | 1, "money was made or lost");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "ordered",
        "each begins with its own account",
        || transfer_both_ways(opposite_orders),
        FailureKind::Deadlock,
    ),
    mutant(
        "ordered",
        "the balances are read before the locks are taken",
        || {
            transfer_both_ways(|accounts, from, to| {
                let [source, target] = [from, to].map(|i| *accounts[i].lock().expect("no thread panics"));
                let mut first = accounts[from.min(to)].lock().expect("no thread panics");
                let mut second = accounts[from.max(to)].lock().expect("no thread panics");
                let (own, other) =
                    if from < to { (&mut first, &mut second) } else { (&mut second, &mut first) };
                (**own, **other) = (source - 1, target + 1);
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "back-off",
        "the first lock is kept while waiting for the second",
        || {
            transfer_both_ways(|accounts, from, to| {
                let source = accounts[from].lock().expect("no thread panics");
                if accounts[to].try_lock().is_err() {
                    drop(accounts[to].lock().expect("no thread panics"));
                }
                drop(source);
            });
        },
        FailureKind::Deadlock,
    ),
    mutant("both-at-once", "without the outer lock", || both_behind(|_| None), FailureKind::Deadlock),
    mutant(
        "no-lock",
        "a store for the compare-exchange",
        || {
            in_one_word(|balances, give, take| {
                let before = balances.load(Ordering::SeqCst);
                balances.store(before - give + take, Ordering::SeqCst);
            });
        },
        FailureKind::Panic,
    ),
];
