//! `parking_lot`'s condition variable: notifications return whether, or how many, threads woke up.

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
        // A wait with a predicate comes to an end only where there is also something put.
        match choices.below(13) {
            0 | 1 => Instr::Wait,
            2 => Instr::WaitFor,
            3..=5 => Instr::WaitWhile,
            6 => Instr::WaitWhileFor,
            7..=9 => Instr::Put,
            10 | 11 => Instr::NotifyOne,
            _ => Instr::NotifyAll,
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::NotifyOne | Instr::NotifyAll => 1,
            Instr::Put => 3,
            Instr::Wait | Instr::WaitWhile => 4,
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
