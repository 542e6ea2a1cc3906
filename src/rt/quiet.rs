//! Panics of the models under check: caught, remembered, and not printed.
//!
//! The panic hook belongs to the whole process. While at least one check runs, a hook of ours stands
//! over the one that was there; it passes on every panic of a thread that is not exploring. When
//! the last check ends, the hook that was there is put back. Tests that run side by side thus neither
//! print each other's panics nor lose their own.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex, PoisonError};

use crate::rt::thread::Panicked;

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The hook that stood before ours, and how many checks need ours.
static UNDERNEATH: Mutex<(usize, Option<Arc<Hook>>)> = Mutex::new((0, None));

thread_local! {
    static EXPLORING: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps this thread's panics silent until it is dropped.
#[derive(Debug)]
pub(crate) struct Quiet {
    before: bool,
}

impl Quiet {
    /// Silences this thread, of which a check makes use.
    pub(crate) fn begin() -> Self {
        let mut underneath = UNDERNEATH.lock().unwrap_or_else(PoisonError::into_inner);
        underneath.0 += 1;
        if underneath.0 == 1 {
            let hook: Arc<Hook> = Arc::from(panic::take_hook());
            underneath.1 = Some(Arc::clone(&hook));
            panic::set_hook(Box::new(move |info| {
                if EXPLORING.get() {
                    let place = info.location().map(ToString::to_string);
                    PLACE.with(|cell| *cell.borrow_mut() = place);
                } else {
                    hook(info);
                }
            }));
        }
        Quiet { before: EXPLORING.replace(true) }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        EXPLORING.set(self.before);
        let mut underneath = UNDERNEATH.lock().unwrap_or_else(PoisonError::into_inner);
        underneath.0 -= 1;
        // A hook cannot be changed while its thread unwinds. Ours then stays, and passes on what is not
        // an explorer's; the next check stands another one over it.
        if underneath.0 == 0
            && !std::thread::panicking()
            && let Some(hook) = underneath.1.take()
        {
            drop(panic::take_hook());
            panic::set_hook(Box::new(move |info| hook(info)));
        }
    }
}

/// Installs nothing and leaves nothing, but lets shuttle install its own hook, which it does once in
/// a process and over whatever stands there, at a moment when it can be taken away again.
pub(crate) fn let_shuttle_install_its_hook(run_something: impl FnOnce()) {
    // No check begins or ends meanwhile.
    let _underneath = UNDERNEATH.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = panic::take_hook();
    run_something();
    drop(panic::take_hook());
    panic::set_hook(ours);
}

/// What a caught panic said, and where it began.
pub(crate) fn describe(payload: &(dyn Any + Send)) -> Panicked {
    let place = PLACE.with(|cell| cell.borrow_mut().take());
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic with a value that is not text".to_owned());
    Panicked { message, place }
}
