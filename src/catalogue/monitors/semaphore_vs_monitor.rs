//! The right semaphores in the wrong order.
//!
//! A bounded buffer has three semaphores: one counts the items, one the free places, and a
//! third, a mutex, protects the buffer itself. The consumer takes the mutex first, as usual, and
//! then waits for an item inside:
//!
//! ```text
//!   consumer            producer
//!   take mutex
//!   wait for an item
//!                       wait for a place
//!                       take mutex  ✗ the consumer has it
//!   ✗ for ever
//! ```
//!
//! The consumer waits for what only the producer can bring, and holds what the producer needs. In
//! Python it is two `threading.Semaphore`s and a `Lock`, with `with lock:` around everything.
//!
//! *items-first* waits first and takes the mutex then: nothing is held while waiting. Dijkstra's solution
//! (1965) does just this, and the order of the two lines is all there is to it. *monitor* waits on a
//! condition variable, which releases the lock while it waits: there the programmer cannot get the order
//! wrong, and that is what monitors were invented for. Python's `queue.Queue` is one.
//!
//! Every engine sees it. Native threads do when the consumer is the faster one. In a test with
//! enough items it never waits, and the test passes.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, Semaphore};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "semaphore-vs-monitor",
    summary: "a consumer waits for an item with the buffer's mutex in its hand",
    variants: &[
        buggy("buggy", || with_semaphores(put, get_mutex_first), FailureKind::Deadlock),
        fixed("items-first", || with_semaphores(put, get)),
        fixed("monitor", || with_monitor(wait_while, Condvar::notify_all)),
    ],
    source: include_str!("semaphore_vs_monitor.rs"),
};

/// Two, so that both threads can be at the buffer at once.
const PLACES: usize = 2;
/// Two, so that the producer puts one while the consumer gets the other.
const ITEMS: usize = 2;

struct Buffer {
    items: Semaphore,
    places: Semaphore,
    content: Mutex<Vec<usize>>,
}

fn with_semaphores(put: fn(&Buffer, usize), get: fn(&Buffer) -> usize) {
    let content = Mutex::new(Vec::new());
    let buffer = Arc::new(Buffer { items: Semaphore::new(0), places: Semaphore::new(PLACES), content });
    let other = Arc::clone(&buffer);
    let producer = thread::spawn(move || (0..ITEMS).for_each(|item| put(&other, item)));
    let got: Vec<usize> = (0..ITEMS).map(|_| get(&buffer)).collect();
    assert_eq!(got, [0, 1], "items were lost or doubled");
    producer.join().expect("no thread panics");
}

fn put(buffer: &Buffer, item: usize) {
    buffer.places.acquire();
    buffer.content.lock().expect("no thread panics").push(item);
    buffer.items.release();
}

fn get(buffer: &Buffer) -> usize {
    buffer.items.acquire();
    let item = buffer.content.lock().expect("no thread panics").remove(0);
    buffer.places.release();
    item
}

fn get_mutex_first(buffer: &Buffer) -> usize {
    let mut content = buffer.content.lock().expect("no thread panics");
    buffer.items.acquire();
    let item = content.remove(0);
    drop(content);
    buffer.places.release();
    item
}

/// Room for one is enough here: two items already make both sides wait.
type Slot = Option<usize>;
type Wait = for<'a> fn(&Condvar, MutexGuard<'a, Slot>, fn(&mut Slot) -> bool) -> MutexGuard<'a, Slot>;

fn wait_while<'a>(
    changed: &Condvar,
    slot: MutexGuard<'a, Slot>,
    not_yet: fn(&mut Slot) -> bool,
) -> MutexGuard<'a, Slot> {
    changed.wait_while(slot, not_yet).expect("no thread panics")
}

fn with_monitor(wait: Wait, notify: fn(&Condvar)) {
    let buffer = Arc::new((Mutex::new(None), Condvar::new()));
    let other = Arc::clone(&buffer);
    let producer = thread::spawn(move || {
        for item in 0..2 {
            let slot = other.0.lock().expect("no thread panics");
            let mut slot = wait(&other.1, slot, |slot| slot.is_some());
            *slot = Some(item);
            notify(&other.1);
        }
    });
    for item in 0..2 {
        let slot = buffer.0.lock().expect("no thread panics");
        let mut slot = wait(&buffer.1, slot, |slot| slot.is_none());
        assert_eq!(slot.take(), Some(item), "items were lost or doubled");
        notify(&buffer.1);
    }
    producer.join().expect("no thread panics");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "items-first",
        "the item is announced before it is there",
        || with_semaphores(announce_first, get),
        FailureKind::Panic,
    ),
    mutant(
        "items-first",
        "the newest item is got first",
        || {
            with_semaphores(put, |buffer| {
                buffer.items.acquire();
                let item = buffer.content.lock().expect("no thread panics").pop();
                buffer.places.release();
                item.unwrap_or_default()
            });
        },
        FailureKind::Panic,
    ),
    mutant("monitor", "no thread is notified", || with_monitor(wait_while, |_| ()), FailureKind::Deadlock),
    mutant(
        "monitor",
        "`while` becomes `if`",
        || {
            let wait_if: Wait = |changed, mut slot, not_yet| {
                if not_yet(&mut slot) { changed.wait(slot).expect("no thread panics") } else { slot }
            };
            with_monitor(wait_if, Condvar::notify_all);
        },
        FailureKind::Panic,
    ),
];

#[cfg(test)]
fn announce_first(buffer: &Buffer, item: usize) {
    buffer.places.acquire();
    buffer.items.release();
    buffer.content.lock().expect("no thread panics").push(item);
}
