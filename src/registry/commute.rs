//! Tests that the declared access classes of commands are true in every state that three threads reach.
//!
//! Two operations of different threads that are called independent commute: both orders lead to the same
//! state, both threads get the same results in both orders, each operation keeps its class of access, and
//! neither enables nor disables the other, nor changes the number of its alternatives. The reduction rests on
//! this.
//!
//! Independent operations may still *jointly* disable a third: each of two does so alone, so that the third
//! is possible before both and after neither. A search for races that removes one event at a time misses that
//! race. The cases in which this occurs are listed in [`JOINTLY_DISABLING`]; where it occurs, races are
//! reversed by sets of events (see [`crate::runtime::happens_before`]).
//!
//! What this can miss: an object's word is all that is compared. Data beside it that is accessed in the same
//! step (the items of a channel, a task's waker) is compared by `tests/facade.rs`, as outcomes.

use std::collections::BTreeSet;
use std::panic::Location;

use super::{Family, Hold, Offer, Seat, Step, THREADS, families};
use crate::op::{Access, Args, ObjectId, Op, State};

/// A family, two commands that are independent of each other, and the command that each of them disables.
type Joint = (String, [&'static str; 2], &'static str);

/// The cases of joint disabling: the family, the independent pair, and the command that it disables.
const JOINTLY_DISABLING: &[(&str, [&str; 2], &str)] = &[
    // Each of two clears alone keeps a waiter waiting.
    ("event", ["CLEAR", "CLEAR"], "WAIT"),
    // Each of two readers that pass a writer alone keeps it out.
    ("rwlock", ["READ", "READ"], "WRITE_AFTER"),
    ("rwlock", ["READ", "TRY_READ"], "WRITE_AFTER"),
    ("rwlock", ["TRY_READ", "TRY_READ"], "WRITE_AFTER"),
];

/// A state of the object, and what each thread holds of it.
type Situation = (State, [Hold; THREADS]);

/// An operation that a thread may have announced.
#[derive(Clone, Copy)]
struct Announced<'a> {
    offer: &'a Offer,
    args: Args,
    hold: Hold,
}

impl Announced<'_> {
    fn enabled(&self, state: State) -> bool {
        (self.offer.command.guard)(state, self.args)
    }

    fn effect(&self, state: State) -> State {
        (self.offer.command.effect)(state, self.args)
    }

    /// Whether the engine explores two alternatives of it.
    fn goes_either_way(&self, state: State) -> bool {
        let (command, args, site) = (self.offer.command, self.args, Location::caller());
        let synchronization = command.synchronization;
        Op { command, object: ObjectId(0), args, synchronization, on_failure: synchronization, site }
            .goes_either_way(state)
    }

    /// What its thread can observe when it is performed in this state.
    fn sees(&self, before: State) -> (String, Hold) {
        let after = self.effect(before);
        let step = Step { hold: self.hold, before, after, args: self.args };
        ((self.offer.command.show)(before, self.args), (self.offer.then)(&step))
    }

    fn text(&self) -> String {
        format!("{}{:x?}", self.offer.ident, self.args)
    }
}

impl Family {
    /// The operations that a thread may announce.
    fn announced(&self, me: usize, (state, holds): &Situation) -> Vec<Announced<'_>> {
        let seat = |offer: &Offer| Seat { me, hold: holds[me], state: *state, fixed: offer.fixed };
        let offered = self.offers.iter().filter(|offer| (offer.when)(&seat(offer)));
        offered.map(|offer| Announced { offer, args: (offer.args)(&seat(offer)), hold: holds[me] }).collect()
    }

    /// The situations that the threads reach, breadth first.
    fn reachable(&self) -> Vec<Situation> {
        let mut found: Vec<Situation> = vec![self.start];
        let mut known: BTreeSet<Situation> = found.iter().copied().collect();
        let mut next = 0;
        while next < found.len() && found.len() < self.most {
            let situation = found[next];
            next += 1;
            for me in 0..THREADS {
                for announced in self.announced(me, &situation) {
                    if !announced.enabled(situation.0) {
                        continue;
                    }
                    let mut then = situation;
                    then.0 = announced.effect(situation.0);
                    then.1[me] = announced.sees(situation.0).1;
                    if known.insert(then) {
                        found.push(then);
                    }
                }
            }
        }
        found
    }
}

/// Checks one pair that may be independent in a state; returns whether it is.
fn check_pair(family: &str, state: State, a: &Announced<'_>, b: &Announced<'_>) -> bool {
    let (first, second) = ((a.offer.command.access)(state, a.args), (b.offer.command.access)(state, b.args));
    if first.conflicts(second) || !a.enabled(state) {
        return false;
    }
    let what = format!("{family}: {} and {} in {state:#x}", a.text(), b.text());
    let after = a.effect(state);
    assert_eq!(b.enabled(state), b.enabled(after), "{what}: the one enables or disables the other");
    assert_eq!(b.goes_either_way(state), b.goes_either_way(after), "{what}: ways to go");
    assert_eq!(second, (b.offer.command.access)(after, b.args), "{what}: kind of access");
    if !b.enabled(state) {
        return false;
    }
    let other = b.effect(state);
    assert_eq!(b.effect(after), a.effect(other), "{what}: state");
    assert_eq!(b.sees(state), b.sees(after), "{what}: what the other sees");
    true
}

#[test]
fn independent_operations_commute() {
    let mut independent = 0;
    for family in families() {
        let mut checked = BTreeSet::new();
        for situation in family.reachable() {
            let state = situation.0;
            for (one, other) in (0..THREADS).flat_map(|one| (0..THREADS).map(move |other| (one, other))) {
                if one == other {
                    continue;
                }
                let others = family.announced(other, &situation);
                for a in family.announced(one, &situation) {
                    for b in &others {
                        let key = (state, a.offer.ident, a.args, a.hold, b.offer.ident, b.args, b.hold);
                        if checked.insert(key) {
                            independent += u32::from(check_pair(&family.name, state, &a, b));
                        }
                    }
                }
            }
        }
    }
    assert!(independent > 1_000, "only {independent} pairs were independent: the test has lost its subject");
}

/// The cases of joint disabling in one family.
fn jointly_disabling(family: &Family) -> BTreeSet<Joint> {
    let mut found = BTreeSet::new();
    for situation in family.reachable() {
        let state = situation.0;
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let third = THREADS - one - other;
            let (others, thirds) = (family.announced(other, &situation), family.announced(third, &situation));
            for a in family.announced(one, &situation) {
                for b in &others {
                    let access = |of: &Announced<'_>| (of.offer.command.access)(state, of.args);
                    if access(&a).conflicts(access(b)) || !a.enabled(state) || !b.enabled(state) {
                        continue;
                    }
                    for c in &thirds {
                        if c.enabled(state) && !c.enabled(a.effect(state)) && !c.enabled(b.effect(state)) {
                            // The search by sets of events assumes such accesses.
                            assert!(access(&a).is_commuting_change(), "{}", a.text());
                            let mut pair = [a.offer.ident, b.offer.ident];
                            pair.sort_unstable();
                            found.insert((family.name.clone(), pair, c.offer.ident));
                        }
                    }
                }
            }
        }
    }
    found
}

#[test]
fn operations_that_disable_another_jointly_are_those_listed() {
    let found: BTreeSet<Joint> = families().iter().flat_map(jointly_disabling).collect();
    let listed: BTreeSet<Joint> =
        JOINTLY_DISABLING.iter().map(|&(family, pair, third)| (family.to_owned(), pair, third)).collect();
    assert_eq!(found, listed);
}

/// Waiting loops are woken by changes only, and events that only read are no race.
#[test]
fn what_is_called_a_read_changes_nothing() {
    for family in families() {
        for situation in family.reachable() {
            for announced in (0..THREADS).flat_map(|me| family.announced(me, &situation)) {
                let (state, command) = (situation.0, announced.offer.command);
                if (command.access)(state, announced.args) == Access::READ && announced.enabled(state) {
                    assert_eq!(announced.effect(state), state, "{}: {}", family.name, announced.text());
                }
            }
        }
    }
}

#[test]
fn every_command_is_performed_in_some_state() {
    for family in families() {
        let mut performed = BTreeSet::new();
        for situation in family.reachable() {
            for me in 0..THREADS {
                let announced = family.announced(me, &situation);
                performed.extend(
                    announced.iter().filter(|a| a.enabled(situation.0)).map(|a| (a.offer.ident, a.args)),
                );
            }
        }
        for offer in &family.offers {
            assert!(
                performed.iter().any(|(ident, _)| *ident == offer.ident),
                "{}: {} is never possible",
                family.name,
                offer.ident
            );
        }
    }
}
