//! Monitors after Mesa and after Hoare.

use raddle::sync::{Condition, Discipline, Monitor};

use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    Enter(usize, Block),
    /// Waits once if there is nothing.
    WaitIf(usize),
    /// Waits until there is something, and takes it.
    WaitWhile(usize),
    Put(usize),
    SignalAll(usize),
}

pub struct World {
    monitors: [Monitor<u8>; 2],
}

impl World {
    pub fn new() -> Self {
        World { monitors: [Monitor::new(Discipline::Mesa, 0), Monitor::new(Discipline::Hoare, 0)] }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        let m = choices.object();
        match choices.below(6) {
            0 => Instr::Enter(m, context.block(choices)),
            1 => Instr::WaitIf(m),
            2 => Instr::WaitWhile(m),
            3 | 4 => Instr::Put(m),
            _ => Instr::SignalAll(m),
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::Enter(_, block) => around(block, 2),
            _ => 4,
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match self {
            Instr::Enter(m, block) => {
                let mut inside = world.monitors[*m].enter();
                *inside += 1;
                me.saw(*inside);
                me.block(block);
            }
            Instr::WaitIf(m) => {
                let mut inside = world.monitors[*m].enter();
                if *inside == 0 {
                    inside.wait(Condition(0));
                }
                me.saw(*inside);
            }
            Instr::WaitWhile(m) => {
                let mut inside = world.monitors[*m].enter();
                while *inside == 0 {
                    inside.wait(Condition(0));
                }
                *inside -= 1;
            }
            Instr::Put(m) => {
                let mut inside = world.monitors[*m].enter();
                *inside += 1;
                inside.signal(Condition(0));
            }
            Instr::SignalAll(m) => {
                let mut inside = world.monitors[*m].enter();
                inside.signal_all(Condition(0));
                me.saw(*inside);
            }
        }
        true
    }
}
