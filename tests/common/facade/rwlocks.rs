//! std's reader-writer lock.

use std::sync::PoisonError;

use raddle::sync::{RwLock, RwLockWriteGuard};

use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    Read(usize, Block),
    Write(usize, Block),
    TryRead(usize, Block),
    TryWrite(usize, Block),
    /// Writes, and runs the block as a reader.
    Downgrade(usize, Block),
}

pub struct World {
    locks: [RwLock<u8>; 2],
}

impl World {
    pub fn new() -> Self {
        World { locks: [RwLock::new(0), RwLock::new(0)] }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        // Mostly one lock, so that three threads contend for it.
        let (lock, kind) = (usize::from(choices.below(4) == 3), choices.below(7));
        let block = context.block(choices);
        match kind {
            0 | 1 => Instr::Read(lock, block),
            2 | 3 => Instr::Write(lock, block),
            4 => Instr::TryRead(lock, block),
            5 => Instr::TryWrite(lock, block),
            _ => Instr::Downgrade(lock, block),
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::Downgrade(_, block) => around(block, 3),
            Instr::Read(_, block)
            | Instr::Write(_, block)
            | Instr::TryRead(_, block)
            | Instr::TryWrite(_, block) => around(block, 2),
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match self {
            Instr::Read(lock, block) => {
                let held = world.locks[*lock].read().unwrap_or_else(PoisonError::into_inner);
                me.saw(*held);
                me.block(block);
            }
            Instr::Write(lock, block) => {
                let mut held = world.locks[*lock].write().unwrap_or_else(PoisonError::into_inner);
                *held += 1;
                me.block(block);
            }
            Instr::TryRead(lock, block) => {
                let held = world.locks[*lock].try_read().ok();
                me.saw(held.as_ref().map_or(0xfe, |held| **held));
                if held.is_some() {
                    me.block(block);
                }
            }
            Instr::TryWrite(lock, block) => {
                let held = world.locks[*lock].try_write().ok();
                me.saw(held.is_some());
                if let Some(mut held) = held {
                    *held += 1;
                    me.block(block);
                }
            }
            Instr::Downgrade(lock, block) => {
                let mut held = world.locks[*lock].write().unwrap_or_else(PoisonError::into_inner);
                *held += 1;
                let held = RwLockWriteGuard::downgrade(held);
                me.block(block);
                me.saw(*held);
            }
        }
        true
    }
}
