//! `std::sync::atomic`.
//!
//! In the model backend every value is one word, every operation one step, and executions are sequentially
//! consistent; the race detector uses the memory orderings that the program wrote. Under loom they also
//! decide which stale values a load may return.

mod backends;
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

use crate::backend::loom_crate as loom;
use crate::backend::loom_recorder;
use crate::op::Synchronization;
use crate::runtime::context::{self, Backend};

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
    match context::backend() {
        Backend::Native => std::sync::atomic::fence(order),
        Backend::Loom => {
            loom::sync::atomic::fence(order);
            loom_recorder::fence(of_update(order), Location::caller());
        }
        Backend::Model => {
            let site = Location::caller();
            let synchronization = of_update(order);
            context::session(|session| session.fence(synchronization, site));
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

/// What a load with this ordering acquires.
fn of_load(order: Ordering) -> Synchronization {
    match order {
        Ordering::Relaxed => Synchronization::Nothing,
        Ordering::Acquire | Ordering::SeqCst => Synchronization::Acquire,
        _ => panic!("there is no such thing as a load that releases"),
    }
}

/// What a store with this ordering releases.
fn of_store(order: Ordering) -> Synchronization {
    match order {
        Ordering::Relaxed => Synchronization::Nothing,
        Ordering::Release | Ordering::SeqCst => Synchronization::Release,
        _ => panic!("there is no such thing as a store that acquires"),
    }
}

/// What a read-modify-write with this ordering acquires and releases.
fn of_update(order: Ordering) -> Synchronization {
    match order {
        Ordering::Relaxed => Synchronization::Nothing,
        Ordering::Acquire => Synchronization::Acquire,
        Ordering::Release => Synchronization::Release,
        _ => Synchronization::AcqRel,
    }
}

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    commands::families()
}
