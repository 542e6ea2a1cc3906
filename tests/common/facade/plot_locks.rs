//! `parking_lot`'s exclusive locks: `Mutex`, `FairMutex`, and the reentrant ones, its own and Raddle's.

use std::cell::Cell;

use raddle::parking_lot::{FairMutex, Mutex, ReentrantMutex};
use raddle::sync;

use super::condvars::SOON;
use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    Lock(Block),
    TryLock(Block),
    TryLockFor(Block),
    IsLocked,
    Fair(Block),
    /// Locks twice.
    Reenter(Block),
    TryReenter(Block),
    /// The same with Raddle's.
    ReenterOwn(Block),
    TryReenterOwn(Block),
}

pub struct World {
    mutex: Mutex<u8>,
    fair: FairMutex<u8>,
    reentrant: ReentrantMutex<Cell<u8>>,
    own: sync::ReentrantMutex<Cell<u8>>,
}

impl World {
    pub fn new() -> Self {
        World {
            mutex: Mutex::new(0),
            fair: FairMutex::new(0),
            reentrant: ReentrantMutex::new(Cell::new(0)),
            own: sync::ReentrantMutex::new(Cell::new(0)),
        }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        let kind = choices.below(10);
        let block = context.block(choices);
        match kind {
            0 | 1 => Instr::Lock(block),
            2 => Instr::TryLock(block),
            3 => Instr::TryLockFor(block),
            4 => Instr::IsLocked,
            5 => Instr::Fair(block),
            6 => Instr::Reenter(block),
            7 => Instr::TryReenter(block),
            8 => Instr::ReenterOwn(block),
            _ => Instr::TryReenterOwn(block),
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::IsLocked => 1,
            Instr::Reenter(block) | Instr::ReenterOwn(block) => around(block, 4),
            Instr::Lock(block)
            | Instr::TryLock(block)
            | Instr::TryLockFor(block)
            | Instr::Fair(block)
            | Instr::TryReenter(block)
            | Instr::TryReenterOwn(block) => around(block, 2),
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        let count = |cell: &Cell<u8>| {
            cell.set(cell.get() + 1);
            cell.get()
        };
        match self {
            Instr::Lock(block) => {
                let mut held = world.mutex.lock();
                *held += 1;
                me.saw(*held);
                me.block(block);
            }
            Instr::TryLock(block) => {
                let held = world.mutex.try_lock();
                me.saw(held.is_some());
                if let Some(mut held) = held {
                    *held += 1;
                    me.block(block);
                }
            }
            Instr::TryLockFor(block) => {
                let held = world.mutex.try_lock_for(SOON);
                me.saw(held.is_some());
                if let Some(mut held) = held {
                    *held += 1;
                    me.block(block);
                }
            }
            Instr::IsLocked => me.saw(world.mutex.is_locked()),
            Instr::Fair(block) => {
                let mut held = world.fair.lock();
                *held += 1;
                me.saw(*held);
                me.block(block);
            }
            Instr::Reenter(block) => {
                let _outer = world.reentrant.lock();
                let inner = world.reentrant.lock();
                me.saw(count(&inner));
                me.block(block);
            }
            Instr::TryReenter(block) => {
                let held = world.reentrant.try_lock();
                me.saw(held.as_ref().map_or(0, |held| count(held)));
                if held.is_some() {
                    me.block(block);
                }
            }
            Instr::ReenterOwn(block) => {
                let _outer = world.own.lock();
                let inner = world.own.lock();
                me.saw(count(&inner));
                me.block(block);
            }
            Instr::TryReenterOwn(block) => {
                let held = world.own.try_lock();
                me.saw(held.as_ref().map_or(0, |held| count(held)));
                if held.is_some() {
                    me.block(block);
                }
            }
        }
        true
    }
}
