//! Panics inside models print nothing, and the process's own panic hook is restored afterwards. The hook
//! is global to the process, so this binary has one test only.
#![cfg(feature = "check")]

use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::{Checker, FailureKind, thread};

static HEARD: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

#[test]
fn models_panic_in_silence_and_the_hook_comes_back() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {
        HEARD.fetch_add(1, Ordering::SeqCst);
    }));
    for checker in [
        Checker::exhaustive(),
        Checker::dfs(),
        Checker::random(100),
        Checker::pct(100, 2),
        Checker::urw(100),
        Checker::loom(),
        Checker::native(10),
    ] {
        let report = checker.stop_on_failure(false).check(|| {
            let n = Arc::new(AtomicUsize::new(0));
            let other = Arc::clone(&n);
            drop(thread::spawn(move || {
                let seen = other.fetch_add(1, Ordering::SeqCst);
                panic!("a child that saw {seen}");
            }));
            panic!("and main, which saw {}", n.fetch_add(1, Ordering::SeqCst));
        });
        report.expect_failure(FailureKind::Panic);
        assert_eq!(HEARD.load(Ordering::SeqCst), 0, "{} is not quiet", report.engine);
    }
    let caught = std::panic::catch_unwind(|| panic!("the test's own"));
    assert!(caught.is_err());
    assert_eq!(HEARD.load(Ordering::SeqCst), 1, "the hook that stood there is back");
    std::panic::set_hook(before);
}
