//! Every primitive satisfies its property, and a copy of it with one fault does not.
//!
//! A property is written once and checked for the primitive, which the exhaustive engine verifies, and
//! for a copy of it, made here of the facade's other types with one fault, which is refuted.

mod channels;
mod extras;
mod locks;
mod once;
mod tasks;

use raddle::parking_lot::{Condvar, Mutex};
use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::{Checker, FailureKind, Reason, Verdict, thread};

/// A primitive, and a copy with a fault.
pub(crate) struct Copied {
    /// The primitive's name.
    of: &'static str,
    /// The property, checked for the primitive.
    real: fn(),
    /// The fault of the copy.
    fault: &'static str,
    /// The property, checked for the copy.
    faulty: fn(),
    /// How that fails.
    failure: FailureKind,
}

const COPIES: &[&[Copied]] = &[locks::COPIES, once::COPIES, channels::COPIES, extras::COPIES, tasks::COPIES];

#[test]
fn every_primitive_has_its_property_and_a_copy_with_a_fault_has_not() {
    let mut wrong = Vec::new();
    for Copied { of, real, fault, faulty, failure } in COPIES.concat_refs() {
        let report = Checker::exhaustive().check(*real);
        // Threads that only use a thread-local share nothing that raddle sees.
        if !matches!(report.verdict, Verdict::Verified | Verdict::Inconclusive(Reason::Unseen { .. })) {
            wrong.push(format!("{of}: {report}"));
        }
        let report = Checker::exhaustive().check(*faulty);
        if !matches!(&report.verdict, Verdict::Refuted(how) if how.kind() == *failure) {
            wrong.push(format!("{of} that {fault}: {report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The types of the table that are not primitives: guards, handles, results, errors and plain values.
const NO_PRIMITIVES: &[&str] = &[
    "Arc",
    "Weak",
    "Ordering",
    "LockResult",
    "TryLockResult",
    "Result",
    "Duration",
    "Instant",
    "SystemTime",
    "UNIX_EPOCH",
    "Condition",
    "Discipline",
    "Builder",
    "ThreadId",
    "OnceState",
    "Permit",
    "UnsafeCell",
    // Of parking_lot: the parts of its locks.
    "RawMutex",
    "RawFairMutex",
    "RawRwLock",
    "RawThreadId",
    // Parts of channels, threads, scopes and tasks.
    "Sender",
    "SyncSender",
    "Receiver",
    "Iter",
    "TryIter",
    "IntoIter",
    "Scope",
    "ScopedJoinHandle",
    "YieldNow",
    "TaskLocalFuture",
];

#[test]
fn no_primitive_is_left_out() {
    let table = include_str!("../../../src/parity.md");
    let rows = table.lines().filter(|line| line.starts_with("| [`"));
    let types = rows.filter_map(|line| line.split('`').nth(1));
    let copied: Vec<&str> = COPIES.concat_refs().iter().map(|copied| copied.of).collect();
    let missing: Vec<&str> = types
        .filter(|name| !["Guard", "Error", "Result"].iter().any(|end| name.ends_with(end)))
        .filter(|name| !["OverRelease", "TooManyDone", "PoolClosed", "NotInScope"].contains(name))
        .filter(|name| !NO_PRIMITIVES.contains(name) && !copied.contains(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// The lists as one.
trait ConcatRefs {
    fn concat_refs(&self) -> Vec<&'static Copied>;
}

impl ConcatRefs for [&'static [Copied]] {
    fn concat_refs(&self) -> Vec<&'static Copied> {
        self.iter().flat_map(|copies| copies.iter()).collect()
    }
}

/// The building block of copies: a word, waited for and changed in one step.
#[derive(Default)]
struct Word {
    state: Mutex<i64>,
    changed: Condvar,
}

impl Word {
    fn new(state: i64) -> Self {
        Word { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits until the guard holds, and changes the word; returns the old value.
    fn when(&self, guard: impl Fn(i64) -> bool, effect: impl Fn(i64) -> i64) -> i64 {
        let mut state = self.state.lock();
        while !guard(*state) {
            self.changed.wait(&mut state);
        }
        let before = *state;
        *state = effect(before);
        self.changed.notify_all();
        before
    }

    fn set(&self, state: i64) {
        self.when(|_| true, |_| state);
    }

    fn wait_for(&self, state: i64) {
        self.when(|now| now == state, |now| now);
    }

    fn get(&self) -> i64 {
        *self.state.lock()
    }
}

/// Two threads at once, with something shared.
fn both<S: Send + Sync + 'static>(shared: S, one: fn(&S), two: fn(&S)) -> Arc<S> {
    let shared = Arc::new(shared);
    let other = Arc::clone(&shared);
    let child = thread::spawn(move || one(&other));
    two(&shared);
    child.join().unwrap();
    shared
}

/// No update that two threads make inside is lost.
fn excludes<L: Send + Sync + 'static>(lock: L, inside: fn(&L, &dyn Fn())) {
    fn add<L>((lock, inside, n): &(L, fn(&L, &dyn Fn()), AtomicUsize)) {
        inside(lock, &|| {
            let before = n.load(SeqCst);
            n.store(before + 1, SeqCst);
        });
    }
    let shared = both((lock, inside, AtomicUsize::new(0)), add, add);
    assert_eq!(shared.2.load(SeqCst), 2);
}
