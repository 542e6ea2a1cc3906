//! The representation of an atomic in each backend.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::word::Word;
use crate::backend::loom_limits::{self, Limit};
use crate::backend::loom_recorder::Recorded;
use crate::op::{Command, Op, Site, Synchronization};
use crate::runtime::context::{self, Backend};
use crate::runtime::object::{ModelObject, check_backend};
use crate::runtime::thread::Choosing;

/// The common operations of std's atomics, and the corresponding type of loom's.
pub(super) trait Native {
    /// The type of its value.
    type Value: Word;
    /// Loom's atomic for the same values.
    type Loom;
    fn new(value: Self::Value) -> Self;
    fn loom(value: Self::Value) -> Self::Loom;
    /// The value of one of loom's atomics, by exclusive access.
    fn of_loom(atomic: &Self::Loom) -> Self::Value;
    /// The value of one of std's atomics, by exclusive access.
    fn get(&self) -> Self::Value;
    fn get_mut(&mut self) -> &mut Self::Value;
}

/// An atomic in the backend in which it was made.
///
/// Under loom or in a model the value is stored in the execution. A caller with exclusive access may borrow
/// it: then it is stored in an atomic of std's, until the next operation moves it back.
#[derive(Debug)]
pub(super) enum Atomic<N: Native> {
    Native(N, Site),
    Loom(Loomed<N>, Recorded),
    Model(Modelled<N>),
}

/// An atomic under loom: loom's own, made anew from the value after that was borrowed.
pub(super) struct Loomed<N: Native> {
    atomic: OnceLock<Box<N::Loom>>,
    borrowed: N,
}

/// An atomic of the model backend.
#[derive(Debug)]
pub(super) struct Modelled<N> {
    object: ModelObject,
    borrowed: N,
    /// True if the value was borrowed since the last operation.
    lent: AtomicBool,
}

impl<N: Native> Loomed<N> {
    fn atomic(&self) -> &N::Loom {
        self.atomic.get_or_init(|| Box::new(N::loom(self.borrowed.get())))
    }
}

impl<N: Native> std::fmt::Debug for Loomed<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loom")
    }
}

impl<N: Native> Modelled<N> {
    /// The object, whose state is set to the value that the borrower left. No other thread had the atomic
    /// meanwhile, so the time of this update cannot be observed.
    #[inline]
    fn object(&self) -> ModelObject {
        // All threads of a model share one of the system's, so this need not be atomic.
        if self.lent.load(Relaxed) {
            self.lent.store(false, Relaxed);
            self.object.set(self.borrowed.get().to_word());
        }
        self.object
    }
}

impl<N: Native> Atomic<N> {
    pub(super) fn new(kind: &'static str, value: N::Value, site: Site) -> Self {
        match context::backend() {
            Backend::Native => Atomic::Native(N::new(value), site),
            Backend::Loom => {
                let loomed = Loomed { atomic: OnceLock::new(), borrowed: N::new(value) };
                Atomic::Loom(loomed, Recorded::new(kind, value.to_word(), site)).made()
            }
            Backend::Model => Atomic::Model(Modelled {
                object: ModelObject::new(kind, value.to_word(), site),
                borrowed: N::new(value),
                lent: AtomicBool::new(false),
            }),
        }
    }

    /// Makes loom's atomic, whose creation is attributed to the line of the program.
    fn made(self) -> Self {
        if let Atomic::Loom(loomed, _) = &self {
            loomed.atomic();
        }
        self
    }

    /// Performs the operation in the atomic's backend.
    #[inline]
    pub(super) fn perform<R>(
        &self,
        site: Site,
        native: impl FnOnce(&N) -> R,
        loom: impl FnOnce(&N::Loom, Recorded) -> R,
        model: impl FnOnce(ModelObject) -> R,
    ) -> R {
        match self {
            Atomic::Native(atomic, made) => {
                check_backend(Backend::Native, made, site);
                native(atomic)
            }
            Atomic::Loom(loomed, recorded) => {
                recorded.check(site);
                loom(loomed.atomic(), *recorded)
            }
            Atomic::Model(modelled) => model(modelled.object()),
        }
    }

    /// The value, by exclusive access.
    pub(super) fn get_mut(&mut self) -> &mut N::Value {
        match self {
            Atomic::Native(atomic, _) => atomic.get_mut(),
            Atomic::Loom(loomed, _) => {
                if let Some(atomic) = loomed.atomic.take() {
                    *loomed.borrowed.get_mut() = N::of_loom(&atomic);
                }
                loomed.borrowed.get_mut()
            }
            Atomic::Model(modelled) => {
                let value = Word::from_word(modelled.object().peek());
                modelled.lent.store(true, Relaxed);
                *modelled.borrowed.get_mut() = value;
                modelled.borrowed.get_mut()
            }
        }
    }

    pub(super) fn into_inner(mut self) -> N::Value {
        *self.get_mut()
    }

    /// Std's atomic, for its address.
    ///
    /// # Panics
    /// If the value is stored in an execution, where it has no address.
    pub(super) fn native(&self, site: Site) -> &N {
        match self {
            Atomic::Native(atomic, made) => {
                check_backend(Backend::Native, made, site);
                atomic
            }
            Atomic::Loom(_, recorded) => nowhere(recorded.site()),
            Atomic::Model(modelled) => nowhere(modelled.object.site),
        }
    }
}

/// A compare-exchange in the model backend.
#[derive(Clone, Copy)]
pub(super) struct CompareExchange {
    pub(super) strong: &'static Command,
    /// The command of a spurious failure, for a weak one.
    pub(super) spurious: Option<&'static Command>,
    pub(super) current: u64,
    pub(super) new: u64,
    pub(super) success: Synchronization,
    pub(super) failure: Synchronization,
}

impl CompareExchange {
    /// Performs it on an object; returns the word before, as an error if it was not exchanged.
    #[inline]
    pub(super) fn perform(self, object: ModelObject, site: Site) -> Result<u64, u64> {
        let args = [self.current, self.new];
        object.with(site, |session| {
            if let Some(spurious) = self.spurious
                && session.happens(Choosing::WeakFailure, site)
            {
                return Err(object.perform(spurious, args, self.failure, site));
            }
            let before = session.perform(Op {
                command: self.strong,
                object: object.id,
                args,
                synchronization: self.success,
                on_failure: self.failure,
                site,
            });
            if before == self.current { Ok(before) } else { Err(before) }
        })
    }

    /// Records how loom performed it.
    pub(super) fn was_performed(self, result: Result<u64, u64>, on: Recorded, site: Site) {
        if self.spurious.is_some() {
            loom_limits::meet(Limit::WeakFailure);
        }
        let (met, synchronization) = match result {
            Ok(met) => (met, self.success),
            Err(met) => (met, self.failure),
        };
        on.did(self.strong, [self.current, self.new], met, synchronization, site);
    }
}

/// Panics because an address was requested.
#[cold]
fn nowhere(made: Site) -> ! {
    panic!(
        "the atomic made at {}:{} has no address in a model, where its value lies with the execution: \
         `as_ptr` works outside of one only",
        made.file(),
        made.line()
    )
}
