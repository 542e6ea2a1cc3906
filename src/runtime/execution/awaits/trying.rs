//! Trials: determine whether the next look of a thread closes a round without effect.

use super::{Cut, Execution, Turn, is_look, is_quiet};
use crate::op::{Role, Site, State, ThreadId};
use crate::runtime::local_state::LocalState;
use crate::runtime::spinloop::{
    Arrival, Key, LOWEST_ADDRESS, Later, Look, LookSite, Loops, Met, Trial, Tried,
};
use crate::runtime::thread::Pending;
use crate::schedule::Choice;

/// How a thread under trial continues.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Goes {
    /// With this value as the result of its look.
    On(State),
    /// Normally: it has taken the step that was tried.
    HasTaken,
}

/// What happens with a step that was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::runtime::execution) enum Weighed {
    /// It is taken.
    Take,
    /// Its thread was given a value for a trial, and runs.
    Tried,
    /// It is a look that closes a round: another step is to be chosen.
    Drop,
}

fn turn(site: Site, thread: ThreadId, steps: u32, met: State) -> Turn {
    // What may be an address differs from execution to execution.
    (std::ptr::from_ref(site).addr(), thread, steps, if met < LOWEST_ADDRESS { met } else { LOWEST_ADDRESS })
}

impl Execution {
    /// Decides about a chosen step; `free` if the search may choose another one instead.
    #[inline]
    pub(in crate::runtime::execution) fn weigh(&mut self, choice: Choice, free: bool) -> Weighed {
        let tried = free && self.may_wait(choice.thread);
        if tried { self.try_chosen(choice) } else { Weighed::Take }
    }

    #[cold]
    fn try_chosen(&mut self, choice: Choice) -> Weighed {
        let thread = choice.thread;
        let Pending::Op(op) = self.thread(thread).pending else { return Weighed::Take };
        let value = self.object(op.object).state;
        if self.thread(thread).closes(value).is_none() && self.try_with(choice, value) {
            return Weighed::Tried;
        }
        if self.thread(thread).looks_in_vain(value) { Weighed::Drop } else { Weighed::Take }
    }

    /// Takes the choice that the scheduler made before its trial.
    #[inline]
    pub(in crate::runtime::execution) fn in_hand(&mut self) -> Option<Choice> {
        self.awaits.as_mut()?.in_hand.take()
    }

    /// Determines whether a thread's look closes a round if it reads the present value of its object. Returns
    /// whether a trial was started for that.
    fn try_with(&mut self, choice: Choice, value: State) -> bool {
        let thread = choice.thread;
        let key = self.key(thread, value);
        let Execution { awaits: Some(awaits), threads, objects, .. } = self else { return false };
        let state = &mut threads[thread.index()];
        let Pending::Op(op) = state.pending else { return false };
        let known = if is_look(&op, value, is_quiet(&op, value)) {
            key.and_then(|key| awaits.answers.get(&key).copied())
        } else {
            Some(0)
        };
        if let Some(closes) = known {
            state.tried.push((value, closes));
            self.look_again(thread);
            return false;
        }
        let place = LookSite::of(&op);
        let version = objects[op.object.index()].version;
        let rounds = awaits.rounds(&turn(place.site, thread, state.steps, value));
        let look = Look { place, local: state.arrived, met: value, version };
        awaits.trial = Some(Trial::new(look, state.local, choice, rounds));
        (state.answer, state.way) = (value, op.args[1]);
        true
    }

    fn key(&mut self, thread: ThreadId, value: State) -> Option<Key> {
        let (state, happens_before) = (&mut self.threads[thread.index()], self.happens_before.as_ref()?);
        let Pending::Op(op) = &state.pending else { return None };
        let met = Met::of(value, || happens_before.source(op.object))?;
        let follows = *state.awaits.follows.get_or_insert_with(|| happens_before.followed_by(thread));
        Some(Key { thread, follows, forced: self.forced, object: op.object, met })
    }

    /// The running thread, which is under trial, arrives at an operation (`arrival`) or acts. `None` if it
    /// has to stop there.
    pub(crate) fn goes_on_trial(&mut self, arrival: Option<Arrival>) -> Option<Goes> {
        let thread = self.current;
        let Execution { awaits: Some(awaits), threads, .. } = self else { return None };
        let trial = awaits.trial.as_mut()?;
        let tried = match arrival {
            Some(arrival) => trial.arrives(arrival, &threads[thread.index()].looks),
            None if trial.closed() => Tried::Counts,
            None => Tried::Else,
        };
        if let Tried::Answer(answer) = tried {
            return Some(Goes::On(answer));
        }
        let (look, closes) = (trial.look, trial.round().len());
        let looks_only =
            matches!(&threads[thread.index()].pending, Pending::Op(op) if op.command.role == Role::Load);
        let choice = trial.choice;
        let (later, local) =
            awaits.trial.take().map_or_else(|| (Vec::new(), None), |trial| (trial.later, trial.local));
        let closes = if tried == Tried::InVain { closes } else { 0 };
        let changes = tried == Tried::Differs && !looks_only;
        let differs = (changes || closes > 0) && awaits.differs_always(look.place.site, closes > 0);
        let gives_up = tried == Tried::Counts || differs;
        let learns = |loops: &mut Loops| {
            loops.counts = true;
            loops.gives_up |= tried == Tried::Counts;
        };
        if gives_up && !awaits.follows && awaits.shared.learn(&look.place, learns) {
            self.end_with(Cut::StartOver);
            return None;
        }
        if closes > 0 {
            awaits.shared.is_used();
            let steps = threads[thread.index()].steps;
            awaits.tried.insert(turn(look.place.site, thread, steps, look.met));
            // When the choice is weighed again, it turns out to be no step.
            awaits.in_hand = Some(choice);
        }
        if let Some(key) = self.key(thread, look.met)
            && let Some(awaits) = &mut self.awaits
        {
            awaits.answers.insert(key, closes);
        }
        self.threads[thread.index()].tried.push((look.met, closes));
        if closes > 0 {
            self.look_again(thread);
            return None;
        }
        self.has_taken(choice, look, local);
        for later in later {
            self.passes(later);
        }
        Some(Goes::HasTaken)
    }

    /// The running thread does something that is no step; under trial it is deferred until the trial's step
    /// is taken.
    pub(crate) fn does(&mut self, later: Later) {
        match self.awaits.as_mut().and_then(|awaits| awaits.trial.as_mut()) {
            Some(trial) => trial.later.push(later),
            None => self.passes(later),
        }
    }

    fn passes(&mut self, later: Later) {
        let thread = self.current;
        match later {
            Later::Fence(synchronization, site) => {
                if let Some(log) = &mut self.log {
                    log.fence(thread, synchronization, site);
                }
                self.race_detector.fence(thread, synchronization);
            }
            Later::Time(nanoseconds) => {
                self.times.begin();
                let slept = &mut self.me().slept;
                *slept = slept.saturating_add(nanoseconds);
            }
        }
    }

    /// The running thread was given the value of a look and does not start another round: the look is a step,
    /// which it has taken.
    #[cold]
    fn has_taken(&mut self, choice: Choice, look: Look, local: Option<LocalState>) {
        let state = &mut self.threads[choice.thread.index()];
        let now = (state.local, state.arrived);
        (state.local, state.arrived) = (local, look.local);
        self.step(choice);
        let state = &mut self.threads[choice.thread.index()];
        (state.local, state.arrived) = now;
    }

    /// Whether a thread is being tried.
    #[inline]
    pub(crate) fn is_trial(&self) -> bool {
        self.awaits.as_ref().is_some_and(|awaits| awaits.trial.is_some())
    }
}
