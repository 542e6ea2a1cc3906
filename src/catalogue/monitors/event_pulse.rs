//! An event that is over before it is seen.
//!
//! To let all waiting threads go on once, a thread calls `event.set()` and then `event.clear()`:
//!
//! ```text
//!   waiter              pulser
//!                       set
//!                       clear
//!   set? no: wait  ✗ for ever
//! ```
//!
//! An event is a state, not a record of what has happened. A thread that is not waiting between the
//! two calls sees an event that was never set, and even a waiting one may be woken too late to see
//! it. In Python it is `threading.Event` (or `asyncio.Event`) used as a bell; Windows had
//! `PulseEvent` for it, whose documentation says not to use it.
//!
//! *left-set* does not clear it: a late waiter still sees it. Where it has to ring more than once,
//! *generation* counts: a waiter reads the number beforehand, and waits until it differs. A number that
//! has gone up stays up, so it does not matter how late the waiter checks.
//!
//! Every engine sees it, and native threads nearly always: a thread takes longer to start than the
//! pulse does. Put a `sleep` before the pulse and the bug hides again, which is how it gets into
//! programs.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "event-pulse",
    summary: "an event is set and cleared again before the waiter looks",
    variants: &[
        buggy("buggy", || ring(&[Event::set, Event::clear]), FailureKind::Deadlock),
        fixed("left-set", || ring(&[Event::set])),
        fixed("generation", || ring_by_number(Ticket::BeforeTheBell)),
    ],
    source: include_str!("event_pulse.rs"),
};

/// Python's `threading.Event`.
struct Event {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    fn set(&self) {
        *self.is_set.lock().expect("no thread panics") = true;
        self.changed.notify_all();
    }

    fn clear(&self) {
        *self.is_set.lock().expect("no thread panics") = false;
    }

    fn wait(&self) {
        let is_set = self.is_set.lock().expect("no thread panics");
        drop(self.changed.wait_while(is_set, |is_set| !*is_set).expect("no thread panics"));
    }
}

fn ring(bell: &[fn(&Event)]) {
    let event = Arc::new(Event { is_set: Mutex::new(false), changed: Condvar::new() });
    let other = Arc::clone(&event);
    let waiter = thread::spawn(move || other.wait());
    for act in bell {
        act(&event);
    }
    waiter.join().expect("waiting does not panic");
}

/// When a waiter reads the number that it compares with.
#[derive(Clone, Copy)]
enum Ticket {
    BeforeTheBell,
    #[cfg(test)]
    OnArrival,
}

fn ring_by_number(ticket: Ticket) {
    let bell = Arc::new((Mutex::new(0_u32), Condvar::new()));
    let known = match ticket {
        Ticket::BeforeTheBell => Some(*bell.0.lock().expect("no thread panics")),
        #[cfg(test)]
        Ticket::OnArrival => None,
    };
    let other = Arc::clone(&bell);
    let waiter = thread::spawn(move || {
        let number = other.0.lock().expect("no thread panics");
        let known = known.unwrap_or(*number);
        drop(other.1.wait_while(number, |number| *number == known).expect("no thread panics"));
    });
    *bell.0.lock().expect("no thread panics") += 1;
    bell.1.notify_all();
    waiter.join().expect("waiting does not panic");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("left-set", "it is cleared", || ring(&[Event::set, Event::clear]), FailureKind::Deadlock),
    mutant(
        "generation",
        "the waiter notes the number when it arrives",
        || ring_by_number(Ticket::OnArrival),
        FailureKind::Deadlock,
    ),
];
