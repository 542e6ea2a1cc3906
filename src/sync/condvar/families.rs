//! The commands of loom's condition variable as a family.

use super::*;
use crate::registry::{Family, Seat, offer};

/// The families.
pub(crate) fn families() -> Vec<Family> {
    let bit = |seat: &Seat| [1 << seat.me, 0];
    let offers = [
        offer!(ENQUEUE).args(bit).when(|s| s.hold == 0).then(|_| 1),
        offer!(LEAVE).args(bit).when(|s| s.hold == 1).then(|_| 0),
        offer!(NOTIFY_ONE).args(|s| [ONE[0], s.state & s.state.wrapping_neg()]),
        offer!(NOTIFY_ALL).with(ALL),
    ];
    vec![Family::new("condition variable of loom", 0, offers)]
}
