//! One-time initialisation: `Once`, `OnceLock`, `LazyLock`, and `parking_lot`'s.

use std::panic::{AssertUnwindSafe, catch_unwind};

use raddle::parking_lot;
use raddle::sync::{LazyLock, Once, OnceLock};

use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    CallOnce(Block),
    CallOnceForce,
    Panics,
    IsCompleted,
    Wait,
    Set(u8),
    Get,
    GetOrInit(u8),
    WaitForValue,
    Force,
    PlotOnce,
    PlotState,
}

pub struct World {
    once: Once,
    value: OnceLock<u8>,
    lazy: LazyLock<u8, fn() -> u8>,
    plot: parking_lot::Once,
}

impl World {
    pub fn new() -> Self {
        World {
            once: Once::new(),
            value: OnceLock::new(),
            lazy: LazyLock::new(|| 7),
            plot: parking_lot::Once::new(),
        }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        match choices.below(14) {
            0 => Instr::CallOnce(context.block(choices)),
            1 => Instr::CallOnce(Block::new()),
            2 => Instr::CallOnceForce,
            3 => Instr::Panics,
            4 => Instr::IsCompleted,
            5 => Instr::Wait,
            6 => Instr::Set(choices.value()),
            7 => Instr::Get,
            8 | 9 => Instr::GetOrInit(choices.value()),
            10 => Instr::WaitForValue,
            11 => Instr::Force,
            12 => Instr::PlotOnce,
            _ => Instr::PlotState,
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::CallOnce(block) => around(block, 2),
            Instr::IsCompleted | Instr::Get | Instr::Wait | Instr::WaitForValue | Instr::PlotState => 1,
            _ => 2,
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match self {
            Instr::CallOnce(block) => {
                // The call panics if it is poisoned.
                let called = catch_unwind(AssertUnwindSafe(|| {
                    let mut mine = 0;
                    world.once.call_once(|| {
                        mine = 1;
                        me.block(block);
                    });
                    mine
                }));
                me.saw(passes(called).unwrap_or(0xee));
            }
            Instr::CallOnceForce => {
                let mut mine = 0;
                world.once.call_once_force(|state| mine = 1 + u8::from(state.is_poisoned()));
                me.saw(mine);
            }
            Instr::Panics => {
                let called = catch_unwind(AssertUnwindSafe(|| world.once.call_once(|| panic!("in a once"))));
                me.saw(passes(called).is_none());
            }
            Instr::IsCompleted => me.saw(world.once.is_completed()),
            Instr::Wait => {
                // The wait panics if it is poisoned.
                let waited = catch_unwind(AssertUnwindSafe(|| world.once.wait()));
                me.saw(passes(waited).is_some());
            }
            Instr::Set(n) => me.saw(world.value.set(*n).is_ok()),
            Instr::Get => me.saw(world.value.get().copied().unwrap_or(0)),
            Instr::GetOrInit(n) => me.saw(*world.value.get_or_init(|| *n)),
            Instr::WaitForValue => me.saw(*world.value.wait()),
            Instr::Force => me.saw(*LazyLock::force(&world.lazy)),
            Instr::PlotOnce => {
                let mut mine = 0;
                world.plot.call_once(|| mine = 1);
                me.saw(mine);
            }
            Instr::PlotState => me.saw(world.plot.state().done()),
        }
        true
    }
}

/// The result of a caught call. The panic that unwinds a thread at the end of an execution is passed on.
pub fn passes<T>(caught: std::thread::Result<T>) -> Option<T> {
    match caught {
        Ok(value) => Some(value),
        Err(payload) if payload.is::<&str>() || payload.is::<String>() => None,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}
