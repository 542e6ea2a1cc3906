//! What a check knows about the loops of its model.
//!
//! Nothing is known at first; models without loops then pay for one word for each thread, with a bit for each
//! place that it looked at. When a thread may have looked twice at one place without an effect in between,
//! the threads' looks are kept from then on. When one did, its local state is recorded there from then on. When
//! these states turn out to be equal, the look that closed the round is tried before it is performed. A search
//! starts again with each new fact of the last kind, of which there are few: they concern lines of the program.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crc32fast::hash as crc32;

use super::LookSite;
use crate::op::Site;
use crate::runtime::local_state;

/// What is known about the looks at a call site.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // Independent facts.
pub(crate) struct Loops {
    /// A thread looked there twice without an effect in between.
    pub(crate) repeats: bool,
    /// It closed a round without effect.
    pub(crate) closes: bool,
    /// It closed a round that ended differently when it was repeated: the loop has a counter outside its
    /// local state.
    pub(crate) counts: bool,
    /// It did something else after rounds that looked alike, so its yields need not wait.
    pub(crate) gives_up: bool,
}

/// A call site and the operation there, on any object.
#[derive(Clone, Copy, Debug)]
struct Class {
    command: usize,
    site: usize,
    /// The same in every process.
    name: u32,
}

/// A look's name, with a bit that is set if it closes rounds.
fn name_of(place: u32, closes: bool) -> u32 {
    place & !1 | u32::from(closes)
}

impl Class {
    fn of(place: &LookSite) -> Self {
        let site = std::ptr::from_ref(place.site).addr();
        Class { command: place.command(), site, name: place.name() }
    }
}

impl PartialEq<LookSite> for Class {
    #[inline]
    fn eq(&self, place: &LookSite) -> bool {
        (self.command, self.site) == (place.command(), std::ptr::from_ref(place.site).addr())
    }
}

/// What is known about each call site. Addresses are only compared, so nothing depends on their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knowledge {
    sites: RefCell<Vec<(Class, Loops)>>,
    /// True if anything is known about any site.
    any: bool,
    /// True if a thread may have looked twice at one place without an effect in between.
    revisits: bool,
    /// The names of looks in rounds, from a token.
    told: Vec<u32>,
    /// The names of the call sites whose loops yield, sleep or poll and count out of sight.
    yields: Vec<u32>,
}

/// What stands in a token between the names of looks and those of yields.
const YIELDS: u32 = 0;

/// The name of a call site that yields.
fn name_of_yield(site: Site) -> u32 {
    crc32(format!("yield {site}").as_bytes()).max(YIELDS + 1)
}

impl Knowledge {
    /// Whether nothing is known of any site.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !self.any
    }

    /// Whether a loop that yields there has a counter outside its local state.
    pub(crate) fn counts_yields(&self, site: Site) -> bool {
        !self.yields.is_empty() && self.yields.contains(&name_of_yield(site))
    }

    /// Whether the looks of threads are needed: a thread that never looks twice at one place closes no round.
    #[inline]
    pub(crate) fn keeps_looks(&self) -> bool {
        self.revisits || !self.told.is_empty()
    }

    /// What is known about a site.
    #[inline]
    pub(crate) fn of(&self, place: &LookSite) -> Loops {
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

    /// What the token contains about a site.
    #[cold]
    fn told_of(&self, place: &LookSite) -> Loops {
        let name = place.name();
        let told = |closes| self.told.contains(&name_of(name, closes));
        let closes = told(true);
        let loops = Loops { repeats: closes || told(false), closes, ..Loops::default() };
        self.sites.borrow_mut().push((Class::of(place), loops));
        // What was executed here is not executed at other times, and must not show in local states.
        local_state::clear_stack();
        loops
    }

    /// Whether some loop waits.
    fn waits(&self) -> bool {
        self.sites.borrow().iter().any(|(_, loops)| loops.closes && !loops.counts)
    }

    /// The names of the looks in rounds, if some loop waits.
    fn names(&self) -> Vec<u32> {
        let name = |(class, loops): &(Class, Loops)| name_of(class.name, loops.closes && !loops.counts);
        let mut names: Vec<u32> = if !self.told.is_empty() || !self.waits() {
            self.told.clone()
        } else {
            self.sites.borrow().iter().map(name).collect()
        };
        if !self.yields.is_empty() {
            names.push(YIELDS);
            names.extend(&self.yields);
        }
        names
    }

    /// Records a fact; returns whether it was new.
    fn learn(&mut self, place: &LookSite, lesson: impl FnOnce(&mut Loops)) -> bool {
        self.any = true;
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

/// The knowledge of a check, shared by all its searches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    knowledge: Arc<Mutex<Knowledge>>,
    /// True if a round without effect ever decided anything.
    used: Arc<AtomicBool>,
}

impl Shared {
    /// The knowledge in a token.
    pub(crate) fn of_token(names: &[u32]) -> Self {
        let mut parts = names.splitn(2, |&name| name == YIELDS).map(<[u32]>::to_vec);
        let (told, yields) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let known = Knowledge { any: !told.is_empty(), told, yields, ..Knowledge::default() };
        Shared { knowledge: Arc::new(Mutex::new(known)), used: Arc::default() }
    }

    /// The names of the looks in rounds, for a token.
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

    /// The present knowledge.
    pub(crate) fn get(&self) -> Knowledge {
        self.lock().clone()
    }

    /// Records a fact; returns whether it was new.
    pub(crate) fn learn(&self, place: &LookSite, lesson: impl FnOnce(&mut Loops)) -> bool {
        self.lock().learn(place, lesson)
    }

    /// Records that a thread may have looked twice at one place.
    pub(crate) fn revisits(&self) {
        self.lock().revisits = true;
    }

    /// Records that a loop which yields there has a counter outside its local state; returns whether that was new.
    pub(crate) fn learn_yield(&self, site: Site) -> bool {
        let (name, mut known) = (name_of_yield(site), self.lock());
        let is_new = !known.yields.contains(&name);
        if is_new {
            known.yields.push(name);
        }
        is_new
    }

    /// Records that a round without effect decided how an execution went on.
    pub(crate) fn is_used(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Whether one did.
    pub(crate) fn used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }
}
