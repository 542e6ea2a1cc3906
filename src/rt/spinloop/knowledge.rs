//! What a check has learned of the loops of its model.
//!
//! Nothing is known at first, and nothing is observed then, so that models without loops pay nothing. When a
//! thread looks twice at one place without an effect in between, its local state is observed there from then
//! on. When these states turn out to be equal, the look that closed the round is tried before it is performed.
//! A search begins anew with each lesson of the second kind, of which there are few: they are about lines of
//! the program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Place;

/// What is known of the looks at a call site.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Loops {
    /// A thread was there twice without an effect in between.
    pub(crate) repeats: bool,
    /// It closed a round without effect.
    pub(crate) closes: bool,
    /// It closed a round that ended differently when it was repeated: the loop counts out of sight.
    pub(crate) counts: bool,
}

/// A call site and what is asked for there, whatever the object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Class(usize, usize);

impl Class {
    fn of(place: &Place) -> Self {
        Class(place.command, std::ptr::from_ref(place.site).addr())
    }
}

/// What is known of each call site. Addresses are compared only, so nothing depends on their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knowledge(Vec<(Class, Loops)>);

impl Knowledge {
    /// Whether nothing is known of any site.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of a site.
    #[inline]
    pub(crate) fn of(&self, place: &Place) -> Loops {
        if self.0.is_empty() {
            return Loops::default();
        }
        let class = Class::of(place);
        self.0.iter().find(|(known, _)| *known == class).map_or(Loops::default(), |(_, loops)| *loops)
    }

    /// Takes down a lesson; whether it was new.
    fn learn(&mut self, place: &Place, lesson: impl FnOnce(&mut Loops)) -> bool {
        let class = Class::of(place);
        let at = self.0.iter().position(|(known, _)| *known == class).unwrap_or_else(|| {
            self.0.push((class, Loops::default()));
            self.0.len() - 1
        });
        let loops = &mut self.0[at].1;
        let before = *loops;
        lesson(loops);
        *loops != before
    }
}

/// The knowledge of a check, which all its searches have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    knowledge: Arc<Mutex<Knowledge>>,
    /// Whether a round without effect decided anything.
    used: Arc<AtomicBool>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Knowledge> {
        self.knowledge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are loops that wait.
    pub(crate) fn wait(&self) -> bool {
        self.lock().0.iter().any(|(_, loops)| loops.closes && !loops.counts)
    }

    /// What is known now.
    pub(crate) fn get(&self) -> Knowledge {
        self.lock().clone()
    }

    /// Takes down a lesson; whether it was new.
    pub(crate) fn learn(&self, place: &Place, lesson: impl FnOnce(&mut Loops)) -> bool {
        self.lock().learn(place, lesson)
    }

    /// A round without effect decided how an execution went on.
    pub(crate) fn is_used(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Whether one did.
    pub(crate) fn used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }
}
