//! What ends the process while a model runs does not end it in silence: `process::exit`, which would look like a
//! success, and the overflow of a stack, which is a bare signal.
//!
//! Both are noticed by handlers of the process, which are installed once and act for threads that explore only;
//! everything else is left to what was there before.

use std::ffi::c_int;
use std::io::Write as _;
use std::sync::Once;

use crate::rt::quiet;

unsafe extern "C" {
    safe fn atexit(handler: extern "C" fn()) -> c_int;
    safe fn _exit(status: c_int) -> !;
}

/// The status of a process that a model ends, as that of a test that panics.
const STATUS: c_int = 101;

/// Installs the handlers, once.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without room for another handler the process ends as it did.
        let _ = atexit(exits);
        #[cfg(target_os = "linux")]
        overflow::watch();
    });
}

/// Called by `exit`, on the thread that calls it.
extern "C" fn exits() {
    if quiet::exploring() {
        let line = "raddle: the model under check called `process::exit`: its check ends without a verdict, and \
                    the process with a failure";
        let _ = writeln!(std::io::stderr(), "{line}");
        _exit(STATUS);
    }
}

/// On other systems an overflow meets the guard page as well, and the system's own message.
#[cfg(target_os = "linux")]
mod overflow {
    use std::ffi::{c_int, c_void};
    use std::fmt::{self, Write};
    use std::sync::OnceLock;

    use crate::op::ThreadId;
    use crate::rt::context;
    use crate::rt::session::Session;

    /// What was there before, and the size of a page.
    static BEFORE: OnceLock<(libc::sigaction, usize)> = OnceLock::new();

    type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

    /// Installs the handler. It runs on the stack that std gives every thread for such handlers.
    pub(super) fn watch() {
        // SAFETY: the structures are plain data for which zeros are valid, and are the caller's own. The
        // handler is in place before it can be called, and calls only what a signal handler may.
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

    extern "C" fn faults(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        let Some((before, page)) = BEFORE.get() else { return };
        // SAFETY: the system passes a valid structure, which has an address for this signal.
        let address = unsafe { (*info).si_addr() } as usize;
        let overflows = |session: &Session| {
            let limit = session.host.stack_limit();
            (limit..limit + page).contains(&address)
        };
        if context::in_session(|session| overflows(session) && say(session)) == Some(true) {
            // SAFETY: may be called at any time.
            unsafe { libc::abort() }
        }
        match before.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                // SAFETY: puts back what was there, so that the fault is met again without this handler.
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

    /// Says whose stack it was. Nothing is allocated: the thread may have been allocating.
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
        // SAFETY: the bytes are the line's own.
        unsafe { libc::write(2, line.text.as_ptr().cast(), line.len) };
        true
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
