//! A schedule read from bytes, for fuzzers: each byte makes one choice. When the bytes are used up, the
//! thread that moved last goes on.

use std::sync::Arc;

use crate::failure::Reason;
use crate::op::{ThreadId, ThreadSet};
use crate::runtime::execution::{Execution, Scheduler};
use crate::schedule::Choice;

/// One execution.
#[derive(Debug)]
pub(crate) struct Bytes {
    choices: Arc<[u8]>,
    at: usize,
    started: bool,
    last: ThreadId,
}

impl Bytes {
    /// An execution whose choices these bytes make.
    pub(crate) fn new(choices: Arc<[u8]>) -> Self {
        Bytes { choices, at: 0, started: false, last: ThreadId::MAIN }
    }

    /// A number below `n`, from the next byte if there is a choice and a byte.
    fn below(&mut self, n: usize) -> Option<usize> {
        if n < 2 {
            return Some(0);
        }
        let byte = *self.choices.get(self.at)?;
        self.at += 1;
        Some(usize::from(byte) % n)
    }
}

impl Scheduler for Bytes {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    fn choose(&mut self, execution: &Execution, enabled: &ThreadSet) -> Option<Choice> {
        let thread = match execution.choosing(enabled) {
            Some(choosing) => choosing,
            None => match self.below(enabled.len()) {
                Some(place) => enabled.iter().nth(place)?,
                None if enabled.contains(self.last) => self.last,
                None => enabled.first()?,
            },
        };
        self.last = thread;
        let alternatives: Vec<u32> = execution.alternatives(thread).iter().collect();
        let alternative = alternatives[self.below(alternatives.len()).unwrap_or(0)];
        Some(Choice { thread, alternative })
    }

    fn end(&mut self, _: &Execution) {}

    fn problem(&self) -> Option<Reason> {
        None
    }
}
