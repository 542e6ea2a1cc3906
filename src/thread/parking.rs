//! The commands of parking: a word for each thread, which is its token.

use crate::op::{Access, Command, Role, Synchronization, always, plain, writes};

/// Makes a thread's token available. Two tokens have the effect of one.
pub(crate) static UNPARK: Command = Command {
    name: "unpark",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 1,
    access: |_, _| Access::commuting(4),
    synchronization: Synchronization::Release,
    show: plain,
};

/// Takes the token, once it is available.
pub(crate) static PARK: Command = Command {
    name: "park",
    role: Role::Await,
    guard: |token, _| token == 1,
    effect: |_, _| 0,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: plain,
};

/// Returns from `park` spuriously: takes the token if it is available.
pub(crate) static PARK_IN_VAIN: Command = Command {
    name: "park",
    role: Role::Signal,
    guard: always,
    effect: |_, _| 0,
    access: |token, _| if token == 1 { Access::WRITE } else { Access::READ },
    synchronization: Synchronization::Acquire,
    show: |token, _| if token == 1 { "()" } else { "() returns spuriously" }.to_owned(),
};

/// The families of the commands in this module.
#[cfg(all(test, feature = "check"))]
pub(super) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let parker =
        vec![offer!(UNPARK), offer!(PARK).when(|s| s.me == 0), offer!(PARK_IN_VAIN).when(|s| s.me == 0)];
    vec![Family::new("parker", 0, parker)]
}
