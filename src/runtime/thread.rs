//! The state of one thread of an execution: its pending operation and its budgets.

use smallvec::SmallVec;

use crate::op::{ObjectId, Op, Site, State, ThreadId, ThreadSet};
use crate::runtime::execution::Await;
use crate::runtime::local_state::LocalState;
use crate::runtime::names::Names;
use crate::runtime::race_detector::Handed;
use crate::runtime::spinloop::Look;
use crate::runtime::vector_clock::ClockRow;

/// What a thread waits for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Pending {
    /// Nothing: it is running, or has not been spawned in this execution.
    #[default]
    Nothing,
    /// To go on after its child has run up to its first operation.
    Spawned,
    /// To perform an operation on an object.
    Op(Op),
    /// To take one of `n` alternatives.
    Choose {
        /// The number of alternatives.
        n: u32,
        /// The kind of choice.
        what: Choosing,
        /// The source line.
        site: Site,
    },
    /// To go on when one of the objects changes that it read since its last yield.
    Yield {
        /// The source line.
        site: Site,
    },
    /// To go on when a thread has finished.
    Join {
        /// That thread.
        thread: ThreadId,
        /// The source line.
        site: Site,
        /// The purpose.
        what_for: Joining,
    },
    /// To be notified.
    Wake {
        /// The condition variable.
        object: ObjectId,
        /// The virtual time, in nanoseconds, at which it stops waiting.
        deadline: Option<u64>,
        /// The source line.
        site: Site,
    },
    /// Nothing any more: it has finished.
    Finished,
}

impl Pending {
    /// The source line of the pending operation.
    #[inline]
    pub(crate) fn site(&self) -> Option<Site> {
        match self {
            Pending::Op(op) => Some(op.site),
            Pending::Choose { site, .. }
            | Pending::Yield { site }
            | Pending::Join { site, .. }
            | Pending::Wake { site, .. } => Some(site),
            Pending::Nothing | Pending::Spawned | Pending::Finished => None,
        }
    }
}

/// The kind of a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Choosing {
    /// The model's own `choose`.
    Model,
    /// Whether a wait wakes up without a notification.
    SpuriousWakeup,
    /// Whether a weak compare-exchange fails spuriously.
    WeakFailure,
    /// Whether a timed wait times out early.
    Timeout,
    /// Whether a yield returns without a change.
    FruitlessYield,
}

/// Why a thread waits for another's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Joining {
    /// It joins that thread, and follows all of its events.
    Joins,
    /// The scope in which that thread was spawned ends. As in std, the thread's function has returned then,
    /// but the destructors of its thread-locals may still run.
    EndsScope,
    /// It calls `is_finished`, which is true when the thread's function has returned, as in std. That orders
    /// nothing and joins nothing.
    Looks,
}

/// A thread's clocks when its function had returned, if it has thread-locals to drop after that.
#[derive(Clone, Debug)]
pub(crate) struct Returned {
    /// Its happens-before clock.
    pub(crate) happens_before: Option<ClockRow>,
    /// Its race detector clock.
    pub(crate) handed: Option<Handed>,
    pub(crate) slept: u64,
    pub(crate) ended: ThreadSet,
}

/// A lock that a thread holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// The lock.
    pub(crate) object: ObjectId,
    /// Where it was taken.
    pub(crate) site: Site,
}

/// A notification.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WokenBy {
    /// The step of the notification.
    pub(crate) step: u32,
    /// How long the notifying thread had slept.
    pub(crate) slept: u64,
}

/// The thread that keeps another from taking a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    /// The thread.
    pub(crate) thread: ThreadId,
    /// Where it took the lock, or waits for it.
    pub(crate) site: Site,
    /// True if it waits for the lock itself, and keeps others out already: a writer behind readers.
    pub(crate) waits: bool,
}

/// A panic that ended a thread.
#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    /// Its message.
    pub(crate) message: String,
    /// Where it began, as `file:line:column`.
    pub(crate) place: Option<String>,
}

/// How much of each budget a thread has spent.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    pub(crate) spurious_wakeups: usize,
    pub(crate) weak_failures: usize,
    pub(crate) timeouts: usize,
    /// The thread's yields.
    pub(crate) fruitless_yields: Vec<Yielded>,
}

/// A call site of a yield, and the local state that the thread had there.
#[derive(Debug)]
pub(crate) struct Yielded {
    pub(crate) site: Site,
    pub(crate) local: LocalState,
    /// How often it yielded there with it.
    pub(crate) times: usize,
    /// Its count of actions other than looks at the last of these yields.
    pub(crate) acted: u32,
    /// What it did when it went on from there.
    pub(crate) went_on: WentOn,
}

/// What a thread does between two yields, as far as that is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Did {
    pub(crate) site: Site,
    pub(crate) object: Option<ObjectId>,
}

/// What a thread did when it went on from a yield.
#[derive(Debug, Default)]
pub(crate) struct WentOn {
    pub(crate) did: Vec<Did>,
    /// The next yield that it came to, and its local state there.
    pub(crate) next: Option<(Site, LocalState)>,
    /// How many steps there were when it came to this yield last, and the time before.
    pub(crate) arrived: usize,
    pub(crate) since: usize,
}

impl WentOn {
    /// A yield that a thread comes to for the first time, after so many steps.
    pub(crate) fn from(step: usize) -> Self {
        WentOn { arrived: step, since: step, ..WentOn::default() }
    }
}

/// What a thread does since it came to a yield.
#[derive(Debug)]
pub(crate) struct Going {
    /// Which of the yields that is.
    pub(crate) from: usize,
    pub(crate) did: Vec<Did>,
    /// Whether it has met what may differ from the last time.
    pub(crate) met: bool,
}

impl Going {
    /// A thread comes to a yield.
    pub(crate) fn from(from: usize, met: bool) -> Self {
        Going { from, did: Vec::new(), met }
    }
}

impl Spent {
    fn clear(&mut self) {
        let Spent { spurious_wakeups, weak_failures, timeouts, fruitless_yields } = self;
        (*spurious_wakeups, *weak_failures, *timeouts) = (0, 0, 0);
        fruitless_yields.clear();
    }
}

/// A thread's state within one execution.
#[allow(clippy::struct_excessive_bools)] // Independent flags.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    pub(crate) pending: Pending,
    /// The result of the last operation, for the facade to read.
    pub(crate) answer: u64,
    /// The second operand of its last operation, which the engine may have chosen.
    pub(crate) way: u64,
    /// The object on which it parks.
    pub(crate) parker: Option<ObjectId>,
    /// The line of its last operation.
    pub(crate) last_site: Option<Site>,
    pub(crate) name: Option<String>,
    pub(crate) children: usize,
    pub(crate) objects: usize,
    /// The names that it gives to the objects that it makes.
    pub(crate) names: Names,
    /// The objects read since the last yield or own write, each with its version at the first read.
    pub(crate) read: Vec<(ObjectId, u32)>,
    pub(crate) held: Vec<Held>,
    /// What notified it, if anything did since it began to wait.
    pub(crate) woken_by: Option<WokenBy>,
    /// The virtual time at which it gives up its pending operation or join, if it ever does.
    pub(crate) deadline: Option<u64>,
    /// How much virtual time passed for it alone: its sleeps and the timeouts that fired early, and those of
    /// threads whose operations its own follow.
    pub(crate) slept: u64,
    /// The threads that it, or a thread whose operations its own follow, has seen to be finished.
    pub(crate) ended: ThreadSet,
    /// Set if its function has returned while its thread-locals still exist: its clocks then.
    pub(crate) returned: Option<Returned>,
    /// Whether the last wait ended because nothing else could move.
    pub(crate) timed_out: bool,
    /// How many yields in a row returned because nothing else could move.
    pub(crate) rounds: usize,
    /// Its local state when it announced its next step, if executions are observed step by step.
    pub(crate) local: Option<LocalState>,
    /// Its local state when it announced its next step, if its loop is observed.
    pub(crate) arrived: Option<LocalState>,
    /// Its looks since its last step that was no look.
    pub(crate) looks: Vec<Look>,
    /// A bit for each place of these, which other places may share.
    pub(crate) looked_at: u64,
    /// Its count of actions other than looks.
    pub(crate) acted: u32,
    /// How many steps it has taken.
    pub(crate) steps: u32,
    /// What is known about its next look, and about the values that it may read.
    pub(crate) awaits: Await,
    pub(crate) tried: SmallVec<[(State, usize); 2]>,
    /// `looked_at_clock`: whether it has read the clock since its last yield; `polls_clock`: whether it had
    /// read the clock at that yield, since the one before.
    pub(crate) looked_at_clock: bool,
    pub(crate) polls_clock: bool,
    /// By how much time passes for it next if its loop reads the clock.
    pub(crate) leap: u64,
    pub(crate) spent: Spent,
    /// What it does since it yielded last.
    pub(crate) going: Option<Going>,
    /// The objects that it has changed since it last polled whether a thread has finished, with their states at
    /// that poll; nothing before the first.
    pub(crate) changed_since_poll: Option<Vec<(ObjectId, State)>>,
    pub(crate) panicked: Option<Panicked>,
    /// The threads that wait for its end.
    pub(crate) awaited_by: ThreadSet,
    /// True if the thread was joined, or its result taken.
    pub(crate) joined: bool,
    /// True if it waits for a thread's end on the assumption that `is_finished` returns true.
    pub(crate) assumes_end: bool,
    /// How often it was unwound at the end of the execution.
    pub(crate) unwound: u32,
    /// True if its stack is abandoned.
    pub(crate) abandoned: bool,
    /// The lock that it waits to reacquire while a guard on its stack stands for it.
    pub(crate) stands_for: Option<ObjectId>,
}

impl Thread {
    /// Resets the thread, keeping its memory.
    pub(crate) fn reset(&mut self) {
        let Thread {
            pending,
            answer,
            way,
            parker,
            last_site,
            name,
            children,
            objects,
            names,
            read,
            held,
            woken_by,
            deadline,
            slept,
            ended,
            returned,
            timed_out,
            rounds,
            local,
            arrived,
            looks,
            looked_at,
            acted,
            steps,
            awaits,
            tried,
            looked_at_clock,
            polls_clock,
            leap,
            spent,
            going,
            changed_since_poll,
            panicked,
            awaited_by,
            joined,
            assumes_end,
            unwound,
            abandoned,
            stands_for,
        } = self;
        (*pending, *answer, *way) = (Pending::Nothing, 0, 0);
        (*parker, *last_site, *name) = (None, None, None);
        (*children, *objects, *woken_by, *deadline, *slept) = (0, 0, None, None, 0);
        (*timed_out, *rounds, *panicked) = (false, 0, None);
        (*local, *looked_at_clock, *polls_clock) = (None, false, false);
        (*arrived, *awaits, *acted, *steps, *looked_at) = (None, Await::default(), 0, 0, 0);
        looks.clear();
        tried.clear();
        (*awaited_by, *joined, *abandoned, *assumes_end) = (ThreadSet::default(), false, false, false);
        (*unwound, *leap, *returned, *stands_for) = (0, 0, None, None);
        (*going, *changed_since_poll) = (None, None);
        ended.clear();
        names.clear();
        read.clear();
        held.clear();
        spent.clear();
    }
}
