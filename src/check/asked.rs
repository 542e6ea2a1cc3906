//! Identifies a check by its test and its position there, to tell models apart whose types have the same
//! name.
//!
//! A token carries a hash of its model's name, which is by default that of its type. That is enough for a
//! function, but every plain `fn()` has the type name `fn()`, and all closures of one test share theirs. So a
//! token that [`raddle::check`](crate::check()) prints also contains the test that ran the check, and the
//! number of the check among that test's checks of such a name. Source lines would not do: an edit above the
//! test moves them.
//!
//! Outside a test, or if a token does not contain it, the model's name decides alone.

use std::cell::RefCell;

use crate::check::counterexample::running_test;
use crate::counterexample::token::model_hash;

thread_local! {
    /// The checks that this thread has begun, in order. Libtest gives each test a thread of its own.
    static ASKED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// The identity of the check that begins now, of a model of this name; `None` outside tests.
pub(super) fn next(model: &str) -> Option<u32> {
    let test = running_test()?;
    let by_test = model_hash(&format!("{test}\n{model}"));
    let earlier = ASKED.with_borrow_mut(|asked| {
        asked.push(by_test);
        asked.iter().filter(|&&other| other == by_test).count() - 1
    });
    Some(model_hash(&format!("{test}\n{model}\n{earlier}")))
}
