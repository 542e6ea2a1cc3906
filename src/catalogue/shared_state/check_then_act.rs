//! To look whether a door is open, and then to go in.
//!
//! The first of several threads is to lead, for good; the others find the place taken and go on.
//! Each checks first, and acts on what it saw:
//!
//! ```text
//!   thread 1                    thread 2
//!   lock.locked() → False
//!                               lock.locked() → False
//!   lock.acquire()
//!   leads                       lock.acquire()  ✗ waits for ever
//! ```
//!
//! The result of the check may be outdated by the time of the action. In Python it is `if not
//! lock.locked(): lock.acquire()`, and also `if not os.path.exists(p): os.mkdir(p)`, `if key not
//! in cache: cache[key] = ...`, `if queue.empty()`. How it fails depends on the second step. If
//! it blocks, as in *waits-for-ever*, a thread that was never meant to wait does, here without
//! end because the leader does not step down. If it does not block, as in *two-inside*, where
//! the lock is a plain flag, both go in.
//!
//! The fix asks and takes in one step: `lock.acquire(blocking=False)` in Python, `try_lock`
//! elsewhere, `O_EXCL` for files, `dict.setdefault` for a dictionary. Its answer says what has
//! been done, not what might be done, and cannot be outdated.
//!
//! Every engine that chooses its schedules sees it, by one switch between the check and the
//! action. Native threads would have to be switched in the same few instructions, and 200 native
//! runs show nothing.

use crate::FailureKind;
use crate::catalogue::locks::Lock;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "check-then-act",
    summary: "two threads see a lock free before either takes it",
    variants: &[
        buggy("two-inside", || who_leads(looks_then_sets), FailureKind::Panic),
        buggy("waits-for-ever", || who_leads(looks_then_waits), FailureKind::Deadlock),
        fixed("try-lock", || who_leads(tries)),
    ],
    source: include_str!("check_then_act.rs"),
};

struct Place {
    lock: Lock,
    /// The same over a plain flag.
    taken: AtomicBool,
}

fn who_leads(takes: fn(&Place) -> bool) {
    let place = Place { lock: Lock::new(), taken: AtomicBool::new(false) };
    let shared = Arc::new((place, AtomicUsize::new(0)));
    let come = move |(place, leaders): &(Place, AtomicUsize)| {
        if takes(place) {
            assert_eq!(leaders.fetch_add(1, Ordering::SeqCst), 0, "two lead");
        }
    };
    let other = Arc::clone(&shared);
    let child = thread::spawn(move || come(&other));
    come(&shared);
    joined(child);
    assert_eq!(shared.1.load(Ordering::SeqCst), 1, "no thread leads");
}

fn looks_then_sets(place: &Place) -> bool {
    if place.taken.load(Ordering::SeqCst) {
        return false;
    }
    place.taken.store(true, Ordering::SeqCst);
    true
}

fn looks_then_waits(place: &Place) -> bool {
    if place.lock.locked() {
        return false;
    }
    place.lock.acquire();
    true
}

fn tries(place: &Place) -> bool {
    place.lock.try_acquire()
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "try-lock",
        "the answer is not looked at, and two lead",
        || {
            who_leads(|place| {
                place.lock.try_acquire();
                true
            });
        },
        FailureKind::Panic,
    ),
    mutant(
        "try-lock",
        "it asks twice and heeds the second answer, and no thread leads",
        || {
            who_leads(|place| {
                place.lock.try_acquire();
                place.lock.try_acquire()
            });
        },
        FailureKind::Panic,
    ),
];
