//! Small concurrent programs as data, so that proptest can generate and shrink them and a fuzzer
//! can read them from bytes.
#![allow(dead_code)]

use std::collections::BTreeSet;
use std::sync::Mutex as StdMutex;

use raddle::sync::atomic::{AtomicU8, Ordering::SeqCst, fence};
use raddle::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, Semaphore};
use raddle::{choose, thread};

/// One instruction. Operands name one of two objects of the kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instr {
    Load(u8),
    Store(u8, u8),
    Add(u8),
    Swap(u8, u8),
    Cas(u8, u8, u8),
    WeakCas(u8, u8, u8),
    Fence,
    /// Runs the block under a lock.
    Lock(u8, Vec<Instr>),
    /// Runs the block under a lock if it is free.
    TryLock(u8, Vec<Instr>),
    Read(u8, Vec<Instr>),
    Write(u8, Vec<Instr>),
    TryRead(u8, Vec<Instr>),
    TryWrite(u8, Vec<Instr>),
    Acquire(u8),
    TryAcquire(u8),
    Release(u8),
    /// Locks, waits, unlocks: without a predicate, so that it may wait for ever.
    Wait(u8),
    NotifyOne(u8),
    NotifyAll(u8),
    Choose(u8),
    Barrier,
    Once,
    /// Waits for the variable to be other than 0, for at most three rounds.
    Spin(u8),
    /// Spawns a child that runs the block, and joins it at the end.
    Child(Vec<Instr>),
    /// Panics if the variable has this value.
    Check(u8, u8),
}

/// What a thread has seen.
pub type Seen = Vec<u8>;
/// What the threads have seen, in the order of their creation, and the final values.
pub type Outcome = (Vec<Seen>, Vec<u8>);

struct World {
    vars: [AtomicU8; 2],
    locks: [Mutex<()>; 2],
    rwlocks: [RwLock<()>; 2],
    semaphores: [Semaphore; 2],
    condvars: [(Mutex<()>, Condvar); 2],
    barrier: Barrier,
    once: Once,
}

impl World {
    fn new() -> Self {
        World {
            vars: [AtomicU8::new(0), AtomicU8::new(0)],
            locks: [Mutex::new(()), Mutex::new(())],
            rwlocks: [RwLock::new(()), RwLock::new(())],
            semaphores: [Semaphore::new(1), Semaphore::new(0)],
            condvars: [(Mutex::new(()), Condvar::new()), (Mutex::new(()), Condvar::new())],
            barrier: Barrier::new(2),
            once: Once::new(),
        }
    }
}

fn at(object: u8) -> usize {
    usize::from(object % 2)
}

fn run_block(world: &Arc<World>, block: &[Instr], seen: &mut Seen) {
    for instr in block {
        run_instr(world, instr, seen);
    }
}

fn run_instr(world: &Arc<World>, instr: &Instr, seen: &mut Seen) {
    let note = |result: Result<u8, u8>| match result {
        Ok(value) => value,
        Err(value) => value | 0x80,
    };
    match instr {
        Instr::Load(v) => seen.push(world.vars[at(*v)].load(SeqCst)),
        Instr::Store(v, n) => world.vars[at(*v)].store(*n, SeqCst),
        Instr::Add(v) => seen.push(world.vars[at(*v)].fetch_add(1, SeqCst)),
        Instr::Swap(v, n) => seen.push(world.vars[at(*v)].swap(*n, SeqCst)),
        Instr::Cas(v, old, new) => {
            seen.push(note(world.vars[at(*v)].compare_exchange(*old, *new, SeqCst, SeqCst)));
        }
        Instr::WeakCas(v, old, new) => {
            seen.push(note(world.vars[at(*v)].compare_exchange_weak(*old, *new, SeqCst, SeqCst)));
        }
        Instr::Fence => fence(SeqCst),
        Instr::Lock(l, block) => {
            let _held = world.locks[at(*l)].lock();
            run_block(world, block, seen);
        }
        Instr::TryLock(l, block) => {
            let held = world.locks[at(*l)].try_lock();
            seen.push(u8::from(held.is_ok()));
            if held.is_ok() {
                run_block(world, block, seen);
            }
        }
        Instr::Read(l, block) => {
            let _held = world.rwlocks[at(*l)].read();
            run_block(world, block, seen);
        }
        Instr::Write(l, block) => {
            let _held = world.rwlocks[at(*l)].write();
            run_block(world, block, seen);
        }
        Instr::TryRead(l, block) => {
            let held = world.rwlocks[at(*l)].try_read();
            seen.push(u8::from(held.is_ok()));
            if held.is_ok() {
                run_block(world, block, seen);
            }
        }
        Instr::TryWrite(l, block) => {
            let held = world.rwlocks[at(*l)].try_write();
            seen.push(u8::from(held.is_ok()));
            if held.is_ok() {
                run_block(world, block, seen);
            }
        }
        Instr::Acquire(s) => world.semaphores[at(*s)].acquire(),
        Instr::TryAcquire(s) => seen.push(u8::from(world.semaphores[at(*s)].try_acquire())),
        Instr::Release(s) => world.semaphores[at(*s)].release(),
        Instr::Wait(c) => {
            let (lock, condvar) = &world.condvars[at(*c)];
            let guard = lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            drop(condvar.wait(guard));
        }
        Instr::NotifyOne(c) => world.condvars[at(*c)].1.notify_one(),
        Instr::NotifyAll(c) => world.condvars[at(*c)].1.notify_all(),
        Instr::Choose(n) => seen.push(choose(usize::from(n % 3) + 1) as u8),
        Instr::Barrier => seen.push(u8::from(world.barrier.wait().is_leader())),
        Instr::Once => {
            let mut mine = 0;
            world.once.call_once(|| mine = 1);
            seen.push(mine);
        }
        Instr::Spin(v) => {
            for _ in 0..3 {
                let value = world.vars[at(*v)].load(SeqCst);
                seen.push(value);
                if value != 0 {
                    break;
                }
                thread::yield_now();
            }
        }
        Instr::Child(block) => {
            let (other, block) = (Arc::clone(world), block.clone());
            let child = thread::spawn(move || {
                let mut seen = Seen::new();
                run_block(&other, &block, &mut seen);
                seen
            });
            seen.push(0xff);
            seen.extend(child.join().unwrap_or_else(|_| vec![0xee]));
        }
        Instr::Check(v, n) => {
            let value = world.vars[at(*v)].load(SeqCst);
            assert_ne!(value, *n, "the variable has the value");
        }
    }
}

/// A program: what each thread does. The first one is main's own part, after it has spawned the
/// others and before it joins them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub threads: Vec<Vec<Instr>>,
}

impl Program {
    /// The program as a model that notes the outcome of each execution that ends well.
    pub fn model(
        &self,
        outcomes: &std::sync::Arc<StdMutex<BTreeSet<Outcome>>>,
    ) -> impl Fn() + Send + Sync + 'static {
        let (program, outcomes) = (self.clone(), std::sync::Arc::clone(outcomes));
        move || {
            let world = Arc::new(World::new());
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
            outcomes.lock().unwrap().insert((seen, finals));
        }
    }

    /// The number of instructions, those of blocks included.
    pub fn size(&self) -> usize {
        fn of(block: &[Instr]) -> usize {
            block
                .iter()
                .map(|instr| match instr {
                    Instr::Lock(_, b)
                    | Instr::TryLock(_, b)
                    | Instr::Read(_, b)
                    | Instr::Write(_, b)
                    | Instr::TryRead(_, b)
                    | Instr::TryWrite(_, b) => 2 + of(b),
                    Instr::Child(b) => of(b),
                    Instr::Wait(_) => 4,
                    Instr::Spin(_) => 3,
                    Instr::Barrier => 2,
                    _ => 1,
                })
                .sum()
        }
        self.threads.iter().map(|block| of(block)).sum()
    }
}
