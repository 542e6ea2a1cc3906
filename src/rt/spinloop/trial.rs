//! Trying what a thread does with an answer, without a step.

use super::{Look, Place};
use crate::op::{Publish, Site, State};
use crate::rt::local_state::LocalState;
use crate::schedule::Choice;

/// A thread that was answered without a step. It goes on until it comes to where it was before, and from
/// there round and round until it was tried often enough and stands where it began; or until it does something
/// else.
#[derive(Debug)]
pub(crate) struct Trial {
    /// The look that is tried, with the value that it is tried with.
    pub(crate) look: Look,
    /// The thread's local state when it came to that look, if executions are observed step by step.
    pub(crate) local: Option<LocalState>,
    /// The step that the thread has taken if it does something else.
    pub(crate) choice: Choice,
    /// What the thread did since, which is no step and comes after the look that is tried.
    pub(crate) later: Vec<Later>,
    /// The round that it closed, once it has closed one, with the look itself at its end.
    round: Vec<Look>,
    /// How many looks of the round were answered since it began.
    at: usize,
    /// How many rounds are still to be tried.
    left: u32,
}

/// What a thread does that is no step, and that what comes later depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Later {
    Fence(Publish, Site),
    /// So many nanoseconds pass for it.
    Time(u64),
}

/// What a thread does that arrives somewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) place: Place,
    pub(crate) local: Option<LocalState>,
}

impl Arrival {
    fn is(&self, look: &Look) -> bool {
        self.place == look.place && self.local == look.local
    }
}

/// How a trial goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tried {
    /// The thread is given this answer.
    Answer(State),
    /// The thread stands where it began: the round is without effect.
    InVain,
    /// The thread does something else.
    Else,
    /// The thread is where it was before, in another local state.
    Differs,
    /// The thread does something else after rounds that looked alike.
    Counts,
}

impl Trial {
    /// A look that is given an answer, and how many rounds are tried.
    pub(crate) fn new(look: Look, local: Option<LocalState>, choice: Choice, rounds: u32) -> Self {
        Trial { look, local, choice, later: Vec::new(), round: Vec::new(), at: 0, left: rounds }
    }

    /// Whether the round was closed at least once.
    pub(crate) fn closed(&self) -> bool {
        !self.round.is_empty()
    }

    /// The round that was closed, with the look at its end.
    pub(crate) fn round(&self) -> &[Look] {
        &self.round
    }

    /// The thread arrives at a place, after these looks since its last step with an effect.
    pub(crate) fn arrives(&mut self, arrival: Arrival, looks: &[Look]) -> Tried {
        if self.round.is_empty() {
            // A state that was not observed is not known to be the same.
            let known = |look: &Look| look.local.is_some() && arrival.is(look);
            self.round = match looks.iter().rposition(known) {
                Some(start) => looks[start..].iter().chain([&self.look]).copied().collect(),
                None if known(&self.look) => vec![self.look],
                None if looks.iter().any(|look| look.place == arrival.place) => return Tried::Differs,
                None => return Tried::Else,
            };
        }
        // That the state was the same once is enough. What is left on the stack of what is over may differ.
        let expected = &self.round[self.at];
        if arrival.place != expected.place {
            return Tried::Counts;
        }
        self.at += 1;
        if self.at < self.round.len() {
            return Tried::Answer(expected.met);
        }
        self.at = 0;
        self.left = self.left.saturating_sub(1);
        if self.left == 0 { Tried::InVain } else { Tried::Answer(expected.met) }
    }
}
