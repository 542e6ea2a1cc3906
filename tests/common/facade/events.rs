//! Events.

use raddle::sync::Event;

use super::condvars::SOON;
use super::{Choices, Context, Me, instructions};

instructions! {
    Set(usize),
    Clear(usize),
    IsSet(usize),
    Wait(usize),
    WaitTimeout(usize),
}

pub struct World {
    events: [Event; 2],
}

impl World {
    pub fn new() -> Self {
        World { events: [Event::new(), Event::new()] }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        let e = usize::from(choices.below(4) == 3);
        match choices.below(9) {
            0..3 => Instr::Set(e),
            3..5 => Instr::Clear(e),
            5 => Instr::IsSet(e),
            6 | 7 => Instr::Wait(e),
            _ => Instr::WaitTimeout(e),
        }
    }

    pub fn cost(&self) -> usize {
        1 + usize::from(matches!(self, Instr::WaitTimeout(_)))
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match *self {
            Instr::Set(e) => world.events[e].set(),
            Instr::Clear(e) => world.events[e].clear(),
            Instr::IsSet(e) => me.saw(world.events[e].is_set()),
            Instr::Wait(e) => world.events[e].wait(),
            Instr::WaitTimeout(e) => me.saw(world.events[e].wait_timeout(SOON)),
        }
        true
    }
}
