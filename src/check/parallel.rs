//! One search by several workers, each with its own coroutines.

use std::sync::Arc;

use crate::check::run::Run;
use crate::check::stats::Collector;
use crate::check::twice;
use crate::engine::dpor::{Dpor, WorkSharing};
use crate::failure::Reason;
use crate::runtime::coroutines::Coroutines;
use crate::runtime::execution::Failure;
use crate::runtime::ids::Identities;
use crate::runtime::panic_hook::SilencedPanics;
use crate::runtime::session::Session;

/// The result of a search by several workers.
pub(super) enum Parallel {
    /// The complete statistics.
    Settled(Box<Collector>),
    /// A single worker must finish the search; the failure, if the workers found one.
    Open { failed: Option<Failure> },
}

impl Run {
    /// The exhaustive search by several workers; `Open` if the result depends on how they shared the work.
    /// The absence of failures does not, but which of several failures is found first does, and so does the
    /// place at which a bound on executions cuts the search off.
    pub(super) fn explore_in_parallel(&self) -> Parallel {
        let workers = self.settings.workers;
        if workers < 2 || self.settings.max_executions.is_some() {
            return Parallel::Open { failed: None };
        }
        let work_sharing = Arc::new(WorkSharing::new(workers));
        let ids = Identities::new();
        let work = |begins: bool| {
            let _quiet = SilencedPanics::begin();
            // When a worker stops, for any reason, the search stops for all, so that no worker waits for a
            // leaf that never comes.
            let _stop = Stop(&work_sharing);
            let mut dpor = Dpor::of_several(&work_sharing, begins);
            let mut collector = self.collector();
            let mut execution = self.execution();
            execution.ids = ids.clone();
            let coroutines = Coroutines::new();
            let session = Session::new(execution, coroutines.clone());
            if begins {
                twice::explore(&coroutines, &session, &mut dpor, &self.body(), &mut collector);
            } else {
                coroutines.explore(&session, &mut dpor, &self.body(), &mut collector);
            }
            collector.stats.redundant += dpor.redundant;
            collector
        };
        #[allow(clippy::disallowed_methods)] // The workers are threads of the system.
        let mut collector = std::thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(|| work(false))).collect();
            let mut collector = work(true);
            for other in others {
                match other.join() {
                    Ok(seen) => collector.add(seen),
                    Err(payload) => std::panic::resume_unwind(payload),
                }
            }
            collector
        });
        if let Some(Reason::TimeLimit { executions }) = &mut collector.cut {
            *executions = collector.stats.executions;
        }
        // If the model has already diverged, it is not run again to test for divergence.
        let diverged = matches!(collector.cut, Some(Reason::Diverged { .. }));
        let whole =
            matches!(collector.cut, None | Some(Reason::TimeLimit { .. })) && collector.stats.failures == 0;
        if diverged || whole {
            if diverged {
                collector.failures.clear();
                collector.stats.failures = 0;
            }
            return Parallel::Settled(Box::new(collector));
        }
        Parallel::Open { failed: collector.failures.pop().map(|found| found.failure) }
    }
}

/// Ends the search for all workers when one of them stops.
struct Stop<'a>(&'a WorkSharing);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
