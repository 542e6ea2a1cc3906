//! The commands of monitors as families.

use super::*;
use crate::registry::{Family, Seat, offer};

/// The families.
pub(crate) fn families() -> Vec<Family> {
    // What a thread holds: 0 for nothing, 1 inside, 2 and more while it waits for a condition, 10 and more
    // while a signal of its waits for the monitor to come back: by condition and whether it was handed over.
    let both = |discipline: &str, hoare: u64| {
        let mut offers = vec![
            offer!(ENTER).when(|s| s.hold == 0).then(|_| 1),
            offer!(LEAVE).when(|s| s.hold == 1).then(|_| 0),
        ];
        for c in [0, 1] {
            let inside = |s: &Seat| s.hold == 1;
            offers.extend([
                offer!(WAIT).with([c, 0]).when(inside).then(|step| 2 + step.args[0]),
                offer!(RESUME).with([c, hoare]).when(|s| s.hold == 2 + s.fixed[0]).then(|_| 1),
                offer!(RESUME_UNWOUND).with([c, hoare]).when(|s| s.hold == 2 + s.fixed[0]).then(|_| 1),
            ]);
            if hoare == 1 {
                offers.extend([
                    offer!(HAND_OVER)
                        .with([c, 0])
                        .when(inside)
                        .then(|step| 10 + 2 * step.args[0] + u64::from(hears(step.before, step.args[0]))),
                    offer!(TAKE_BACK)
                        .args(|s| [s.fixed[0], s.hold & 1])
                        .with([c, 0])
                        .when(|s| s.hold & !1 == 10 + 2 * s.fixed[0])
                        .then(|_| 1),
                ]);
            } else {
                offers.extend([
                    offer!(NOTIFY).with([c, 0]).when(inside),
                    offer!(NOTIFY_ALL).with([c, 0]).when(inside),
                ]);
            }
        }
        Family::new(format!("monitor after {discipline}"), 0, offers)
    };
    vec![both("Mesa", 0), both("Hoare", 1)]
}
