//! Operations that are called independent commute: from every state that an object can be in, both
//! orders lead to the same state, both operations see what they would see in the other order, and
//! neither enables nor disables the other. The reduction rests on this.

use std::panic::Location;

use super::commands::*;
use super::lazy_once;
use crate::beyond::commands::*;
use crate::op::{Args, Command, ObjectId, Op, Role, Slots, State};

/// The commands of one kind of object, with operands, and the states in which they make sense.
struct Family {
    name: &'static str,
    commands: Vec<(&'static Command, Args)>,
    states: Vec<State>,
    /// Whether the command can be asked for in this state at all: only a holder gives back.
    possible: fn(&Command, State) -> bool,
}

fn anything(_: &Command, _: State) -> bool {
    true
}

/// std's locks, which can be poisoned.
fn locks() -> [Family; 2] {
    [
        Family {
            name: "mutex",
            commands: vec![
                (&LOCK, [0; 2]),
                (&TRY_LOCK, [0; 2]),
                (&UNLOCK, [0; 2]),
                (&POISON, [0; 2]),
                (&IS_POISONED, [0; 2]),
                (&CLEAR_POISON, [0; 2]),
            ],
            states: vec![0, HELD, POISONED, HELD | POISONED],
            possible: |command, state| !matches!(command.name, "unlock" | "poison") || state & HELD != 0,
        },
        Family {
            name: "rwlock",
            commands: vec![
                (&READ, [0, 0]),
                (&READ, [0, BEHIND]),
                (&READ_BEHIND, [0; 2]),
                (&TRY_READ, [0, 0]),
                (&TRY_READ, [0, BEHIND]),
                (&READ_UNLOCK, [0; 2]),
                (&WRITE, [0; 2]),
                (&WRITE_AFTER, [0; 2]),
                (&TRY_WRITE, [0; 2]),
                (&WRITE_UNLOCK, [0; 2]),
                (&DOWNGRADE, [0; 2]),
                (&POISON, [0; 2]),
                (&IS_POISONED, [0; 2]),
                (&CLEAR_POISON, [0; 2]),
            ],
            states: [0, 1, 2, 3, WRITER]
                .into_iter()
                .flat_map(|state| [state, state | AWAITED])
                .flat_map(|state| [state, state | POISONED])
                .collect(),
            possible: |command, state| match command.name {
                "read_unlock" => state & !(WRITER | AWAITED | POISONED) > 0,
                "write_unlock" | "downgrade" | "poison" => state & WRITER != 0,
                // There is one writer with a turn.
                "write" if command.role == Role::Succeed => state & AWAITED != 0,
                _ => true,
            },
        },
    ]
}

fn families() -> Vec<Family> {
    let one = |n| Slots::one(n).0;
    let others = vec![
        Family {
            name: "semaphore",
            commands: vec![
                (&ACQUIRE, [1, 0]),
                (&ACQUIRE, [2, 0]),
                (&TRY_ACQUIRE, [1, 0]),
                (&TRY_ACQUIRE, [2, 0]),
                (&RELEASE, [1, 0]),
                (&RELEASE, [2, 0]),
                (&RELEASE_BOUNDED, [1, 2]),
                (&RELEASE_BOUNDED, [1, 3]),
            ],
            states: (0..6).collect(),
            possible: anything,
        },
        Family {
            name: "reentrant mutex",
            commands: vec![
                (&REENTER, [1, 0]),
                (&REENTER, [2, 0]),
                (&TRY_REENTER, [1, 0]),
                (&TRY_REENTER, [2, 0]),
                (&REENTER_UNLOCK, [0, 0]),
            ],
            states: vec![0, 1 << 16 | 1, 1 << 16 | 2, 2 << 16 | 1],
            possible: |command, state| command.name != "unlock" || state != 0,
        },
        Family {
            name: "condition variable",
            commands: vec![
                (&ENQUEUE, [one(0), 0]),
                (&ENQUEUE, [one(5), 0]),
                (&LEAVE, [one(0), 0]),
                (&LEAVE, [one(1), 0]),
                (&WAKE_ONE, [ONE[0], one(1)]),
                (&WAKE_ONE, [ONE[0], one(2)]),
                (&WAKE_ALL, ALL),
            ],
            states: (0..8).collect(),
            possible: anything,
        },
        Family {
            name: "barrier",
            commands: vec![(&ARRIVE, [2, 0]), (&ARRIVE, [3, 0]), (&PASS, [0, 0]), (&PASS, [1 << 32, 0])],
            states: vec![0, 1, 2, 1 << 32, 1 << 32 | 1, 2 << 32],
            possible: anything,
        },
        Family {
            name: "once",
            commands: vec![
                (&BEGIN_ONCE, [0, 0]),
                (&BEGIN_ONCE, [1, 0]),
                (&END_ONCE, [once::DONE, 0]),
                (&END_ONCE, [once::POISONED, 0]),
                (&IS_DONE, [0, 0]),
            ],
            states: vec![once::NEW, once::RUNNING, once::DONE, once::POISONED],
            possible: anything,
        },
        Family {
            name: "lazy values of one line",
            commands: [0, 1]
                .into_iter()
                .flat_map(|place| {
                    [
                        (&lazy_once::BEGIN, [0, place]),
                        (&lazy_once::END, [once::DONE, place]),
                        (&lazy_once::END, [once::POISONED, place]),
                        (&lazy_once::IS_DONE, [0, place]),
                    ]
                })
                .collect(),
            states: (0..16).collect(),
            possible: anything,
        },
        Family {
            name: "parker",
            commands: [&PARK, &PARK_IN_VAIN, &UNPARK].map(|command| (command, [0; 2])).into(),
            states: vec![0, 1],
            possible: anything,
        },
    ];
    locks().into_iter().chain(others).collect()
}

/// Whether a command has two ways to go.
fn ways(command: &'static Command, state: State, args: Args) -> bool {
    let (publish, site) = (command.publish, Location::caller());
    Op { command, object: ObjectId(0), args, publish, on_failure: publish, site }.goes_either_way(state)
}

#[test]
fn independent_operations_commute() {
    let mut independent = 0;
    for Family { name, commands, states, possible } in families() {
        for (a, b) in commands.iter().flat_map(|a| commands.iter().map(move |b| (a, b))) {
            for &state in &states {
                let ((a, x), (b, y)) = (*a, *b);
                let both = possible(a, state) && possible(b, state);
                if !both || (a.access)(state, x).conflicts((b.access)(state, y)) || !(a.guard)(state, x) {
                    continue;
                }
                let what = format!("{name}: {}{x:?} and {}{y:?} in state {state:#x}", a.name, b.name);
                let after_a = (a.effect)(state, x);
                if !possible(b, after_a) {
                    // Two threads cannot both give back what only one of them holds.
                    continue;
                }
                assert_eq!((b.guard)(state, y), (b.guard)(after_a, y), "{what}: enabled");
                assert_eq!(ways(b, state, y), ways(b, after_a, y), "{what}: ways to go");
                if !(b.guard)(state, y) {
                    continue;
                }
                independent += 1;
                let after_b = (b.effect)(state, y);
                assert_eq!((b.effect)(after_a, y), (a.effect)(after_b, x), "{what}: state");
                assert_eq!((b.show)(state, y), (b.show)(after_a, y), "{what}: what the one sees");
                assert_eq!((a.show)(state, x), (a.show)(after_b, x), "{what}: what the other sees");
                assert_eq!((b.access)(state, y), (b.access)(after_a, y), "{what}: kind of access");
            }
        }
    }
    assert!(independent > 50, "only {independent} pairs were independent: the test has lost its subject");
}
