//! One search by several workers, each with coroutines of its own.

use std::sync::Arc;

use crate::check::run::Run;
use crate::check::tally::Tally;
use crate::check::twice;
use crate::engine::dpor::{Dpor, Team};
use crate::rt::execution::Failure;
use crate::rt::host::Coroutines;
use crate::rt::ids::Identities;
use crate::rt::quiet::Quiet;
use crate::rt::session::Session;
use crate::verdict::Reason;

/// What several workers saw.
pub(super) enum Together {
    /// All that there is to see.
    Settled(Box<Tally>),
    /// Something that a single worker has to look for, and a failure if they met one.
    Open { failed: Option<Failure> },
}

impl Run {
    /// The exhaustive search by several workers; nothing settled where what they saw depends on how they
    /// shared the work. That there is no failure does not, but which of several is met first does, as
    /// does where a search is cut off by a number of executions.
    pub(super) fn explore_together(&self) -> Together {
        let workers = self.settings.workers;
        if workers < 2 || self.settings.max_executions.is_some() {
            return Together::Open { failed: None };
        }
        let team = Arc::new(Team::new(workers));
        let ids = Identities::new();
        let work = |begins: bool| {
            let _quiet = Quiet::begin();
            // Whoever stops, for whatever reason, stops all: nobody waits for a leaf in vain.
            let _stop = Stop(&team);
            let mut dpor = Dpor::of_team(&team, begins);
            let mut tally = self.tally();
            let mut execution = self.execution();
            execution.ids = ids.clone();
            let host = Coroutines::new();
            let session = Session::new(execution, host.clone());
            if begins {
                twice::explore(&host, &session, &mut dpor, &self.body(), &mut tally);
            } else {
                host.explore(&session, &mut dpor, &self.body(), &mut tally);
            }
            tally.stats.redundant += dpor.redundant;
            tally
        };
        #[allow(clippy::disallowed_methods)] // The workers are threads of the system.
        let mut tally = std::thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(|| work(false))).collect();
            let mut tally = work(true);
            for other in others {
                match other.join() {
                    Ok(seen) => tally.add(seen),
                    Err(payload) => std::panic::resume_unwind(payload),
                }
            }
            tally
        });
        if let Some(Reason::TimeLimit { executions }) = &mut tally.cut {
            *executions = tally.stats.executions;
        }
        // A model that is not deterministic is not asked again whether it is.
        let diverged = matches!(tally.cut, Some(Reason::Diverged { .. }));
        let whole = matches!(tally.cut, None | Some(Reason::TimeLimit { .. })) && tally.stats.failures == 0;
        if diverged || whole {
            if diverged {
                tally.failures.clear();
                tally.stats.failures = 0;
            }
            return Together::Settled(Box::new(tally));
        }
        Together::Open { failed: tally.failures.pop().map(|found| found.failure) }
    }
}

/// Ends the search for all workers when one of them stops.
struct Stop<'a>(&'a Team);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
