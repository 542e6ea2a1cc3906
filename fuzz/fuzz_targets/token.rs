//! Any text is a token or a clear error, never a panic; and a token that is read can be replayed on
//! any model: it fits, or the report says why not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicUsize, Ordering};
use raddle::{Checker, Error, thread};

fn model() {
    let n = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&n);
    let child = thread::spawn(move || other.fetch_add(1, Ordering::SeqCst));
    let seen = n.load(Ordering::SeqCst) + raddle::choose(2);
    child.join().unwrap();
    assert!(seen < 2, "both");
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match Checker::replay(&text) {
        Ok(checker) => {
            let report = checker.max_steps(1_000).check(model);
            assert!(report.to_string().lines().count() > 0);
        }
        Err(Error::MalformedToken { why }) => assert!(!why.contains('\n')),
        Err(error) => panic!("{error}"),
    }
    // A failure that is found must replay: the bytes choose a schedule, and its token must
    // reproduce the same one.
    let report = Checker::bytes(bytes).check(model);
    for failure in &report.failures {
        let again = Checker::replay(failure.token()).expect("a token of our own").check(model);
        assert_eq!(again.expect_failure(failure.kind()).message(), failure.message());
    }
});
