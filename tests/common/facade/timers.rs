//! Timers.

use raddle::sync::atomic::Ordering::SeqCst;
use raddle::sync::{Arc, Timer};

use super::condvars::SOON;
use super::{Choices, Context, Me, instructions};

instructions! {
    /// Starts a timer that adds to a variable, and joins it.
    Join(usize),
    Cancel(usize),
    /// Starts one and leaves it.
    Leave(usize),
}

pub struct World;

impl World {
    pub fn new() -> Self {
        World
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        let v = choices.object();
        match choices.below(3) {
            0 => Instr::Join(v),
            1 => Instr::Cancel(v),
            _ => Instr::Leave(v),
        }
    }

    pub fn cost(&self) -> usize {
        3
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        let all = Arc::clone(&me.all);
        let (Instr::Join(v) | Instr::Cancel(v) | Instr::Leave(v)) = *self;
        let timer = Timer::start(SOON, move || {
            all.vars[v].fetch_add(1, SeqCst);
        });
        match self {
            Instr::Join(_) => me.saw(timer.join().is_ok()),
            Instr::Cancel(_) => {
                timer.cancel();
                me.saw(timer.join().is_ok());
            }
            Instr::Leave(_) => drop(timer),
        }
        true
    }
}
