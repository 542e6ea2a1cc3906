//! A check on threads of the operating system.

use crate::check::run::Run;
use crate::counterexample::Counterexample;
use crate::engine::native;
use crate::failure::Reason;
use crate::runtime::coroutines::Judge;
use crate::verdict::{Report, Stats, Verdict};

impl Run {
    /// Runs the model so many times.
    pub(super) fn native(&self, executions: u64) -> Report {
        let mut stats = Stats::default();
        let mut failures: Vec<Counterexample> = Vec::new();
        let mut collector = self.collector();
        while stats.executions < executions && collector.wants_another() {
            stats.executions += 1;
            collector.stats.executions += 1;
            match native::run_once(&self.model) {
                native::Ending::Passed => {}
                native::Ending::Failed(failure) => {
                    stats.failures += 1;
                    if failures.iter().all(|known| known.kind != failure.kind) {
                        failures.push(self.show_foreign(failure, None));
                    }
                    if self.settings.limits.stop_on_failure {
                        break;
                    }
                }
                native::Ending::Lost => {
                    let place = "an execution did not end for 10 s, though not every thread waits for \
                                 an object of raddle's; its threads were left behind";
                    let reason = Reason::NoProgress { place: place.to_owned() };
                    collector.cut = Some(reason);
                    break;
                }
            }
        }
        let cut = collector.cut.clone().filter(|_| !self.settings.limits.stop_on_failure);
        let verdict = match (failures.first(), collector.cut) {
            (Some(first), _) => Verdict::Refuted(Box::new(first.clone())),
            (None, Some(reason)) => Verdict::Inconclusive(reason),
            (None, None) => Verdict::Inconclusive(Reason::Sampled { executions: stats.executions }),
        };
        self.finish(verdict, stats, failures).cut_by(cut)
    }
}
