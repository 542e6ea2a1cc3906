//! Barriers for two and for three.

use raddle::sync::Barrier;

use super::{Choices, Context, Me, instructions};

instructions! {
    Wait(usize),
}

pub struct World {
    barriers: [Barrier; 2],
}

impl World {
    pub fn new() -> Self {
        World { barriers: [Barrier::new(2), Barrier::new(3)] }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        Instr::Wait(usize::from(choices.below(5) == 4))
    }

    pub fn cost(&self) -> usize {
        2
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        let Instr::Wait(barrier) = *self;
        me.saw(world.barriers[barrier].wait().is_leader());
        true
    }
}
