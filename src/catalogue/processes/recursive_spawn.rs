//! A program that starts itself, and itself, and itself.
//!
//! A module starts a worker process when it is loaded. The new process begins by loading the module:
//!
//! ```text
//!   main                process 1           process 2
//!   load the module
//!   start process 1
//!                       load the module
//!                       start process 2
//!                                           load the module
//!                                           start process 3  ✗ and so on
//! ```
//!
//! Where a process is made by `fork`, the child goes on in the middle of the program and the mistake has
//! no effect. Where it is *spawned* (the default on Windows and macOS; since Python 3.14 a plain `fork`
//! is the default nowhere) the child imports the main module afresh, and every line on its top level runs
//! again. Python's `multiprocessing` detects it, and raises "An attempt has been made to start a new
//! process before the current process has finished its bootstrapping phase".
//!
//! The fix is to start processes only in the process that the user has started: the *main
//! guard*, `if __name__ == "__main__":`.
//!
//! Every engine sees it, under every schedule, native threads too. Processes are modelled as
//! threads, and the machine's memory as room for a few of them.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::support::joined;
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "recursive-spawn",
    summary: "start-up code starts a process that runs the same start-up code",
    variants: &[
        buggy("buggy", || start(|_| true), FailureKind::Panic),
        fixed("main-guard", || start(|name| name == "__main__")),
    ],
    source: include_str!("recursive_spawn.rs"),
};

/// One process more than intended, so that a full machine means recursion and not a tight limit.
const ROOM: usize = 3;

/// How many processes there are, and how many have done their part.
struct Machine {
    processes: AtomicUsize,
    done: AtomicUsize,
}

fn start(guard: fn(&str) -> bool) {
    let machine = Arc::new(Machine { processes: AtomicUsize::new(0), done: AtomicUsize::new(0) });
    load_module("__main__", guard, &machine);
    assert_eq!(machine.done.load(Ordering::SeqCst), 2, "main and one worker");
}

fn load_module(name: &str, guard: fn(&str) -> bool, machine: &Arc<Machine>) {
    let running = machine.processes.fetch_add(1, Ordering::SeqCst);
    assert!(running < ROOM, "there is no room for another process");
    let others = Arc::clone(machine);
    let child = guard(name).then(|| thread::spawn(move || load_module("__mp_main__", guard, &others)));
    machine.done.fetch_add(1, Ordering::SeqCst);
    if let Some(child) = child {
        joined(child);
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("main-guard", "every name passes the guard", || start(|_| true), FailureKind::Panic),
    mutant("main-guard", "no name passes the guard", || start(|_| false), FailureKind::Panic),
];
