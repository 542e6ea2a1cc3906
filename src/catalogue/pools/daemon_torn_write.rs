//! Cut off in the middle of a sentence.
//!
//! A background thread moves money between two files: it writes the one and then the other. It
//! is never joined, so the program can end at any moment:
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
//! *join* waits for the thread before the end. *one-step* lets it prepare everything and commit in
//! one step that is either done or not: a rename, a database's commit. It also survives a power
//! failure, against which joining the thread does not help.
//!
//! Every engine that chooses its schedules sees it; natively the program would have to end between two
//! writes, which it seldom does. The end of the process is modelled: each write checks whether the
//! process still exists, and a thread whose write is refused returns without another step.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::{Arc, Mutex};
use crate::thread::{self, JoinHandle};

pub(crate) const HAZARD: Hazard = Hazard {
    name: "daemon-torn-write",
    summary: "a detached thread is cut off at exit between two writes",
    variants: &[
        buggy("buggy", || run(write_twice, |_| ()), FailureKind::Panic),
        fixed("join", || run(write_twice, join)),
        fixed("one-step", || run(commit, |_| ())),
    ],
    source: include_str!("daemon_torn_write.rs"),
};

/// The process has ended: no further system call is executed.
struct CutOff;

struct Process {
    running: bool,
    /// Two files, which outlive the process.
    disk: [u32; 2],
}

/// One system call, if the process still exists.
fn call(process: &Mutex<Process>, change: impl FnOnce(&mut [u32; 2])) -> Result<(), CutOff> {
    let mut process = process.lock().expect("no thread panics");
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
    daemon.join().expect("no thread panics");
}

fn run(daemon: fn(&Mutex<Process>) -> Result<(), CutOff>, before_exit: fn(JoinHandle<()>)) {
    let process = Arc::new(Mutex::new(Process { running: true, disk: [10, 0] }));
    let other = Arc::clone(&process);
    let handle = thread::spawn(move || {
        // Whether it was cut off is ignored: the process that would read it is gone.
        let _ = daemon(&other);
    });
    // The program's own last output, at any moment. The process ends only below, so it is not refused.
    let _ = call(&process, |_| ());
    before_exit(handle);
    let mut process = process.lock().expect("no thread panics");
    process.running = false;
    assert_eq!(process.disk[0] + process.disk[1], 10, "money is missing on disk");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("join", "no thread waits", || run(write_twice, drop), FailureKind::Panic),
    mutant("one-step", "it takes two steps", || run(write_twice, |_| ()), FailureKind::Panic),
];
