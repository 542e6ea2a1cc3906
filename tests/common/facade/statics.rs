//! Statics that are created anew in each execution.

use raddle::parking_lot::{Mutex, const_mutex};
use raddle::sync::LazyLock;
use raddle::sync::atomic::{AtomicU8, Ordering::SeqCst};

use super::{Choices, Context, Me, instructions};

instructions! {
    Add,
    Lock,
    Lazy,
}

raddle::statics! {
    static COUNT: AtomicU8 = AtomicU8::new(0);
    static SUM: Mutex<u8> = const_mutex(0);
}
static LAZY: LazyLock<AtomicU8> = LazyLock::new(|| AtomicU8::new(3));

pub struct World;

impl World {
    pub fn new() -> Self {
        World
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        match choices.below(3) {
            0 => Instr::Add,
            1 => Instr::Lock,
            _ => Instr::Lazy,
        }
    }

    pub fn cost(&self) -> usize {
        if matches!(self, Instr::Add) { 1 } else { 2 }
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        match self {
            Instr::Add => me.saw(COUNT.fetch_add(1, SeqCst)),
            Instr::Lock => {
                let mut sum = SUM.lock();
                *sum += 1;
                me.saw(*sum);
            }
            Instr::Lazy => me.saw(LAZY.fetch_add(1, SeqCst)),
        }
        true
    }
}
