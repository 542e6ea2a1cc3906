//! How the running thread waits, and what ends a wait: notifications, ends of threads, time, choices, and
//! yields.

use std::time::Duration;

use super::Session;
use crate::op::{ObjectId, Site, Slots, State, ThreadId};
use crate::runtime::local_state::{self, Here, LocalState};
use crate::runtime::spinloop::Later;
use crate::runtime::thread::{Choosing, Going, Joining, Pending, WentOn, Yielded};

/// Spreads a time over all bits of a local state.
const SPREAD: LocalState = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// By how much time passes first for a loop that reads the clock, in nanoseconds.
const FIRST_LEAP: u64 = 1_000_000;

/// The most time that passes for a loop that reads the clock, in nanoseconds: no deadline is a century away.
/// After that it waits like a loop that does not.
const LONGEST_POLL: u64 = 3_000_000_000_000_000_000;

/// The timeout of a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Patience {
    /// It has fired: it was zero, which costs no budget, or it fires early.
    Over,
    /// It fires after this many nanoseconds.
    Until(u64),
    /// More than 584 years: as std does if a moment is outside its clock's range, the wait has no timeout.
    Endless,
}

impl Patience {
    /// The timeout of a wait that does not fire early.
    pub(crate) fn of(timeout: Duration) -> Self {
        match u64::try_from(timeout.as_nanos()) {
            Ok(0) => Patience::Over,
            Ok(nanoseconds) => Patience::Until(nanoseconds),
            Err(_) => Patience::Endless,
        }
    }
}

impl Session {
    /// Virtual time for the running thread, in nanoseconds: the time that passed when no thread could move,
    /// and the sleeps of the thread and of those whose operations its own follow. No other thread's step
    /// changes it, so reading it is no visible operation.
    ///
    /// A loop that reads it waits for time to pass, which the thread's next yields take into account.
    pub(crate) fn time(&self) -> u64 {
        self.acts();
        let mut execution = self.execution.borrow_mut();
        let now = execution.now();
        execution.sharing.looks_at_clock();
        let me = execution.me();
        me.looked_at_clock = true;
        now.saturating_add(me.slept)
    }

    /// Time passes for the running thread alone.
    pub(crate) fn pass(&self, nanoseconds: u64) {
        let mut execution = self.execution.borrow_mut();
        execution.does(Later::Time(nanoseconds));
        let me = execution.me();
        // The loop still reads the clock, which shows another time at its next yield.
        me.looked_at_clock |= me.polls_clock;
    }

    pub(super) fn give_up_after(&self, nanoseconds: u64) {
        let mut execution = self.execution.borrow_mut();
        let deadline = execution.now().saturating_add(nanoseconds);
        let me = execution.me();
        me.timed_out = false;
        me.deadline = Some(deadline);
    }

    pub(super) fn gave_up(&self) -> bool {
        let mut execution = self.execution.borrow_mut();
        let me = execution.me();
        me.deadline = None;
        std::mem::take(&mut me.timed_out)
    }

    /// The running thread waits until it is notified, or until its deadline; returns whether it timed out.
    pub(crate) fn wait(&self, object: ObjectId, timeout: Option<u64>, site: Site) -> bool {
        let deadline = {
            let mut execution = self.execution.borrow_mut();
            execution.me().timed_out = false;
            timeout.map(|nanoseconds| execution.now().saturating_add(nanoseconds))
        };
        self.meets();
        self.stop_at(Pending::Wake { object, deadline, site });
        let mut execution = self.execution.borrow_mut();
        let me = execution.me();
        me.woken_by = None;
        me.timed_out
    }

    /// The slot of the running thread among the waiters of a condition variable.
    pub(crate) fn slot(&self, object: ObjectId) -> u32 {
        let mut execution = self.execution.borrow_mut();
        let me = execution.current();
        let slot = execution.ids.slot(object, me);
        drop(execution);
        slot.unwrap_or_else(|| {
            self.give_up_check(format!(
                "raddle has room for {} threads that ever wait for one condition variable: let the model have \
                 fewer, or more condition variables",
                Slots::MOST
            ))
        })
    }

    /// The running thread stops waiting for a notification by itself; returns whether one came before that.
    pub(crate) fn stop_waiting(&self, slot: u32, leave: impl FnOnce() -> State) -> bool {
        let before = leave();
        let mut execution = self.execution.borrow_mut();
        execution.me().woken_by = None;
        !Slots(before).contains(slot)
    }

    /// The running thread waits until another has finished, or its function has returned.
    #[inline]
    pub(crate) fn join(&self, thread: ThreadId, site: Site, what_for: Joining) {
        // The events of the thread so far come before the end of the other.
        self.acts();
        self.execution.borrow_mut().joins_after_yield(site);
        {
            let mut execution = self.execution.borrow_mut();
            if execution.is_over(thread, what_for) && !execution.cancelling() {
                execution.has_joined(thread, site, what_for);
                return;
            }
        }
        self.stop_at(Pending::Join { thread, site, what_for });
    }

    /// Whether a thread has finished, as another may notice.
    ///
    /// A thread's end is no visible operation, so this does not read state, it waits: that the thread has
    /// finished is true where it could be joined, and that it has not is true of any thread that was not
    /// joined, since it may still be ending after its last operation. The result is a choice if the calling
    /// thread has a new local state. With a known local state the result is "not finished" only if no other
    /// thread can make progress. Once a thread has seen that the other has finished, so does every thread
    /// that follows its look.
    ///
    /// It is no join: std reads a counter, without an ordering, so no access to memory is ordered by it, and
    /// a panic of the thread is not yet taken.
    pub(crate) fn looks_finished(&self, thread: ThreadId, site: Site, here: &Here) -> bool {
        self.acts();
        {
            let mut execution = self.execution.borrow_mut();
            execution.asks_about(thread);
            if execution.me().ended.contains(thread) {
                execution.meets();
                return true;
            }
        }
        if self.is_new(site, here) {
            self.execution.borrow_mut().me().changed_since_poll = Some(Vec::new());
            if self.choose(2, Choosing::FruitlessYield, site) == 1 {
                return false;
            }
            // Executions in which the thread cannot finish before the answer are covered by the other answer.
            self.execution.borrow_mut().me().assumes_end = true;
            self.stop_at(Pending::Join { thread, site, what_for: Joining::Looks });
            self.execution.borrow_mut().me().assumes_end = false;
            self.meets();
            return true;
        }
        self.execution.borrow_mut().polls_again(site);
        self.give_up_after(0);
        self.stop_at(Pending::Join { thread, site, what_for: Joining::Looks });
        let ended = !self.gave_up();
        if ended {
            self.meets();
        }
        ended
    }

    /// The running thread meets something that may differ from one round of its loop to the next.
    fn meets(&self) {
        self.execution.borrow_mut().meets();
    }

    /// The running thread takes one of `n` alternatives.
    #[inline]
    pub(crate) fn choose(&self, n: u32, what: Choosing, site: Site) -> u32 {
        if n <= 1 {
            return 0;
        }
        self.meets();
        self.stop_at(Pending::Choose { n, what, site }) as u32
    }

    /// Whether behaviour that std merely allows happens now, which is a choice; never, once the thread's
    /// budget is spent.
    pub(crate) fn happens(&self, what: Choosing, site: Site) -> bool {
        {
            let mut execution = self.execution.borrow_mut();
            let budgets = execution.limits.budgets;
            let spent = &execution.me().spent;
            let left = match what {
                Choosing::SpuriousWakeup => spent.spurious_wakeups < budgets.spurious_wakeups,
                Choosing::WeakFailure => spent.weak_failures < budgets.weak_failures,
                Choosing::Timeout => spent.timeouts < budgets.timeouts,
                Choosing::FruitlessYield | Choosing::Model => false,
            };
            if !left {
                return false;
            }
        }
        let happens = self.choose(2, what, site) == 1;
        if happens {
            let mut execution = self.execution.borrow_mut();
            let spent = &mut execution.me().spent;
            match what {
                Choosing::SpuriousWakeup => spent.spurious_wakeups += 1,
                Choosing::WeakFailure => spent.weak_failures += 1,
                Choosing::Timeout => spent.timeouts += 1,
                Choosing::FruitlessYield | Choosing::Model => {}
            }
        }
        happens
    }

    /// The timeout of a timed wait of the running thread. It may fire early, which is a choice with a budget;
    /// then the time has passed for the thread.
    pub(crate) fn gives_up_early(&self, timeout: Duration, site: Site) -> Patience {
        let patience = Patience::of(timeout);
        if let Patience::Until(nanoseconds) = patience
            && self.happens(Choosing::Timeout, site)
        {
            self.pass(nanoseconds);
            return Patience::Over;
        }
        patience
    }

    /// The running thread lets others run, in a loop that may wait for another thread's write.
    ///
    /// The first yields at a place with one local state, as many as the budget allows, return at once: the
    /// code after an unsuccessful look is part of the program. Whether a loop ends may depend on its number
    /// of rounds, but then its local state differs each time. A yield with a known local state waits until an
    /// object changes that the thread has read. If the loop reads the clock, then time passes for its thread
    /// instead, in leaps: it can time out while others could still go on.
    pub(crate) fn yield_now(&self, site: Site, here: &Here) {
        if self.execution.borrow().yields_in_a_round() {
            // The words below its caller's frame are the same for the next look, whether the last one was
            // tried or not.
            local_state::clear_below();
            return;
        }
        self.leaves_trial();
        if self.is_new(site, here) || self.leaps() {
            return;
        }
        self.stop_at(Pending::Yield { site });
    }

    /// Lets time pass for the running thread if its loop reads the clock, and more each time; returns whether
    /// any did.
    fn leaps(&self) -> bool {
        let leap = {
            let mut execution = self.execution.borrow_mut();
            let me = execution.me();
            if !me.polls_clock || me.slept >= LONGEST_POLL {
                return false;
            }
            let leap = me.leap.max(FIRST_LEAP);
            me.leap = leap.saturating_mul(10);
            leap
        };
        self.pass(leap);
        true
    }

    /// Whether the running thread has been at this place with its present local state no more often than
    /// the budget allows.
    fn is_new(&self, site: Site, here: &Here) -> bool {
        let mut local = self.local_state(here);
        let mut execution = self.execution.borrow_mut();
        let step = execution.schedule.len();
        let (now, budget) = (execution.now(), execution.free_yields(site));
        let me = execution.me();
        me.polls_clock = std::mem::take(&mut me.looked_at_clock);
        if me.polls_clock {
            // The time is part of the state of a loop that reads the clock.
            local ^= LocalState::from(now.saturating_add(me.slept)).wrapping_mul(SPREAD);
        }
        // With nothing to wait for, a yield waits only if it is repeated.
        let budget = budget.max(usize::from(me.read.is_empty()));
        execution.comes_to_yield(site, local);
        let me = execution.me();
        let arrivals = &mut me.spent.fruitless_yields;
        if let Some(known) = arrivals.iter_mut().find(|known| (known.site, known.local) == (site, local)) {
            known.times += 1;
            let (is_new, only_looked) = (known.times <= budget, known.acted == me.acted);
            known.acted = me.acted;
            if only_looked && !me.polls_clock {
                execution.yields_again();
            }
            return is_new;
        }
        let went_on = WentOn::from(step);
        arrivals.push(Yielded { site, local, times: 1, acted: me.acted, went_on });
        me.going = Some(Going::from(arrivals.len() - 1, me.polls_clock));
        me.rounds = 0;
        budget > 0
    }

    /// The running thread's local state at its call into the facade.
    pub(super) fn local_state(&self, here: &Here) -> LocalState {
        local_state::observe(here, self.coroutines.stack_base())
    }
}
