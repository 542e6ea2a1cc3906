//! Thread-locals, with destructors that perform operations.

use std::cell::RefCell;

use raddle::sync::Arc;
use raddle::sync::atomic::Ordering::SeqCst;

use super::{All, Choices, Context, Me, instructions};

instructions! {
    /// Sets a thread-local whose destructor adds to a variable.
    Leave(usize),
    /// Whether the thread-local is set.
    Look,
    /// Drops it now.
    Take,
}

/// Adds when it is dropped, at its thread's end.
struct Adds(Arc<All>, usize);

impl Drop for Adds {
    fn drop(&mut self) {
        self.0.vars[self.1].fetch_add(1, SeqCst);
    }
}

raddle::thread::thread_local! {
    static LEFT: RefCell<Option<Adds>> = const { RefCell::new(None) };
}

pub struct World;

impl World {
    pub fn new() -> Self {
        World
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        match choices.below(5) {
            0..3 => Instr::Leave(choices.object()),
            3 => Instr::Look,
            _ => Instr::Take,
        }
    }

    pub fn cost(&self) -> usize {
        1
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        match *self {
            Instr::Leave(v) => {
                let adds = Adds(Arc::clone(&me.all), v);
                let before = LEFT.with_borrow_mut(|left| left.replace(adds));
                drop(before);
            }
            Instr::Look => me.saw(LEFT.with_borrow(Option::is_some)),
            Instr::Take => drop(LEFT.with_borrow_mut(Option::take)),
        }
        true
    }
}
