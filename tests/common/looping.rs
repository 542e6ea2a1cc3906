//! Small concurrent programs with loops, as data.
#![allow(dead_code)]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool as StdBool, Ordering};

use raddle::sync::atomic::{AtomicU8, Ordering::SeqCst};
use raddle::sync::{Arc, Mutex};
use raddle::time::{Duration, Instant};
use raddle::{hint, thread};

/// How a loop goes round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As the program is written.
    Plain,
    /// With a yield in every round.
    Yields,
    /// At most this often, counted on the stack; an execution in which a loop needs more is skipped.
    Bounded(u8),
}

/// What a round of a loop ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    Nothing,
    Hint,
    Yield,
}

/// What a loop is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Until a variable is at least a number.
    AtLeast,
    /// Until a variable is a number.
    Equals,
    /// Gives up after some rounds, which it counts on the stack.
    CountsOnStack,
    /// Gives up after some rounds, which it counts in the heap.
    CountsInHeap,
    /// Gives up when it has seen this many values, which it keeps in the heap.
    FillsInHeap,
    /// Lowers what it waits for in each round, in the heap.
    LowersInHeap,
    /// Until one variable and then another is not 0.
    Either,
    /// Until two variables, read in one round, are both numbers.
    Both,
    /// Until two consecutive reads differ.
    Differ,
    /// A loop in a loop.
    Nested,
    /// Adds by compare-exchange.
    Retry,
    /// Adds by compare-exchange that may fail spuriously.
    RetryWeakly,
    /// Replaces 0 by a number.
    CasLock,
    /// Takes a lock made of a swap, and releases it.
    SwapLock,
    /// Takes a lock by `try_lock`.
    TryLock,
    /// Until the value differs from the last one.
    Changes,
    /// Remembers the last value and ends when it falls; or is a number.
    Falls,
    /// Ends when it reads the same value twice in a row, the last of which is in the heap.
    RepeatsInHeap,
    /// Keeps the different values that it sees.
    Records,
    /// Until a variable is what a list in the heap says.
    Pointer,
    /// Until a variable is at least what another one was.
    Threshold,
    /// Sleeps in each round.
    Sleeps,
    /// Sleeps until a deadline.
    Deadline,
    /// Reads one variable after the other, at one source line.
    AnyOf,
    /// Reads through a closure of an iterator.
    Iterator,
    /// Panics when it sees a number.
    Panics,
    /// Until a variable is at least a number, and then returns it.
    Tells,
    /// Ends with the value that it saw before the last one.
    Before,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Kind] = &[
        Kind::AtLeast,
        Kind::Equals,
        Kind::CountsOnStack,
        Kind::CountsInHeap,
        Kind::FillsInHeap,
        Kind::LowersInHeap,
        Kind::Either,
        Kind::Both,
        Kind::Differ,
        Kind::Nested,
        Kind::Retry,
        Kind::RetryWeakly,
        Kind::CasLock,
        Kind::SwapLock,
        Kind::TryLock,
        Kind::Changes,
        Kind::Falls,
        Kind::RepeatsInHeap,
        Kind::Records,
        Kind::Pointer,
        Kind::Threshold,
        Kind::Sleeps,
        Kind::Deadline,
        Kind::AnyOf,
        Kind::Iterator,
        Kind::Panics,
        Kind::Tells,
        Kind::Before,
    ];
}

/// A loop with its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    pub kind: Kind,
    pub pause: Pause,
    pub v: u8,
    pub w: u8,
    pub n: u8,
    pub k: u8,
}

/// A statement. Operands name one of three variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stmt {
    Load(u8),
    Store(u8, u8),
    Add(u8),
    Swap(u8, u8),
    Cas(u8, u8, u8),
    /// Adds one under the lock.
    Locked(u8),
    Loop(Loop),
}

/// What a thread has seen.
pub type Seen = Vec<u8>;
/// What the threads have seen, and the final values.
pub type Outcome = (Vec<Seen>, Vec<u8>);

struct World {
    vars: [AtomicU8; 3],
    lock: Mutex<()>,
    mode: Mode,
    /// Whether a loop exceeded its bound.
    over: StdBool,
}

/// The state of a loop between its rounds.
struct Round<'a> {
    world: &'a World,
    pause: Pause,
    left: u8,
    over: &'a Cell<bool>,
}

impl Round<'_> {
    /// The end of a round; returns whether to leave the loop.
    #[inline(always)]
    fn ends(&mut self) -> bool {
        match self.world.mode {
            Mode::Plain => match self.pause {
                Pause::Nothing => {}
                Pause::Hint => hint::spin_loop(),
                Pause::Yield => thread::yield_now(),
            },
            Mode::Yields => thread::yield_now(),
            Mode::Bounded(_) => {
                if self.left == 0 {
                    self.world.over.store(true, Ordering::Relaxed);
                    self.over.set(true);
                    return true;
                }
                self.left -= 1;
            }
        }
        false
    }
}

fn run_loop(world: &World, it: &Loop, seen: &mut Seen, over: &Cell<bool>) {
    let (v, w) = (&world.vars[usize::from(it.v)], &world.vars[usize::from(it.w)]);
    let (n, k) = (it.n, it.k);
    let gives_up = matches!(
        it.kind,
        Kind::CountsOnStack | Kind::CountsInHeap | Kind::FillsInHeap | Kind::LowersInHeap | Kind::Deadline
    );
    let left = match world.mode {
        Mode::Bounded(most) if gives_up => most.max(k.saturating_add(2)),
        Mode::Bounded(most) => most,
        _ => 0,
    };
    let mut round = Round { world, pause: it.pause, left, over };
    match it.kind {
        Kind::AtLeast => {
            while v.load(SeqCst) < n {
                if round.ends() {
                    return;
                }
            }
        }
        Kind::Equals => {
            while v.load(SeqCst) != n {
                if round.ends() {
                    return;
                }
            }
        }
        Kind::CountsOnStack => {
            let mut count = 0;
            while v.load(SeqCst) < n && count < k {
                count += 1;
                if round.ends() {
                    return;
                }
            }
            seen.push(count);
        }
        Kind::CountsInHeap => {
            let count = Box::new(Cell::new(0));
            let count: &Cell<u8> = std::hint::black_box(&count);
            while v.load(SeqCst) < n && count.get() < k {
                count.set(count.get() + 1);
                if round.ends() {
                    return;
                }
            }
            seen.push(count.get());
        }
        Kind::FillsInHeap => {
            let mut values: Box<Vec<u8>> = Box::default();
            loop {
                let value = v.load(SeqCst);
                values.push(value);
                std::hint::black_box(&mut values);
                if value >= n || values.len() >= usize::from(k) {
                    break;
                }
                if round.ends() {
                    return;
                }
            }
            seen.extend(values.iter());
        }
        Kind::LowersInHeap => {
            let limit = Box::new(Cell::new(k));
            let limit: &Cell<u8> = std::hint::black_box(&limit);
            while v.load(SeqCst) < limit.get() {
                limit.set(limit.get() - 1);
                if round.ends() {
                    return;
                }
            }
            seen.push(limit.get());
        }
        Kind::Either => {
            while v.load(SeqCst) == 0 || w.load(SeqCst) == 0 {
                if round.ends() {
                    return;
                }
            }
        }
        Kind::Both => loop {
            let (one, two) = (v.load(SeqCst), w.load(SeqCst));
            if one >= n && two >= 1 {
                seen.push(one * 16 + two);
                break;
            }
            if round.ends() {
                return;
            }
        },
        Kind::Differ => loop {
            let (one, two) = (v.load(SeqCst), v.load(SeqCst));
            if one != two {
                seen.push(one * 16 + two);
                break;
            }
            if round.ends() {
                return;
            }
        },
        Kind::Nested => loop {
            let mut inner = Round { ..round };
            while v.load(SeqCst) == 0 {
                if inner.ends() {
                    return;
                }
            }
            let value = w.load(SeqCst);
            if value >= n {
                seen.push(value);
                break;
            }
            if round.ends() {
                return;
            }
        },
        Kind::Retry => loop {
            let value = v.load(SeqCst);
            if v.compare_exchange(value, value + 1, SeqCst, SeqCst).is_ok() {
                seen.push(value);
                break;
            }
            if round.ends() {
                return;
            }
        },
        Kind::RetryWeakly => {
            let mut value = v.load(SeqCst);
            while let Err(now) = v.compare_exchange_weak(value, value + 1, SeqCst, SeqCst) {
                value = now;
                if round.ends() {
                    return;
                }
            }
            seen.push(value);
        }
        Kind::CasLock => {
            while v.compare_exchange(0, n, SeqCst, SeqCst).is_err() {
                if round.ends() {
                    return;
                }
            }
        }
        Kind::SwapLock => {
            while v.swap(1, SeqCst) == 1 {
                if round.ends() {
                    return;
                }
            }
            seen.push(w.load(SeqCst));
            v.store(0, SeqCst);
        }
        Kind::TryLock => loop {
            if let Ok(held) = world.lock.try_lock() {
                seen.push(w.load(SeqCst));
                drop(held);
                break;
            }
            if round.ends() {
                return;
            }
        },
        Kind::Changes => {
            let first = v.load(SeqCst);
            loop {
                let value = v.load(SeqCst);
                if value != first {
                    seen.push(first * 16 + value);
                    break;
                }
                if round.ends() {
                    return;
                }
            }
        }
        Kind::Falls => {
            let mut last = 0;
            loop {
                let value = v.load(SeqCst);
                if value < last || value == n {
                    seen.push(last * 16 + value);
                    break;
                }
                last = value;
                if round.ends() {
                    return;
                }
            }
        }
        Kind::RepeatsInHeap => {
            let last = Box::new(Cell::new(0xff));
            let last: &Cell<u8> = std::hint::black_box(&last);
            loop {
                let value = v.load(SeqCst);
                if value == last.get() {
                    seen.push(value);
                    break;
                }
                last.set(value);
                if round.ends() {
                    return;
                }
            }
        }
        Kind::Records => {
            let mut values: Vec<u8> = Vec::new();
            loop {
                let value = v.load(SeqCst);
                if values.last() != Some(&value) {
                    values.push(value);
                }
                if value >= n {
                    break;
                }
                if round.ends() {
                    return;
                }
            }
            seen.extend(values);
        }
        Kind::Pointer => {
            let list: Box<(u8, Option<Box<u8>>)> = Box::new((0, Some(Box::new(n))));
            let list = std::hint::black_box(list);
            while list.1.as_ref().is_some_and(|limit| v.load(SeqCst) != **limit + list.0) {
                if round.ends() {
                    return;
                }
            }
        }
        Kind::Threshold => {
            let limit = std::hint::black_box(Box::new(w.load(SeqCst)));
            loop {
                let value = v.load(SeqCst);
                if value >= *limit {
                    seen.push(*limit * 16 + value);
                    break;
                }
                if round.ends() {
                    return;
                }
            }
        }
        Kind::Sleeps => {
            while v.load(SeqCst) < n {
                if world.mode == Mode::Plain {
                    thread::sleep(Duration::from_millis(1));
                }
                if round.ends() {
                    return;
                }
            }
        }
        Kind::Deadline => {
            let begun = Instant::now();
            while v.load(SeqCst) < n && begun.elapsed() < Duration::from_millis(u64::from(k)) {
                thread::sleep(Duration::from_millis(1));
                if round.ends() {
                    return;
                }
            }
            seen.push((begun.elapsed().as_micros() / 1000) as u8);
        }
        Kind::AnyOf => 'found: loop {
            for (at, var) in world.vars[..2].iter().enumerate() {
                if var.load(SeqCst) >= n {
                    seen.push(at as u8);
                    break 'found;
                }
            }
            if round.ends() {
                return;
            }
        },
        Kind::Panics => loop {
            let value = v.load(SeqCst);
            if value == n {
                // Without a message.
                std::panic::resume_unwind(Box::new("seen"));
            }
            if value > n || w.load(SeqCst) > n {
                seen.push(value);
                break;
            }
            if round.ends() {
                return;
            }
        },
        Kind::Tells => loop {
            let value = v.load(SeqCst);
            if value >= n {
                seen.push(value);
                break;
            }
            if round.ends() {
                return;
            }
        },
        Kind::Before => {
            let mut last = 0;
            loop {
                let value = v.load(SeqCst);
                if w.load(SeqCst) >= n {
                    seen.push(value * 16 + last);
                    break;
                }
                last = value;
                if round.ends() {
                    return;
                }
            }
        }
        Kind::Iterator => {
            let mut stopped = false;
            let found = (0..).map(|_: u64| v.load(SeqCst)).find(|&value| {
                stopped = value < n && round.ends();
                stopped || value >= n
            });
            if !stopped {
                seen.extend(found);
            }
        }
    }
}

fn run_block(world: &World, block: &[Stmt], seen: &mut Seen) {
    let note = |result: Result<u8, u8>| match result {
        Ok(value) => value,
        Err(value) => value | 0x80,
    };
    let var = |v: &u8| &world.vars[usize::from(*v)];
    let over = Cell::new(false);
    for stmt in block {
        if over.get() {
            return;
        }
        match stmt {
            Stmt::Load(v) => seen.push(var(v).load(SeqCst)),
            Stmt::Store(v, n) => var(v).store(*n, SeqCst),
            Stmt::Add(v) => seen.push(var(v).fetch_add(1, SeqCst)),
            Stmt::Swap(v, n) => seen.push(var(v).swap(*n, SeqCst)),
            Stmt::Cas(v, old, new) => seen.push(note(var(v).compare_exchange(*old, *new, SeqCst, SeqCst))),
            Stmt::Locked(v) => {
                let _held = world.lock.lock();
                let value = var(v).load(SeqCst);
                var(v).store(value + 1, SeqCst);
            }
            Stmt::Loop(it) => run_loop(world, it, seen, &over),
        }
    }
}

/// The blocks of the threads; the first thread spawns the others before its block and joins them after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub threads: Vec<Vec<Stmt>>,
}

impl Program {
    fn loops(&self) -> impl Iterator<Item = &Loop> {
        self.threads.iter().flatten().filter_map(|stmt| match stmt {
            Stmt::Loop(it) => Some(it),
            _ => None,
        })
    }

    /// Whether no loop can run for ever.
    pub fn gives_up(&self) -> bool {
        self.loops().all(|it| {
            matches!(
                it.kind,
                Kind::CountsOnStack
                    | Kind::CountsInHeap
                    | Kind::FillsInHeap
                    | Kind::LowersInHeap
                    | Kind::Deadline
                    | Kind::Retry
                    | Kind::RetryWeakly
                    | Kind::TryLock
            )
        })
    }

    /// Whether a loop counts where its local state does not show it, so that its yields do not
    /// show what it waits for.
    pub fn heap(&self) -> bool {
        let hidden = |kind: Kind| {
            matches!(
                kind,
                Kind::CountsInHeap
                    | Kind::FillsInHeap
                    | Kind::LowersInHeap
                    | Kind::RepeatsInHeap
                    | Kind::Deadline
                    | Kind::Iterator
            )
        };
        self.loops().any(|it| hidden(it.kind))
    }

    /// The program as a model that records the outcome of each execution that ends well.
    pub fn model(
        &self,
        mode: Mode,
        outcomes: &std::sync::Arc<StdMutex<BTreeSet<Outcome>>>,
    ) -> impl Fn() + Send + Sync + 'static {
        let (program, outcomes) = (self.clone(), std::sync::Arc::clone(outcomes));
        move || {
            let vars = [AtomicU8::new(0), AtomicU8::new(0), AtomicU8::new(0)];
            let world = Arc::new(World { vars, lock: Mutex::new(()), mode, over: StdBool::new(false) });
            let handles: Vec<_> = program.threads[1..]
                .iter()
                .map(|block| {
                    let (world, block) = (Arc::clone(&world), block.clone());
                    thread::spawn(move || {
                        let mut seen = Seen::new();
                        run_block(&world, &block, &mut seen);
                        seen
                    })
                })
                .collect();
            let mut seen = vec![Seen::new()];
            run_block(&world, &program.threads[0], &mut seen[0]);
            let results: Vec<_> = handles.into_iter().map(thread::JoinHandle::join).collect();
            seen.extend(results.into_iter().map(|result| result.unwrap_or_else(|_| vec![0xee])));
            let finals = world.vars.iter().map(|v| v.load(SeqCst)).collect();
            if !world.over.load(Ordering::Relaxed) {
                outcomes.lock().unwrap().insert((seen, finals));
            }
        }
    }
}
