//! `parking_lot`'s condition variable: notifications say whom they woke.

use raddle::parking_lot::{Condvar, Mutex};

use super::condvars::SOON;
use super::{Choices, Context, Me, instructions};

instructions! {
    Wait,
    WaitFor,
    /// Waits until there is something, and takes it.
    WaitWhile,
    WaitWhileFor,
    /// Puts something there under the lock, and notifies one.
    Put,
    NotifyOne,
    NotifyAll,
}

pub struct World {
    lock: Mutex<u8>,
    condvar: Condvar,
}

impl World {
    pub fn new() -> Self {
        World { lock: Mutex::new(0), condvar: Condvar::new() }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        match choices.below(9) {
            0 => Instr::Wait,
            1 => Instr::WaitFor,
            2 => Instr::WaitWhile,
            3 => Instr::WaitWhileFor,
            4 | 5 => Instr::Put,
            6 | 7 => Instr::NotifyOne,
            _ => Instr::NotifyAll,
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::NotifyOne | Instr::NotifyAll => 1,
            Instr::Put => 3,
            _ => 5,
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match self {
            Instr::Wait => {
                let mut held = world.lock.lock();
                world.condvar.wait(&mut held);
                me.saw(*held);
            }
            Instr::WaitFor => {
                let mut held = world.lock.lock();
                me.saw(world.condvar.wait_for(&mut held, SOON).timed_out());
                me.saw(*held);
            }
            Instr::WaitWhile => {
                let mut held = world.lock.lock();
                world.condvar.wait_while(&mut held, |n| *n == 0);
                *held -= 1;
            }
            Instr::WaitWhileFor => {
                let mut held = world.lock.lock();
                me.saw(world.condvar.wait_while_for(&mut held, |n| *n == 0, SOON).timed_out());
                *held = held.saturating_sub(1);
            }
            Instr::Put => {
                let mut held = world.lock.lock();
                *held += 1;
                me.saw(world.condvar.notify_one());
            }
            Instr::NotifyOne => me.saw(world.condvar.notify_one()),
            Instr::NotifyAll => me.saw(world.condvar.notify_all() as u8),
        }
        true
    }
}
