//! Models that keep addresses of their memory in atomics.
use std::sync::{Arc, Mutex};

use raddle::sync::atomic::Ordering::SeqCst;
use raddle::sync::atomic::{AtomicPtr, AtomicUsize};
use raddle::{Checker, FailureKind, hint, thread};

struct Node {
    value: usize,
    next: *mut Node,
}

/// Treiber's stack of boxes. A popped node is freed at the end, because another thread may still read it.
#[derive(Default)]
struct Stack {
    head: AtomicPtr<Node>,
    retired: Mutex<Vec<usize>>,
}

impl Stack {
    fn push(&self, value: usize) {
        let node = Box::into_raw(Box::new(Node { value, next: std::ptr::null_mut() }));
        let mut head = self.head.load(SeqCst);
        loop {
            // SAFETY: the node is not shared yet.
            unsafe { (*node).next = head };
            match self.head.compare_exchange(head, node, SeqCst, SeqCst) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    fn pop(&self) -> Option<usize> {
        let mut head = self.head.load(SeqCst);
        while !head.is_null() {
            // SAFETY: nodes are freed with the stack.
            let (value, next) = unsafe { ((*head).value, (*head).next) };
            match self.head.compare_exchange(head, next, SeqCst, SeqCst) {
                Ok(_) => {
                    self.retired.lock().unwrap().push(head as usize);
                    return Some(value);
                }
                Err(now) => head = now,
            }
        }
        None
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let mut head = *self.head.get_mut();
        while !head.is_null() {
            // SAFETY: no other thread has access to the stack.
            head = unsafe { Box::from_raw(head) }.next;
        }
        for node in self.retired.get_mut().unwrap().drain(..) {
            // SAFETY: it was popped, once, and no other thread has access to the stack.
            drop(unsafe { Box::from_raw(node as *mut Node) });
        }
    }
}

/// Each of `n` threads pushes, and pops once if it is one of the first `pops`.
fn treiber(n: usize, pops: usize) -> impl Fn() + Copy + Send + Sync {
    move || {
        let stack = Arc::new(Stack::default());
        let threads: Vec<_> = (0..n)
            .map(|value| {
                let stack = Arc::clone(&stack);
                thread::spawn(move || {
                    stack.push(value);
                    value >= pops || stack.pop().is_some()
                })
            })
            .collect();
        for thread in threads {
            assert!(thread.join().unwrap(), "a thread that has pushed finds something");
        }
    }
}

#[test]
fn a_treiber_stack_of_boxes_is_verified() {
    let report = Checker::exhaustive().check(treiber(2, 2));
    report.expect_verified();
    Checker::exhaustive().workers(2).check(treiber(2, 2)).expect_verified();
    let all = Checker::dfs().count_traces(true).check(treiber(2, 2));
    all.expect_verified();
    assert_eq!((report.stats.executions, report.stats.redundant), (all.stats.traces.unwrap(), 0), "{report}");
}

#[test]
fn three_threads_push_boxes() {
    let report = Checker::exhaustive().check(treiber(3, 0));
    report.expect_verified();
    assert_eq!(report.stats.redundant, 0, "{report}");
}

#[test]
fn a_mailbox_whose_letters_are_freed_at_once_is_verified() {
    for checker in [Checker::exhaustive(), Checker::exhaustive().workers(2), Checker::dfs()] {
        let report = checker.check(|| {
            let slot = Arc::new(AtomicPtr::<usize>::default());
            let put = |slot: &AtomicPtr<usize>, value| {
                let before = slot.swap(Box::into_raw(Box::new(value)), SeqCst);
                // SAFETY: a letter belongs to the thread that takes it out.
                (!before.is_null()).then(|| *unsafe { Box::from_raw(before) })
            };
            let other = Arc::clone(&slot);
            let child = thread::spawn(move || [put(&other, 1), put(&other, 2), put(&other, 3)]);
            let mine = [put(&slot, 4), put(&slot, 5)];
            let theirs = child.join().unwrap();
            // SAFETY: the last letter belongs to the slot.
            let last = *unsafe { Box::from_raw(slot.load(SeqCst)) };
            let mut all: Vec<_> = mine.into_iter().chain(theirs).flatten().chain([last]).collect();
            all.sort_unstable();
            assert_eq!(all, [1, 2, 3, 4, 5]);
        });
        report.expect_verified();
    }
}

#[test]
fn addresses_in_integers_and_tags_beside_them_are_addresses_too() {
    for checker in [Checker::exhaustive(), Checker::exhaustive().workers(2), Checker::dfs()] {
        let report = checker.check(|| {
            let word = Arc::new(AtomicUsize::new(0));
            let put = |word: &AtomicUsize, value: u64| {
                let new = Box::into_raw(Box::new(value)).expose_provenance();
                let mut now = word.load(SeqCst);
                loop {
                    // The version is in the highest bits, a mark in the lowest.
                    let version = (now >> 48) + 1;
                    match word.compare_exchange(now, version << 48 | new | 1, SeqCst, SeqCst) {
                        Ok(_) => return now,
                        Err(other) => now = other,
                    }
                }
            };
            let other = Arc::clone(&word);
            let child = thread::spawn(move || put(&other, 1));
            let (one, two) = (put(&word, 2), child.join().unwrap());
            let last = word.load(SeqCst);
            assert_eq!((last & 1, last >> 48), (1, 2));
            for word in [one, two, last] {
                let address = word & ((1 << 48) - 2);
                // SAFETY: each word was in one place, and is taken once.
                drop((address > 0).then(|| unsafe {
                    Box::from_raw(std::ptr::with_exposed_provenance_mut::<u64>(address))
                }));
            }
        });
        report.expect_verified();
    }
}

#[test]
fn a_trace_shows_names_for_addresses_and_the_same_each_time() {
    let lost = || {
        let slot = Arc::new(raddle::named("slot", || AtomicPtr::new(std::ptr::null_mut())));
        let put = |slot: &AtomicPtr<Node>, value| {
            let next = slot.load(SeqCst);
            slot.store(Box::into_raw(Box::new(Node { value, next })), SeqCst);
        };
        let other = Arc::clone(&slot);
        let child = thread::spawn(move || put(&other, 1));
        put(&slot, 2);
        child.join().unwrap();
        // SAFETY: nodes are leaked.
        let newest = unsafe { &*slot.load(SeqCst) };
        assert!(!newest.next.is_null(), "{} is alone", newest.value);
    };
    let told = || {
        let report = Checker::exhaustive().name("lost").check(lost);
        report.expect_failure(FailureKind::Panic).to_string()
    };
    let text = told();
    assert!(text.contains("slot.load() → null") && text.contains("slot.store(&Node#1)"), "{text}");
    assert!(text.contains("slot.load() → &Node#2"), "{text}");
    assert!(!text.contains("0x"), "{text}");
    assert_eq!(text, told());
}

#[test]
fn an_exchange_beside_a_loop_that_waits_for_a_pointer_has_all_its_traces() {
    let model = || {
        let first = Box::into_raw(Box::new(0));
        let slot = Arc::new(AtomicPtr::new(first));
        for value in 1..=2 {
            let slot = Arc::clone(&slot);
            thread::spawn(move || {
                let now = slot.load(SeqCst);
                // Boxes are leaked: each has an address of its own.
                _ = slot.compare_exchange(now, Box::into_raw(Box::new(value)), SeqCst, SeqCst);
            });
        }
        while slot.load(SeqCst) == first {
            hint::spin_loop();
        }
    };
    for fruitless in [0, 1] {
        let check = |checker: Checker| {
            let report = checker.fruitless_yields(fruitless).count_traces(true).check(model);
            report.expect_verified();
            assert_eq!(report.stats.redundant, 0, "{report}");
            report.stats.traces.unwrap()
        };
        let rounds = check(Checker::exhaustive().spin_assume(false));
        assert_eq!(rounds, check(Checker::dfs()), "{fruitless}");
        let waits = Checker::exhaustive().fruitless_yields(fruitless).check(model);
        waits.expect_verified();
        assert!(waits.stats.executions <= rounds, "{waits}");
    }
}
