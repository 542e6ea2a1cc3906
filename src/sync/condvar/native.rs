//! The waiters of a condition variable on the system's threads.

use std::time::Duration;

use crate::backend::native::{self, Blocked, GLANCE};
use crate::op::Site;

/// Native waiters, each with a ticket.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    tickets: parking_lot::Mutex<Tickets>,
    changed: parking_lot::Condvar,
}

#[derive(Debug, Default)]
struct Tickets {
    next: u64,
    waiting: Vec<u64>,
}

impl Waiters {
    /// Wakes the threads that have waited longest: one, or all; returns how many.
    pub(super) fn wake(&self, all: bool) -> usize {
        let mut tickets = self.tickets.lock();
        let woken = if all { tickets.waiting.len() } else { tickets.waiting.len().min(1) };
        tickets.waiting.drain(..woken);
        drop(tickets);
        self.woke();
        woken
    }

    /// Records progress in the run, if there is one, and lets waiters check whether they were woken.
    fn woke(&self) {
        if let Some(run) = native::current_run() {
            run.progress();
        }
        self.changed.notify_all();
    }

    /// Unlocks, waits and locks again; returns whether the wait timed out.
    #[allow(clippy::disallowed_methods)] // The native backend uses real time.
    pub(super) fn wait(
        &self,
        (unlock, lock): (&dyn Fn(), &dyn Fn()),
        timeout: Option<Duration>,
        site: Site,
    ) -> bool {
        let run = native::current_run();
        let deadline = timeout.and_then(|timeout| std::time::Instant::now().checked_add(timeout));
        let mut stuck = None;
        let mut tickets = self.tickets.lock();
        let ticket = tickets.next;
        tickets.next += 1;
        tickets.waiting.push(ticket);
        unlock();
        let mut timed_out = false;
        loop {
            let seen = run.as_ref().map(|run| run.seen());
            if !tickets.waiting.contains(&ticket) {
                break;
            }
            if deadline.is_some_and(|deadline| std::time::Instant::now() >= deadline) {
                tickets.waiting.retain(|&waiting| waiting != ticket);
                timed_out = true;
                break;
            }
            if let (Some(run), Some(seen), None) = (&run, seen, deadline) {
                let what = format!("Condvar waits at {}:{} to be notified", site.file(), site.line());
                match run.looked_in_vain(&mut stuck, seen, &what) {
                    Blocked::Waits => _ = self.changed.wait_for(&mut tickets, GLANCE),
                    Blocked::Unwinds => {
                        tickets.waiting.retain(|&waiting| waiting != ticket);
                        break;
                    }
                    Blocked::StaysForEver => {
                        drop(tickets);
                        run.stay_for_ever(stuck);
                    }
                }
            } else if let Some(deadline) = deadline {
                self.changed.wait_until(&mut tickets, deadline);
            } else {
                self.changed.wait(&mut tickets);
            }
        }
        drop(tickets);
        if let Some(run) = &run {
            run.looked_with_success(stuck);
        }
        // A guard in the caller stands for the lock, and would release it while it unwinds.
        native::without_unwinding(lock);
        if let Some(run) = &run {
            native::leave_if_cancelled(run);
        }
        timed_out
    }
}
