//! Which check of which test asks: what tells models apart whose types have the same name.
//!
//! A token carries a hash of its model's name, which is by default that of its type. That is enough for a
//! function, but every plain `fn()` has the type name `fn()`, and all closures of one test share theirs. So a token
//! that [`raddle::check`](crate::check()) prints also says by which test it was asked for, and by which of
//! that test's checks of such a name. Lines of the source would not do: an edit above the test moves them.
//!
//! Where there is no test, or a token does not say, the model's name decides alone.

use std::cell::RefCell;

use crate::check::failing::running_test;
use crate::schedule::model_hash;

thread_local! {
    /// The checks that this thread has asked for, in order. Libtest gives each test a thread of its own.
    static ASKED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// What identifies the check that begins now, of a model of this name; nothing outside of tests.
pub(super) fn next(model: &str) -> Option<u32> {
    let test = running_test()?;
    let by_test = model_hash(&format!("{test}\n{model}"));
    let earlier = ASKED.with_borrow_mut(|asked| {
        asked.push(by_test);
        asked.iter().filter(|&&other| other == by_test).count() - 1
    });
    Some(model_hash(&format!("{test}\n{model}\n{earlier}")))
}
