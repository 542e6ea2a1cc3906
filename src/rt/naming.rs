//! Names that a model gives to its objects, for whoever reads its failures.
//!
//! A name belongs to what the calling thread makes while it is given. It is no visible operation and
//! no part of a schedule, so naming changes neither what an engine explores nor any token.

use std::rc::Rc;

use crate::rt::context::{self, Arm};
use crate::rt::witness;

/// Calls `make`, and lets timelines and stories call what it makes by this name.
///
/// Everything of this crate that the calling thread makes meanwhile has the name; where that is more than
/// one object they are `fork#1`, `fork#2` and so on, in the order in which they are made. Of names within
/// names the innermost counts. What a thread that is spawned meanwhile makes has no name, for it makes
/// it when its turn comes; nor has what is declared in a static. Outside an execution, and without the
/// feature `check`, nothing but the call remains.
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

/// The names that a thread gives at present, the innermost last.
#[derive(Debug, Default)]
pub(crate) struct Names(Vec<Rc<str>>);

impl Names {
    /// The name of what is made now.
    pub(crate) fn innermost(&self) -> Option<Rc<str>> {
        self.0.last().cloned()
    }

    /// Forgets all names.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn begin(&mut self, name: &str) {
        self.0.push(Rc::from(name));
    }

    fn end(&mut self) {
        self.0.pop();
    }
}

/// What reports call one of these objects, each with the model's name for it and its kind: by that name,
/// or else by the kind, and with a number where there may be several.
pub(crate) fn name<'a>(all: impl Iterator<Item = (Option<&'a str>, &'static str)>, which: usize) -> String {
    let given = |name: Option<&'a str>| name.filter(|name| !name.trim().is_empty());
    let all: Vec<_> =
        all.map(|(name, kind)| given(name).map_or((kind, false), |name| (name, true))).collect();
    let called = all[which];
    let place = all[..which].iter().filter(|&&other| other == called).count();
    let alone = all.iter().filter(|&&other| other == called).count() == 1;
    if called.1 && alone { called.0.to_owned() } else { format!("{}#{}", called.0, place + 1) }
}

/// Takes the name back when it is dropped, also by a panic.
struct Naming(Arm);

impl Naming {
    fn begin(name: &str) -> Self {
        let arm = context::arm();
        change(arm, |names| names.begin(name));
        Naming(arm)
    }
}

impl Drop for Naming {
    fn drop(&mut self) {
        change(self.0, Names::end);
    }
}

/// Changes the names that the running thread gives.
fn change(arm: Arm, f: impl FnOnce(&mut Names)) {
    match arm {
        Arm::Model => context::session(|session| f(&mut session.execution.borrow_mut().me().names)),
        Arm::Loom => witness::names(f),
        Arm::Native => {}
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::named;
    use crate::sync::atomic::{AtomicUsize, Ordering};
    use crate::sync::{Arc, Mutex};
    use crate::{Checker, FailureKind, thread};

    /// What the report calls the lock that is taken twice.
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

    /// Two threads that spawn each other's reader, and meanwhile give a name.
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
            text.contains("AtomicUsize#") && !text.contains("named#") && !text.contains("named."),
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
