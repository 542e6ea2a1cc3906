//! Loops that wait for a variable, and yields.

use raddle::sync::atomic::Ordering::SeqCst;
use raddle::{hint, thread};

use super::{Choices, Context, Me, instructions};

instructions! {
    /// Waits for the variable to be other than 0, for at most this many rounds.
    Spin(usize, usize),
    /// The same, without a limit.
    Until(usize),
    Raise(usize),
    Hint,
    Yield,
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
        match choices.below(9) {
            0 | 1 => Instr::Spin(v, 2 + choices.below(2)),
            2 => Instr::Until(v),
            3..6 => Instr::Raise(v),
            6 => Instr::Hint,
            _ => Instr::Yield,
        }
    }

    pub fn cost(&self) -> usize {
        if matches!(self, Instr::Raise(_) | Instr::Hint | Instr::Yield) { 1 } else { 3 }
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        match *self {
            Instr::Spin(v, rounds) => {
                for _ in 0..rounds {
                    let value = me.all.vars[v].load(SeqCst);
                    me.saw(value);
                    if value != 0 {
                        break;
                    }
                    thread::yield_now();
                }
            }
            Instr::Until(v) => {
                while me.all.vars[v].load(SeqCst) == 0 {
                    thread::yield_now();
                }
            }
            Instr::Raise(v) => me.all.vars[v].store(1, SeqCst),
            Instr::Hint => hint::spin_loop(),
            Instr::Yield => thread::yield_now(),
        }
        true
    }
}
