//! Given up, and done all the same.
//!
//! A client waits for a payment's result, times out and tries again. But giving up *waiting*
//! does not give up the *work*:
//!
//! ```text
//!   client                      worker
//!   result(timeout)? not yet
//!                               pay
//!   try again: pay  ✗ paid twice
//! ```
//!
//! In Python it is `future.result(timeout=1)` with a retry around it: `TimeoutError` says that there is no
//! result yet, and nothing about the job, which is still in the pool. `subprocess`, HTTP clients and
//! database drivers have the same.
//!
//! *cancel* cancels the job before the client tries again, by a compare-exchange on its state: it
//! is either cancelled, and the worker will not begin it, or begun, and then the client has to wait
//! for it after all. *idempotent* gives the payment a number, and the executing side keeps a list
//! of the numbers that are done: repeating one of them has no effect. Between two machines, with no
//! shared state for a compare-exchange, this is the only way.
//! it is the only way.
//!
//! Every engine sees it, the native one now and then: the client's check need only come before the
//! result. The timeout is zero, which makes the check a single step: the schedule decides at which moment
//! it happens, so that loom, whose waits never time out, sees it as well.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::pool::Promise;
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Arc, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "abandoned-result",
    summary: "result(timeout) gives up, the work goes on, and the retry does it twice",
    variants: &[
        buggy("buggy", || pay_with_patience(just_retry, always_pay), FailureKind::Panic),
        fixed("cancel", || pay_with_patience(cancel_first, always_pay)),
        fixed("idempotent", || pay_with_patience(just_retry, pay_once)),
    ],
    source: include_str!("abandoned_result.rs"),
};

const PENDING: u8 = 0;
const CANCELLED: u8 = 1;
const RUNNING: u8 = 2;

struct Payment {
    state: AtomicU8,
    done: Promise<()>,
    /// The numbers of the payments that were made, in their order.
    bank: Mutex<Vec<u32>>,
    pay: fn(&mut Vec<u32>, u32),
}

/// The number of the one payment that is to be made.
const NUMBER: u32 = 1;

impl Payment {
    fn execute(&self) {
        (self.pay)(&mut self.bank.lock().expect("no thread panics"), NUMBER);
    }

    /// Takes the state from pending to another, if it still is.
    fn leave_pending(&self, to: u8) -> bool {
        self.state.compare_exchange(PENDING, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

fn pay_with_patience(retry: fn(&Payment), pay: fn(&mut Vec<u32>, u32)) {
    let (state, bank) = (AtomicU8::new(PENDING), Mutex::new(Vec::new()));
    let payment = Arc::new(Payment { state, done: Promise::new(), bank, pay });
    let other = Arc::clone(&payment);
    let worker = thread::spawn(move || {
        if other.leave_pending(RUNNING) {
            other.execute();
            other.done.set(());
        }
    });
    if payment.done.try_result().is_none() {
        retry(&payment);
    }
    worker.join().expect("no thread panics");
    assert_eq!(*payment.bank.lock().expect("no thread panics"), [NUMBER], "not paid once");
}

fn just_retry(payment: &Payment) {
    payment.execute();
}

fn cancel_first(payment: &Payment) {
    if payment.leave_pending(CANCELLED) {
        payment.execute();
    } else {
        payment.done.result();
    }
}

fn always_pay(bank: &mut Vec<u32>, number: u32) {
    bank.push(number);
}

fn pay_once(bank: &mut Vec<u32>, number: u32) {
    if !bank.contains(&number) {
        bank.push(number);
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "cancel",
        "it does not look whether it was in time",
        || {
            pay_with_patience(
                |payment| {
                    payment.leave_pending(CANCELLED);
                    payment.execute();
                },
                always_pay,
            );
        },
        FailureKind::Panic,
    ),
    mutant(
        "idempotent",
        "the bank does not look at the number",
        || pay_with_patience(just_retry, always_pay),
        FailureKind::Panic,
    ),
];
