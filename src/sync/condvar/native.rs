//! Who waits for a condition variable on the system's threads.

use std::time::Duration;

use crate::engine::native::{self, GLANCE, Then};
use crate::op::Site;
use crate::rt::context;

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
    /// Wakes those who have waited for longest: one, or all; how many.
    pub(super) fn wake(&self, all: bool) -> usize {
        let mut tickets = self.tickets.lock();
        let woken = if all { tickets.waiting.len() } else { tickets.waiting.len().min(1) };
        tickets.waiting.drain(..woken);
        drop(tickets);
        self.woke();
        woken
    }

    /// Tells the run, if there is one, that somebody was woken, and lets them look.
    fn woke(&self) {
        if let Some(run) = context::native_run() {
            run.progress();
        }
        self.changed.notify_all();
    }

    /// Unlocks, waits and locks again; whether the wait timed out.
    #[allow(clippy::disallowed_methods)] // The native arm lives in real time.
    pub(super) fn wait(
        &self,
        (unlock, lock): (&dyn Fn(), &dyn Fn()),
        timeout: Option<Duration>,
        site: Site,
    ) -> bool {
        let run = context::native_run();
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
                    Then::Waits => _ = self.changed.wait_for(&mut tickets, GLANCE),
                    Then::Unwinds => {
                        tickets.waiting.retain(|&waiting| waiting != ticket);
                        break;
                    }
                    Then::StaysForEver => {
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
        // A guard of the caller's stands for the lock, and would give it back while it unwinds.
        native::without_unwinding(lock);
        if let Some(run) = &run {
            native::leave_if_cancelled(run);
        }
        timed_out
    }
}
