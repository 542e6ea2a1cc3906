//! Names that a model gives to its objects, for readers of its failures.
//!
//! A name applies to the objects that the calling thread makes while it is given. Naming is no visible
//! operation and no part of a schedule, so it changes neither what an engine explores nor any token.

use crate::backend::loom_recorder;
use crate::runtime::context::{self, Backend};
use crate::runtime::names::Names;

/// Calls `make`, and gives the objects that it makes this name in timelines and stories.
///
/// All objects of this crate that the calling thread makes during the call have the name; if there is more
/// than one, they are `fork#1`, `fork#2` and so on, in the order in which they are made. If names are nested,
/// the innermost counts. Objects made by a thread that is spawned during the call have no name, for they are
/// made when the thread is scheduled; nor have objects declared in a static. Outside an execution, and
/// without the feature `check`, this only calls `make`.
///
/// # Examples
/// ```
/// use raddle::sync::{Arc, Mutex};
/// use raddle::{Checker, FailureKind, named, thread};
///
/// let report = Checker::exhaustive().check(|| {
///     let savings = Arc::new(named("savings", || Mutex::new(10)));
///     let current = Arc::new(named("current", || Mutex::new(20)));
///     let both = (Arc::clone(&savings), Arc::clone(&current));
///     let child = thread::spawn(move || {
///         let _to = both.1.lock();
///         let _from = both.0.lock();
///     });
///     {
///         let _from = savings.lock();
///         let _to = current.lock();
///     }
///     child.join().unwrap();
/// });
/// let timeline = report.expect_failure(FailureKind::Deadlock).to_string();
/// assert!(timeline.contains("savings.lock()"));
/// ```
pub fn named<R>(name: &str, make: impl FnOnce() -> R) -> R {
    let _naming = Naming::begin(name);
    make()
}

/// Removes the name when it is dropped, also by a panic.
struct Naming(Backend);

impl Naming {
    fn begin(name: &str) -> Self {
        let backend = context::backend();
        change(backend, |names| names.begin(name));
        Naming(backend)
    }
}

impl Drop for Naming {
    fn drop(&mut self) {
        change(self.0, Names::end);
    }
}

/// Changes the names that the running thread gives.
fn change(backend: Backend, f: impl FnOnce(&mut Names)) {
    match backend {
        Backend::Model => context::session(|session| f(&mut session.execution.borrow_mut().me().names)),
        Backend::Loom => loom_recorder::names(f),
        Backend::Native => {}
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::named;
    use crate::sync::atomic::{AtomicUsize, Ordering};
    use crate::sync::{Arc, Mutex};
    use crate::{Checker, FailureKind, thread};

    /// The report's name for the lock that is taken twice.
    fn locked_twice(make: fn() -> Mutex<()>) -> String {
        let report = Checker::exhaustive().check(move || {
            let lock = make();
            let _once = lock.lock();
            let _twice = lock.lock();
        });
        let text = report.expect_failure(FailureKind::Deadlock).to_string();
        let line = text.lines().find(|line| line.contains(".lock()")).expect("it is locked");
        line.split_whitespace().nth(1).unwrap_or_default().to_owned()
    }

    #[test]
    fn the_innermost_name_counts() {
        assert_eq!(locked_twice(|| named("outer", || named("inner", || Mutex::new(())))), "inner.lock()");
        assert_eq!(
            locked_twice(|| named("outer", || {
                named("inner", || ());
                Mutex::new(())
            })),
            "outer.lock()"
        );
    }

    #[test]
    fn a_name_ends_with_its_closure_and_with_a_panic_in_it() {
        assert_eq!(
            locked_twice(|| {
                named("before", || ());
                Mutex::new(())
            }),
            "Mutex#1.lock()"
        );
        assert_eq!(
            locked_twice(|| {
                let panics = || named("outer", || named("inner", || panic!("on purpose")));
                assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
                Mutex::new(())
            }),
            "Mutex#1.lock()"
        );
    }

    #[test]
    fn a_blank_name_is_none() {
        assert_eq!(locked_twice(|| named(" ", || Mutex::new(()))), "Mutex#1.lock()");
    }

    /// Two threads, each of which spawns the other's reader while it gives a name.
    fn spawns_while_naming(name: bool) {
        let n = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&n);
        let spawn = move || {
            thread::spawn(move || {
                let own = AtomicUsize::new(1);
                other.store(own.load(Ordering::SeqCst), Ordering::SeqCst);
            })
        };
        let child = if name { named("named", spawn) } else { spawn() };
        assert_eq!(n.load(Ordering::SeqCst), 0, "the child was faster");
        child.join().expect("no panic");
    }

    #[test]
    fn a_thread_that_is_spawned_under_a_name_makes_things_without() {
        let report = Checker::exhaustive().check(|| spawns_while_naming(true));
        let text = report.expect_failure(FailureKind::Panic).to_string();
        assert!(
            text.contains("AtomicUsize#") && !text.contains("named#") && !text.contains("named.load"),
            "{text}"
        );
    }

    #[test]
    fn naming_changes_neither_the_search_nor_the_token() {
        for checker in [Checker::exhaustive(), Checker::dfs(), Checker::random(100)] {
            let checker = checker.name("model").stop_on_failure(false);
            let with = checker.check(|| spawns_while_naming(true));
            let without = checker.check(|| spawns_while_naming(false));
            assert_eq!(with.stats, without.stats, "{}", with.engine);
            let token = |report: &crate::Report| report.failures.first().map(|f| f.token().to_owned());
            assert_eq!(token(&with), token(&without), "{}", with.engine);
        }
    }

    #[test]
    fn an_object_has_the_same_name_whoever_comes_first() {
        let mut first = std::collections::BTreeSet::new();
        for schedule in [[0; 8], [255; 8], [1; 8], [128; 8]] {
            let report = Checker::bytes(&schedule).check(|| {
                let locks = Arc::new([0, 1].map(|_| named("lock", || Mutex::new(()))));
                let other = Arc::clone(&locks);
                let child = thread::Builder::new().name("child".to_owned());
                let child = child.spawn(move || drop(other[1].lock())).expect("a thread");
                drop(locks[0].lock());
                child.join().expect("no panic");
                panic!("to be told");
            });
            let text = report.expect_failure(FailureKind::Panic).to_string();
            let lines = text.lines().filter(|line| line.contains(".lock()"));
            let words: Vec<_> = lines.map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
            // Main's lane is the left one: a line of the child's begins with it.
            assert!(words.iter().all(|w| w.contains(&"lock#2.lock()") == (w[0] == "│")), "{text}");
            first.insert(words[0][0] == "│");
        }
        assert_eq!(first.len(), 2, "each of them came first once");
    }

    #[test]
    fn outside_an_execution_and_under_loom_the_closure_is_called() {
        assert_eq!(named("nothing", || 7), 7);
        Checker::loom().check(|| assert_eq!(named("nothing", || 7), 7)).expect_verified();
        Checker::native(1).check(|| assert_eq!(named("nothing", || 7), 7)).expect_no_failure();
    }
}
