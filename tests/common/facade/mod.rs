//! Random programs over the whole facade, as data: one file per group of types has its instructions, how
//! they are generated and how they run.
//!
//! A program is decoded from bytes, so that a test, which draws them from a seed, and a fuzzer,
//! which mutates them, share one generator. It draws on few groups at a time: an object that
//! only one instruction uses is never contended.
#![allow(dead_code)]

mod atomics;
mod barriers;
mod cells;
mod channels;
mod choices;
mod choosing;
#[cfg(feature = "check")]
pub mod compare;
mod condvars;
pub mod draw;
mod events;
mod futures;
mod locals;
mod monitors;
mod mutexes;
mod once;
mod panics;
mod parking;
mod plot_condvars;
mod plot_locks;
mod plot_rwlocks;
mod pools;
mod program;
mod queues;
mod rwlocks;
mod semaphores;
mod statics;
mod threads;
mod time;
mod timers;
mod waiting;

pub use choices::Choices;
pub use program::{All, Context, Me, Pace, Program, Recorder};

/// About how many steps a program for native threads takes. No thread has more than half as many
/// operations with a timeout.
pub const NATIVE_SIZE: usize = 6;

/// A sequence of instructions.
pub type Block = Vec<Instr>;

/// Defines the instructions of a group, with their names.
macro_rules! instructions {
    ($($(#[$doc:meta])* $variant:ident $(($($of:ty),*))?,)*) => {
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Instr { $($(#[$doc])* $variant $(($($of),*))?,)* }

        impl Instr {
            pub const KINDS: &'static [&'static str] = &[$(stringify!($variant)),*];

            pub fn kind(&self) -> &'static str {
                match self { $(Instr::$variant { .. } => stringify!($variant),)* }
            }
        }
    };
}
pub(crate) use instructions;

/// Joins the groups: each is a module with `Instr` and `World`.
macro_rules! groups {
    ($($group:ident = $module:ident,)*) => {
        /// A group of types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Group { $($group,)* }

        impl Group {
            pub const ALL: &'static [Group] = &[$(Group::$group,)*];

            pub fn name(self) -> &'static str {
                match self { $(Group::$group => stringify!($module),)* }
            }

            /// The names of its instructions.
            pub fn kinds(self) -> &'static [&'static str] {
                match self { $(Group::$group => $module::Instr::KINDS,)* }
            }

            pub fn decode(self, choices: &mut Choices<'_>, context: &Context<'_>) -> Instr {
                match self { $(Group::$group => Instr::$group($module::Instr::decode(choices, context)),)* }
            }
        }

        /// One instruction.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Instr { $($group($module::Instr),)* }

        impl Instr {
            pub fn group(&self) -> Group {
                match self { $(Instr::$group(_) => Group::$group,)* }
            }

            pub fn kind(&self) -> &'static str {
                match self { $(Instr::$group(instr) => instr.kind(),)* }
            }

            /// About how many steps it takes.
            pub fn cost(&self) -> usize {
                match self { $(Instr::$group(instr) => instr.cost(),)* }
            }

            /// Whether it had an effect.
            pub fn run(&self, me: &mut Me) -> bool {
                let all = std::sync::Arc::clone(&me.all);
                match self {
                    $(Instr::$group(instr) => {
                        let world = all.worlds.$module.as_ref().expect("the program uses the group");
                        instr.run(me, world)
                    })*
                }
            }
        }

        /// The objects of the groups that a program uses.
        #[derive(Default)]
        pub struct Worlds { $($module: Option<$module::World>,)* }

        impl Worlds {
            pub fn new(groups: &[Group]) -> Self {
                let mut worlds = Worlds::default();
                for group in groups {
                    match group { $(Group::$group => worlds.$module = Some($module::World::new()),)* }
                }
                worlds
            }
        }
    };
}

groups! {
    Atomics = atomics,
    Mutexes = mutexes,
    RwLocks = rwlocks,
    Condvars = condvars,
    Channels = channels,
    Once = once,
    Barriers = barriers,
    Parking = parking,
    Threads = threads,
    Locals = locals,
    Panics = panics,
    PlotLocks = plot_locks,
    PlotRwLocks = plot_rwlocks,
    PlotCondvars = plot_condvars,
    Semaphores = semaphores,
    Events = events,
    Monitors = monitors,
    Queues = queues,
    Pools = pools,
    Futures = futures,
    Timers = timers,
    Cells = cells,
    Statics = statics,
    Choosing = choosing,
    Time = time,
    Waiting = waiting,
}

impl Group {
    /// Whether native threads may run it: no data races, no choices, nothing that outlives a
    /// run, and no read of the clock.
    pub fn runs_natively(self) -> bool {
        !matches!(self, Group::Cells | Group::Statics | Group::Choosing | Group::Time)
    }
}

/// Steps of a block, and those around it.
fn around(block: &[Instr], steps: usize) -> usize {
    block.iter().map(Instr::cost).sum::<usize>() + steps
}
