//! The table of differences, `src/parity.md`, is complete.
//!
//! Rustdoc checks it against the facade: each method there is a link, and a broken link is an
//! error. This test checks it against std.

use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("../../src/parity.md");

/// Every stable type, function and constant of `std::sync` and its modules, `std::thread`, `std::time` and
/// `std::hint`, and the types' methods, as the documentation of Rust 1.95 has them. Of the integers
/// `AtomicUsize` stands for all, and types that are std's own here have no methods listed.
const STD: &str = "
    TryLockError:
    Arc:
    Barrier: new wait
    BarrierWaitResult: is_leader
    Condvar: new notify_all notify_one wait wait_timeout wait_timeout_ms wait_timeout_while wait_while
    LazyLock: force force_mut get get_mut new
    Mutex: clear_poison get_mut into_inner is_poisoned lock new try_lock
    MutexGuard:
    Once: call_once call_once_force is_completed new wait wait_force
    OnceLock: get get_mut get_or_init into_inner new set take wait
    OnceState: is_poisoned
    PoisonError: get_mut get_ref into_inner new
    RwLock: clear_poison get_mut into_inner is_poisoned new read try_read try_write write
    RwLockReadGuard:
    RwLockWriteGuard: downgrade
    WaitTimeoutResult: timed_out
    Weak:
    LockResult:
    TryLockResult:
    AtomicBool: as_ptr compare_and_swap compare_exchange compare_exchange_weak fetch_and fetch_nand fetch_not fetch_or fetch_update fetch_xor from_ptr get_mut into_inner load new store swap try_update update
    AtomicPtr: as_ptr compare_and_swap compare_exchange compare_exchange_weak fetch_and fetch_byte_add fetch_byte_sub fetch_or fetch_ptr_add fetch_ptr_sub fetch_update fetch_xor from_ptr get_mut into_inner load new store swap try_update update
    AtomicUsize: as_ptr compare_and_swap compare_exchange compare_exchange_weak fetch_add fetch_and fetch_max fetch_min fetch_nand fetch_or fetch_sub fetch_update fetch_xor from_ptr get_mut into_inner load new store swap try_update update
    RecvTimeoutError:
    TryRecvError:
    TrySendError:
    IntoIter:
    Iter:
    Receiver: iter recv recv_timeout try_iter try_recv
    RecvError:
    SendError:
    Sender: send
    SyncSender: send try_send
    TryIter:
    AccessError:
    Builder: name new spawn spawn_scoped spawn_unchecked stack_size
    JoinHandle: is_finished join thread
    LocalKey: get replace set take try_with with with_borrow with_borrow_mut
    Scope: spawn
    ScopedJoinHandle: is_finished join thread
    Thread: id name unpark
    ThreadId:
    Result:
    Duration:
    Instant: checked_add checked_duration_since checked_sub duration_since elapsed now saturating_duration_since
    SystemTime:
    SystemTimeError:
    TryFromFloatSecsError:
    sync: ONCE_INIT
    atomic: ATOMIC_BOOL_INIT ATOMIC_ISIZE_INIT ATOMIC_USIZE_INIT compiler_fence fence spin_loop_hint
    mpsc: channel sync_channel
    thread: available_parallelism current panicking park park_timeout park_timeout_ms scope sleep sleep_ms spawn yield_now thread_local
    UNIX_EPOCH:
    hint: assert_unchecked black_box cold_path select_unpredictable spin_loop unreachable_unchecked
";

/// The `parking_lot` 0.12 crate's own types; the rest are `lock_api`'s.
const PARKING_LOT: &str = "
    Condvar: new notify_one notify_all wait wait_until wait_for wait_while wait_while_until wait_while_for
    Once: new state call_once call_once_force
    OnceState: poisoned done
    WaitTimeoutResult: timed_out
    Mutex: new into_inner
    FairMutex: new into_inner
    RwLock: new into_inner
    ReentrantMutex: new into_inner
    parking_lot: const_mutex const_fair_mutex const_rwlock const_reentrant_mutex
    MutexGuard:
    MappedMutexGuard:
    FairMutexGuard:
    MappedFairMutexGuard:
    ReentrantMutexGuard:
    MappedReentrantMutexGuard:
    RwLockReadGuard:
    RwLockWriteGuard:
    RwLockUpgradableReadGuard:
    MappedRwLockReadGuard:
    MappedRwLockWriteGuard:
    RawMutex:
    RawFairMutex:
    RawRwLock:
    RawThreadId:
";

type Methods<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The words in backticks.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The rows, with those for `parking_lot` apart, because its types have std's names.
fn table() -> [Methods<'static>; 2] {
    let mut tables = [Methods::new(), Methods::new()];
    for row in TABLE.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "a type, its methods and three backends: {row}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
        let name = words(cells[0]).next().expect("a row begins with a type or a module");
        let mirror = name == "parking_lot" || cells[0].contains("(crate::parking_lot::");
        tables[usize::from(mirror)].entry(name).or_default().extend(words(cells[1]));
    }
    tables
}

fn missing(list: &'static str, table: &Methods<'_>) -> Vec<String> {
    let mut missing = Vec::new();
    for line in list.lines().filter(|line| !line.trim().is_empty()) {
        let (name, methods) = line.trim().split_once(':').expect("a type and its methods");
        let Some(known) = table.get(name) else {
            missing.push(name.to_owned());
            continue;
        };
        let unknown = methods.split_whitespace().filter(|method| !known.contains(method));
        missing.extend(unknown.map(|method| format!("{name}::{method}")));
    }
    missing
}

#[test]
fn the_table_has_everything_that_std_and_parking_lot_have() {
    let [std, mirror] = table();
    assert_eq!(missing(STD, &std), Vec::<String>::new());
    assert_eq!(missing(PARKING_LOT, &mirror), Vec::<String>::new());
}

#[test]
fn what_the_table_calls_absent_is_said_why() {
    let absent: Vec<&str> = TABLE.lines().filter(|line| line.contains("absent")).collect();
    assert_eq!(absent.len(), 5, "{absent:#?}");
    assert!(absent.iter().all(|row| row.contains("absent: ")), "{absent:#?}");
}
