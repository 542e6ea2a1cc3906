//! A history that was rewound is the one that would have been made anew.

use std::panic::Location;

use proptest::prelude::*;

use super::*;
use crate::op::{Command, Publish, Role, always, plain, reads, unchanged, writes};

static READ: Command = Command {
    name: "read",
    role: Role::Load,
    guard: always,
    effect: unchanged,
    access: reads,
    publish: Publish::Nothing,
    show: plain,
};
static WRITE: Command =
    Command { name: "write", role: Role::Store, effect: |_, args| args[0], access: writes, ..READ };
/// Commutes with itself.
static ADD: Command = Command {
    name: "add",
    role: Role::Signal,
    effect: |state, _| state + 1,
    access: |_, _| Access::commuting(1),
    ..READ
};
/// Is enabled in every other state only.
static TAKE: Command = Command {
    name: "take",
    role: Role::Acquire,
    guard: |state, _| state % 2 == 0,
    effect: |state, _| state + 1,
    access: writes,
    ..READ
};

const THREADS: u32 = 3;
const OBJECTS: u32 = 3;

#[derive(Clone, Debug)]
enum Act {
    Op(&'static Command, ObjectId, u64),
    /// A choice, say.
    Local(u32),
    /// A yield that waits for these.
    Yield(Vec<ObjectId>),
    /// What a join does.
    Follow(ThreadId),
    Barrier,
}

fn acts() -> impl Strategy<Value = Vec<(ThreadId, Act)>> {
    let object = || (0..OBJECTS).prop_map(ObjectId);
    let thread = || (0..THREADS).prop_map(ThreadId);
    let command = prop::sample::select(vec![&READ, &WRITE, &ADD, &TAKE]);
    let act = prop_oneof![
        10 => (command, object(), 0..3_u64).prop_map(|(command, object, arg)| Act::Op(command, object, arg)),
        1 => (0..2_u32).prop_map(Act::Local),
        1 => prop::collection::vec(object(), 1..3).prop_map(Act::Yield),
        2 => thread().prop_map(Act::Follow),
        1 => Just(Act::Barrier),
    ];
    prop::collection::vec((thread(), act), 0..24)
}

#[track_caller]
fn op(command: &'static Command, object: ObjectId, arg: u64) -> Op {
    let site = Location::caller();
    let publish = Publish::Nothing;
    Op { command, object, args: [arg, 0], publish, on_failure: publish, site }
}

/// Does all that, as far as it is enabled; how many events each act came to at the latest.
fn run(history: &mut History, acts: &[(ThreadId, Act)]) -> Vec<usize> {
    for thread in 0..THREADS {
        history.spawn(ThreadId(thread), (thread > 0).then_some(ThreadId::MAIN));
    }
    let mut states = [0; OBJECTS as usize];
    let mut events = 0;
    let mut after = Vec::new();
    for (thread, act) in acts {
        match act {
            Act::Op(command, object, arg) => {
                let (op, state) = (op(command, *object, *arg), &mut states[object.index()]);
                if op.enabled(*state) {
                    history.look_for_races(*thread, &Next::Op(&op), *state);
                    history.op(*thread, 0, &op, *state);
                    *state = op.effect(*state);
                    events += 1;
                }
            }
            Act::Local(alternative) => {
                history.local(*thread, *alternative);
                events += 1;
            }
            Act::Yield(read) => {
                let seen: Vec<_> = read.iter().map(|&object| (object, 0)).collect();
                history.look_for_races(*thread, &Next::Yield(&seen), 0);
                history.yields(*thread, read.iter().map(|&object| (object, states[object.index()])));
                events += 1;
            }
            Act::Follow(other) => history.follow(*thread, *other),
            Act::Barrier => history.barrier(),
        }
        after.push(events);
    }
    after
}

/// All that anybody can see of a history.
fn seen(history: &History) -> (u128, Vec<Vec<bool>>, Vec<Touches>, String) {
    let events = 0..history.events().len() as u32;
    let ordered =
        events.clone().map(|a| events.clone().map(|b| history.ordered(a, b)).collect::<Vec<_>>()).collect();
    (
        history.fingerprint(),
        ordered,
        events.map(|event| history.touched(event)).collect(),
        format!("{:?}", history.races()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_rewound_and_done_otherwise_is_as_if_it_had_been_done_anew(
        first in acts(),
        rest in prop::collection::vec((acts(), 0..24_usize), 1..4),
    ) {
        let mut rewound = History::new();
        rewound.rewind(0, 0);
        let mut done = first;
        let mut after = run(&mut rewound, &done);
        for (tail, cut) in rest {
            let cut = cut.min(done.len());
            let kept = if cut == 0 { 0 } else { after[cut - 1] };
            done = done[..cut].iter().cloned().chain(tail).collect();

            rewound.rewind(kept, kept);
            after = run(&mut rewound, &done);
            let mut anew = History::new();
            anew.rewind(0, kept);
            run(&mut anew, &done);
            prop_assert_eq!(seen(&rewound), seen(&anew));
        }
    }
}
