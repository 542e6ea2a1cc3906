//! Readers who overlap, and a writer who never gets in.
//!
//! A reader-writer lock lets readers in together and a writer alone. If readers may come in whenever no
//! writer is inside, they can take turns and keep the writer out:
//!
//! ```text
//!   reader 1       reader 2       writer             readers inside
//!   read                          waits                     1
//!                  read                                     2
//!   unlock                                                  1
//!   read                                                    2
//!                  unlock                                   1
//!                  read           waits                     2
//!   ...            ...
//! ```
//!
//! At no moment is the lock free, though every reader releases it again and again, and no
//! scheduler, however fair, can let the writer in. Here the readers poll for what the writer is
//! to write, so they never stop.
//!
//! Python's library has no reader-writer lock, and the usual recipe, a counter of readers under
//! a `threading.Lock`, where the first reader takes the writers' lock and the last one releases
//! it, is just this. So were the first published algorithms (Courtois, Heymans and Parnas,
//! 1971), which give both kinds.
//!
//! *writer-preferring* lets no new reader in while a writer waits: those inside leave, and the writer
//! enters. (Then writers can starve readers. Queues in order of arrival are fair to both, and
//! slower.)
//!
//! The model begins when the writer has come and one reader is inside. (Readers that poll before
//! the writer comes do not keep it out.)
//!
//! The exhaustive engine and dfs see it, as a fair cycle at the bound on steps, and report the first one
//! found: it may be one in which the lock is free for a moment whenever the writer is not scheduled.
//! Random schedules, pct, loom and native threads do not see it, for the reasons in try-lock-livelock.

use std::panic::Location;

use crate::FailureKind;
use crate::backend::guarded::Guarded;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed, joined, skip};
use crate::engine::Kind;
use crate::op::{Args, Command, Role, State, Synchronization, always, plain, writes};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "writer-starvation",
    summary: "readers overlap for ever and keep the writer out",
    variants: &[
        buggy("buggy", || a_writer_among_readers(&READ), FailureKind::Livelock).max_steps(MAX_STEPS).except(
            &[
                skip(Kind::Random, "a random schedule leaves every cycle sooner or later"),
                skip(Kind::Urw, "a random schedule leaves every cycle sooner or later"),
                skip(Kind::Pct, "strict priorities are not fair, and only a fair cycle is a livelock"),
                skip(
                    Kind::Loom,
                    "loom#162: loom gives up on executions of more than 1,000 branches, and knows no livelock",
                ),
            ],
        ),
        fixed("writer-preferring", || a_writer_among_readers(&READ_UNLESS_A_WRITER_WAITS)),
    ],
    source: include_str!("writer_starvation.rs"),
};

/// Many rounds of a few steps each, so that the cycle is recognised.
const MAX_STEPS: usize = 1_000;

/// The lock's state: how many readers are inside, whether a writer is inside or waits, and whether the
/// value was written. A reader that comes after the write does not go in.
const READER: State = 1;
const WRITER: State = 1 << 16;
const WAITING: State = 1 << 32;
const WRITTEN: State = 1 << 48;

const fn read(guard: fn(State, Args) -> bool) -> Command {
    Command {
        name: "read",
        role: Role::Await,
        guard,
        effect: |state, _| if state == WRITTEN { state } else { state + READER },
        access: writes,
        synchronization: Synchronization::Acquire,
        show: |state, _| if state == WRITTEN { "() → written" } else { "()" }.to_owned(),
    }
}

static READ: Command = read(|state, _| state & WRITER == 0);
static READ_UNLESS_A_WRITER_WAITS: Command = read(|state, _| state & (WRITER | WAITING) == 0);
static READ_UNLOCK: Command = Command {
    name: "read_unlock",
    role: Role::Signal,
    guard: always,
    effect: |state, _| state - READER,
    access: writes,
    synchronization: Synchronization::Release,
    show: plain,
};
static WRITE: Command = Command {
    name: "write",
    role: Role::Await,
    guard: |state, _| state == WAITING,
    effect: |_, _| WRITER,
    access: writes,
    synchronization: Synchronization::Acquire,
    show: plain,
};
static WRITE_UNLOCK: Command = Command { name: "write_unlock", effect: |_, _| WRITTEN, ..READ_UNLOCK };

struct Shared {
    lock: Guarded,
    data: AtomicUsize,
}

impl Shared {
    #[track_caller]
    fn perform(&self, command: &'static Command) -> State {
        self.lock.perform(command, [0; 2], Location::caller())
    }

    fn reads_inside(&self) {
        self.data.load(Ordering::Relaxed);
        self.perform(&READ_UNLOCK);
    }

    fn polls(&self, read: &'static Command) {
        while self.perform(read) != WRITTEN {
            self.reads_inside();
        }
    }
}

/// Main is the reader inside.
fn a_writer_among_readers(read: &'static Command) {
    let lock = Guarded::new("RwLock", READER | WAITING, Location::caller());
    let shared = Arc::new(Shared { lock, data: AtomicUsize::new(0) });
    let (second, third) = (Arc::clone(&shared), Arc::clone(&shared));
    let outside = thread::spawn(move || second.polls(read));
    let writer = thread::spawn(move || {
        third.perform(&WRITE);
        third.data.store(1, Ordering::Relaxed);
        third.perform(&WRITE_UNLOCK);
    });
    shared.reads_inside();
    shared.polls(read);
    joined(outside);
    joined(writer);
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[mutant(
    "writer-preferring",
    "readers may come in while a writer waits",
    || a_writer_among_readers(&READ),
    FailureKind::Livelock,
)];

/// The commands above as a family: thread 0 is inside already, thread 2 writes.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let reads = |step: &crate::registry::Step| u64::from(step.after != step.before);
    let offers = [
        offer!(READ).when(|s| s.me < 2 && s.hold == 0).then(reads),
        offer!(READ_UNLESS_A_WRITER_WAITS).when(|s| s.me < 2 && s.hold == 0).then(reads),
        offer!(READ_UNLOCK).when(|s| s.me < 2 && s.hold == 1).then(|_| 0),
        offer!(WRITE).when(|s| s.me == 2 && s.hold == 0).then(|_| 1),
        offer!(WRITE_UNLOCK).when(|s| s.me == 2 && s.hold == 1).then(|_| 2),
    ];
    vec![Family::new("rwlock of readers that overlap", READER | WAITING, offers).holding([1, 0, 0])]
}
