//! Cells, whose races the checker finds: bare, and behind a flag.

use raddle::cell::UnsafeCell;
use raddle::sync::atomic::{AtomicBool, Ordering};

use super::{Choices, Context, Me, instructions};

instructions! {
    Read(usize),
    Write(usize),
    /// Writes and raises the flag.
    Publish(u8),
    /// Reads if the flag is up.
    Consume(u8),
}

pub struct World {
    cells: [UnsafeCell<u8>; 2],
    flag: AtomicBool,
}

// SAFETY: an access that another one races with is found by the checker before it happens, and only one
// thread runs at a time.
unsafe impl Sync for World {}

impl World {
    pub fn new() -> Self {
        World { cells: [UnsafeCell::new(0), UnsafeCell::new(0)], flag: AtomicBool::new(false) }
    }

    fn read(&self, c: usize) -> u8 {
        // SAFETY: only one thread runs at a time.
        self.cells[c].with(|n| unsafe { *n })
    }

    fn write(&self, c: usize) {
        // SAFETY: only one thread runs at a time.
        self.cells[c].with_mut(|n| unsafe { *n += 1 });
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        let (c, order) = (choices.object(), choices.below(3) as u8);
        match choices.below(8) {
            0 => Instr::Read(c),
            1 => Instr::Write(c),
            2..5 => Instr::Publish(order),
            _ => Instr::Consume(order),
        }
    }

    pub fn cost(&self) -> usize {
        1
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match *self {
            Instr::Read(c) => me.saw(world.read(c)),
            Instr::Write(c) => world.write(c),
            Instr::Publish(order) => {
                world.write(0);
                world.flag.store(true, if order == 0 { Ordering::Relaxed } else { Ordering::Release });
            }
            Instr::Consume(order) => {
                let up = world.flag.load(if order == 0 { Ordering::Relaxed } else { Ordering::Acquire });
                me.saw(if up { world.read(0) } else { 0xfe });
            }
        }
        true
    }
}
