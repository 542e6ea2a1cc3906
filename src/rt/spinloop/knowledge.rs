//! What a check has learned of the loops of its model.
//!
//! Nothing is known at first, and no local state is observed then: models without loops pay for the list of a
//! thread's looks only. When a thread looks twice at one place without an effect in between, its local state is observed there from then
//! on. When these states turn out to be equal, the look that closed the round is tried before it is performed.
//! A search begins anew with each lesson of the second kind, of which there are few: they are about lines of
//! the program.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Place;
use crate::rt::local_state;

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
#[derive(Clone, Copy, Debug)]
struct Class {
    command: usize,
    site: usize,
    /// The same for another process.
    name: u32,
}

/// A look's name, with a bit that says whether it closes rounds.
fn name_of(place: u32, closes: bool) -> u32 {
    place & !1 | u32::from(closes)
}

impl Class {
    fn of(place: &Place) -> Self {
        let site = std::ptr::from_ref(place.site).addr();
        Class { command: place.command(), site, name: place.name() }
    }
}

impl PartialEq<Place> for Class {
    #[inline]
    fn eq(&self, place: &Place) -> bool {
        (self.command, self.site) == (place.command(), std::ptr::from_ref(place.site).addr())
    }
}

/// What is known of each call site. Addresses are compared only, so nothing depends on their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knowledge {
    sites: RefCell<Vec<(Class, Loops)>>,
    /// The names of looks in rounds, as a token has them.
    told: Vec<u32>,
}

impl Knowledge {
    /// Whether nothing is known of any site.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.sites.borrow().is_empty() && self.told.is_empty()
    }

    /// What is known of a site.
    #[inline]
    pub(crate) fn of(&self, place: &Place) -> Loops {
        if self.is_empty() {
            return Loops::default();
        }
        let known = self.sites.borrow().iter().find(|(known, _)| known == place).map(|(_, loops)| *loops);
        match known {
            Some(loops) => loops,
            None if self.told.is_empty() => Loops::default(),
            None => self.told_of(place),
        }
    }

    /// What a token says of a site.
    #[cold]
    fn told_of(&self, place: &Place) -> Loops {
        let name = place.name();
        let told = |closes| self.told.contains(&name_of(name, closes));
        let closes = told(true);
        let loops = Loops { repeats: closes || told(false), closes, counts: false };
        self.sites.borrow_mut().push((Class::of(place), loops));
        // What has been done here is not done at other times, and is not to show in local states.
        local_state::clear_stack();
        loops
    }

    /// Whether some loop waits.
    fn waits(&self) -> bool {
        self.sites.borrow().iter().any(|(_, loops)| loops.closes && !loops.counts)
    }

    /// The names of the looks in rounds, if some loop waits.
    fn names(&self) -> Vec<u32> {
        if !self.told.is_empty() || !self.waits() {
            return self.told.clone();
        }
        let name = |(class, loops): &(Class, Loops)| name_of(class.name, loops.closes && !loops.counts);
        self.sites.borrow().iter().map(name).collect()
    }

    /// Takes down a lesson; whether it was new.
    fn learn(&mut self, place: &Place, lesson: impl FnOnce(&mut Loops)) -> bool {
        let sites = self.sites.get_mut();
        let at = sites.iter().position(|(known, _)| known == place).unwrap_or_else(|| {
            sites.push((Class::of(place), Loops::default()));
            sites.len() - 1
        });
        let loops = &mut sites[at].1;
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
    /// What a token says.
    pub(crate) fn of_token(names: &[u32]) -> Self {
        let known = Knowledge { sites: RefCell::default(), told: names.to_vec() };
        Shared { knowledge: Arc::new(Mutex::new(known)), used: Arc::default() }
    }

    /// What a token says: the looks in rounds.
    pub(crate) fn names(&self) -> Vec<u32> {
        self.lock().names()
    }

    fn lock(&self) -> MutexGuard<'_, Knowledge> {
        self.knowledge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are loops that wait.
    pub(crate) fn wait(&self) -> bool {
        self.lock().waits()
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
