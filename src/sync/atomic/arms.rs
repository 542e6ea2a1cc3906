//! What an atomic is in each arm.

use crate::op::{Command, Op, Publish, Site};
use crate::rt::context::{self, Arm};
use crate::rt::object::{ModelObject, check_arm};
use crate::rt::thread::Choosing;
use crate::rt::witness::Witnessed;

/// An atomic in the arm in which it was made: `N` natively, `L` under loom.
#[derive(Debug)]
pub(super) enum Arms<N, L> {
    Native(N, Site),
    Loom(Box<L>, Witnessed),
    Model(ModelObject),
}

impl<N, L> Arms<N, L> {
    pub(super) fn new(
        kind: &'static str,
        word: u64,
        native: impl FnOnce() -> N,
        loom: impl FnOnce() -> L,
        site: Site,
    ) -> Self {
        match context::arm() {
            Arm::Native => Arms::Native(native(), site),
            Arm::Loom => Arms::Loom(Box::new(loom()), Witnessed::new(kind, word, site)),
            Arm::Model => Arms::Model(ModelObject::new(kind, word, site)),
        }
    }

    /// Performs the operation in the arm of the object.
    pub(super) fn perform<R>(
        &self,
        site: Site,
        native: impl FnOnce(&N) -> R,
        loom: impl FnOnce(&L, Witnessed) -> R,
        model: impl FnOnce(ModelObject) -> R,
    ) -> R {
        match self {
            Arms::Native(atomic, made) => {
                check_arm(Arm::Native, made, site);
                native(atomic)
            }
            Arms::Loom(atomic, witnessed) => {
                witnessed.check(site);
                loom(atomic, *witnessed)
            }
            Arms::Model(object) => model(*object),
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
}
