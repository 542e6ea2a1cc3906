//! The waker comes to bed too late.
//!
//! An async task waits for what a thread computes. When it is polled it checks whether the result is
//! there, and if not, stores its waker, so that the thread can wake it:
//!
//! ```text
//!   task (polled)               thread
//!   result? not yet
//!                               result = 7
//!                               is there a waker? no
//!   leave the waker
//!   sleep  ✗ no wakeup will come
//! ```
//!
//! It is *lost-wakeup* in another guise: the check and the registration are two steps, and the other
//! side's two steps fit between. In Python the bridges are `loop.call_soon_threadsafe` and
//! `asyncio.wrap_future`, which do it right; setting an `asyncio.Future` from a thread directly does not
//! wake the event loop, which looks the same: the task goes on only when another event wakes the loop.
//!
//! The fix is to register first and to check *again*: whichever of the two comes last sees the other.
//! The thread stores the result and then looks for the waker, the task leaves the waker and then looks
//! for the result. (The atomic waker of the futures crate is this, with more care.) One wakeup too
//! many is harmless: a task that is polled again checks again.
//!
//! Every engine that chooses its schedules sees it, by one switch between the check and the
//! registration; the native one hardly ever, because both are over before the thread has begun. The
//! executor is the smallest there is: it polls, and between two polls waits for a permit, which a
//! wakeup adds. (It does not park its thread: a late waker would unpark it while it waits for something
//! else, which is harmless, but makes loom fail, loom#249.)

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Arc, Mutex, Semaphore};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "async-bridge",
    summary: "a future leaves its waker after it has looked, and is never woken",
    variants: &[
        buggy("buggy", || bridge(look_then_register), FailureKind::Deadlock),
        fixed("register-then-look", || bridge(register_then_look)),
    ],
    source: include_str!("async_bridge.rs"),
};

/// What the thread and the task share.
struct Shared {
    /// What the thread computes. Computing it is visible operations, so that the schedule can
    /// switch between them.
    sum: AtomicU32,
    result: Mutex<Option<u32>>,
    waker: Mutex<Option<Waker>>,
}

impl Shared {
    fn look(&self) -> Option<u32> {
        *self.result.lock().expect("no thread panics")
    }

    fn register(&self, context: &Context<'_>) {
        *self.waker.lock().expect("no thread panics") = Some(context.waker().clone());
    }
}

struct Bridge {
    shared: Arc<Shared>,
    poll: fn(&Shared, &Context<'_>) -> Option<u32>,
}

impl Future for Bridge {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
        (self.poll)(&self.shared, context).map_or(Poll::Pending, Poll::Ready)
    }
}

fn look_then_register(shared: &Shared, context: &Context<'_>) -> Option<u32> {
    let result = shared.look();
    if result.is_none() {
        shared.register(context);
    }
    result
}

fn register_then_look(shared: &Shared, context: &Context<'_>) -> Option<u32> {
    shared.register(context);
    shared.look()
}

fn bridge(poll: fn(&Shared, &Context<'_>) -> Option<u32>) {
    let (result, waker) = (Mutex::new(None), Mutex::new(None));
    let shared = Arc::new(Shared { sum: AtomicU32::new(0), result, waker });
    let other = Arc::clone(&shared);
    let child = thread::spawn(move || {
        other.sum.fetch_add(3, Ordering::SeqCst);
        let sum = 4 + other.sum.fetch_add(4, Ordering::SeqCst);
        *other.result.lock().expect("no thread panics") = Some(sum);
        let waker = other.waker.lock().expect("no thread panics").take();
        if let Some(waker) = waker {
            waker.wake();
        }
    });
    assert_eq!(block_on(Bridge { shared, poll }), 7);
    child.join().expect("no thread panics");
}

/// Wakes a task by a permit to poll it again. A permit too many causes one poll too many.
struct Permit(Semaphore);

impl Wake for Permit {
    fn wake(self: Arc<Self>) {
        self.0.release();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let permit = Arc::new(Permit(Semaphore::new(0)));
    let waker = Waker::from(Arc::clone(&permit));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        permit.0.acquire();
    }
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "register-then-look",
        "the two lines are swapped",
        || {
            bridge(|shared, context| {
                let result = shared.look();
                shared.register(context);
                result
            });
        },
        FailureKind::Deadlock,
    ),
    mutant(
        "register-then-look",
        "it looks at the sum while the thread still computes it",
        || {
            bridge(|shared, context| {
                shared.register(context);
                Some(shared.sum.load(Ordering::SeqCst))
            });
        },
        FailureKind::Panic,
    ),
];
