//! One-time initialisation, atomics, threads and thread-locals.

use std::cell::Cell;

use raddle::FailureKind::{Deadlock, Panic};
use raddle::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, LazyLock, Once, OnceLock};
use raddle::{parking_lot, thread};

use super::{Copied, Word, both};

pub(super) const COPIES: &[Copied] = &[
    Copied {
        of: "Once",
        real: || {
            done_once(Once::new(), |once, f| once.call_once(f));
            done_once(parking_lot::Once::new(), |once, f| once.call_once(f));
        },
        fault: "returns while another thread is still at it",
        faulty: || {
            done_once(AtomicBool::new(false), |begun, f| {
                if !begun.swap(true, SeqCst) {
                    f();
                }
            });
        },
        failure: Panic,
    },
    Copied {
        of: "OnceLock",
        real: || set_once(OnceLock::new(), |cell, n| cell.set(n).is_ok(), |cell| *cell.get().unwrap()),
        fault: "looks whether it is empty and writes in two steps",
        faulty: || {
            set_once(
                AtomicUsize::new(0),
                |cell, n| {
                    let empty = cell.load(SeqCst) == 0;
                    if empty {
                        cell.store(n, SeqCst);
                    }
                    empty
                },
                |cell| cell.load(SeqCst),
            );
        },
        failure: Panic,
    },
    Copied {
        of: "LazyLock",
        real: || {
            let made = Arc::new(AtomicUsize::new(0));
            let init = {
                let made = Arc::clone(&made);
                move || made.fetch_add(1, SeqCst) + 6
            };
            both(LazyLock::new(init), |lazy| assert_eq!(**lazy, 6), |lazy| assert_eq!(**lazy, 6));
            assert_eq!(made.load(SeqCst), 1);
        },
        fault: "makes the value once for each who finds none",
        faulty: || {
            fn get((value, made): &(AtomicUsize, AtomicUsize)) {
                if value.load(SeqCst) == 0 {
                    value.store(made.fetch_add(1, SeqCst) + 6, SeqCst);
                }
                assert_eq!(value.load(SeqCst), 6);
            }
            both((AtomicUsize::new(0), AtomicUsize::new(0)), get, get);
        },
        failure: Panic,
    },
    Copied {
        of: "Static",
        real: || {
            raddle::statics! { static N: AtomicUsize = AtomicUsize::new(0); }
            let add = |(): &()| _ = N.fetch_add(1, SeqCst);
            both((), add, add);
            assert_eq!(N.load(SeqCst), 2);
        },
        fault: "keeps its value from one execution to the next",
        faulty: || {
            static N: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
            // More than one execution.
            let seen = AtomicBool::new(false);
            both(seen, |seen| seen.store(true, SeqCst), |seen| _ = seen.load(SeqCst));
            assert_eq!(N.fetch_add(1, SeqCst), 0);
        },
        failure: Panic,
    },
    Copied {
        of: "AtomicUsize",
        real: || counted(AtomicUsize::new(0), |n| _ = n.fetch_add(1, SeqCst), |n| n.load(SeqCst)),
        fault: "adds in two steps",
        faulty: || counted(AtomicUsize::new(0), |n| n.store(n.load(SeqCst) + 1, SeqCst), |n| n.load(SeqCst)),
        failure: Panic,
    },
    Copied {
        of: "AtomicBool",
        real: || first(AtomicBool::new(false), |taken| !taken.swap(true, SeqCst)),
        fault: "swaps in two steps",
        faulty: || {
            first(AtomicBool::new(false), |taken| {
                let before = taken.load(SeqCst);
                taken.store(true, SeqCst);
                !before
            });
        },
        failure: Panic,
    },
    Copied {
        of: "AtomicPtr",
        real: || {
            first(AtomicPtr::new(std::ptr::null_mut::<i32>()), |slot| {
                let mine = std::ptr::without_provenance_mut(8);
                slot.compare_exchange(std::ptr::null_mut(), mine, SeqCst, SeqCst).is_ok()
            });
        },
        fault: "compares and exchanges in two steps",
        faulty: || {
            first(AtomicPtr::new(std::ptr::null_mut::<i32>()), |slot| {
                let empty = slot.load(SeqCst).is_null();
                slot.store(std::ptr::without_provenance_mut(8), SeqCst);
                empty
            });
        },
        failure: Panic,
    },
    Copied {
        of: "Thread",
        real: || {
            let parked = thread::spawn(thread::park);
            parked.thread().unpark();
            parked.join().unwrap();
        },
        fault: "is unparked only if it has parked already",
        faulty: || {
            both(
                Word::default(),
                |parked| {
                    parked.set(1);
                    parked.wait_for(2);
                },
                |parked| _ = parked.when(|_| true, |state| if state == 1 { 2 } else { state }),
            );
        },
        failure: Deadlock,
    },
    Copied {
        of: "JoinHandle",
        real: || joined(|f| thread::spawn(f).join().unwrap()),
        fault: "does not wait for its thread",
        faulty: || joined(|f| drop(thread::spawn(f))),
        failure: Panic,
    },
    Copied {
        of: "scope",
        real: || joined(|f| thread::scope(|scope| _ = scope.spawn(f))),
        fault: "waits for its newest thread only",
        faulty: || {
            joined(|f| {
                let first = thread::spawn(f);
                thread::spawn(|| ()).join().unwrap();
                drop(first);
            });
        },
        failure: Panic,
    },
    Copied {
        of: "LocalKey",
        real: || {
            raddle::thread_local! { static OWN: Cell<usize> = const { Cell::new(0) }; }
            own((), |()| {
                OWN.set(OWN.get() + 1);
                OWN.get()
            });
        },
        fault: "is one for all threads",
        faulty: || own(AtomicUsize::new(0), |n| n.fetch_add(1, SeqCst) + 1),
        failure: Panic,
    },
];

/// It is done, once, when the call returns.
fn done_once<O: Send + Sync + 'static>(once: O, call: fn(&O, &dyn Fn())) {
    fn run<O>((once, call, n): &(O, fn(&O, &dyn Fn()), AtomicUsize)) {
        call(once, &|| _ = n.fetch_add(1, SeqCst));
        assert_eq!(n.load(SeqCst), 1);
    }
    both((once, call, AtomicUsize::new(0)), run, run);
}

/// One of two writes succeeds, and its value is stored.
fn set_once<C: Send + Sync + 'static>(cell: C, set: fn(&C, usize) -> bool, get: fn(&C) -> usize) {
    fn write<C>((cell, set, wins): &(C, fn(&C, usize) -> bool, AtomicUsize), n: usize) {
        if set(cell, n) {
            wins.fetch_add(n, SeqCst);
        }
    }
    let shared = both((cell, set, AtomicUsize::new(0)), |shared| write(shared, 1), |shared| write(shared, 2));
    assert_eq!(shared.2.load(SeqCst), get(&shared.0));
}

fn counted<N: Send + Sync + 'static>(n: N, add: fn(&N), get: fn(&N) -> usize) {
    let shared = both((n, add), |(n, add)| add(n), |(n, add)| add(n));
    assert_eq!(get(&shared.0), 2);
}

/// One of two threads that try to be first is.
fn first<S: Send + Sync + 'static>(slot: S, take: fn(&S) -> bool) {
    fn run<S>((slot, take, firsts): &(S, fn(&S) -> bool, AtomicUsize)) {
        firsts.fetch_add(usize::from(take(slot)), SeqCst);
    }
    let shared = both((slot, take, AtomicUsize::new(0)), run, run);
    assert_eq!(shared.2.load(SeqCst), 1);
}

/// What a thread did is done once it has been waited for.
fn joined(run: fn(Box<dyn FnOnce() + Send>)) {
    let done = Arc::new(AtomicBool::new(false));
    let own = Arc::clone(&done);
    run(Box::new(move || own.store(true, SeqCst)));
    assert!(done.load(SeqCst));
}

/// Each of two threads counts for itself.
fn own<S: Send + Sync + 'static>(shared: S, count: fn(&S) -> usize) {
    both(
        (shared, count),
        |(shared, count)| assert_eq!(count(shared), 1),
        |(shared, count)| assert_eq!(count(shared), 1),
    );
}
