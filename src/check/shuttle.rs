//! A check by one of shuttle's schedulers.

use std::cell::RefCell;
use std::rc::Rc;

use crate::check::checker::Method;
use crate::check::run::Run;
use crate::check::stats::Collector;
use crate::engine::shuttle::{self, Sampling};
use crate::runtime::helpers::on_another_thread;
use crate::verdict::Report;

impl Run {
    /// Runs a sample of the schedules.
    pub(super) fn sample(self) -> Report {
        let (executions, depth) = match self.plan {
            Method::Pct(executions, depth) => (executions, depth),
            Method::Sample(_, executions) => (executions, 1),
            _ => (0, 1),
        };
        let executions = usize::try_from(executions).unwrap_or(usize::MAX);
        let sampling = Sampling { kind: self.kind, seed: self.settings.seed, executions, depth };
        let run = Rc::new(self);
        let collector = run.explore_sample(sampling);
        run.conclude(collector, true)
    }

    fn explore_sample(self: &Rc<Self>, sampling: Sampling) -> Collector {
        let result: Rc<RefCell<Option<Collector>>> = Rc::default();
        let (run, into) = (Rc::clone(self), Rc::clone(&result));
        shuttle::with_scheduler(sampling, move |scheduler| {
            // Shuttle asks whether the system's thread panics, which it does for ever after some executions.
            *into.borrow_mut() = Some(on_another_thread(|| run.on_coroutines(scheduler)));
        });
        let collector = result.borrow_mut().take();
        collector.unwrap_or_else(|| self.collector())
    }
}
