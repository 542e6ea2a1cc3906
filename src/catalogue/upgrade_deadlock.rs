//! Two readers who both want to become writers.
//!
//! A cache is read under a shared lock. Who finds it empty turns the shared lock into the exclusive
//! one, without giving it back between, and fills the cache. To become the writer one must be the
//! only reader left:
//!
//! ```text
//!   thread 1                     thread 2
//!   read: one reader
//!                                read: two readers
//!   cache is empty               cache is empty
//!   upgrade  ✗ thread 2 reads    upgrade  ✗ thread 1 reads
//! ```
//!
//! Each waits for the other to stop reading, and neither does. Python has no reader-writer lock in
//! its library; people build one from a `threading.Condition`, or use a database, where two
//! transactions read a row and then update it (some databases refuse one of them at once, because
//! waiting would not help). std's `RwLock` cannot upgrade at all: to call `write` with a read guard
//! in hand is a deadlock by oneself.
//!
//! *upgradable-read* has a third way to lock, for those who may want to write later. It goes together
//! with readers, but not with another of its kind, so at most one waits to become the writer and the
//! readers all leave. *release-and-recheck* gives the shared lock back, takes the exclusive one, and
//! looks again, because in the meantime another may have filled the cache.
//!
//! Every engine that chooses its schedules sees it: both need to be inside before either upgrades.
//! Native threads start too far apart for that.

use std::panic::Location;

#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::op::{Command, Publish, Role, State, always, plain, writes};
use crate::rt::guarded::Guarded;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::thread;
use crate::verdict::FailureKind;

pub(super) const HAZARD: Hazard = Hazard {
    name: "upgrade-deadlock",
    summary: "two readers wait for each other to become writers",
    variants: &[
        buggy("buggy", || two_readers(upgrades), FailureKind::Deadlock),
        fixed("upgradable-read", || two_readers(upgrades_alone)),
        fixed("release-and-recheck", || two_readers(looks_again)),
    ],
    source: include_str!("upgrade_deadlock.rs"),
};

/// A reader-writer lock: the number of readers, or one of two marks. Every command is an await or a
/// signal, with the state that it adds or takes away as its operand.
struct UpgradableLock(Guarded);

/// Held by a reader.
const READER: State = 1;
/// Held by the one reader that may become the writer.
const UPGRADABLE: State = 1 << 32;
/// Held by a writer.
const WRITER: State = 1 << 48;

const fn command(name: &'static str, guard: fn(State, [u64; 2]) -> bool) -> Command {
    Command {
        name,
        role: Role::Await,
        guard,
        effect: |state, [more, less]| state + more - less,
        access: writes,
        publish: Publish::Acquire,
        show: plain,
    }
}

static READ: Command = command("read", |state, _| state < WRITER);
static UPGRADABLE_READ: Command = command("upgradable_read", |state, _| state < UPGRADABLE);
static WRITE: Command = command("write", |state, _| state == 0);
/// Enabled when the caller's own share, the second operand, is all that is left.
static UPGRADE: Command = command("upgrade", |state, [_, own]| state == own);
static UNLOCK: Command =
    Command { role: Role::Signal, publish: Publish::Release, ..command("unlock", always) };

impl UpgradableLock {
    #[track_caller]
    fn lock(&self, command: &'static Command, share: State) {
        self.0.perform(command, [share, 0], Location::caller());
    }

    #[track_caller]
    fn upgrade(&self, share: State) {
        self.0.perform(&UPGRADE, [WRITER, share], Location::caller());
    }

    #[track_caller]
    fn unlock(&self, share: State) {
        self.0.perform(&UNLOCK, [0, share], Location::caller());
    }
}

struct Cache {
    lock: UpgradableLock,
    /// How often it was filled.
    filled: AtomicUsize,
}

impl Cache {
    fn is_empty(&self) -> bool {
        self.filled.load(Ordering::Relaxed) == 0
    }

    fn fill(&self) {
        self.filled.fetch_add(1, Ordering::Relaxed);
    }
}

fn two_readers(look_up: fn(&Cache)) {
    let lock = UpgradableLock(Guarded::new("UpgradableLock", 0, Location::caller()));
    let cache = Arc::new(Cache { lock, filled: AtomicUsize::new(0) });
    let other = Arc::clone(&cache);
    let child = thread::spawn(move || look_up(&other));
    look_up(&cache);
    joined(child);
    assert_eq!(cache.filled.load(Ordering::Relaxed), 1, "the cache is filled once");
}

fn fills_if_empty(cache: &Cache, read: &'static Command, share: State) {
    cache.lock.lock(read, share);
    if cache.is_empty() {
        cache.lock.upgrade(share);
        cache.fill();
        cache.lock.unlock(WRITER);
    } else {
        cache.lock.unlock(share);
    }
}

fn upgrades(cache: &Cache) {
    fills_if_empty(cache, &READ, READER);
}

fn upgrades_alone(cache: &Cache) {
    fills_if_empty(cache, &UPGRADABLE_READ, UPGRADABLE);
}

fn looks_again(cache: &Cache) {
    cache.lock.lock(&READ, READER);
    let empty = cache.is_empty();
    cache.lock.unlock(READER);
    if empty {
        cache.lock.lock(&WRITE, WRITER);
        if cache.is_empty() {
            cache.fill();
        }
        cache.lock.unlock(WRITER);
    }
}

#[cfg(test)]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "upgradable-read",
        "several may have it at once",
        || two_readers(|cache| fills_if_empty(cache, &READ, UPGRADABLE)),
        FailureKind::Deadlock,
    ),
    mutant(
        "release-and-recheck",
        "without the second look",
        || {
            two_readers(|cache| {
                cache.lock.lock(&READ, READER);
                let empty = cache.is_empty();
                cache.lock.unlock(READER);
                if empty {
                    cache.lock.lock(&WRITE, WRITER);
                    cache.fill();
                    cache.lock.unlock(WRITER);
                }
            });
        },
        FailureKind::Panic,
    ),
];

/// The commands above as a family.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let holds = |step: &crate::registry::Step| step.args[0];
    let offers = [
        offer!(READ).with([READER, 0]).when(|s| s.hold == 0).then(holds),
        offer!(UPGRADABLE_READ).with([UPGRADABLE, 0]).when(|s| s.hold == 0).then(holds),
        offer!(WRITE).with([WRITER, 0]).when(|s| s.hold == 0).then(holds),
        offer!(UPGRADE).args(|s| [WRITER, s.hold]).when(|s| s.hold > 0 && s.hold < WRITER).then(holds),
        offer!(UNLOCK).args(|s| [0, s.hold]).when(|s| s.hold > 0).then(|_| 0),
    ];
    vec![Family::new("rwlock that is upgraded", 0, offers)]
}
