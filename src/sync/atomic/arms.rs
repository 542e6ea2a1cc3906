//! What an atomic is in each arm.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::word::Word;
use crate::op::{Command, Op, Publish, Site};
use crate::rt::context::{self, Arm};
use crate::rt::loom_limits::{self, Limit};
use crate::rt::object::{ModelObject, check_arm};
use crate::rt::thread::Choosing;
use crate::rt::witness::Witnessed;

/// What std's atomics have in common, and the one of loom's for each.
pub(super) trait Native {
    /// What it holds.
    type Value: Word;
    /// Loom's atomic for the same values.
    type Loom;
    fn new(value: Self::Value) -> Self;
    fn loom(value: Self::Value) -> Self::Loom;
    /// The value of one of loom's atomics that nobody else has.
    fn of_loom(atomic: &Self::Loom) -> Self::Value;
    /// The value of one that nobody else has.
    fn get(&self) -> Self::Value;
    fn get_mut(&mut self) -> &mut Self::Value;
}

/// An atomic in the arm in which it was made.
///
/// The value of one under loom or in a model lies with the execution. Whoever has the atomic for
/// themselves may borrow it: then it lies in an atomic of std's, until the next operation puts it back.
#[derive(Debug)]
pub(super) enum Arms<N: Native> {
    Native(N, Site),
    Loom(Loomed<N>, Witnessed),
    Model(Modelled<N>),
}

/// An atomic under loom: loom's own, made anew of the value after that was borrowed.
pub(super) struct Loomed<N: Native> {
    atomic: OnceLock<Box<N::Loom>>,
    borrowed: N,
}

/// An atomic of the Model arm.
#[derive(Debug)]
pub(super) struct Modelled<N> {
    object: ModelObject,
    borrowed: N,
    /// Whether the value was borrowed since the last operation.
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
    /// The object, whose state is what the value was made to be while it was borrowed. No other thread
    /// had the atomic meanwhile, so nobody can tell when that happens.
    #[inline]
    fn object(&self) -> ModelObject {
        // All threads of a model share one of the system's, so this need be no single step.
        if self.lent.load(Relaxed) {
            self.lent.store(false, Relaxed);
            self.object.set(self.borrowed.get().to_word());
        }
        self.object
    }
}

impl<N: Native> Arms<N> {
    pub(super) fn new(kind: &'static str, value: N::Value, site: Site) -> Self {
        match context::arm() {
            Arm::Native => Arms::Native(N::new(value), site),
            Arm::Loom => {
                let loomed = Loomed { atomic: OnceLock::new(), borrowed: N::new(value) };
                Arms::Loom(loomed, Witnessed::new(kind, value.to_word(), site)).made()
            }
            Arm::Model => Arms::Model(Modelled {
                object: ModelObject::new(kind, value.to_word(), site),
                borrowed: N::new(value),
                lent: AtomicBool::new(false),
            }),
        }
    }

    /// Loom's atomic begins where the program makes it.
    fn made(self) -> Self {
        if let Arms::Loom(loomed, _) = &self {
            loomed.atomic();
        }
        self
    }

    /// Performs the operation in the arm of the object.
    #[inline]
    pub(super) fn perform<R>(
        &self,
        site: Site,
        native: impl FnOnce(&N) -> R,
        loom: impl FnOnce(&N::Loom, Witnessed) -> R,
        model: impl FnOnce(ModelObject) -> R,
    ) -> R {
        match self {
            Arms::Native(atomic, made) => {
                check_arm(Arm::Native, made, site);
                native(atomic)
            }
            Arms::Loom(loomed, witnessed) => {
                witnessed.check(site);
                loom(loomed.atomic(), *witnessed)
            }
            Arms::Model(modelled) => model(modelled.object()),
        }
    }

    /// The value, for whoever has the atomic for themselves.
    pub(super) fn get_mut(&mut self) -> &mut N::Value {
        match self {
            Arms::Native(atomic, _) => atomic.get_mut(),
            Arms::Loom(loomed, _) => {
                if let Some(atomic) = loomed.atomic.take() {
                    *loomed.borrowed.get_mut() = N::of_loom(&atomic);
                }
                loomed.borrowed.get_mut()
            }
            Arms::Model(modelled) => {
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
    /// If the value lies with an execution, where an address leads nowhere.
    pub(super) fn native(&self, site: Site) -> &N {
        match self {
            Arms::Native(atomic, made) => {
                check_arm(Arm::Native, made, site);
                atomic
            }
            Arms::Loom(_, witnessed) => nowhere(witnessed.site()),
            Arms::Model(modelled) => nowhere(modelled.object.site),
        }
    }
}

/// A compare-exchange in the Model arm.
#[derive(Clone, Copy)]
pub(super) struct CompareExchange {
    pub(super) strong: &'static Command,
    /// What a spurious failure is, for a weak one.
    pub(super) spurious: Option<&'static Command>,
    pub(super) current: u64,
    pub(super) new: u64,
    pub(super) success: Publish,
    pub(super) failure: Publish,
}

impl CompareExchange {
    /// Performs it on an object: the word before, as an error if it was not exchanged.
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
                publish: self.success,
                on_failure: self.failure,
                site,
            });
            if before == self.current { Ok(before) } else { Err(before) }
        })
    }

    /// Notes how loom performed it.
    pub(super) fn was_performed(self, result: Result<u64, u64>, on: Witnessed, site: Site) {
        if self.spurious.is_some() {
            loom_limits::meet(Limit::WeakFailure);
        }
        let (met, publish) = match result {
            Ok(met) => (met, self.success),
            Err(met) => (met, self.failure),
        };
        on.did(self.strong, [self.current, self.new], met, publish, site);
    }
}

/// Complains that somebody asked for an address.
#[cold]
fn nowhere(made: Site) -> ! {
    panic!(
        "the atomic made at {}:{} has no address in a model, where its value lies with the execution: \
         `as_ptr` works outside of one only",
        made.file(),
        made.line()
    )
}
