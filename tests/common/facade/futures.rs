//! Futures on threads: wakers, tasks, task-locals.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

use raddle::future::{self, AtomicWaker};
use raddle::sync::Arc;
use raddle::sync::atomic::Ordering::SeqCst;

use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    /// Waits in a future until the variable is other than 0.
    Await(usize),
    /// Sets the variable and wakes.
    Wake(usize),
    WakeInVain(usize),
    Take(usize),
    /// Runs the block in a task and awaits it.
    Task(Block),
    DetachedTask(usize),
    Yield,
    Local,
}

pub struct World {
    wakers: [AtomicWaker; 2],
}

impl World {
    pub fn new() -> Self {
        World { wakers: [AtomicWaker::new(), AtomicWaker::new()] }
    }
}

future::task_local! {
    static NUMBER: u8;
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        let w = usize::from(choices.below(4) == 3);
        match choices.below(11) {
            0 | 1 => Instr::Await(w),
            2..5 => Instr::Wake(w),
            5 => Instr::WakeInVain(w),
            6 => Instr::Take(w),
            7 => Instr::Task(context.child(choices)),
            8 => Instr::DetachedTask(w),
            9 => Instr::Yield,
            _ => Instr::Local,
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::Await(_) => 5,
            Instr::Wake(_) => 3,
            Instr::WakeInVain(_) | Instr::Take(_) | Instr::Yield => 2,
            Instr::Task(block) => around(block, 4),
            Instr::DetachedTask(_) => 2,
            Instr::Local => 0,
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        match self {
            Instr::Await(w) => {
                let all = Arc::clone(&me.all);
                let value = Cell::new(0);
                future::block_on(poll_fn(|context| {
                    world.wakers[*w].register(context.waker());
                    value.set(all.vars[*w].load(SeqCst));
                    if value.get() == 0 { Poll::Pending } else { Poll::Ready(()) }
                }));
                me.saw(value.get());
            }
            Instr::Wake(w) => {
                me.all.vars[*w].fetch_add(1, SeqCst);
                world.wakers[*w].wake();
            }
            Instr::WakeInVain(w) => world.wakers[*w].wake(),
            Instr::Take(w) => me.saw(world.wakers[*w].take().is_some()),
            Instr::Task(block) => {
                let child = me.child(block);
                me.joined(future::block_on(future::spawn(async move { child() })));
            }
            Instr::DetachedTask(v) => {
                let (all, v) = (Arc::clone(&me.all), *v);
                drop(future::spawn(async move {
                    all.vars[v].fetch_add(1, SeqCst);
                }));
            }
            Instr::Yield => future::block_on(future::yield_now()),
            Instr::Local => me.saw(future::block_on(NUMBER.scope(7, async { NUMBER.get() }))),
        }
        true
    }
}
