//! std's condition variables, with every wait.

use std::sync::PoisonError;
use std::time::Duration;

use raddle::sync::{Condvar, Mutex, MutexGuard};

use super::{Choices, Context, Me, instructions};

instructions! {
    /// Waits once, without a predicate: it may wait for ever.
    Wait(usize),
    /// Waits until there is something, and takes it.
    WaitWhile(usize),
    WaitTimeout(usize),
    WaitTimeoutWhile(usize),
    /// Puts something there under the lock, and notifies one.
    Put(usize),
    PutAll(usize),
    NotifyOne(usize),
    NotifyAll(usize),
}

pub struct World {
    pairs: [(Mutex<u8>, Condvar); 2],
}

impl World {
    pub fn new() -> Self {
        World { pairs: [0, 1].map(|_| (Mutex::new(0), Condvar::new())) }
    }
}

pub const SOON: Duration = Duration::from_micros(300);

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        let c = usize::from(choices.below(4) == 3);
        // A wait with a predicate comes to an end only where there is also something put.
        match choices.below(13) {
            0 => Instr::Wait(c),
            1..=3 => Instr::WaitWhile(c),
            4 => Instr::WaitTimeout(c),
            5 => Instr::WaitTimeoutWhile(c),
            6..=8 => Instr::Put(c),
            9 => Instr::PutAll(c),
            10 | 11 => Instr::NotifyOne(c),
            _ => Instr::NotifyAll(c),
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::NotifyOne(_) | Instr::NotifyAll(_) => 1,
            Instr::Put(_) | Instr::PutAll(_) => 3,
            Instr::WaitWhile(_) | Instr::WaitTimeoutWhile(_) => 4,
            _ => 5,
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        let lock = |c: usize| -> MutexGuard<'_, u8> {
            world.pairs[c].0.lock().unwrap_or_else(PoisonError::into_inner)
        };
        match *self {
            Instr::Wait(c) => {
                let held = world.pairs[c].1.wait(lock(c)).unwrap_or_else(PoisonError::into_inner);
                me.saw(*held);
            }
            Instr::WaitWhile(c) => {
                let held = world.pairs[c].1.wait_while(lock(c), |n| *n == 0);
                *held.unwrap_or_else(PoisonError::into_inner) -= 1;
            }
            Instr::WaitTimeout(c) => {
                let waited = world.pairs[c].1.wait_timeout(lock(c), SOON);
                let (held, result) = waited.unwrap_or_else(PoisonError::into_inner);
                me.saw(*held);
                drop(held);
                me.saw(result.timed_out());
            }
            Instr::WaitTimeoutWhile(c) => {
                let waited = world.pairs[c].1.wait_timeout_while(lock(c), SOON, |n| *n == 0);
                let (mut held, result) = waited.unwrap_or_else(PoisonError::into_inner);
                me.saw(result.timed_out());
                *held = held.saturating_sub(1);
            }
            Instr::Put(c) => {
                let mut held = lock(c);
                *held += 1;
                world.pairs[c].1.notify_one();
            }
            Instr::PutAll(c) => {
                *lock(c) += 1;
                world.pairs[c].1.notify_all();
            }
            Instr::NotifyOne(c) => world.pairs[c].1.notify_one(),
            Instr::NotifyAll(c) => world.pairs[c].1.notify_all(),
        }
        true
    }
}
