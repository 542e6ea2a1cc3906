//! Generated programs over pointers to boxes: pushed, popped, swapped and exchanged; leaked, freed at the
//! end, or freed as soon as a thread has exclusive access to a box.
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use raddle::sync::atomic::AtomicPtr;
use raddle::sync::atomic::Ordering::SeqCst;
use raddle::{Checker, Verdict, thread};

/// What one thread does next.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Stores a box, whatever the slot contains.
    Store(usize),
    /// Reads the slot.
    Load(usize),
    /// Swaps in a box and takes the old one.
    Swap(usize),
    /// Takes the box from the slot.
    Take(usize),
    /// Stores a box if the slot is empty.
    Offer(usize),
    /// Stores a box if the slot still has the box that the thread has last seen in it.
    Replace(usize),
    /// Pushes a box in front of the list.
    Push(usize),
    /// Pops the first box of the list.
    Pop(usize),
}

/// What happens to a box that was taken out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum After {
    Leak,
    FreeAtTheEnd,
    /// Such a program never reads a box that another thread may have taken, nor compares its address.
    FreeAtOnce,
}

#[derive(Clone, Debug)]
struct Program {
    slots: usize,
    threads: Vec<Vec<Act>>,
    after: After,
}

/// Pseudorandom numbers from a seed (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }
}

fn generate(seed: u64) -> Program {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    (0..8).for_each(|_| _ = numbers.below(2));
    let after = [After::Leak, After::FreeAtTheEnd, After::FreeAtOnce][numbers.below(3)];
    let slots = 1 + numbers.below(2);
    let count = 2 + numbers.below(2);
    let threads = (0..count)
        .map(|_| {
            let length = 1 + numbers.below(5 - count);
            (0..length)
                .map(|_| {
                    let slot = numbers.below(slots);
                    let exclusive: [fn(usize) -> Act; 4] = [Act::Swap, Act::Take, Act::Offer, Act::Load];
                    let shared: [fn(usize) -> Act; 4] = [Act::Store, Act::Replace, Act::Push, Act::Pop];
                    let kinds = if after == After::FreeAtOnce { 4 } else { 8 };
                    [exclusive, shared].concat()[numbers.below(kinds)](slot)
                })
                .collect()
        })
        .collect();
    Program { slots, threads, after }
}

struct Node {
    value: usize,
    next: *mut Node,
}

/// What a program shares.
struct Shared {
    slots: Vec<AtomicPtr<Node>>,
    after: After,
    /// Every box that was not freed at once, by its address.
    boxes: Mutex<Vec<usize>>,
}

fn value_of(node: *mut Node) -> usize {
    // SAFETY: as in `values`.
    if node.is_null() { 0 } else { unsafe { (*node).value } }
}

impl Shared {
    fn new_box(&self, value: usize, next: *mut Node) -> *mut Node {
        let node = Box::into_raw(Box::new(Node { value, next }));
        if self.after != After::FreeAtOnce {
            self.boxes.lock().unwrap().push(node as usize);
        }
        node
    }

    /// The value of a box that the calling thread now has exclusively; frees the box if the
    /// program frees at once.
    fn taken(&self, node: *mut Node) -> usize {
        let value = value_of(node);
        if self.after == After::FreeAtOnce && !node.is_null() {
            // SAFETY: such a program takes boxes out by exchanges only, each once.
            drop(unsafe { Box::from_raw(node) });
        }
        value
    }

    /// Performs an act; returns what the thread saw, as a number.
    fn act(&self, act: Act, value: usize, seen: &mut [*mut Node]) -> usize {
        let null = std::ptr::null_mut();
        match act {
            Act::Store(slot) => {
                self.slots[slot].store(self.new_box(value, null), SeqCst);
                0
            }
            Act::Load(slot) => {
                let node = self.slots[slot].load(SeqCst);
                seen[slot] = node;
                if self.after == After::FreeAtOnce { usize::from(node.is_null()) } else { value_of(node) }
            }
            Act::Swap(slot) => self.taken(self.slots[slot].swap(self.new_box(value, null), SeqCst)),
            Act::Take(slot) => self.taken(self.slots[slot].swap(null, SeqCst)),
            Act::Offer(slot) => {
                let node = self.new_box(value, null);
                match self.slots[slot].compare_exchange(null, node, SeqCst, SeqCst) {
                    Ok(_) => 100,
                    Err(_) => self.taken(node),
                }
            }
            Act::Replace(slot) => {
                let node = self.new_box(value, null);
                match self.slots[slot].compare_exchange(seen[slot], node, SeqCst, SeqCst) {
                    Ok(old) => 100 + value_of(old),
                    Err(now) => value_of(now),
                }
            }
            Act::Push(slot) => {
                let head = self.slots[slot].load(SeqCst);
                let node = self.new_box(value, head);
                let pushed = self.slots[slot].compare_exchange(head, node, SeqCst, SeqCst);
                200 + value_of(head) + 100 * usize::from(pushed.is_ok())
            }
            Act::Pop(slot) => {
                let head = self.slots[slot].load(SeqCst);
                if head.is_null() {
                    return 0;
                }
                // SAFETY: such a program frees nothing before the end.
                let next = unsafe { (*head).next };
                let popped = self.slots[slot].compare_exchange(head, next, SeqCst, SeqCst);
                value_of(head) + 100 * usize::from(popped.is_ok())
            }
        }
    }

    /// What is left in a slot.
    fn values(&self, slot: usize) -> Vec<usize> {
        let mut values = Vec::new();
        let mut node = self.slots[slot].load(SeqCst);
        while !node.is_null() {
            values.push(value_of(node));
            // SAFETY: all other threads have finished, and what is in a slot is not freed.
            node = unsafe { (*node).next };
        }
        values
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let boxes = std::mem::take(self.boxes.get_mut().unwrap());
        let left: Vec<_> =
            self.slots.iter_mut().map(|slot| *slot.get_mut() as usize).filter(|&node| node != 0).collect();
        let freed = match self.after {
            After::Leak => return,
            After::FreeAtTheEnd => boxes,
            After::FreeAtOnce => left,
        };
        for node in freed {
            // SAFETY: the execution is over, and each box is listed once.
            drop(unsafe { Box::from_raw(node as *mut Node) });
        }
    }
}

type Outcome = (Vec<Vec<usize>>, Vec<Vec<usize>>);

fn run(program: &Program) -> Outcome {
    let shared = Arc::new(Shared {
        slots: (0..program.slots).map(|_| AtomicPtr::default()).collect(),
        after: program.after,
        boxes: Mutex::default(),
    });
    let mut bodies = program.threads.iter().cloned().enumerate().map(|(thread, acts)| {
        let shared = Arc::clone(&shared);
        move || {
            let mut seen = [std::ptr::null_mut(); 2];
            let acts = acts.into_iter().enumerate();
            acts.map(|(n, act)| shared.act(act, 10 * (thread + 1) + n, &mut seen)).collect::<Vec<_>>()
        }
    });
    let main = bodies.next().unwrap();
    let children: Vec<_> = bodies.map(thread::spawn).collect();
    let mut seen = vec![main()];
    seen.extend(children.into_iter().map(|child| child.join().unwrap()));
    let left = (0..program.slots).map(|slot| shared.values(slot)).collect();
    (seen, left)
}

/// The outcomes of a program under an engine, its executions and its traces; `None` if there are too many.
fn explore(program: &Program, checker: &Checker) -> Option<(BTreeSet<Outcome>, u64, u64)> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let (into, model) = (Arc::clone(&seen), program.clone());
    let report = checker.clone().count_traces(true).check(move || {
        let outcome = run(&model);
        into.lock().unwrap().insert(outcome);
    });
    match &report.verdict {
        Verdict::Verified => {}
        Verdict::Inconclusive(raddle::Reason::MaxExecutions { .. }) => return None,
        _ => panic!("{program:?}: {report}"),
    }
    assert_eq!(report.stats.redundant, 0, "{program:?}: {report}");
    let outcomes = std::mem::take(&mut *seen.lock().unwrap());
    Some((outcomes, report.stats.executions, report.stats.traces.unwrap()))
}

/// Programs from one seed to another.
fn agree(seeds: std::ops::Range<u64>) {
    let (mut compared, mut by_after) = (0, [0; 3]);
    for seed in seeds.clone() {
        let program = generate(seed);
        let (outcomes, executions, traces) = explore(&program, &Checker::exhaustive()).unwrap();
        assert_eq!(executions, traces, "{program:?}");
        let Some((all, _, all_traces)) = explore(&program, &Checker::dfs().max_executions(2_000)) else {
            continue;
        };
        assert_eq!((&outcomes, traces), (&all, all_traces), "{program:?}");
        compared += 1;
        by_after[program.after as usize] += 1;
    }
    let count = (seeds.end - seeds.start) as usize;
    assert!(
        compared * 10 >= count * 8 && by_after.iter().all(|&n| n * 5 >= count),
        "{compared} {by_after:?}"
    );
}

#[test]
fn a_thousand_programs_over_pointers_have_the_outcomes_and_traces_of_all_their_schedules() {
    agree(0..1_000);
}

#[test]
#[ignore = "long without optimisation"]
fn twenty_thousand_programs_over_pointers_have_the_outcomes_and_traces_of_all_their_schedules() {
    agree(1_000..21_000);
}
