//! How the running thread waits, and what may happen to it meanwhile: notifications, ends of threads, time,
//! choices, and yields.

use super::Session;
use crate::op::{ObjectId, Site, Slots, State, ThreadId};
use crate::rt::thread::{Choosing, Pending};

/// A yield that follows nothing readable cannot wait for a write. This many in a row with nothing
/// between them are a loop, not a courtesy, and wait until nothing else can move.
const IDLE_YIELDS: u32 = 1_000;

impl Session {
    /// Virtual time as the running thread knows it, in nanoseconds: the moments at which everybody
    /// waited, and what the thread and those have slept whose operations its own follow. No other thread's
    /// step changes it, so to look at it is no visible operation.
    pub(crate) fn time(&self) -> u64 {
        let mut execution = self.execution.borrow_mut();
        execution.now().saturating_add(execution.me().slept)
    }

    /// Time passes for the running thread alone.
    pub(crate) fn pass(&self, nanoseconds: u64) {
        let mut execution = self.execution.borrow_mut();
        execution.times.begin();
        let slept = &mut execution.me().slept;
        *slept = slept.saturating_add(nanoseconds);
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

    /// The running thread waits until it is notified, or until its deadline; whether it timed out.
    pub(crate) fn wait(&self, object: ObjectId, timeout: Option<u64>, site: Site) -> bool {
        if std::thread::panicking() {
            self.wait_for_ever();
        }
        let deadline = {
            let mut execution = self.execution.borrow_mut();
            execution.me().timed_out = false;
            timeout.map(|nanoseconds| execution.now().saturating_add(nanoseconds))
        };
        self.stop_at(Pending::Wake { object, deadline, site });
        let mut execution = self.execution.borrow_mut();
        let me = execution.me();
        me.woken_by = None;
        me.timed_out
    }

    /// The running thread stops waiting to be notified, of its own accord; whether it was too late.
    pub(crate) fn stop_waiting(&self, leave: impl FnOnce() -> State) -> bool {
        let before = leave();
        let mut execution = self.execution.borrow_mut();
        let me = execution.current();
        execution.me().woken_by = None;
        !Slots(before).contains(me.0)
    }

    /// The running thread waits until another has finished.
    #[inline]
    pub(crate) fn join(&self, thread: ThreadId, site: Site) {
        if std::thread::panicking() && !self.has_finished(thread) {
            self.wait_for_ever();
        }
        if self.has_finished(thread) && !self.has_put_off() {
            self.execution.borrow_mut().has_joined(thread, site);
            return;
        }
        self.stop_at(Pending::Join { thread, site });
    }

    /// Whether a thread has finished; to be used where that cannot be noticed by the model.
    pub(crate) fn has_finished(&self, thread: ThreadId) -> bool {
        matches!(self.execution.borrow().thread(thread).pending, Pending::Finished)
    }

    /// Whether a thread has finished, as another may notice.
    ///
    /// A thread's end is no visible operation, so this does not look, it waits: that the thread has
    /// finished is true where it is joined, and that it has not is true of any thread that nobody has
    /// joined, since it may still be on its way out after its last operation. Which of the two is said
    /// is a choice with a budget; that it has not is also said whenever nothing else can move.
    pub(crate) fn looks_finished(&self, thread: ThreadId, site: Site) -> bool {
        if std::thread::panicking() {
            return self.has_finished(thread);
        }
        if self.happens(Choosing::FruitlessYield, site) {
            return false;
        }
        self.give_up_after(0);
        self.stop_at(Pending::Join { thread, site });
        !self.gave_up()
    }

    /// The running thread takes one of `n` alternatives.
    #[inline]
    pub(crate) fn choose(&self, n: u32, what: Choosing, site: Site) -> u32 {
        if n <= 1 || std::thread::panicking() {
            return 0;
        }
        self.stop_at(Pending::Choose { n, what, site }) as u32
    }

    /// Whether something that std allows happens now; never, once the thread's budget is spent.
    pub(crate) fn happens(&self, what: Choosing, site: Site) -> bool {
        {
            let mut execution = self.execution.borrow_mut();
            let budgets = execution.settings.budgets;
            let spent = &execution.me().spent;
            let left = match what {
                Choosing::SpuriousWakeup => spent.spurious_wakeups < budgets.spurious_wakeups,
                Choosing::WeakFailure => spent.weak_failures < budgets.weak_failures,
                Choosing::Timeout => spent.timeouts < budgets.timeouts,
                Choosing::FruitlessYield => {
                    let here = spent.fruitless_yields.iter().find(|(known, _)| *known == site);
                    here.map_or(0, |(_, n)| *n) < budgets.fruitless_yields
                }
                Choosing::Model => false,
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
                Choosing::FruitlessYield => {
                    match spent.fruitless_yields.iter_mut().find(|(known, _)| *known == site) {
                        Some((_, n)) => *n += 1,
                        None => spent.fruitless_yields.push((site, 1)),
                    }
                }
                Choosing::Model => {}
            }
        }
        happens
    }

    /// The running thread hints that it waits for somebody's write.
    pub(crate) fn yield_now(&self, site: Site) {
        if std::thread::panicking() {
            return;
        }
        {
            let mut execution = self.execution.borrow_mut();
            let me = execution.me();
            if me.read.is_empty() {
                me.idle_yields += 1;
                if me.idle_yields < IDLE_YIELDS {
                    return;
                }
            } else {
                me.idle_yields = 0;
            }
        }
        if self.happens(Choosing::FruitlessYield, site) {
            self.execution.borrow_mut().me().read.clear();
            return;
        }
        self.stop_at(Pending::Yield { site });
    }
}
