//! Outcomes of operations that loom leaves out.
//!
//! Loom never lets a timeout fire, never wakes a thread up spuriously, and so on. A model that relies on none
//! of that loses nothing; one that performs such an operation was checked without one of its outcomes, which
//! its report must say. So the facade's loom backend records each here, and the loom engine adds them to the
//! assumptions of its report. Loom runs all threads of an execution on one thread of the system.

use std::cell::Cell;

/// An outcome of an operation that loom leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Limit {
    /// A wait with a timeout, which never times out.
    Timeout,
    /// A sleep, or a read of the clock.
    Clock,
    /// A spurious wakeup.
    SpuriousWakeup,
    /// An attempt at a lock of loom's own.
    TryLock,
    /// A spurious failure of a compare-exchange.
    WeakFailure,
    /// `is_finished` of a thread.
    IsFinished,
    /// A choice of the model's own (`choose`), of which only the first alternative is taken.
    Choice,
}

impl Limit {
    const ALL: [Limit; 7] = [
        Limit::Timeout,
        Limit::Clock,
        Limit::SpuriousWakeup,
        Limit::TryLock,
        Limit::WeakFailure,
        Limit::IsFinished,
        Limit::Choice,
    ];

    /// The assumption that the report lists because of it.
    pub(crate) fn assumption(self) -> &'static str {
        match self {
            Limit::Timeout => "no timeout fires: under loom a wait ends only by what it waits for",
            Limit::Clock => "time stands still: under loom a sleep is a yield, and every Instant is the same",
            Limit::SpuriousWakeup => "no wait wakes up spuriously: under loom none does",
            Limit::TryLock => {
                "try_lock, try_read and try_write as loom has them, which misses orders in which they fail (loom#376)"
            }
            Limit::WeakFailure => "no compare_exchange_weak fails spuriously: under loom none does",
            Limit::IsFinished => "no thread is seen to have finished: under loom is_finished is always false",
            Limit::Choice => "raddle::choose takes its first alternative: under loom it always does",
        }
    }
}

thread_local! {
    /// The limits that were met, one bit for each.
    static MET: Cell<u8> = const { Cell::new(0) };
}

/// Records that the running thread performs an operation of which loom leaves an outcome out.
pub(crate) fn meet(limit: Limit) {
    MET.set(MET.get() | 1 << limit as u8);
}

/// Clears the record, for the next check.
pub(crate) fn begin() {
    MET.set(0);
}

/// The limits met since [`begin`].
pub(crate) fn met() -> Vec<Limit> {
    let met = MET.get();
    Limit::ALL.into_iter().filter(|&limit| met >> limit as u8 & 1 == 1).collect()
}
