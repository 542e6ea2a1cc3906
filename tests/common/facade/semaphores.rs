//! Semaphores, with and without a bound.

use raddle::sync::{BoundedSemaphore, Semaphore};

use super::condvars::SOON;
use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    Acquire(usize),
    TryAcquire(usize),
    AcquireTimeout(usize),
    Release(usize),
    Permit(Block),
    BoundedAcquire,
    BoundedTry,
    BoundedTimeout,
    BoundedRelease,
}

pub struct World {
    semaphores: [Semaphore; 2],
    bounded: BoundedSemaphore,
}

impl World {
    pub fn new() -> Self {
        World { semaphores: [Semaphore::new(1), Semaphore::new(0)], bounded: BoundedSemaphore::new(1) }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        let s = choices.object();
        match choices.below(11) {
            0 | 1 => Instr::Acquire(s),
            2 => Instr::TryAcquire(s),
            3 => Instr::AcquireTimeout(s),
            4 | 5 => Instr::Release(s),
            6 => Instr::Permit(context.block(choices)),
            7 => Instr::BoundedAcquire,
            8 => Instr::BoundedTry,
            9 => Instr::BoundedTimeout,
            _ => Instr::BoundedRelease,
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::Permit(block) => around(block, 2),
            Instr::AcquireTimeout(_) | Instr::BoundedTimeout => 2,
            _ => 1,
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match self {
            Instr::Acquire(s) => world.semaphores[*s].acquire(),
            Instr::TryAcquire(s) => me.saw(world.semaphores[*s].try_acquire()),
            Instr::AcquireTimeout(s) => me.saw(world.semaphores[*s].acquire_timeout(SOON)),
            Instr::Release(s) => world.semaphores[*s].release(),
            Instr::Permit(block) => {
                let _permit = world.semaphores[0].permit();
                me.block(block);
            }
            Instr::BoundedAcquire => world.bounded.acquire(),
            Instr::BoundedTry => me.saw(world.bounded.try_acquire()),
            Instr::BoundedTimeout => me.saw(world.bounded.acquire_timeout(SOON)),
            Instr::BoundedRelease => me.saw(world.bounded.release().is_ok()),
        }
        true
    }
}
