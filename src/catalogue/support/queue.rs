//! Python's `queue.Queue`, without a bound: what the hazards of queues share.

use std::collections::VecDeque;

use crate::sync::{Condvar, Mutex};

/// A queue that counts the jobs that are not done yet, and can be closed.
pub(in crate::catalogue) struct Queue<T> {
    state: Mutex<State<T>>,
    not_empty: Condvar,
    all_done: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    unfinished: usize,
    closed: bool,
}

/// `task_done` was called more often than there were jobs.
#[derive(Debug)]
pub(in crate::catalogue) struct TooOften;

impl<T> Queue<T> {
    pub(in crate::catalogue) fn new(items: impl IntoIterator<Item = T>) -> Self {
        let items: VecDeque<T> = items.into_iter().collect();
        let unfinished = items.len();
        Queue {
            state: Mutex::new(State { items, unfinished, closed: false }),
            not_empty: Condvar::new(),
            all_done: Condvar::new(),
        }
    }

    pub(in crate::catalogue) fn put(&self, item: T) {
        let mut state = self.state.lock().expect("no thread panics inside");
        state.items.push_back(item);
        state.unfinished += 1;
        self.not_empty.notify_one();
    }

    pub(in crate::catalogue) fn is_empty(&self) -> bool {
        self.state.lock().expect("no thread panics inside").items.is_empty()
    }

    /// Waits for an item; `None` once the queue is closed and empty.
    pub(in crate::catalogue) fn get(&self) -> Option<T> {
        let state = self.state.lock().expect("no thread panics inside");
        let nothing_yet = |state: &mut State<T>| state.items.is_empty() && !state.closed;
        let mut state = self.not_empty.wait_while(state, nothing_yet).expect("no thread panics inside");
        state.items.pop_front()
    }

    /// An item, if there is one now.
    pub(in crate::catalogue) fn try_get(&self) -> Option<T> {
        self.state.lock().expect("no thread panics inside").items.pop_front()
    }

    /// Reports one job as done.
    pub(in crate::catalogue) fn task_done(&self) -> Result<(), TooOften> {
        let mut state = self.state.lock().expect("no thread panics inside");
        state.unfinished = state.unfinished.checked_sub(1).ok_or(TooOften)?;
        if state.unfinished == 0 {
            self.all_done.notify_all();
        }
        Ok(())
    }

    /// Waits until every job is done.
    pub(in crate::catalogue) fn join(&self) {
        let state = self.state.lock().expect("no thread panics inside");
        drop(self.all_done.wait_while(state, |state| state.unfinished > 0).expect("no thread panics inside"));
    }

    /// Closes the queue; `notify` wakes the waiting threads.
    pub(in crate::catalogue) fn close(&self, notify: fn(&Condvar)) {
        self.state.lock().expect("no thread panics inside").closed = true;
        notify(&self.not_empty);
    }
}
