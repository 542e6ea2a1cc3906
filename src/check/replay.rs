//! The one schedule of a token, run once.
//!
//! A replay is for looking at a failure, with a breakpoint or by what the model prints: so the model runs
//! exactly once, and what happened is noted during that run. The token is shown as it is: nothing is made
//! smaller, and no other order is tried.

use crate::check::run::Run;
use crate::check::tally::{Found, Tally};
use crate::engine::replay::Replay;
use crate::error::Error;
use crate::op::ThreadId;
use crate::rt::execution::Execution;
use crate::rt::host::{Coroutines, Judge};
use crate::rt::log::Log;
use crate::rt::session::Session;
use crate::rt::spinloop::Shared;
use crate::schedule::{Token, model_hash};
use crate::trace::Trace;
use crate::verdict::{Counterexample, Reason, Report, Stats, Verdict};

impl Run {
    /// Replays a token, which must be of this model.
    pub(super) fn replay(&mut self, token: &Token) -> Report {
        if token.model != model_hash(&self.name) {
            let error = Error::TokenOfAnotherModel { model: self.name.clone() };
            let reason = Reason::Diverged { step: 0, why: error.to_string() };
            return self.finish(Verdict::Inconclusive(reason), Stats::default(), Vec::new());
        }
        self.settings.stop_on_failure = true;
        self.settings.spin_assume = !token.awaits.is_empty();
        self.loops = Shared::of_token(&token.awaits);
        let mut execution = self.execution();
        execution.log = Some(Log::default());
        if self.settings.spin_assume {
            execution.treat_loops_as_awaits(self.loops.clone(), true);
        }
        let host = Coroutines::new();
        let session = Session::new(execution, host.clone());
        let mut seen = Seen { tally: self.tally(), trace: None };
        let mut scheduler = Replay::new(token.schedule.clone(), token.repeat);
        host.explore(&session, &mut scheduler, &self.body(), &mut seen);
        let Seen { mut tally, trace } = seen;
        let failures: Vec<_> = tally
            .failures
            .pop()
            .map(|Found { failure, schedule, repeat }| {
                let token = self.token(schedule, repeat);
                Counterexample { token, trace, ..self.without_schedule(failure) }
            })
            .into_iter()
            .collect();
        let verdict = match (failures.first(), tally.cut) {
            (Some(found), _) => Verdict::Refuted(Box::new(found.clone())),
            (None, Some(reason)) => Verdict::Inconclusive(reason),
            (None, None) => Verdict::Inconclusive(Reason::Replayed),
        };
        self.finish(verdict, tally.stats, failures)
    }
}

/// What is seen of the one execution.
struct Seen {
    tally: Tally,
    trace: Option<Trace>,
}

impl Judge for Seen {
    fn wants_another(&mut self) -> bool {
        self.tally.wants_another()
    }

    fn saw(&mut self, execution: &Execution, problem: Option<Reason>) {
        if problem.is_none() && execution.failure.is_some() {
            self.trace = Some(Trace::of(execution));
        }
        self.tally.saw(execution, problem);
    }

    fn beat(&mut self, session: &Session, thread: ThreadId) {
        self.tally.beat(session, thread);
    }
}
