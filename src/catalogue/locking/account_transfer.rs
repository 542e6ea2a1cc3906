//! Each account locks itself, and a transfer needs two.
//!
//! An account has a reentrant lock, and every method of it takes that lock: `withdraw`, `deposit`,
//! and `transfer`, which withdraws from its own account and deposits into the other. That the lock is
//! reentrant lets `transfer` call `withdraw` on itself. It does not help against another thread:
//!
//! ```text
//!   a.transfer(b)             b.transfer(a)
//!   lock a
//!   a.withdraw: lock a again
//!                             lock b
//!                             b.withdraw: lock b again
//!   b.deposit: lock b  ✗      a.deposit: lock a  ✗
//! ```
//!
//! A reentrant lock cures the deadlock of a thread with itself, and only that one. In Python these are
//! objects with `self._lock = threading.RLock()` that call each other's methods while they hold their own
//! lock. The two locks are never visible on one page: the second is taken inside the other object's method.
//!
//! *by-number* takes both locks before it begins, the lower number first; the methods then only lock
//! again what the thread already has. *ledger* has one lock over all transfers. That is simpler, and
//! slower where many accounts are busy.
//!
//! Every engine that chooses its schedules sees it: one switch between the two locks of one transfer is
//! enough. On native threads that gap is a few instructions long, and a thread has hardly started before
//! the other has finished: 200 native runs do not show it, and neither does a test.

use std::cell::Cell;

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::{Arc, Mutex, ReentrantMutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "account-transfer",
    summary: "two accounts that lock themselves transfer to each other",
    variants: &[
        buggy("buggy", || both_ways(own_lock_first), FailureKind::Deadlock),
        fixed("by-number", || both_ways(lower_number_first)),
        fixed("ledger", || both_ways(under_the_ledger_lock)),
    ],
    source: include_str!("account_transfer.rs"),
};

struct Account(ReentrantMutex<Cell<i64>>);

impl Account {
    fn withdraw(&self) {
        let balance = self.0.lock();
        balance.set(balance.get() - 1);
    }

    fn deposit(&self) {
        let balance = self.0.lock();
        balance.set(balance.get() + 1);
    }

    fn transfer(&self, other: &Account) {
        let _own = self.0.lock();
        self.withdraw();
        other.deposit();
    }
}

struct Bank {
    accounts: [Account; 2],
    ledger: Mutex<()>,
}

fn both_ways(transfer: fn(&Bank, usize, usize)) {
    let accounts = [1, 1].map(|balance| Account(ReentrantMutex::new(Cell::new(balance))));
    let bank = Arc::new(Bank { accounts, ledger: Mutex::new(()) });
    let other = Arc::clone(&bank);
    let child = thread::spawn(move || transfer(&other, 1, 0));
    transfer(&bank, 0, 1);
    joined(child);
    let balances = [0, 1].map(|i: usize| bank.accounts[i].0.lock().get());
    assert_eq!(balances, [1, 1], "money was made or lost");
}

fn own_lock_first(bank: &Bank, from: usize, to: usize) {
    bank.accounts[from].transfer(&bank.accounts[to]);
}

fn lower_number_first(bank: &Bank, from: usize, to: usize) {
    let _first = bank.accounts[from.min(to)].0.lock();
    let _second = bank.accounts[from.max(to)].0.lock();
    bank.accounts[from].transfer(&bank.accounts[to]);
}

fn under_the_ledger_lock(bank: &Bank, from: usize, to: usize) {
    let _alone = bank.ledger.lock().expect("no thread panics");
    bank.accounts[from].transfer(&bank.accounts[to]);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "by-number",
        "both locks are taken first, but one's own before the other's",
        || {
            both_ways(|bank, from, to| {
                let _first = bank.accounts[from].0.lock();
                let _second = bank.accounts[to].0.lock();
                bank.accounts[from].transfer(&bank.accounts[to]);
            });
        },
        FailureKind::Deadlock,
    ),
    mutant(
        "by-number",
        "the balances are read before the locks are taken",
        || {
            both_ways(|bank, from, to| {
                let [source, target] = [from, to].map(|i| bank.accounts[i].0.lock().get());
                let first = bank.accounts[from.min(to)].0.lock();
                let second = bank.accounts[from.max(to)].0.lock();
                let (own, other) = if from < to { (first, second) } else { (second, first) };
                own.set(source - 1);
                other.set(target + 1);
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "ledger",
        "the ledger's lock is released before the transfer",
        || {
            both_ways(|bank, from, to| {
                drop(bank.ledger.lock().expect("no thread panics"));
                bank.accounts[from].transfer(&bank.accounts[to]);
            });
        },
        FailureKind::Deadlock,
    ),
];
