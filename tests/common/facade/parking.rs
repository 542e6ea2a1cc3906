//! Parking and unparking.

use raddle::thread;

use super::condvars::SOON;
use super::{Choices, Context, Me, instructions};

instructions! {
    Park,
    ParkTimeout,
    /// Unparks a thread that began earlier; main unparks any.
    Unpark(usize),
    UnparkSelf,
}

pub struct World;

impl World {
    pub fn new() -> Self {
        World
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        match choices.below(6) {
            // Mostly main waits, because all threads can wake it.
            0 if context.thread == 0 => Instr::Park,
            1 if context.thread == 0 => Instr::ParkTimeout,
            2 => Instr::ParkTimeout,
            3 if choices.below(3) == 2 => Instr::UnparkSelf,
            4 if choices.below(2) == 1 => Instr::Park,
            _ => Instr::Unpark(choices.below(3)),
        }
    }

    pub fn cost(&self) -> usize {
        1 + usize::from(matches!(self, Instr::ParkTimeout))
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        match *self {
            Instr::Park => thread::park(),
            Instr::ParkTimeout => thread::park_timeout(SOON),
            Instr::Unpark(number) => me.known[number % me.known.len()].unpark(),
            Instr::UnparkSelf => thread::current().unpark(),
        }
        true
    }
}
