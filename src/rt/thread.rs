//! One thread of an execution: what it is about to do and what it may still do.

use smallvec::SmallVec;

use crate::clock::Row;
use crate::op::{ObjectId, Op, Site, State, ThreadId, ThreadSet};
use crate::rt::execution::Await;
use crate::rt::local_state::LocalState;
use crate::rt::naming::Names;
use crate::rt::orders::Handed;
use crate::rt::spinloop::Look;

/// What a thread waits to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Pending {
    /// Nothing: it is running, or has not been spawned in this execution.
    #[default]
    Nothing,
    /// To go on after it has let a child begin.
    Spawned,
    /// To perform an operation on an object.
    Op(Op),
    /// To be told which of `n` alternatives it takes.
    Choose {
        /// The number of alternatives.
        n: u32,
        /// What is chosen.
        what: Choosing,
        /// Where.
        site: Site,
    },
    /// To see one of the objects change that it read since its last yield.
    Yield {
        /// Where.
        site: Site,
    },
    /// To see a thread finish.
    Join {
        /// That thread.
        thread: ThreadId,
        /// Where.
        site: Site,
        /// What for.
        what_for: Joining,
    },
    /// To be notified.
    Wake {
        /// By whoever notifies this condition variable.
        object: ObjectId,
        /// The virtual time, in nanoseconds, at which it stops waiting.
        deadline: Option<u64>,
        /// Where.
        site: Site,
    },
    /// Nothing any more.
    Finished,
}

impl Pending {
    /// The source line of what is pending.
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

/// What a choice is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Choosing {
    /// The model's own `choose`.
    Model,
    /// Whether a wait wakes up though nobody notified it.
    SpuriousWakeup,
    /// Whether a weak compare-exchange fails though it need not.
    WeakFailure,
    /// Whether a timed wait gives up early.
    Timeout,
    /// Whether a yield returns though nothing has changed.
    FruitlessYield,
}

/// What a thread waits for that waits for another's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Joining {
    /// It joins that thread, with all that the thread does.
    Joins,
    /// The scope in which that thread was spawned ends. As std says, the thread's function has returned then, but
    /// the destructors of its thread-locals may still run.
    EndsScope,
    /// It asks whether that thread has finished, which is so when its function has returned, as std has it. That
    /// orders nothing and joins nothing.
    Looks,
}

/// What a thread knew when its function had returned, if it has thread-locals to drop after that.
#[derive(Clone, Debug)]
pub(crate) struct Returned {
    /// What it followed.
    pub(crate) history: Option<Row>,
    /// What was ordered before.
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
    /// Its step.
    pub(crate) step: u32,
    /// How long its thread had slept.
    pub(crate) slept: u64,
}

/// For whom a thread waits that cannot have a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    /// The thread.
    pub(crate) thread: ThreadId,
    /// Where it took the lock, or waits for it.
    pub(crate) site: Site,
    /// Whether it waits for the lock itself, and keeps others out already: a writer behind readers.
    pub(crate) waits: bool,
}

/// A panic that ended a thread.
#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    /// What it said.
    pub(crate) message: String,
    /// Where it began, as `file:line:column`.
    pub(crate) place: Option<String>,
}

/// How often a thread has made use of what std merely allows.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    pub(crate) spurious_wakeups: usize,
    pub(crate) weak_failures: usize,
    pub(crate) timeouts: usize,
    /// Where the thread has yielded.
    pub(crate) fruitless_yields: Vec<Yielded>,
}

/// A call site of a yield, and the local state that the thread had there.
#[derive(Debug)]
pub(crate) struct Yielded {
    pub(crate) site: Site,
    pub(crate) local: LocalState,
    /// How often it was there with it.
    pub(crate) times: usize,
    /// How often it had done something else than to look when it was there last.
    pub(crate) acted: u32,
}

impl Spent {
    fn clear(&mut self) {
        let Spent { spurious_wakeups, weak_failures, timeouts, fruitless_yields } = self;
        (*spurious_wakeups, *weak_failures, *timeouts) = (0, 0, 0);
        fruitless_yields.clear();
    }
}

/// A thread's state within one execution.
#[allow(clippy::struct_excessive_bools)] // Each answers a question of its own.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    pub(crate) pending: Pending,
    /// The result of the last operation, for the facade to pick up.
    pub(crate) answer: u64,
    /// The second operand of its last operation, which the engine may have chosen.
    pub(crate) way: u64,
    /// The object on which it parks.
    pub(crate) parker: Option<ObjectId>,
    /// Where it last performed something.
    pub(crate) last_site: Option<Site>,
    pub(crate) name: Option<String>,
    pub(crate) children: usize,
    pub(crate) objects: usize,
    /// What it calls the objects that it makes.
    pub(crate) names: Names,
    /// The objects read since the last yield or own write, each with its version at the first read.
    pub(crate) read: Vec<(ObjectId, u32)>,
    pub(crate) held: Vec<Held>,
    /// What notified it, if anything did since it began to wait.
    pub(crate) woken_by: Option<WokenBy>,
    /// The virtual time at which it gives up its pending operation or join, if it ever does.
    pub(crate) deadline: Option<u64>,
    /// How much virtual time passed for it alone: its sleeps and the timeouts that came early, and those of
    /// threads whose operations its own follow.
    pub(crate) slept: u64,
    /// The threads that it, or one whose operations its own follow, has seen to be finished.
    pub(crate) ended: ThreadSet,
    /// Whether its function has returned while its thread-locals are still there, and what it knew then.
    pub(crate) returned: Option<Returned>,
    /// Whether the last wait ended because nothing else could move.
    pub(crate) timed_out: bool,
    /// How many yields in a row returned because nothing else could move.
    pub(crate) rounds: usize,
    /// Its local state when it announced its next step, where executions are observed step by step.
    pub(crate) local: Option<LocalState>,
    /// Its local state when it announced its next step, where its loop is observed.
    pub(crate) arrived: Option<LocalState>,
    /// What it looked at since its last step that was no look.
    pub(crate) looks: Vec<Look>,
    /// A bit for each place of these, which other places may have too.
    pub(crate) looked_at: u64,
    /// How often it did something that was no look.
    pub(crate) acted: u32,
    /// What is known of its next look, and of the values that it may meet.
    pub(crate) awaits: Await,
    pub(crate) tried: SmallVec<[(State, usize); 2]>,
    /// Whether it has looked at the clock since its last yield, and whether it had at that.
    pub(crate) looked_at_clock: bool,
    pub(crate) polls_clock: bool,
    /// How much time passes for it next if its loop looks at the clock.
    pub(crate) leap: u64,
    pub(crate) spent: Spent,
    pub(crate) panicked: Option<Panicked>,
    /// The threads that wait for its end.
    pub(crate) awaited_by: ThreadSet,
    /// Whether somebody asked for the thread's result.
    pub(crate) joined: bool,
    /// Whether it was told that the thread has finished which it waits to join.
    pub(crate) assumes_end: bool,
    /// How often it was unwound at the end of the execution.
    pub(crate) unwound: u32,
    /// Whether its stack is given up.
    pub(crate) abandoned: bool,
    /// The lock that it waits to have again, for a guard on its stack stands for it all the while.
    pub(crate) stands_for: Option<ObjectId>,
}

impl Thread {
    /// Returns the thread to what it is before it does anything, keeping its memory.
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
            awaits,
            tried,
            looked_at_clock,
            polls_clock,
            leap,
            spent,
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
        (*arrived, *awaits, *acted, *looked_at) = (None, Await::default(), 0, 0);
        looks.clear();
        tried.clear();
        (*awaited_by, *joined, *abandoned, *assumes_end) = (ThreadSet::default(), false, false, false);
        (*unwound, *leap, *returned, *stands_for) = (0, 0, None, None);
        ended.clear();
        names.clear();
        read.clear();
        held.clear();
        spent.clear();
    }
}
