//! The commands of the locks as families.

use super::*;
use crate::registry::{Family, Seat, Step, offer};

/// What a writer holds while it waits for the readers; after that it holds the bit of the state.
const TURN: u64 = 20;
/// Added to what a reader holds while it stays behind a writer.
const BEHINDS: u64 = 40;

/// The families.
pub(crate) fn families() -> Vec<Family> {
    let bit = |seat: &Seat| [1 << seat.me, 0];
    let poison = [offer!(IS_POISONED), offer!(CLEAR_POISON)];
    let mut mutex = vec![
        offer!(LOCK).when(|s| s.hold == 0).then(|_| 1),
        offer!(TRY_LOCK).then(|step| if step.before & HELD == 0 { 1 } else { step.hold }),
        offer!(POISON).when(|s| s.hold == 1),
        offer!(UNLOCK).when(|s| s.hold == 1).then(|_| 0),
    ];
    mutex.extend(poison);
    // A reader holds the number of its reads.
    let reads = |step: &Step| {
        let enters = step.after != step.before;
        step.hold + if enters { 1 } else { BEHINDS }
    };
    let writes_or_waits = |step: &Step| if writer_enters(step.before) { WRITER } else { TURN };
    let reader = |s: &Seat| s.hold < 2;
    let tries = |step: &Step| step.hold + u64::from(step.after != step.before);
    let writer = |s: &Seat| s.hold == WRITER;
    let mut rwlock = vec![
        offer!(READ).when(reader).then(reads),
        offer!(READ).with([0, BEHIND]).when(reader).then(reads),
        offer!(READ_BEHIND)
            .when(|s| s.hold >= BEHINDS && s.hold < WRITER)
            .then(|step| step.hold - BEHINDS + 1),
        offer!(TRY_READ).when(reader).then(tries),
        offer!(TRY_READ).with([0, BEHIND]).when(reader).then(tries),
        offer!(READ_UNLOCK).when(|s| s.hold > 0 && s.hold < TURN).then(|step| step.hold - 1),
        offer!(WRITE).when(|s| s.hold == 0).then(writes_or_waits),
        offer!(WRITE_AFTER).when(|s| s.hold == TURN).then(|_| WRITER),
        offer!(TRY_WRITE)
            .when(reader)
            .then(|step| if writer_enters(step.before) { WRITER } else { step.hold }),
        offer!(POISON).when(writer),
        offer!(WRITE_UNLOCK).when(writer).then(|_| 0),
        offer!(DOWNGRADE).when(writer).then(|_| 1),
    ];
    rwlock.extend(poison);
    // A waiter is in the set until it is notified or leaves.
    let condvar = vec![
        offer!(ENQUEUE).args(bit).when(|s| s.hold == 0).then(|_| 1),
        offer!(LEAVE).args(bit).when(|s| s.hold == 1).then(|_| 0),
        offer!(WAKE_ONE).args(|s| [NOTIFY_ONE, s.state & s.state.wrapping_neg()]),
        offer!(WAKE_ONE).args(|s| [NOTIFY_ONE, if s.state == 0 { 0 } else { 1 << s.state.ilog2() }]),
        offer!(WAKE_ALL).with(ALL),
    ];
    let barrier = |parties: u64| {
        Family::new(
            format!("barrier for {parties}"),
            0,
            [
                offer!(ARRIVE)
                    .with([parties, 0])
                    .when(|s| s.hold == 0)
                    .then(|step| if last_to_arrive(step.before, step.args[0]) { 0 } else { step.before + 1 }),
                offer!(PASS).args(|s| [s.hold - 1, 0]).when(|s| s.hold > 0).then(|_| 0),
            ],
        )
    };
    let begins = |step: &Step| {
        let runs = step.after == once::RUNNING && step.before != once::RUNNING;
        if runs { 1 } else { step.hold }
    };
    let once = vec![
        offer!(BEGIN_ONCE).when(|s| s.hold == 0).then(begins),
        offer!(BEGIN_ONCE).with([1, 0]).when(|s| s.hold == 0).then(begins),
        offer!(END_ONCE).with([once::DONE, 0]).when(|s| s.hold == 1).then(|_| 0),
        offer!(END_ONCE).with([once::POISONED, 0]).when(|s| s.hold == 1).then(|_| 0),
        offer!(WAIT_ONCE),
        offer!(WAIT_ONCE).with([1, 0]),
        offer!(IS_DONE),
    ];
    vec![
        Family::new("mutex", 0, mutex),
        Family::new("rwlock", 0, rwlock),
        Family::new("condition variable", 0, condvar),
        barrier(2),
        barrier(3),
        Family::new("once", once::NEW, once),
    ]
}
