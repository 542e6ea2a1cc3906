//! More permits come back than were given out.
//!
//! A semaphore guards a pool of two connections. One user releases its permit in the function
//! and again in the caller's `finally`; or, as here, releases one before ever acquiring any.
//! From then on there are three permits for two connections:
//!
//! ```text
//!   user 1                 user 2          user 3
//!   release  (3 permits)
//!   acquire                acquire         acquire
//!   uses one               uses one        ✗ there is none left
//! ```
//!
//! A plain semaphore does not store how many permits there should be: it begins with a number and counts
//! up and down from there. The mistake shows long after it was made, under load, somewhere else. In
//! Python it is `threading.Semaphore` or `asyncio.Semaphore`.
//!
//! *bounded* stores how many there were: `threading.BoundedSemaphore` raises `ValueError: Semaphore
//! released too many times`, and its documentation gives the reason: "if this doesn't hold, it's a
//! sign of a bug". Note its limit: it detects the mistake only when no permit is taken. A stray
//! release while others are inside passes for one of theirs. A guard that releases what it
//! acquired, and only that, has no such gap; see permit-leak.
//!
//! Every engine that chooses its schedules sees the bug; natively three users are never inside at once,
//! because their visits are so short. Loom has no semaphore: as a mutex with a condition variable the fix
//! has more schedules than it can run here, whereas for the exhaustive engine each `acquire` is one step.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined, skip};
use crate::engine::Kind;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, BoundedSemaphore, Semaphore};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "over-release",
    summary: "a release without an acquire lets too many in",
    variants: &[
        buggy("buggy", plain, FailureKind::Panic),
        fixed("bounded", bounded).except(&[skip(
            Kind::Loom,
            "too many schedules: loom has no semaphore, and as a mutex with a condition variable it has more \
             than 100,000 executions, where raddle has 510",
        )]),
    ],
    source: include_str!("over_release.rs"),
};

/// More than one, so that it is no mutex; three users are then the fewest that exceed the limit.
const CONNECTIONS: usize = 2;

/// Main is the user with the stray release, which comes first.
fn users<S: Send + Sync + 'static>(permits: S, uses: fn(&S, &AtomicUsize), too_much: fn(&S)) {
    too_much(&permits);
    let pool = Arc::new((permits, AtomicUsize::new(0)));
    let others = [(); CONNECTIONS].map(|()| {
        let pool = Arc::clone(&pool);
        thread::spawn(move || uses(&pool.0, &pool.1))
    });
    uses(&pool.0, &pool.1);
    others.into_iter().for_each(joined);
}

fn takes_one(in_use: &AtomicUsize) {
    assert!(in_use.fetch_add(1, Ordering::SeqCst) < CONNECTIONS, "more users than connections");
    in_use.fetch_sub(1, Ordering::SeqCst);
}

fn plain() {
    let uses = |permits: &Semaphore, in_use: &AtomicUsize| {
        permits.acquire();
        takes_one(in_use);
        permits.release();
    };
    users(Semaphore::new(CONNECTIONS), uses, Semaphore::release);
}

fn bounded() {
    // Refused with an error; the number of permits is unchanged.
    let too_much = |permits: &BoundedSemaphore| {
        let _ = permits.release();
    };
    users(BoundedSemaphore::new(CONNECTIONS), uses_bounded, too_much);
}

fn uses_bounded(permits: &BoundedSemaphore, in_use: &AtomicUsize) {
    permits.acquire();
    takes_one(in_use);
    permits.release().expect("what was taken is released");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[mutant(
    "bounded",
    "the stray release comes while another thread is inside",
    || {
        let uses = |permits: &BoundedSemaphore, in_use: &AtomicUsize| {
            let _ = permits.release();
            uses_bounded(permits, in_use);
        };
        users(BoundedSemaphore::new(CONNECTIONS), uses, |_| {});
    },
    FailureKind::Panic,
)];
