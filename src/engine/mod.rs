//! The engines: what explores a model. A new one is one file and one line of [`REGISTRY`].
//!
//! Those of the model backend differ only in their [`crate::runtime::execution::Scheduler`].

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

pub(crate) mod bytes;
pub(crate) mod dfs;
pub(crate) mod diverged;
pub(crate) mod dpor;
pub(crate) mod fair_continuation;
pub(crate) mod lenient_replay;
#[cfg(feature = "loom")]
pub(crate) mod loom;
pub(crate) mod native;
pub(crate) mod replay;
#[cfg(feature = "shuttle")]
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
    /// Shuttle's walk that weighs threads by the number of events they have left.
    Urw,
    /// Loom's exploration of the C11 memory model, stale reads included.
    Loom,
    /// Operating-system threads; uncontrolled scheduling.
    Native,
}

/// Static properties of an engine.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) kind: Kind,
    /// The name on the command line, in JSON and in `RADDLE_ENGINE`.
    pub(crate) name: &'static str,
    /// The feature of this crate that it needs and that is off, if any.
    pub(crate) needs: Option<&'static str>,
    /// Whether a run to the end leaves nothing out.
    pub(crate) concludes: bool,
    /// What it tries, for readers new to the field.
    #[cfg_attr(not(feature = "cli"), expect(dead_code))] // Printed by `raddle explain`.
    pub(crate) what: &'static str,
}

/// What shuttle's schedulers need.
const SHUTTLE: Option<&str> = if cfg!(feature = "shuttle") { None } else { Some("shuttle") };
/// What loom needs.
const LOOM: Option<&str> = if cfg!(feature = "loom") { None } else { Some("loom") };

/// Every engine; tokens refer to them by their index.
pub(crate) const REGISTRY: &[Engine] = &[
    Engine {
        kind: Kind::Exhaustive,
        name: "exhaustive",
        needs: None,
        concludes: true,
        what: "every order of the steps that makes a difference",
    },
    Engine {
        kind: Kind::Dfs,
        name: "dfs",
        needs: None,
        concludes: true,
        what: "every order of the steps, one after the other",
    },
    Engine {
        kind: Kind::Random,
        name: "random",
        needs: SHUTTLE,
        concludes: false,
        what: "a sample: any thread may be next",
    },
    Engine {
        kind: Kind::Pct,
        name: "pct",
        needs: SHUTTLE,
        concludes: false,
        what: "a sample: threads in an order of priority that changes now and then",
    },
    Engine {
        kind: Kind::Urw,
        name: "urw",
        needs: SHUTTLE,
        concludes: false,
        what: "a sample: the thread with more ahead of it is more often next",
    },
    Engine {
        kind: Kind::Loom,
        name: "loom",
        needs: LOOM,
        concludes: true,
        what: "another checker: every order, and memory that is seen late",
    },
    Engine {
        kind: Kind::Native,
        name: "native",
        needs: None,
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
    /// Its static properties.
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
        let unknown = || Error::UnknownEngine { name: name.to_owned(), known: NAMES.join(", ") };
        let engine = REGISTRY.iter().find(|engine| engine.name == name).ok_or_else(unknown)?;
        match engine.needs {
            Some(feature) => Err(Error::EngineNotBuilt { name: engine.name, feature }),
            None => Ok(engine.kind),
        }
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
