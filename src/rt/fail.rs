//! Failures that a primitive declares by itself: a release by somebody who does not hold the lock, a
//! resource that nobody gives back. Each arm has its own way to end an execution with a kind.
//!
//! Outside of the Model arm not for destructors: like a panic, it must not begin while the thread is already
//! unwinding.

use std::any::Any;

use crate::engine::native;
use crate::rt::context::{self, Arm};
use crate::rt::quiet;
use crate::rt::session::Cancelled;
use crate::verdict::FailureKind;

/// The payload that carries a declared failure out of loom, and out of a thread of no execution.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

/// The running thread releases what it does not hold.
pub(crate) fn not_owner(message: &str) -> ! {
    declare(FailureKind::NotOwner, message)
}

/// A panic that aborts the process wherever it happens: in a destructor of std's own.
pub(crate) fn aborts(what: &str, payload: Box<dyn Any + Send>) {
    let said = quiet::describe(&*payload).message;
    let message = format!("{what}, which aborts the process: {said}");
    match (context::arm(), context::native_run()) {
        (Arm::Model, _) => context::session(|session| session.fail(FailureKind::Panic, message)),
        (_, Some(run)) => run.fail(FailureKind::Panic, message),
        (..) if !std::thread::panicking() => std::panic::resume_unwind(payload),
        (..) => {}
    }
}

/// A panic with which a task has ended that nobody awaits any more; like that of a thread that nobody joined.
pub(crate) fn unseen(payload: &(dyn Any + Send)) {
    let over = context::in_session(|session| session.execution.borrow().cancelling());
    if over == Some(true) || payload.is::<Cancelled>() {
        return;
    }
    let message = format!("a task panicked and nobody awaited it: {}", quiet::describe(payload).message);
    match (context::arm(), context::native_run()) {
        (Arm::Model, _) => context::session(|session| session.fail(FailureKind::Panic, message)),
        (_, Some(run)) => run.fail(FailureKind::Panic, message),
        (..) => {}
    }
}

/// Something was never given back, and now nobody can.
pub(crate) fn leak(message: &str) -> ! {
    declare(FailureKind::Leak, message)
}

fn declare(kind: FailureKind, message: &str) -> ! {
    match (context::arm(), context::native_run()) {
        (Arm::Model, _) => context::session(|session| session.fail(kind, message.to_owned())),
        (Arm::Native, Some(run)) => native::fail(&run, kind, message.to_owned()),
        (Arm::Loom, _) => std::panic::panic_any(Declared { kind, message: message.to_owned() }),
        (Arm::Native, None) => panic!("{}: {message}", kind.word()),
    }
}

#[cfg(test)]
mod tests {
    use crate::Checker;
    use crate::verdict::FailureKind;

    /// In a child whose result main asks for: the kind must survive the join.
    fn declared_by_a_child(declare: fn(&str) -> !, kind: FailureKind) {
        for checker in [
            Checker::exhaustive(),
            Checker::dfs(),
            Checker::random(1),
            Checker::pct(1, 2),
            Checker::urw(1),
            Checker::loom(),
            Checker::native(1),
        ] {
            let report = checker.check(move || {
                let child = crate::thread::spawn(move || declare("of this message"));
                assert!(child.join().is_ok());
            });
            assert_eq!(report.expect_failure(kind).message(), "of this message");
        }
    }

    #[test]
    fn every_engine_tells_a_release_by_another_from_a_panic() {
        declared_by_a_child(super::not_owner, FailureKind::NotOwner);
    }

    #[test]
    fn every_engine_tells_a_leak_from_a_panic() {
        declared_by_a_child(super::leak, FailureKind::Leak);
    }
}
