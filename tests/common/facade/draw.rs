//! Draws programs from numbers, and shrinks those on which the engines differ.

use super::{Choices, Group, Program};

/// An environment variable of the tests.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How many programs a test runs; CI sets more.
pub fn programs(default: u64) -> u64 {
    variable("RADDLE_TEST_PROGRAMS").and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// About how many steps a program has: few, unless the test runs for long.
pub fn size(few: usize, many: usize) -> usize {
    if variable("RADDLE_TEST_PROGRAMS").is_some() { many } else { few }
}

/// The numbers of the programs to run.
pub fn numbers(programs: u64) -> std::ops::Range<u64> {
    let first = variable("FACADE_FIRST").and_then(|n| n.parse().ok()).unwrap_or(0);
    first..first + programs
}

/// Whether a test continues after a difference.
pub fn surveys() -> bool {
    variable("FACADE_SURVEY").is_some()
}

/// The groups that programs are drawn from: the requested ones, or all.
pub fn groups(of: fn(Group) -> bool) -> Vec<Group> {
    let asked = |name: &str| {
        let group = Group::ALL.iter().copied().find(|group| group.name() == name);
        group.unwrap_or_else(|| panic!("no group {name}"))
    };
    let groups = match variable("FACADE_GROUPS") {
        Some(names) => names.split(',').map(asked).collect(),
        None => Group::ALL.to_vec(),
    };
    groups.into_iter().filter(|group| of(*group)).collect()
}

/// Programs of one test: each has a number.
pub struct Draw {
    groups: Vec<Group>,
    size: usize,
    seed: u64,
}

impl Draw {
    /// Programs of about this many steps over these groups; tests with different numbers draw different ones.
    pub fn new(groups: &[Group], size: usize, test: u64) -> Self {
        let seed: u64 = variable("FACADE_SEED").and_then(|n| n.parse().ok()).unwrap_or(0);
        Draw { groups: groups.to_vec(), size, seed: seed << 40 | test << 32 }
    }

    /// The n-th program.
    pub fn program(&self, n: u64) -> Program {
        self.decode(&bytes(self.seed ^ n))
    }

    fn decode(&self, bytes: &[u8]) -> Program {
        Program::decode(&mut Choices::new(bytes), &self.groups, self.size)
    }

    /// The smallest program that still differs, found by reducing the bytes of the n-th.
    pub fn shrunk(&self, n: u64, differs: impl Fn(&Program) -> bool) -> Program {
        let mut bytes = bytes(self.seed ^ n);
        let mut program = self.decode(&bytes);
        while let Some(next) = smaller(&bytes).into_iter().find(|other| {
            let smaller = self.decode(other);
            smaller == program || (smaller.weight() <= program.weight() && differs(&smaller))
        }) {
            (program, bytes) = (self.decode(&next), next);
        }
        program
    }
}

/// Random bytes (splitmix64).
fn bytes(mut state: u64) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    next();
    (0..8).flat_map(|_| next().to_le_bytes()).collect()
}

/// Bytes that are shorter, or smaller at one place.
fn smaller(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> =
        [2, 4, 8].iter().map(|n| bytes[..bytes.len() - bytes.len() / n].to_vec()).collect();
    for at in 0..bytes.len() {
        all.push([&bytes[..at], &bytes[at + 1..]].concat());
        for less in [0, bytes[at] / 2, bytes[at].saturating_sub(1)] {
            let mut changed = bytes.to_vec();
            changed[at] = less;
            all.push(changed);
        }
    }
    all.retain(|other| (other.len(), other) < (bytes.len(), &bytes.to_vec()));
    all
}
