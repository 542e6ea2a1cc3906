//! For every primitive, a property that the exhaustive engine verifies and a fault that it refutes.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
#![allow(clippy::similar_names, clippy::type_complexity)] // A receiver and what it received; functions.

mod channels;
mod copies;
mod events;
mod futures;
mod monitors;
mod parking_lot;
mod pools;
mod statics;
mod threads;

use std::time::Duration;

use raddle::cell::UnsafeCell;
use raddle::sync::Arc;
use raddle::{Checker, FailureKind};

const SOON: Duration = Duration::from_millis(10);

/// Verifies a model, and finds no failure by sampling and on native threads.
#[track_caller]
fn holds(model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    for checker in [Checker::exhaustive(), Checker::random(50), Checker::native(5)] {
        let model = Arc::clone(&model);
        checker.check(move || model()).expect_no_failure();
    }
    Checker::exhaustive().check(move || model()).expect_verified();
}

/// Refutes a model.
#[track_caller]
fn fails(kind: FailureKind, model: impl Fn() + Send + Sync + 'static) {
    Checker::exhaustive().check(model).expect_failure(kind);
}

/// What happened in at least one execution: one flag for each of two outcomes.
#[derive(Clone, Default)]
struct Seen(Arc<std::sync::Mutex<[bool; 2]>>);

impl Seen {
    fn note(&self, outcome: bool) {
        self.0.lock().unwrap()[usize::from(outcome)] = true;
    }

    #[track_caller]
    fn both(&self) {
        assert_eq!(*self.0.lock().unwrap(), [true, true]);
    }
}

/// Data that a primitive is to protect.
#[derive(Default)]
struct Plain(UnsafeCell<i32>);
// SAFETY: the race detector checks the accesses.
unsafe impl Sync for Plain {}

impl Plain {
    fn set(&self, value: i32) {
        // SAFETY: ordered by the model; a model that does not order it is refuted before this line.
        self.0.with_mut(|n| unsafe { *n = value });
    }

    fn get(&self) -> i32 {
        // SAFETY: as above.
        self.0.with(|n| unsafe { *n })
    }
}
