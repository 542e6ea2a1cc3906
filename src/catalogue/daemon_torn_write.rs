//! Cut off in the middle of a sentence.
//!
//! A background thread moves money between two files: it writes the one and then the other. Nobody
//! waits for it, so that the program can end whenever it likes:
//!
//! ```text
//!   main                    background thread       on disk
//!                                                   10, 0
//!                           write the first         5, 0
//!   end of the program      ✗ cut off
//!                                                   5, 0  ✗ five are missing
//! ```
//!
//! When the process ends, its detached threads end with it, wherever they are, and no destructor and no
//! `finally` runs. What they have written stays. In Python it is `threading.Thread(daemon=True)`, whose
//! documentation warns: "Their resources (such as open files, database transactions, etc.) may not be
//! released properly."
//!
//! *join* waits for the thread before the end. *one-step* lets it prepare everything and commit in one
//! step that is either done or not: a rename, a database's commit. It holds also when the power fails,
//! which nobody can be joined against.
//!
//! Every engine that chooses its schedules sees it; natively the program would have to end between
//! two writes, which it seldom does. The end of the process is modelled: each write asks whether
//! there is still a process to do it, and a thread whose write is refused leaves without another
//! step.

#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Mutex};
use crate::thread::{self, JoinHandle};
use crate::verdict::FailureKind;

pub(super) const HAZARD: Hazard = Hazard {
    name: "daemon-torn-write",
    summary: "a detached thread is cut off at exit between two writes",
    variants: &[
        buggy("buggy", || run(write_twice, |_| ()), FailureKind::Panic),
        fixed("join", || run(write_twice, join)),
        fixed("one-step", || run(commit, |_| ())),
    ],
    source: include_str!("daemon_torn_write.rs"),
};

/// The end of the process: there is nobody any more to do what was asked for.
struct CutOff;

struct Process {
    running: bool,
    /// Two files, which outlive the process.
    disk: [u32; 2],
}

/// One system call, as long as there is a process to make it.
fn call(process: &Mutex<Process>, change: impl FnOnce(&mut [u32; 2])) -> Result<(), CutOff> {
    let mut process = process.lock().expect("nobody panics");
    if !process.running {
        return Err(CutOff);
    }
    change(&mut process.disk);
    Ok(())
}

fn write_twice(process: &Mutex<Process>) -> Result<(), CutOff> {
    call(process, |disk| disk[0] = 5)?;
    call(process, |disk| disk[1] = 5)
}

fn commit(process: &Mutex<Process>) -> Result<(), CutOff> {
    call(process, |disk| *disk = [5, 5])
}

fn join(daemon: JoinHandle<()>) {
    daemon.join().expect("nobody panics");
}

fn run(daemon: fn(&Mutex<Process>) -> Result<(), CutOff>, before_exit: fn(JoinHandle<()>)) {
    let process = Arc::new(Mutex::new(Process { running: true, disk: [10, 0] }));
    let other = Arc::clone(&process);
    let handle = thread::spawn(move || {
        // Cut off or not, there is nobody to be told.
        let _ = daemon(&other);
    });
    // The program's own last words, which come when they come. It ends below, so they are not refused.
    let _ = call(&process, |_| ());
    before_exit(handle);
    let mut process = process.lock().expect("nobody panics");
    process.running = false;
    assert_eq!(process.disk[0] + process.disk[1], 10, "money is missing on disk");
}

#[cfg(test)]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant("join", "nobody waits", || run(write_twice, drop), FailureKind::Panic),
    mutant("one-step", "it takes two steps", || run(write_twice, |_| ()), FailureKind::Panic),
];
