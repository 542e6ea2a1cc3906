//! Two readers who both want to become writers.
//!
//! A cache is read under a shared lock. A reader that finds it empty upgrades the shared lock to
//! the exclusive one, without releasing it in between, and fills the cache. To become the
//! writer, a reader must be the only one left:
//!
//! ```text
//!   thread 1                     thread 2
//!   read: one reader
//!                                read: two readers
//!   cache is empty               cache is empty
//!   upgrade  ✗ thread 2 reads    upgrade  ✗ thread 1 reads
//! ```
//!
//! Each waits for the other to stop reading, and neither does. Python has no reader-writer lock
//! in its library; people build one from a `threading.Condition`, or use a database, where two
//! transactions read a row and then update it (some databases refuse one of them at once,
//! because waiting would not help). std's `RwLock` cannot upgrade at all: to call `write` while
//! holding a read guard is a deadlock of one thread.
//!
//! *upgradable-read* has a third lock mode, for readers that may want to write later. It is compatible
//! with readers, but not with another upgradable one, so at most one waits to become the writer and the
//! readers all leave. *release-and-recheck* releases the shared lock, takes the exclusive one, and checks
//! again, because another thread may have filled the cache in the meantime.
//!
//! Every engine that chooses its schedules sees it: both need to be inside before either upgrades.
//! Native threads start too far apart for that.

use std::panic::Location;

use crate::FailureKind;
use crate::backend::guarded::Guarded;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined};
use crate::op::{Command, Role, State, Synchronization, always, plain, writes};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
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
/// signal; its operand is the state that it adds or subtracts.
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
        synchronization: Synchronization::Acquire,
        show: plain,
    }
}

static READ: Command = command("read", |state, _| state < WRITER);
static UPGRADABLE_READ: Command = command("upgradable_read", |state, _| state < UPGRADABLE);
static WRITE: Command = command("write", |state, _| state == 0);
/// Enabled when the caller's own share, the second operand, is the whole state.
static UPGRADE: Command = command("upgrade", |state, [_, own]| state == own);
static UNLOCK: Command =
    Command { role: Role::Signal, synchronization: Synchronization::Release, ..command("unlock", always) };

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
pub(crate) const MUTANTS: &[Mutant] = &[
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
