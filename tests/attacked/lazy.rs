//! Several lazy values that are made at one line of source.

use raddle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use raddle::sync::{Arc, LazyLock};
use raddle::{Checker, FailureKind, Verdict, thread};

use super::{Plain, ends_with, fails};

static SHARDS: [LazyLock<AtomicUsize>; 2] = [const { LazyLock::new(|| AtomicUsize::new(0)) }; 2];

#[test]
fn lazy_values_that_one_line_makes_do_not_diverge() {
    fn model() -> [usize; 2] {
        let flag = Arc::new(AtomicUsize::new(0));
        let children = [0, 1].map(|shard| {
            let flag = Arc::clone(&flag);
            thread::spawn(move || flag.load(SeqCst) * 10 + SHARDS[shard].fetch_add(1, SeqCst))
        });
        flag.store(1, SeqCst);
        children.map(|child| child.join().unwrap())
    }
    ends_with(model, [[0, 0], [0, 10], [10, 0], [10, 10]]);
}

#[test]
fn lazy_values_that_one_line_makes_do_not_order_each_others_users() {
    static VALUES: [LazyLock<usize>; 2] = [const { LazyLock::new(|| 1) }; 2];
    fn model(theirs: usize) {
        let shared = Arc::new(Plain::new());
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            LazyLock::force(&VALUES[theirs]);
        });
        if LazyLock::get(&VALUES[0]).is_some()
            || LazyLock::get(&VALUES[1]).is_some() && LazyLock::force(&VALUES[0]) > &0
        {
            shared.get();
        }
        child.join().unwrap();
    }
    Checker::exhaustive().check(|| model(0)).expect_verified();
    Checker::exhaustive().check(|| model(1)).expect_verified();
    fails(FailureKind::DataRace, || {
        let shared = Arc::new(Plain::new());
        let other = Arc::clone(&shared);
        let child = thread::spawn(move || {
            other.set(1);
            LazyLock::force(&VALUES[0]);
        });
        LazyLock::force(&VALUES[1]);
        shared.get();
        child.join().unwrap();
    });
}

#[test]
fn more_lazy_values_of_one_line_than_there_is_room_for_are_inconclusive() {
    let values = |n: usize| {
        let report = Checker::exhaustive().check(move || {
            let values: Vec<LazyLock<usize, _>> = (0..n).map(|_| LazyLock::new(|| 1)).collect();
            assert_eq!(values.iter().map(|value| **value).sum::<usize>(), n);
        });
        report.verdict
    };
    assert!(matches!(values(32), Verdict::Verified));
    assert!(matches!(values(33), Verdict::Inconclusive(raddle::Reason::EngineLimit { .. })));
}
