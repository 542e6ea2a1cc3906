//! std's mutex.

use std::sync::{PoisonError, TryLockError};

use raddle::sync::Mutex;

use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    /// Runs the block under a lock, and counts.
    Lock(usize, Block),
    TryLock(usize, Block),
}

pub struct World {
    locks: [Mutex<u8>; 2],
}

impl World {
    pub fn new() -> Self {
        World { locks: [Mutex::new(0), Mutex::new(0)] }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        let (lock, tries) = (choices.object(), choices.below(3) == 2);
        let block = context.block(choices);
        if tries { Instr::TryLock(lock, block) } else { Instr::Lock(lock, block) }
    }

    pub fn cost(&self) -> usize {
        let (Instr::Lock(_, block) | Instr::TryLock(_, block)) = self;
        around(block, 2)
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match self {
            Instr::Lock(lock, block) => {
                let mut held = world.locks[*lock].lock().unwrap_or_else(PoisonError::into_inner);
                *held += 1;
                me.saw(*held);
                me.block(block);
            }
            Instr::TryLock(lock, block) => {
                let held = match world.locks[*lock].try_lock() {
                    Ok(held) => Some(held),
                    Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                    Err(TryLockError::WouldBlock) => None,
                };
                me.saw(held.is_some());
                if let Some(mut held) = held {
                    *held += 1;
                    me.block(block);
                }
            }
        }
        true
    }
}
