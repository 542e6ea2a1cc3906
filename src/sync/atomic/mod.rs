//! `std::sync::atomic`.
//!
//! In the Model arm every value is one word, every operation one step, and executions are
//! sequentially consistent; the orderings that the program wrote decide what the race detector
//! takes for ordered. Under loom they also decide which stale values a load may see.

mod arms;
mod commands;
mod macros;
mod pointer;
mod values;
mod word;

use std::panic::Location;

pub use std::sync::atomic::{Ordering, compiler_fence};

pub use pointer::AtomicPtr;
pub use values::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize,
};

use crate::op::Publish;
use crate::rt::context::{self, Arm};
use crate::rt::witness;

/// A memory fence; see [`std::sync::atomic::fence`].
///
/// # Panics
/// If the order is `Relaxed`, as std's.
///
/// # Examples
/// ```
/// use raddle::sync::atomic::{Ordering, fence};
/// raddle::Checker::dfs().check(|| fence(Ordering::SeqCst)).expect_verified();
/// ```
#[track_caller]
pub fn fence(order: Ordering) {
    assert!(order != Ordering::Relaxed, "there is no such thing as a relaxed fence");
    match context::arm() {
        Arm::Native => std::sync::atomic::fence(order),
        Arm::Loom => {
            loom::sync::atomic::fence(order);
            witness::fence(of_update(order), Location::caller());
        }
        Arm::Model => {
            let site = Location::caller();
            let publish = of_update(order);
            context::session(|session| session.fence(publish, site));
        }
    }
}

/// See [`crate::hint::spin_loop`].
///
/// # Examples
/// ```
/// # #![allow(deprecated)]
/// raddle::sync::atomic::spin_loop_hint();
/// ```
#[deprecated(note = "use `hint::spin_loop`, as with std's")]
#[expect(clippy::inline_always, reason = "its frame is no part of the caller's local state")]
#[inline(always)]
#[track_caller]
pub fn spin_loop_hint() {
    crate::hint::spin_loop();
}

/// What a load of this order sees.
fn of_load(order: Ordering) -> Publish {
    match order {
        Ordering::Relaxed => Publish::Nothing,
        Ordering::Acquire | Ordering::SeqCst => Publish::Acquire,
        _ => panic!("there is no such thing as a load that releases"),
    }
}

/// What a store of this order publishes.
fn of_store(order: Ordering) -> Publish {
    match order {
        Ordering::Relaxed => Publish::Nothing,
        Ordering::Release | Ordering::SeqCst => Publish::Release,
        _ => panic!("there is no such thing as a store that acquires"),
    }
}

/// What a read-modify-write of this order sees and publishes.
fn of_update(order: Ordering) -> Publish {
    match order {
        Ordering::Relaxed => Publish::Nothing,
        Ordering::Acquire => Publish::Acquire,
        Ordering::Release => Publish::Release,
        _ => Publish::AcqRel,
    }
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    commands::families()
}
