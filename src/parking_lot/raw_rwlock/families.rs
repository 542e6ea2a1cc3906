//! The commands of `parking_lot`'s reader-writer lock as a family.

use super::*;
use crate::registry::{Family, Seat, Step, offer};

/// The families.
pub(crate) fn families() -> Vec<Family> {
    // A thread holds the number of its reads, or one of these.
    const UPGRADES: u64 = 20;
    const WRITES: u64 = 30;
    /// It has claimed the lock: from nothing, or from the upgradable one.
    const WAITS: [u64; 2] = [41, 42];
    /// Its timeout has fired while it waited.
    const LATE: [u64; 2] = [51, 52];
    let reads = |step: &Step| step.hold + u64::from(step.after != step.before);
    let reader = |s: &Seat| s.hold < 2;
    let free = |s: &Seat| s.hold == 0;
    let upgradable = |s: &Seat| s.hold == UPGRADES;
    let claims = |step: &Step| match step.hold {
        hold if step.after == step.before => hold,
        _ if no_readers(step.before) => WRITES,
        0 => WAITS[0],
        _ => WAITS[1],
    };
    let waits = |s: &Seat| WAITS.contains(&s.hold);
    let upgrades = |step: &Step| if step.after == step.before { step.hold } else { UPGRADES };
    let offers = [
        offer!(READ).when(reader).then(reads),
        offer!(TRY_READ).when(reader).then(reads),
        offer!(READ_AGAIN).when(reader).then(reads),
        offer!(TRY_READ_AGAIN).when(reader).then(reads),
        offer!(READ_UNLOCK).when(|s| s.hold > 0 && s.hold < UPGRADES).then(|step| step.hold - 1),
        offer!(UPGRADABLE_READ).when(free).then(upgrades),
        offer!(TRY_UPGRADABLE_READ).when(free).then(upgrades),
        offer!(UPGRADABLE_UNLOCK).when(upgradable).then(|_| 0),
        offer!(CLAIM).when(free).then(claims),
        offer!(TRY_CLAIM).when(free).then(claims),
        offer!(CLAIM_UPGRADE).when(upgradable).then(claims),
        offer!(DRAIN).when(waits).then(|_| WRITES),
        offer!(TRY_DRAIN)
            .when(waits)
            .then(|step| if no_readers(step.before) { WRITES } else { step.hold + 10 }),
        offer!(UNCLAIM).when(|s| s.hold == LATE[0]).then(|_| 0),
        offer!(UNCLAIM_UPGRADE).when(|s| s.hold == LATE[1]).then(|_| UPGRADES),
        offer!(TRY_WRITE)
            .when(reader)
            .then(|step| if step.after == step.before { step.hold } else { WRITES }),
        offer!(TRY_UPGRADE)
            .when(upgradable)
            .then(|step| if step.after == step.before { step.hold } else { WRITES }),
        offer!(WRITE_UNLOCK).when(|s| s.hold == WRITES).then(|_| 0),
        offer!(DOWNGRADE).when(|s| s.hold == WRITES).then(|_| 1),
        offer!(DOWNGRADE_TO_UPGRADABLE).when(|s| s.hold == WRITES).then(|_| UPGRADES),
        offer!(DOWNGRADE_UPGRADABLE).when(upgradable).then(|_| 1),
        offer!(LOOK),
    ];
    vec![Family::new("rwlock of parking_lot", 0, offers)]
}
