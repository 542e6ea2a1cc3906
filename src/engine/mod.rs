//! The engines: what explores a model. A new one is one file and one line of [`REGISTRY`].
//!
//! Those of the Model arm differ by their [`crate::rt::execution::Scheduler`] only.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

pub(crate) mod bytes;
pub(crate) mod dfs;
pub(crate) mod diverged;
pub(crate) mod dpor;
pub(crate) mod forgiving;
pub(crate) mod loom;
pub(crate) mod native;
pub(crate) mod probe;
pub(crate) mod replay;
pub(crate) mod shuttle;
pub(crate) mod taken;

/// An engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One execution of every trace, by optimal partial-order reduction.
    Exhaustive,
    /// Every schedule, without reduction: the oracle.
    Dfs,
    /// Shuttle's uniform choice among the enabled threads.
    Random,
    /// Shuttle's random priorities with a few changes (ASPLOS 2010).
    Pct,
    /// Shuttle's walk that weighs threads by the events they have left.
    Urw,
    /// Loom's exploration of the C11 memory model, stale reads included.
    Loom,
    /// Threads of the operating system, as they happen to run.
    Native,
}

/// What is known of an engine before it runs.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) kind: Kind,
    /// As the command line, JSON and `RADDLE_ENGINE` name it.
    pub(crate) name: &'static str,
    /// Whether a run to the end leaves nothing out.
    pub(crate) concludes: bool,
    /// What it tries, for somebody who has never heard of it.
    #[cfg_attr(not(feature = "cli"), expect(dead_code))] // `raddle explain` says it.
    pub(crate) what: &'static str,
}

/// Every engine; tokens refer to them by their place.
pub(crate) const REGISTRY: &[Engine] = &[
    Engine {
        kind: Kind::Exhaustive,
        name: "exhaustive",
        concludes: true,
        what: "every order of the steps that makes a difference",
    },
    Engine {
        kind: Kind::Dfs,
        name: "dfs",
        concludes: true,
        what: "every order of the steps, one after the other",
    },
    Engine { kind: Kind::Random, name: "random", concludes: false, what: "a sample: any thread may be next" },
    Engine {
        kind: Kind::Pct,
        name: "pct",
        concludes: false,
        what: "a sample: threads in an order of priority that changes now and then",
    },
    Engine {
        kind: Kind::Urw,
        name: "urw",
        concludes: false,
        what: "a sample: the thread with more ahead of it is more often next",
    },
    Engine {
        kind: Kind::Loom,
        name: "loom",
        concludes: true,
        what: "another checker: every order, and memory that is seen late",
    },
    Engine {
        kind: Kind::Native,
        name: "native",
        concludes: false,
        what: "no order of ours: real threads, as they happen to run",
    },
];

/// The engines' names, in the order of the registry.
pub(crate) const NAMES: [&str; REGISTRY.len()] = {
    let mut names = [""; REGISTRY.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = REGISTRY[i].name;
        i += 1;
    }
    names
};

impl Kind {
    /// What is known of it.
    pub(crate) fn engine(self) -> &'static Engine {
        &REGISTRY[self as usize]
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        self.engine().name
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        REGISTRY
            .iter()
            .find(|engine| engine.name == name)
            .map(|engine| engine.kind)
            .ok_or_else(|| Error::UnknownEngine { name: name.to_owned(), known: NAMES.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_is_found_by_its_name_and_stands_at_its_place() {
        for (place, engine) in REGISTRY.iter().enumerate() {
            assert_eq!(engine.name.parse(), Ok(engine.kind));
            assert_eq!(engine.kind as usize, place);
        }
    }
}
