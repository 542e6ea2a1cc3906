//! Queues, bounded and not.

use raddle::sync::{GetError, PutError, Queue};

use super::condvars::SOON;
use super::{Choices, Context, Me, instructions};

instructions! {
    Put(usize, u8),
    TryPut(usize, u8),
    PutTimeout(usize, u8),
    Get(usize),
    TryGet(usize),
    GetTimeout(usize),
    TaskDone(usize),
    Join(usize),
    Shutdown(usize),
    ShutdownNow(usize),
    Len(usize),
}

pub struct World {
    queues: [Queue<u8>; 2],
}

impl World {
    pub fn new() -> Self {
        World { queues: [Queue::bounded(1), Queue::unbounded()] }
    }
}

fn put(result: Result<(), PutError<u8>>) -> u8 {
    match result {
        Ok(()) => 1,
        Err(PutError::Full(_)) => 0xfe,
        Err(_) => 0xfd,
    }
}

fn got(result: Result<u8, GetError>) -> u8 {
    match result {
        Ok(n) => n,
        Err(GetError::Empty) => 0xfe,
        Err(_) => 0xfd,
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        let (q, n) = (usize::from(choices.below(3) == 2), choices.value());
        match choices.below(16) {
            0 | 1 => Instr::Put(q, n),
            2 | 3 => Instr::TryPut(q, n),
            4 => Instr::PutTimeout(q, n),
            5 | 6 => Instr::Get(q),
            7 | 8 => Instr::TryGet(q),
            9 => Instr::GetTimeout(q),
            10 | 11 => Instr::TaskDone(q),
            12 => Instr::Join(q),
            13 => Instr::Shutdown(q),
            14 => Instr::ShutdownNow(q),
            _ => Instr::Len(q),
        }
    }

    pub fn cost(&self) -> usize {
        1 + usize::from(matches!(self, Instr::PutTimeout(..) | Instr::GetTimeout(_)))
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        let queue = |q: &usize| &world.queues[*q];
        match self {
            Instr::Put(q, n) => me.saw(put(queue(q).put(*n))),
            Instr::TryPut(q, n) => me.saw(put(queue(q).try_put(*n))),
            Instr::PutTimeout(q, n) => me.saw(put(queue(q).put_timeout(*n, SOON))),
            Instr::Get(q) => me.saw(got(queue(q).get())),
            Instr::TryGet(q) => me.saw(got(queue(q).try_get())),
            Instr::GetTimeout(q) => me.saw(got(queue(q).get_timeout(SOON))),
            Instr::TaskDone(q) => me.saw(queue(q).task_done().is_ok()),
            Instr::Join(q) => queue(q).join(),
            Instr::Shutdown(q) => queue(q).shutdown(),
            Instr::ShutdownNow(q) => me.seen.extend(queue(q).shutdown_now()),
            Instr::Len(q) => me.saw(queue(q).len() as u8),
        }
        true
    }
}
