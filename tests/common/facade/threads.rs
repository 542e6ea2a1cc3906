//! Threads within threads: joined, detached, scoped, named; and whether they have ended.

use raddle::sync::Arc;
use raddle::sync::atomic::Ordering::SeqCst;
use raddle::thread;

use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    /// Runs the first block in a child beside the second.
    Child(Block, Block),
    Detached(Block),
    Scope(Block, Block),
    Named(Block),
    /// Asks whether a child has ended, and joins it.
    IsFinished(Block),
    /// Asks whether a scoped child has ended, and leaves the scope.
    ScopedIsFinished(Block),
}

pub struct World;

impl World {
    pub fn new() -> Self {
        World
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        match choices.below(8) {
            0 | 1 => Instr::Child(context.child(choices), context.block(choices)),
            2 => Instr::Detached(context.child(choices)),
            3 => Instr::Scope(context.child(choices), context.child(choices)),
            4 => Instr::Named(context.child(choices)),
            5 | 6 => Instr::IsFinished(context.child(choices)),
            _ => Instr::ScopedIsFinished(context.child(choices)),
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::Child(one, two) | Instr::Scope(one, two) => around(one, around(two, 1)),
            Instr::Named(block) => around(block, 1),
            Instr::Detached(block) | Instr::IsFinished(block) | Instr::ScopedIsFinished(block) => {
                around(block, 2)
            }
        }
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        match self {
            Instr::Child(block, beside) => {
                let child = thread::spawn(me.child(block));
                me.block(beside);
                me.joined(child.join());
            }
            Instr::Detached(block) => {
                let (child, all) = (me.child(block), Arc::clone(&me.all));
                drop(thread::spawn(move || {
                    let sum =
                        child().iter().fold(1, |sum: u8, seen| sum.wrapping_mul(31).wrapping_add(*seen));
                    all.detached.fetch_add(sum, SeqCst);
                }));
            }
            Instr::Scope(one, two) => {
                let (one, two) = (me.child(one), me.child(two));
                let both = thread::scope(|scope| {
                    let (one, two) = (scope.spawn(one), scope.spawn(two));
                    (one.join(), two.join())
                });
                me.joined(both.0);
                me.joined(both.1);
            }
            Instr::Named(block) => {
                let child = thread::Builder::new().name("named".into()).spawn(me.child(block));
                me.joined(child.unwrap().join());
            }
            Instr::IsFinished(block) => {
                let child = thread::spawn(me.child(block));
                me.saw(child.is_finished());
                me.joined(child.join());
            }
            Instr::ScopedIsFinished(block) => {
                let child = me.child(block);
                let finished = thread::scope(|scope| scope.spawn(child).is_finished());
                me.saw(finished);
            }
        }
        true
    }
}
