//! Trials: run a thread with a given value, without a step, to see what it does.

use super::{Look, LookSite};
use crate::op::{Site, State, Synchronization};
use crate::runtime::local_state::LocalState;
use crate::schedule::Choice;

/// A thread that was given a value without a step. It runs until it comes to where it was before, and from
/// there repeats the round until that was tried often enough and the thread is where it began; or until it
/// does something else.
#[derive(Debug)]
pub(crate) struct Trial {
    /// The look under trial, with the value given.
    pub(crate) look: Look,
    /// The thread's local state at that look, if executions are observed step by step.
    pub(crate) local: Option<LocalState>,
    /// The step that the thread has taken if it does something else.
    pub(crate) choice: Choice,
    /// Actions of the thread since then that are no steps and come after the look under trial.
    pub(crate) later: Vec<Later>,
    /// The round that it closed, once it has closed one, with the look itself at its end.
    round: Vec<Look>,
    /// How many looks of the round were given values since the round began.
    at: usize,
    /// How many rounds are still to be tried.
    left: u32,
}

/// An action of a thread that is no step, but on which later actions depend.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Later {
    Fence(Synchronization, Site),
    /// This many nanoseconds pass for it.
    Time(u64),
}

/// The arrival of a thread at an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) place: LookSite,
    pub(crate) local: Option<LocalState>,
}

impl Arrival {
    fn is(&self, look: &Look) -> bool {
        self.place == look.place && self.local == look.local
    }
}

/// The result of an arrival under trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tried {
    /// The thread is given this value.
    Answer(State),
    /// The thread is where it began: the round is without effect.
    InVain,
    /// The thread does something else.
    Else,
    /// The thread is at the same place, in another local state.
    Differs,
    /// The thread does something else after rounds with equal local states.
    Counts,
}

impl Trial {
    /// A trial of a look with a given value, for that many rounds.
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
            // A state that was not recorded is not known to be the same.
            let known = |look: &Look| look.local.is_some() && arrival.is(look);
            self.round = match looks.iter().rposition(known) {
                Some(start) => looks[start..].iter().chain([&self.look]).copied().collect(),
                None if known(&self.look) => vec![self.look],
                None if looks.iter().any(|look| look.place == arrival.place) => return Tried::Differs,
                None => return Tried::Else,
            };
        }
        // It is enough that the state was the same once. The stack contents of ended calls may differ.
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
