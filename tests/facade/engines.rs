//! The exhaustive engine finds what the search without reduction finds, in one execution per trace.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::facade::compare::{Compared, compare};
use crate::facade::draw::{Draw, groups, numbers, programs, size, surveys};
use crate::facade::{Group, Program};

/// A program with more schedules than this is skipped.
const MOST: u64 = 30_000;

/// Compares the engines on this number of programs over these groups.
fn run(groups: &[Group], cases: u64, size: usize, budget: usize) {
    let draw = Draw::new(groups, size, budget as u64);
    let (mut compared, mut effects, mut with): (u64, BTreeMap<_, u64>, BTreeMap<Group, u64>) =
        Default::default();
    let (mut differences, began) = (0, Instant::now());
    for n in numbers(cases) {
        let program = draw.program(n);
        let before = Instant::now();
        let result = compare(&program, budget, MOST);
        if surveys() && before.elapsed() > Duration::from_secs(10) {
            println!("program {n} took {:?}\n{program:?}", before.elapsed());
        }
        match result {
            Compared::TooLarge => continue,
            Compared::Agree(more) => {
                for (of, _) in more {
                    *effects.entry(of).or_default() += 1;
                }
                for group in &program.groups {
                    *with.entry(*group).or_default() += 1;
                }
            }
            Compared::Differ(..) => {
                let differs =
                    |program: &Program| matches!(compare(program, budget, MOST), Compared::Differ(..));
                let small = draw.shrunk(n, differs);
                let Compared::Differ(what, how) = compare(&small, budget, MOST) else { unreachable!() };
                let text = format!("program {n} with budget {budget}: {what}: {how}\n{small:?}");
                assert!(surveys(), "{text}");
                println!("{text}");
                differences += 1;
            }
        }
        compared += 1;
    }
    println!("{compared} of {cases} programs in {:?}; {differences} differ", began.elapsed());
    assert!(compared * 10 >= cases * 9, "only {compared} of {cases} programs were small enough");
    let mut without = Vec::new();
    for group in groups {
        let of = with.get(group).copied().unwrap_or(0);
        for kind in group.kinds() {
            let had = effects.get(&(*group, *kind)).copied().unwrap_or(0);
            if surveys() {
                println!("{}.{kind}: {had} of {of}", group.name());
            }
            // Of few programs some kinds are missed by chance.
            if (had + 3) * 100 < of {
                without.push(format!("{}.{kind}: had an effect in {had} of {of}", group.name()));
            }
        }
    }
    assert!(without.is_empty(), "{}", without.join("; "));
    assert_eq!(differences, 0, "programs differ");
}

#[test]
fn engines_agree_on_the_whole_facade() {
    run(&groups(|_| true), programs(200), size(8, 10), 0);
}

#[test]
fn engines_agree_on_the_whole_facade_with_budgets() {
    run(&groups(|_| true), programs(100), size(7, 8), 1);
}

#[test]
fn engines_agree_on_atomics() {
    run(&[Group::Atomics], programs(100), size(7, 8), 0);
}
