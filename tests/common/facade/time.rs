//! Sleeps, and the clock.

use std::time::Duration;

use raddle::thread;
use raddle::time::Instant;

use super::{Choices, Context, Me, instructions};

instructions! {
    Sleep,
    Elapsed,
}

pub struct World {
    begun: Instant,
}

impl World {
    pub fn new() -> Self {
        World { begun: Instant::now() }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        if choices.below(3) < 2 { Instr::Sleep } else { Instr::Elapsed }
    }

    pub fn cost(&self) -> usize {
        1
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match *self {
            Instr::Sleep => thread::sleep(Duration::from_millis(1)),
            Instr::Elapsed => me.saw(world.begun.elapsed().as_millis() as u8),
        }
        true
    }
}
