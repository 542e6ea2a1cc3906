//! Handles events that end the process while a model runs: `process::exit`, which would look like a success,
//! and a stack overflow, which is a bare signal.
//!
//! Handlers of the process detect both; they are installed once. An overflow is detected on threads that explore
//! only, and everything else is passed to the previous handlers. A thread of std's that a model has started
//! cannot be told from any other, so wherever the process ends while a check is under way, a line says so, and the
//! process does not end with success where the system reports the status.

use std::ffi::c_int;
use std::io::Write as _;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::runtime::panic_hook;

unsafe extern "C" {
    safe fn _exit(status: c_int) -> !;
}

/// The exit status of a process that a model ends, the same as that of a test that panics.
const STATUS: c_int = 101;

/// How many checks have begun and have not come to a verdict.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// A check that is under way.
#[derive(Debug)]
pub(crate) struct UnderWay(());

impl UnderWay {
    /// A check begins; it has come to a verdict when this is dropped.
    pub(crate) fn begin() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::Relaxed);
        UnderWay(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Installs the handlers, once.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        at_exit::watch();
        #[cfg(target_os = "linux")]
        overflow::watch();
    });
}

/// The calling thread of the system is one of a model's, and has a stack of the system's.
pub(crate) fn watch_this_stack() {
    #[cfg(target_os = "linux")]
    overflow::watch_this_stack();
}

/// Called by `exit`, on the thread that calls it, with the status if that is known.
fn exits(status: Option<c_int>) {
    let explores = panic_hook::exploring();
    let line = if explores {
        "raddle: the model under check called `process::exit`: its check ends without a verdict, and the process \
         with a failure"
    } else if UNDER_WAY.load(Ordering::Relaxed) > 0 {
        "raddle: `process::exit` was called while a model was under check, whose check ends without a verdict"
    } else {
        return;
    };
    let _ = writeln!(std::io::stderr(), "{line}");
    if explores || status == Some(0) {
        _exit(STATUS);
    }
}

/// The handler knows the status.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod at_exit {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn on_exit(handler: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    }

    pub(super) fn watch() {
        // Without room for another handler the process ends as it did.
        // SAFETY: the handler may be called at any time, and makes no use of its argument.
        let _ = unsafe { on_exit(exits, std::ptr::null_mut()) };
    }

    extern "C" fn exits(status: c_int, _: *mut c_void) {
        super::exits(Some(status));
    }
}

/// The handler does not know the status.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod at_exit {
    use std::ffi::c_int;

    unsafe extern "C" {
        safe fn atexit(handler: extern "C" fn()) -> c_int;
    }

    pub(super) fn watch() {
        // Without room for another handler the process ends as it did.
        let _ = atexit(exits);
    }

    extern "C" fn exits() {
        super::exits(None);
    }
}

/// On other systems an overflow hits the guard page as well, and the system's own message.
#[cfg(target_os = "linux")]
mod overflow {
    use std::cell::Cell;
    use std::ffi::{c_int, c_void};
    use std::fmt::{self, Write};
    use std::sync::OnceLock;

    use crate::op::ThreadId;
    use crate::runtime::context;
    use crate::runtime::session::Session;

    /// The previous handler, and the size of a page.
    static BEFORE: OnceLock<(libc::sigaction, usize)> = OnceLock::new();

    thread_local! {
        /// Where the stack of this thread ends, if it is one of the native engine's; else 0.
        static END: Cell<usize> = const { Cell::new(0) };
    }

    type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

    /// Installs the handler. It runs on the stack that std gives every thread for such handlers.
    pub(super) fn watch() {
        // SAFETY: the structures are plain data for which zeros are valid, and are the caller's own. The
        // handler is in place before it can be called, and calls only functions that a signal handler may.
        unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(libc::SIGSEGV, std::ptr::null(), &raw mut before) != 0 {
                return;
            }
            let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).unwrap_or(4096);
            let _ = BEFORE.set((before, page));
            let mut ours: libc::sigaction = std::mem::zeroed();
            ours.sa_sigaction = faults as Handler as usize;
            ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut ours.sa_mask);
            libc::sigaction(libc::SIGSEGV, &raw const ours, std::ptr::null_mut());
        }
    }

    /// Notes where the stack of this thread ends. Without that its overflow is told as std tells it.
    pub(super) fn watch_this_stack() {
        // SAFETY: the structure is plain data for which zeros are valid; it is used if the system has filled it, and
        // then released. What the system writes is this function's own.
        unsafe {
            let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
            if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
                return;
            }
            let (mut end, mut size) = (std::ptr::null_mut(), 0);
            if libc::pthread_attr_getstack(&raw const attributes, &raw mut end, &raw mut size) == 0 {
                END.set(end as usize);
            }
            libc::pthread_attr_destroy(&raw mut attributes);
        }
    }

    extern "C" fn faults(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        let Some((before, page)) = BEFORE.get() else { return };
        // SAFETY: the system passes a valid structure, which has an address for this signal.
        let address = unsafe { (*info).si_addr() } as usize;
        let overflows = |session: &Session| {
            let limit = session.coroutines.stack_limit();
            (limit..limit + page).contains(&address)
        };
        if context::in_session(|session| overflows(session) && say(session)) == Some(true) {
            // SAFETY: may be called at any time.
            unsafe { libc::abort() }
        }
        let end = END.get();
        // The page at the end is the first of the stack in some versions of the system's library, and else the one
        // below.
        if end != 0 && (end - page..end + page).contains(&address) {
            // The handler before, which is std's, says which thread it was.
            write(
                b"raddle: the stack of a thread of the model under check has overflowed: run what is deep in a \
                  thread that `raddle::thread::Builder` spawns with a larger `stack_size`\n",
            );
        }
        match before.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                // SAFETY: restores the previous handler, so that the fault is raised again without this one.
                unsafe { libc::sigaction(signal, before, std::ptr::null_mut()) };
            }
            // SAFETY: it was installed as a handler of this kind, and is called as the system would call it.
            handler if before.sa_flags & libc::SA_SIGINFO != 0 => unsafe {
                std::mem::transmute::<usize, Handler>(handler)(signal, info, context);
            },
            // SAFETY: as above.
            handler => unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal) },
        }
    }

    /// Prints which thread's stack overflowed. Nothing is allocated: the thread may have been allocating.
    fn say(session: &Session) -> bool {
        let mut line = Line { text: [0; 512], len: 0 };
        let _ = line.write_str("raddle: the stack of ");
        let name = match session.execution.try_borrow() {
            Ok(execution) => {
                let me = execution.current();
                let place = execution.born().iter().position(|&thread| thread == me).unwrap_or_default();
                match execution.thread(me).name.as_deref() {
                    _ if me == ThreadId::MAIN => line.write_str("main"),
                    Some(name) => line.write_str(name),
                    None => write!(line, "thread {place}"),
                }
            }
            Err(_) => line.write_str("a thread"),
        };
        let _ = name.and_then(|()| {
            line.write_str(
                " of the model under check has overflowed: run what is deep in a thread that \
                 `raddle::thread::Builder` spawns with a larger `stack_size`\n",
            )
        });
        write(&line.text[..line.len]);
        true
    }

    fn write(line: &[u8]) {
        // SAFETY: the bytes are the line's own. Nothing is left to be done if that cannot be written.
        let _ = unsafe { libc::write(2, line.as_ptr().cast(), line.len()) };
    }

    /// A line on the stack; what does not fit is left out.
    struct Line {
        text: [u8; 512],
        len: usize,
    }

    impl Write for Line {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            for &byte in part.as_bytes() {
                if let Some(room) = self.text.get_mut(self.len) {
                    *room = byte;
                    self.len += 1;
                }
            }
            Ok(())
        }
    }
}
