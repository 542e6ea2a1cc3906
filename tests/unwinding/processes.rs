//! Events that end the whole process print a message.

use std::process::{Command, Output, Stdio};

use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::{Checker, thread};

use crate::Finally;

const CHILD: &str = "UNWINDING_IS_A_CHILD";

/// Runs the test of this name in a process of its own, in which `deadly` does not return.
fn process(test: &str, deadly: impl FnOnce()) -> Option<(Output, String)> {
    if std::env::var_os(CHILD).is_some() {
        deadly();
        // Not reached; the exit code of success would fail the test.
        std::process::exit(0);
    }
    let name = format!("processes::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    Some((output, said))
}

#[test]
fn both_messages_of_a_double_panic_are_printed() {
    let double = || {
        let _ = Checker::exhaustive().check(|| {
            let child = thread::Builder::new().name("worker".into()).spawn(|| {
                let _last = Finally(|| panic!("the second"));
                panic!("the first");
            });
            _ = child.unwrap().join();
        });
    };
    let Some((_, said)) = process("both_messages_of_a_double_panic_are_printed", double) else { return };
    let first = said.find("the first").unwrap_or_else(|| panic!("{said}"));
    let second = said.find("the second").unwrap_or_else(|| panic!("{said}"));
    assert!(first < second && said.contains("worker"), "{said}");
}

#[test]
fn a_process_that_a_model_ends_is_no_success() {
    let exits = || {
        let _ = Checker::exhaustive().check(|| {
            let n = AtomicUsize::new(0);
            n.store(1, Ordering::SeqCst);
            std::process::exit(0);
        });
    };
    let Some((_, said)) = process("a_process_that_a_model_ends_is_no_success", exits) else { return };
    assert!(said.contains("raddle: ") && said.contains("process::exit"), "{said}");
}

#[test]
fn a_process_that_a_model_of_the_native_engine_ends_is_no_success() {
    let exits = || _ = Checker::native(1).check(|| std::process::exit(0));
    let Some((_, said)) = process("a_process_that_a_model_of_the_native_engine_ends_is_no_success", exits)
    else {
        return;
    };
    assert!(said.contains("process::exit"), "{said}");
}

#[test]
fn a_process_ends_as_it_likes_beside_a_check() {
    // A check hangs on its own thread, and the process ends elsewhere.
    let exits = || {
        static STARTED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
        std::thread::spawn(|| {
            let _ = Checker::exhaustive().check(|| {
                STARTED.store(true, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_secs(60));
            });
        });
        while !STARTED.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        std::process::exit(42);
    };
    let Some((output, said)) = process("a_process_ends_as_it_likes_beside_a_check", exits) else { return };
    assert_eq!(output.status.code(), Some(42), "{said}");
}

/// Uses this much of the stack, or a few times as much without optimisation.
#[allow(unconditional_recursion)]
fn deep(bytes: usize) -> usize {
    let room = std::hint::black_box([0_u8; 4096]);
    if bytes <= room.len() { room.len() } else { deep(bytes - room.len()) + usize::from(room[7]) }
}

#[test]
#[cfg(target_os = "linux")]
fn a_stack_that_overflows_says_whose_it_is_and_how_to_raise_it() {
    let overflows = || {
        let _ = Checker::exhaustive().check(|| {
            let child = thread::Builder::new().name("worker".into()).spawn(|| deep(1 << 40));
            _ = child.unwrap().join();
        });
    };
    let name = "a_stack_that_overflows_says_whose_it_is_and_how_to_raise_it";
    let Some((_, said)) = process(name, overflows) else { return };
    assert!(said.contains("worker") && said.contains("stack_size"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn another_segmentation_fault_is_left_to_the_handler_before() {
    use std::os::unix::process::ExitStatusExt as _;
    let faults = || {
        let _ = Checker::exhaustive().check(|| {
            let nowhere = std::hint::black_box(16) as *mut u8;
            unsafe { nowhere.write_volatile(1) };
        });
    };
    let Some((output, said)) = process("another_segmentation_fault_is_left_to_the_handler_before", faults)
    else {
        return;
    };
    assert_eq!(output.status.signal(), Some(11), "{said}");
    assert!(!said.contains("stack_size"), "{said}");
}

#[test]
fn deep_recursion_fits() {
    Checker::exhaustive()
        .check(|| {
            assert!(deep(2 << 20) > 0);
            thread::spawn(|| assert!(deep(2 << 20) > 0)).join().unwrap();
        })
        .expect_verified();
}

#[test]
fn a_thread_has_the_stack_that_it_asked_for() {
    Checker::exhaustive()
        .check(|| {
            let deeper = thread::Builder::new().stack_size(64 << 20).spawn(|| deep(24 << 20));
            assert!(deeper.unwrap().join().unwrap() > 0);
        })
        .expect_verified();
}

#[test]
fn a_stack_that_the_system_does_not_have_is_an_error() {
    Checker::exhaustive()
        .check(|| assert!(thread::Builder::new().stack_size(usize::MAX).spawn(|| ()).is_err()))
        .expect_verified();
}
