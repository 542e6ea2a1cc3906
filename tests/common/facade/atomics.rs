//! Atomics and fences, with orderings.

use raddle::sync::atomic::{AtomicBool, Ordering, fence};

use super::{Choices, Context, Me, instructions};

instructions! {
    Load(usize, u8),
    Store(usize, u8, u8),
    Add(usize, u8),
    Swap(usize, u8),
    Cas(usize, u8, u8),
    WeakCas(usize, u8, u8),
    /// Adds by a loop of compare-exchanges.
    Update(usize),
    Max(usize, u8),
    Flag(bool),
    Fence(u8),
}

pub struct World {
    flag: AtomicBool,
}

impl World {
    pub fn new() -> Self {
        World { flag: AtomicBool::new(false) }
    }
}

/// An ordering for what reads, writes, and both.
fn orderings(order: u8) -> [Ordering; 3] {
    match order {
        0 => [Ordering::SeqCst; 3],
        1 => [Ordering::Relaxed; 3],
        _ => [Ordering::Acquire, Ordering::Release, Ordering::AcqRel],
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        let (v, n, order) = (choices.object(), choices.value(), choices.below(3) as u8);
        match choices.below(12) {
            0 | 1 => Instr::Load(v, order),
            2 | 3 => Instr::Store(v, n, order),
            4 => Instr::Add(v, order),
            5 => Instr::Swap(v, n),
            6 => Instr::Cas(v, n - 1, n),
            7 => Instr::WeakCas(v, n - 1, n),
            8 => Instr::Update(v),
            9 => Instr::Max(v, n),
            10 => Instr::Flag(n == 1),
            _ => Instr::Fence(order),
        }
    }

    pub fn cost(&self) -> usize {
        if matches!(self, Instr::Update(_)) { 3 } else { 1 }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        let note = |result: Result<u8, u8>| result.unwrap_or_else(|value| value | 0x80);
        let order = |me: &Me, order: u8, use_as: usize| me.order(orderings(order)[use_as]);
        let all = raddle::sync::Arc::clone(&me.all);
        match *self {
            Instr::Load(v, o) => {
                let order = order(me, o, 0);
                me.saw(all.vars[v].load(order));
            }
            Instr::Store(v, n, o) => all.vars[v].store(n, order(me, o, 1)),
            Instr::Add(v, o) => {
                let order = order(me, o, 2);
                me.saw(all.vars[v].fetch_add(1, order));
            }
            Instr::Swap(v, n) => me.saw(all.vars[v].swap(n, Ordering::SeqCst)),
            Instr::Cas(v, old, new) => {
                me.saw(note(all.vars[v].compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst)));
            }
            Instr::WeakCas(v, old, new) => {
                me.saw(note(all.vars[v].compare_exchange_weak(old, new, Ordering::SeqCst, Ordering::SeqCst)));
            }
            Instr::Update(v) => {
                let updated = all.vars[v]
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < 3).then_some(n + 1));
                me.saw(note(updated));
            }
            Instr::Max(v, n) => me.saw(all.vars[v].fetch_max(n, Ordering::SeqCst)),
            Instr::Flag(up) => me.saw(world.flag.swap(up, Ordering::SeqCst)),
            Instr::Fence(o) => fence(if o == 1 { Ordering::Acquire } else { orderings(o)[2] }),
        }
        true
    }
}
