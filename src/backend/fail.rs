//! Failures that a primitive declares: a release of a lock that the thread does not hold, a resource that no
//! thread releases. Each backend ends an execution with a failure kind in its own way.
//!
//! Outside the model backend these must not be called in destructors: like a panic, they must not begin while
//! the thread is already unwinding.

use std::any::Any;

use crate::backend::native;
use crate::failure::FailureKind;
use crate::runtime::context::{self, Backend};
use crate::runtime::panic_hook;
use crate::runtime::session::Cancelled;

/// The payload that carries a declared failure out of loom, and out of a thread outside any execution.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

/// Declares that the running thread releases a lock that it does not hold.
pub(crate) fn not_owner(message: &str) -> ! {
    declare(FailureKind::NotOwner, message)
}

/// Reports a panic that aborts the process in production because it starts in a destructor that std calls.
pub(crate) fn aborts(what: &str, payload: Box<dyn Any + Send>) {
    let said = panic_hook::describe(&*payload).message;
    let message = format!("{what}, which aborts the process: {said}");
    match (context::backend(), native::current_run()) {
        (Backend::Model, _) => context::session(|session| session.fail(FailureKind::Panic, message)),
        (_, Some(run)) => run.fail(FailureKind::Panic, message),
        (..) if !std::thread::panicking() => std::panic::resume_unwind(payload),
        (..) => {}
    }
}

/// Reports the panic of a task that is no longer awaited, like that of a thread that was not joined.
pub(crate) fn unseen(payload: &(dyn Any + Send)) {
    let over = context::in_session(|session| session.execution.borrow().cancelling());
    if over == Some(true) || payload.is::<Cancelled>() {
        return;
    }
    let message = format!("a task panicked and was not awaited: {}", panic_hook::describe(payload).message);
    match (context::backend(), native::current_run()) {
        (Backend::Model, _) => context::session(|session| session.fail(FailureKind::Panic, message)),
        (_, Some(run)) => run.fail(FailureKind::Panic, message),
        (..) => {}
    }
}

/// Declares that a resource was never released and no longer can be.
pub(crate) fn leak(message: &str) -> ! {
    declare(FailureKind::Leak, message)
}

fn declare(kind: FailureKind, message: &str) -> ! {
    match (context::backend(), native::current_run()) {
        (Backend::Model, _) => context::session(|session| session.fail(kind, message.to_owned())),
        (Backend::Native, Some(run)) => native::fail(&run, kind, message.to_owned()),
        (Backend::Loom, _) => std::panic::panic_any(Declared { kind, message: message.to_owned() }),
        (Backend::Native, None) => panic!("{}: {message}", kind.word()),
    }
}

#[cfg(test)]
mod tests {
    use crate::Checker;
    use crate::failure::FailureKind;

    /// The failure is declared in a child that main joins: its kind must survive the join.
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
