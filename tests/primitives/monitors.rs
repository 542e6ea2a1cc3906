//! Monitors after Hoare and after Mesa.

use raddle::sync::{Arc, Condition, Discipline, Monitor};
use raddle::{FailureKind, thread};

use super::{fails, holds};

/// Two consumers and a producer of one item; the second consumer takes it only if it finds it.
fn consumers(discipline: Discipline, looks_again: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        const FILLED: Condition = Condition(0);
        let monitor = Arc::new(Monitor::new(discipline, 0));
        let (first, second) = (Arc::clone(&monitor), Arc::clone(&monitor));
        let waits = thread::spawn(move || {
            let mut items = first.enter();
            while *items == 0 {
                items.wait(FILLED);
                if !looks_again {
                    break;
                }
            }
            assert!(*items > 0, "the item is gone");
            *items -= 1;
        });
        let looks = thread::spawn(move || {
            let mut items = second.enter();
            if *items > 1 {
                *items -= 1;
            }
        });
        let steals = thread::spawn({
            let monitor = Arc::clone(&monitor);
            move || {
                let mut items = monitor.enter();
                let stolen = *items;
                *items = 0;
                drop(items);
                // The stolen items are put back, with a signal.
                if stolen > 0 {
                    let mut items = monitor.enter();
                    *items += stolen;
                    items.signal(FILLED);
                }
            }
        });
        let mut items = monitor.enter();
        *items += 1;
        items.signal(FILLED);
        drop(items);
        for child in [waits, looks, steals] {
            child.join().unwrap();
        }
        assert_eq!(*monitor.enter(), 0);
    }
}

#[test]
fn mesas_waiters_look_again_and_hoares_need_not() {
    holds(consumers(Discipline::Mesa, true));
    holds(consumers(Discipline::Hoare, true));
    holds(consumers(Discipline::Hoare, false));
    fails(FailureKind::Panic, consumers(Discipline::Mesa, false));
}
