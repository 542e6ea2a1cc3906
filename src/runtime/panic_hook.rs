//! Panics of the models under check: caught, recorded, and not printed, unless they abort the process.
//!
//! The panic hook belongs to the whole process. While at least one check runs, a hook of raddle's is
//! installed over the previous one; it passes on every panic of a thread that is not exploring. When the last
//! check ends, the previous hook is restored. Tests that run side by side thus neither print each other's
//! panics nor lose their own.
//!
//! Other libraries install hooks too, and some do so once in a process: the crate `generator`, on whose
//! coroutines loom runs, installs a filter for its own cancellations when it is first used, which may be
//! during a check. A hook that was installed over raddle's meanwhile stays in place, and raddle's below it:
//! it passes on panics of threads that do not explore, and the next check installs another one over the two.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex, PoisonError};

use crate::runtime::thread::Panicked;
use crate::runtime::{context, process_end};

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The newest hook of raddle's, and how many checks need it.
static STANDING: Mutex<(usize, Option<Standing>)> = Mutex::new((0, None));

/// An installed hook of raddle's.
struct Standing {
    /// The address of its captures.
    address: usize,
    /// The hook below it, which it shares with this struct for as long as it exists.
    underneath: Arc<Hook>,
}

impl Standing {
    /// Installs a hook over the present one.
    fn install() -> Self {
        let underneath: Arc<Hook> = Arc::from(panic::take_hook());
        let below = Arc::clone(&underneath);
        let ours: Box<Hook> = Box::new(move |info| {
            if EXPLORING.get() {
                let place = info.location().map(ToString::to_string);
                heard(Panicked { message: text(info.payload()), place });
            } else {
                below(info);
            }
        });
        let address = address(&*ours);
        panic::set_hook(ours);
        Standing { address, underneath }
    }

    /// Removes the hook, unless another one was installed over it or instead of it.
    fn take_away(self) {
        let top = panic::take_hook();
        // The captures keep their address for as long as they share the hook below, so no other hook can be
        // at that address.
        let is_ours = address(&*top) == self.address && Arc::strong_count(&self.underneath) > 1;
        if is_ours {
            drop(top);
            let underneath = self.underneath;
            panic::set_hook(Box::new(move |info| underneath(info)));
        } else {
            panic::set_hook(top);
        }
    }
}

fn address(hook: &Hook) -> usize {
    std::ptr::from_ref(hook).addr()
}

thread_local! {
    static EXPLORING: Cell<bool> = const { Cell::new(false) };
    /// The last two panics, the newer one last.
    static SAID: RefCell<[Option<Panicked>; 2]> = const { RefCell::new([None, None]) };
}

/// Keeps this thread's panics silent until it is dropped.
#[derive(Debug)]
pub(crate) struct SilencedPanics {
    before: bool,
}

impl SilencedPanics {
    /// Silences this thread, which runs a check.
    pub(crate) fn begin() -> Self {
        process_end::watch();
        let mut standing = STANDING.lock().unwrap_or_else(PoisonError::into_inner);
        standing.0 += 1;
        if standing.0 == 1 {
            standing.1 = Some(Standing::install());
        }
        SilencedPanics { before: EXPLORING.replace(true) }
    }
}

impl Drop for SilencedPanics {
    fn drop(&mut self) {
        EXPLORING.set(self.before);
        let mut standing = STANDING.lock().unwrap_or_else(PoisonError::into_inner);
        standing.0 -= 1;
        // A hook cannot be changed while its thread unwinds. Raddle's then stays, and passes on panics of
        // threads that do not explore; the next check installs another one over it.
        if standing.0 == 0
            && !std::thread::panicking()
            && let Some(hook) = standing.1.take()
        {
            hook.take_away();
        }
    }
}

/// Whether this thread of the system explores.
pub(crate) fn exploring() -> bool {
    EXPLORING.get()
}

/// The messages of std when a second panic would pass through a destructor, or through a function that does
/// not unwind. The process is aborted after that.
const ABORTS: [&str; 2] = ["panic in a destructor during cleanup", "panic in a function that cannot unwind"];

/// Records a panic, or prints those that abort the process now.
fn heard(panicked: Panicked) {
    SAID.with_borrow_mut(|said| {
        if !ABORTS.contains(&&*panicked.message) {
            *said = [said[1].take(), Some(panicked)];
            return;
        }
        let session = context::in_session(|session| {
            let execution = session.execution.try_borrow().ok()?;
            let over = execution.cancelling().then(|| execution.failure.clone());
            Some((execution.describe(execution.current()), over))
        });
        let (who, over) = session.flatten().unwrap_or_else(|| ("a thread".to_owned(), None));
        let mut lines =
            format!("raddle: {who} of the model under check aborts the process: {}", panicked.message);
        let first = match over {
            Some(failure) => {
                lines.push_str("\n  the thread was unwound because its execution had ended");
                if let Some(failure) = failure {
                    lines.extend([" (", &*failure.message, ")"]);
                }
                1
            }
            None => 0,
        };
        for Panicked { message, place } in said[first..].iter().flatten() {
            let place = place.as_deref().unwrap_or("a place unknown");
            lines.extend(["\n  it panicked at ", place, ": ", message.as_str()]);
        }
        // If that cannot be written, there is nothing left to do.
        let _ = writeln!(std::io::stderr(), "{lines}");
    });
}

fn text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic with a value that is not text".to_owned())
}

/// Installs and removes nothing of raddle's, but lets shuttle install its own hook, which it does once in a
/// process and over the present one, at a moment when it can be removed again.
pub(crate) fn let_shuttle_install_its_hook(run_something: impl FnOnce()) {
    // The lock keeps checks from beginning or ending meanwhile.
    let _standing = STANDING.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = panic::take_hook();
    run_something();
    drop(panic::take_hook());
    panic::set_hook(ours);
}

/// The message of a caught panic, and where it began.
pub(crate) fn describe(payload: &(dyn Any + Send)) -> Panicked {
    let message = text(payload);
    // A payload that was thrown again did not pass the hook, and may not be the last panic that the hook
    // recorded.
    let said = SAID.with_borrow_mut(std::mem::take);
    let place = said.into_iter().flatten().rev().find(|said| said.message == message);
    Panicked { message, place: place.and_then(|said| said.place) }
}
