//! Panics: caught, of a thread, and under locks, which they poison.

use std::panic::{AssertUnwindSafe, catch_unwind};

use raddle::sync::atomic::Ordering::SeqCst;
use raddle::sync::{Mutex, RwLock};

use super::once::passes;
use super::{Block, Choices, Context, Group, Me, around, instructions};

instructions! {
    /// Panics if the variable has this value.
    Check(usize, u8),
    /// Runs the first block, panics, runs the second in a destructor, and catches the panic.
    Catch(Block, Block),
    /// Poisons the mutex.
    PanicInMutex(Block),
    PanicInWrite,
    Lock,
    TryLock,
    Read,
    IsPoisoned,
    ClearPoison,
}

pub struct World {
    mutex: Mutex<u8>,
    rwlock: RwLock<u8>,
}

impl World {
    pub fn new() -> Self {
        World { mutex: Mutex::new(0), rwlock: RwLock::new(0) }
    }
}

/// Runs a block when it is dropped.
struct Last<'a>(&'a mut Me, &'a Block);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        self.0.block(self.1);
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        match choices.below(10) {
            0 => Instr::Check(choices.object(), choices.value() - 1),
            // A destructor that panics while a panic unwinds aborts the process.
            1 => Instr::Catch(context.block(choices), context.without(Group::Panics, choices)),
            2 | 3 => Instr::PanicInMutex(context.block(choices)),
            4 => Instr::PanicInWrite,
            5 => Instr::Lock,
            6 => Instr::TryLock,
            7 => Instr::Read,
            8 => Instr::IsPoisoned,
            _ => Instr::ClearPoison,
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::Check(..) => 1,
            Instr::Catch(block, last) => around(block, around(last, 0)),
            Instr::PanicInMutex(block) => around(block, 2),
            _ => 2,
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match self {
            Instr::Check(v, n) => {
                let value = me.all.vars[*v].load(SeqCst);
                assert_ne!(value, *n, "the variable has the value");
            }
            Instr::Catch(block, last) => {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let last = Last(me, last);
                    last.0.block(block);
                    panic!("to be caught");
                }));
                passes::<()>(caught);
            }
            Instr::PanicInMutex(block) => {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let _held = world.mutex.lock();
                    me.block(block);
                    panic!("under a mutex");
                }));
                passes::<()>(caught);
            }
            Instr::PanicInWrite => {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let _held = world.rwlock.write();
                    panic!("under a lock");
                }));
                passes::<()>(caught);
            }
            Instr::Lock => {
                let locked = world.mutex.lock();
                me.saw(locked.is_err());
                *locked.unwrap_or_else(|poisoned| poisoned.into_inner()) += 1;
            }
            Instr::TryLock => {
                use std::sync::TryLockError;
                me.saw(match world.mutex.try_lock() {
                    Ok(held) => *held,
                    Err(TryLockError::WouldBlock) => 0xfe,
                    Err(TryLockError::Poisoned(poisoned)) => *poisoned.into_inner() | 0x80,
                });
            }
            Instr::Read => me.saw(world.rwlock.read().is_err()),
            Instr::IsPoisoned => {
                me.saw(world.mutex.is_poisoned());
                me.saw(world.rwlock.is_poisoned());
            }
            Instr::ClearPoison => world.mutex.clear_poison(),
        }
        true
    }
}
