//! A rewound happens-before relation equals one that is computed anew.

use std::panic::Location;

use proptest::prelude::*;

use super::*;
use crate::op::{Command, Role, Synchronization, always, plain, reads, unchanged, writes};

static READ: Command = Command {
    name: "read",
    role: Role::Load,
    guard: always,
    effect: unchanged,
    access: reads,
    synchronization: Synchronization::Nothing,
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
/// Enabled in every other state only.
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
    /// A step that touches no object, such as a choice.
    Local(u32),
    /// A yield that waits for these.
    Yield(Vec<ObjectId>),
    /// The effect of a join.
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
    let synchronization = Synchronization::Nothing;
    Op { command, object, args: [arg, 0], synchronization, on_failure: synchronization, site }
}

/// Performs these acts, as far as they are enabled; returns the number of events after each act.
fn run(happens_before: &mut HappensBefore, acts: &[(ThreadId, Act)]) -> Vec<usize> {
    for thread in 0..THREADS {
        happens_before.spawn(ThreadId(thread), (thread > 0).then_some(ThreadId::MAIN));
    }
    let mut states = [0; OBJECTS as usize];
    let mut events = 0;
    let mut after = Vec::new();
    for (thread, act) in acts {
        match act {
            Act::Op(command, object, arg) => {
                let (op, state) = (op(command, *object, *arg), &mut states[object.index()]);
                if op.enabled(*state) {
                    happens_before.look_for_races(*thread, &Next::Op(&op), *state);
                    happens_before.op(*thread, 0, &op, *state);
                    *state = op.effect(*state);
                    events += 1;
                }
            }
            Act::Local(alternative) => {
                happens_before.local(*thread, *alternative);
                events += 1;
            }
            Act::Yield(read) => {
                let seen: Vec<_> = read.iter().map(|&object| (object, 0)).collect();
                happens_before.look_for_races(*thread, &Next::Yield(&seen), 0);
                happens_before.yields(*thread, read.iter().map(|&object| (object, states[object.index()])));
                events += 1;
            }
            Act::Follow(other) => happens_before.follow(*thread, *other),
            Act::Barrier => happens_before.barrier(),
        }
        after.push(events);
    }
    after
}

/// All observable properties of a happens-before relation.
fn seen(happens_before: &HappensBefore) -> (u128, Vec<Vec<bool>>, Vec<Touches>, String) {
    let events = 0..happens_before.events().len() as u32;
    let ordered = events
        .clone()
        .map(|a| events.clone().map(|b| happens_before.ordered(a, b)).collect::<Vec<_>>())
        .collect();
    (
        happens_before.fingerprint(),
        ordered,
        events.map(|event| happens_before.touched(event)).collect(),
        format!("{:?}", happens_before.races()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_rewound_and_done_otherwise_is_as_if_it_had_been_done_anew(
        first in acts(),
        rest in prop::collection::vec((acts(), 0..24_usize), 1..4),
    ) {
        let mut rewound = HappensBefore::new();
        rewound.rewind(0, 0);
        let mut done = first;
        let mut after = run(&mut rewound, &done);
        for (tail, cut) in rest {
            let cut = cut.min(done.len());
            let kept = if cut == 0 { 0 } else { after[cut - 1] };
            done = done[..cut].iter().cloned().chain(tail).collect();

            rewound.rewind(kept, kept);
            after = run(&mut rewound, &done);
            let mut anew = HappensBefore::new();
            anew.rewind(0, kept);
            run(&mut anew, &done);
            prop_assert_eq!(seen(&rewound), seen(&anew));
        }
    }
}
