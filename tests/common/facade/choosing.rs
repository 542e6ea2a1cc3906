//! Choices of the model's own.

#[cfg(feature = "check")]
use raddle::choose;

use super::{Choices, Context, Me, instructions};

instructions! {
    Choose(usize),
}

/// Real threads run no choices.
#[cfg(not(feature = "check"))]
fn choose(_: usize) -> usize {
    unreachable!("the group does not run natively")
}

pub struct World;

impl World {
    pub fn new() -> Self {
        World
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        Instr::Choose(choices.below(2) + 2)
    }

    pub fn cost(&self) -> usize {
        1
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        let Instr::Choose(n) = *self;
        me.saw(choose(n) as u8);
        true
    }
}
