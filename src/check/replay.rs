//! The one schedule of a token, run once.
//!
//! A replay is for looking at a failure, with a breakpoint or by what the model prints: so the model runs
//! exactly once, and its trace is recorded during that run. The token's schedule is shown as it is: it is not
//! minimised, and no races are reversed.

use crate::check::run::Run;
use crate::check::stats::{Collector, Found};
use crate::counterexample::Counterexample;
use crate::counterexample::token::{Token, model_hash};
use crate::engine::replay::Replay;
use crate::error::Error;
use crate::failure::Reason;
use crate::op::ThreadId;
use crate::runtime::coroutines::{Coroutines, Judge};
use crate::runtime::execution::Execution;
use crate::runtime::log::Log;
use crate::runtime::session::Session;
use crate::runtime::spinloop::Shared;
use crate::trace::Trace;
use crate::verdict::{Report, Stats, Verdict};

impl Run {
    /// Replays a token, which must be of this model.
    pub(super) fn replay(&mut self, token: &Token) -> Report {
        if token.model != model_hash(&self.name) {
            let error = Error::TokenOfAnotherModel { model: self.name.clone() };
            let reason = Reason::Diverged { step: 0, why: error.to_string() };
            return self.finish(Verdict::Inconclusive(reason), Stats::default(), Vec::new());
        }
        self.settings.limits.stop_on_failure = true;
        self.settings.spin_assume = !token.awaits.is_empty();
        self.loops = Shared::of_token(&token.awaits);
        let mut execution = self.execution();
        execution.log = Some(Log::default());
        if self.settings.spin_assume {
            execution.treat_loops_as_awaits(self.loops.clone(), true);
        }
        let coroutines = Coroutines::new();
        let session = Session::new(execution, coroutines.clone());
        let mut seen = Seen { collector: self.collector(), trace: None };
        let mut scheduler = Replay::new(token.schedule.clone(), token.repeat);
        coroutines.explore(&session, &mut scheduler, &self.body(), &mut seen);
        let Seen { mut collector, trace } = seen;
        let failures: Vec<_> = collector
            .failures
            .pop()
            .map(|Found { failure, schedule, repeat }| {
                let token = self.token(schedule, repeat);
                Counterexample { token, trace, ..self.without_schedule(failure) }
            })
            .into_iter()
            .collect();
        let verdict = match (failures.first(), collector.cut) {
            (Some(found), _) => Verdict::Refuted(Box::new(found.clone())),
            (None, Some(reason)) => Verdict::Inconclusive(reason),
            (None, None) => Verdict::Inconclusive(Reason::Replayed),
        };
        self.finish(verdict, collector.stats, failures)
    }
}

/// The outcome of the one execution.
struct Seen {
    collector: Collector,
    trace: Option<Trace>,
}

impl Judge for Seen {
    fn wants_another(&mut self) -> bool {
        self.collector.wants_another()
    }

    fn saw(&mut self, execution: &Execution, problem: Option<Reason>) {
        if problem.is_none() && execution.failure.is_some() {
            self.trace = Some(Trace::of(execution));
        }
        self.collector.saw(execution, problem);
    }

    fn beat(&mut self, session: &Session, thread: ThreadId) {
        self.collector.beat(session, thread);
    }
}
