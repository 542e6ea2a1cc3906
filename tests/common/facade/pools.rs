//! Pools and their futures.

use std::sync::{Arc, Mutex as StdMutex};

use raddle::sync::atomic::Ordering::SeqCst;
use raddle::sync::{TaskError, ThreadPool};

use super::condvars::SOON;
use super::{Choices, Context, Me, instructions};

instructions! {
    /// Submits a task that adds to a variable, and waits for it.
    Submit(usize),
    Cancel(usize),
    ResultTimeout(usize),
    Callback(usize),
    Map,
    Shutdown(bool, bool),
    Panics,
    /// Asks for the task's state.
    Ask(usize),
}

pub struct World;

impl World {
    pub fn new() -> Self {
        World
    }
}

fn note(result: Result<u8, TaskError>) -> u8 {
    match result {
        Ok(n) => n,
        Err(TaskError::Cancelled) => 0xfd,
        Err(TaskError::Panicked(_)) => 0xee,
        Err(TaskError::TimedOut) => 0xfe,
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, _: &Context<'_>) -> Self {
        let v = choices.object();
        match choices.below(8) {
            0 => Instr::Submit(v),
            1 => Instr::Cancel(v),
            2 => Instr::ResultTimeout(v),
            3 => Instr::Callback(v),
            4 => Instr::Map,
            5 => Instr::Shutdown(choices.below(2) == 1, choices.below(2) == 1),
            6 => Instr::Panics,
            _ => Instr::Ask(v),
        }
    }

    pub fn cost(&self) -> usize {
        if matches!(self, Instr::Map) { 6 } else { 5 }
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        let pool = ThreadPool::new(1);
        let adds = |v: usize| {
            let all = raddle::sync::Arc::clone(&me.all);
            move || all.vars[v].fetch_add(1, SeqCst)
        };
        match *self {
            Instr::Submit(v) => {
                let task = pool.submit(adds(v)).unwrap();
                me.saw(note(task.result()));
                pool.shutdown(true, false);
            }
            Instr::Cancel(v) => {
                let task = pool.submit(adds(v)).unwrap();
                me.saw(task.cancel());
                me.saw(note(task.result()));
                pool.shutdown(true, false);
            }
            Instr::ResultTimeout(v) => {
                let task = pool.submit(adds(v)).unwrap();
                me.saw(note(task.result_timeout(SOON)));
                pool.shutdown(true, false);
            }
            Instr::Callback(v) => {
                let called = Arc::new(StdMutex::new(0));
                let task = pool.submit(adds(v)).unwrap();
                let inside = Arc::clone(&called);
                task.add_done_callback(move |task| *inside.lock().unwrap() = note(task.result()) + 1);
                pool.shutdown(true, false);
                me.saw(*called.lock().unwrap());
            }
            Instr::Map => {
                let all = raddle::sync::Arc::clone(&me.all);
                let mapped = pool.map(0..2, move |v: usize| all.vars[v].fetch_add(1, SeqCst));
                me.seen.extend(mapped.unwrap_or_default());
                pool.shutdown(true, false);
            }
            Instr::Shutdown(wait, cancel) => {
                let task = pool.submit(adds(0)).unwrap();
                pool.shutdown(wait, cancel);
                me.saw(pool.submit(|| 0).is_err());
                me.saw(note(task.result()));
                pool.shutdown(true, false);
            }
            Instr::Panics => {
                let task = pool.submit(|| -> u8 { panic!("in a pool") }).unwrap();
                me.saw(note(task.result()));
                pool.shutdown(true, false);
            }
            Instr::Ask(v) => {
                let task = pool.submit(adds(v)).unwrap();
                me.saw(task.running());
                me.saw(task.done());
                me.saw(task.cancelled());
                pool.shutdown(true, false);
            }
        }
        true
    }
}
