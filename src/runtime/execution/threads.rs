//! Actions of threads between their steps: they begin, make objects, announce operations, and finish.

use super::{Execution, Object};
use crate::op::{MAX_THREADS, ObjectId, Op, Role, Site, State, ThreadId, ThreadSet};
use crate::runtime::thread::{Holder, Joining, Panicked, Pending, Returned, Thread, WokenBy};
use crate::runtime::times::Knowledge;

impl Execution {
    /// A new thread begins with its parent's clock. `None` if there are too many threads.
    pub(crate) fn spawn(&mut self, name: Option<String>) -> Option<ThreadId> {
        let parent = self.current;
        let k = self.threads[parent.index()].children;
        if self.born.len() >= MAX_THREADS {
            return None;
        }
        let child = self.ids.child(parent, k);
        self.threads[parent.index()].children += 1;
        self.be_born(child, Some(parent), name);
        self.threads[child.index()].slept = self.threads[parent.index()].slept;
        if self.ends.begun() {
            self.threads[child.index()].ended = self.thread(parent).ended.clone();
        }
        Some(child)
    }

    pub(super) fn be_born(&mut self, thread: ThreadId, parent: Option<ThreadId>, name: Option<String>) {
        if self.threads.len() <= thread.index() {
            self.threads.resize_with(thread.index() + 1, Thread::default);
        }
        self.threads[thread.index()].name = name;
        self.born.push(thread);
        if let Some(happens_before) = &mut self.happens_before {
            happens_before.spawn(thread, parent);
        }
        self.race_detector.spawn(thread, parent);
    }

    /// Gives a thread the object on which it parks.
    pub(crate) fn set_parker(&mut self, thread: ThreadId, parker: ObjectId) {
        self.threads[thread.index()].parker = Some(parker);
        // It belongs to the thread, and does not get the name that the spawning thread gives to its objects.
        self.objects[parker.index()].name = None;
    }

    /// The running thread makes an object.
    pub(crate) fn create(&mut self, kind: &'static str, state: State, site: Site) -> ObjectId {
        if let Some((place, k)) = &mut self.declaring {
            let id = self.ids.within(*place, *k);
            *k += 1;
            self.within.push(id);
            self.install(id, kind, state, site);
            return id;
        }
        let creator = self.current;
        let k = self.threads[creator.index()].objects;
        self.threads[creator.index()].objects += 1;
        let id = self.ids.object(creator, k);
        self.install(id, kind, state, site);
        self.objects[id.index()].name = self.threads[creator.index()].names.innermost();
        id
    }

    /// The running thread is the first to use something that a source line declares; returns the object for
    /// all that the line declares, and how many of those were used before.
    pub(crate) fn comes_upon(&mut self, kind: &'static str, state: State, site: Site) -> (ObjectId, usize) {
        let before = self.declared.iter().filter(|&&known| known == site).count();
        self.declared.push(site);
        let id = self.ids.declared(site);
        if before == 0 {
            self.install(id, kind, state, site);
        }
        (id, before)
    }

    /// An object's state is replaced without an operation.
    pub(crate) fn set_state(&mut self, id: ObjectId, state: State) {
        self.objects[id.index()].state = state;
        self.has_changed(id);
    }

    pub(super) fn install(&mut self, id: ObjectId, kind: &'static str, state: State, site: Site) {
        let maker = self.current;
        if self.objects.len() <= id.index() {
            self.make_room_for(id, site);
        }
        let object = &mut self.objects[id.index()];
        (object.state, object.version, object.kind, object.site) = (state, 0, kind, site);
        (object.changed, object.changed_before) = ((0, maker), 0);
        object.watched_by.clear();
        object.maker = maker;
        object.name = None;
    }

    #[cold]
    fn make_room_for(&mut self, id: ObjectId, site: Site) {
        self.objects.resize_with(id.index() + 1, || Object {
            state: 0,
            version: 0,
            changed: (0, ThreadId::MAIN),
            changed_before: 0,
            watched_by: ThreadSet::default(),
            kind: "",
            name: None,
            site,
            maker: ThreadId::MAIN,
        });
    }

    /// The running thread announces its next operation, and will then stop.
    #[inline]
    pub(crate) fn announce(&mut self, pending: Pending) {
        let thread = self.current;
        match pending {
            Pending::Spawned => {
                // The newest child runs up to its first visible operation before its parent goes on.
                if let Some(&child) = self.born.last() {
                    self.ready.push_back(child);
                }
                self.ready.push_back(thread);
            }
            Pending::Join { thread: other, site, what_for } => {
                if self.is_over(other, what_for) {
                    self.joins(thread, other, site, what_for);
                } else {
                    self.threads[other.index()].awaited_by.insert(thread);
                }
            }
            Pending::Wake { .. } => {
                if let Some(woken_by) = self.thread(thread).woken_by {
                    self.wakes(thread, woken_by);
                }
            }
            _ => {}
        }
        self.begin_await(thread, &pending);
        self.threads[thread.index()].pending = pending;
        self.begin_waiting(thread);
    }

    /// The running thread has finished.
    pub(crate) fn finish(&mut self, panicked: Option<Panicked>) {
        let thread = self.current;
        self.leaves(thread);
        let state = &mut self.threads[thread.index()];
        state.pending = Pending::Finished;
        if panicked.is_some() {
            state.panicked = panicked;
        }
        if let (false, Some(log)) = (self.cancelling, &mut self.log) {
            log.finished(thread, state.panicked.as_ref());
        }
        self.wake_waiters(thread);
    }

    /// The function of the running thread has returned, and the destructors of its thread-locals are still to
    /// run.
    pub(crate) fn returned(&mut self) {
        let thread = self.current;
        let happens_before = self.happens_before.as_ref().map(|happens_before| happens_before.row_of(thread));
        let handed = self.race_detector.hand_over(thread);
        let state = &mut self.threads[thread.index()];
        let (slept, ended) = (state.slept, state.ended.clone());
        state.returned = Some(Returned { happens_before, handed, slept, ended });
        self.wake_waiters(thread);
    }

    /// Enables the threads that wait for the end of a thread, as far as it has come.
    fn wake_waiters(&mut self, thread: ThreadId) {
        let awaited_by = std::mem::take(&mut self.threads[thread.index()].awaited_by);
        match awaited_by.len() {
            0 => {}
            1 => awaited_by.iter().for_each(|other| self.ended(thread, other)),
            // In the order of their creation, which does not depend on their numbers.
            _ => {
                for index in 0..self.born.len() {
                    let other = self.born[index];
                    if awaited_by.contains(other) {
                        self.ended(thread, other);
                    }
                }
            }
        }
    }

    /// A thread has ended for which another waited, unless that has timed out meanwhile and does something
    /// else.
    #[inline]
    fn ended(&mut self, thread: ThreadId, other: ThreadId) {
        if let Pending::Join { thread: awaited, site, what_for } = self.thread(other).pending
            && awaited == thread
        {
            if self.is_over(thread, what_for) {
                self.joins(other, thread, site, what_for);
            } else {
                self.threads[thread.index()].awaited_by.insert(other);
            }
        }
    }

    /// Whether a thread has reached the point that another waits for.
    #[inline]
    pub(crate) fn is_over(&self, thread: ThreadId, what_for: Joining) -> bool {
        let state = self.thread(thread);
        matches!(state.pending, Pending::Finished) || what_for != Joining::Joins && state.returned.is_some()
    }

    /// The running thread calls `is_finished` of another, which counts as sharing between the two, unless it
    /// spawned the other.
    pub(crate) fn asks_about(&mut self, thread: ThreadId) {
        if let Some(parker) = self.thread(thread).parker {
            self.sharing.uses(self.current, self.objects[parker.index()].maker);
        }
    }

    /// The running thread uses a cell, which is no step.
    pub(crate) fn uses_cell(&mut self, cell: ObjectId) {
        self.sharing.uses(self.current, self.objects[cell.index()].maker);
        self.sharing.took(1);
    }

    /// The thread that keeps another from performing an operation on a lock.
    pub(crate) fn holder(&self, thread: ThreadId, op: &Op) -> Option<Holder> {
        // A reader that need not stay behind a waiting writer does not wait for it.
        if op.command.role != Role::Share
            && let Some(&next) = self.born.iter().find(|&&t| t != thread && self.succeeds(t, op.object))
        {
            let site = self.thread(next).pending.site()?;
            return Some(Holder { thread: next, site, waits: true });
        }
        self.born.iter().find_map(|&t| {
            let claims = usize::from(self.succeeds(t, op.object));
            let held = self.thread(t).held.iter().filter(|held| held.object == op.object);
            held.rev().nth(claims).map(|held| Holder { thread: t, site: held.site, waits: false })
        })
    }

    /// Whether a thread has registered as the next owner of a lock and waits for the present owners to leave:
    /// one of the locks that it holds is this registration.
    fn succeeds(&self, thread: ThreadId, object: ObjectId) -> bool {
        matches!(&self.thread(thread).pending, Pending::Op(op) if op.object == object && op.command.role == Role::Succeed)
    }

    /// The running thread joins a thread that has ended, and goes on at once.
    pub(crate) fn has_joined(&mut self, other: ThreadId, site: Site, what_for: Joining) {
        self.follows_the_end_of(self.current, other, site, what_for);
    }

    fn joins(&mut self, thread: ThreadId, other: ThreadId, site: Site, what_for: Joining) {
        self.follows_the_end_of(thread, other, site, what_for);
        self.ready.push_back(thread);
    }

    fn follows_the_end_of(&mut self, thread: ThreadId, other: ThreadId, site: Site, what_for: Joining) {
        self.threads[other.index()].joined |= what_for != Joining::Looks;
        let returned = self.thread(other).returned.clone().filter(|_| what_for != Joining::Joins);
        let slept = returned.as_ref().map_or(self.thread(other).slept, |returned| returned.slept);
        let state = &mut self.threads[thread.index()];
        state.slept = state.slept.max(slept);
        if what_for == Joining::Looks {
            self.ends.begin();
            self.threads[thread.index()].ended.insert(other);
        }
        if self.ends.begun() {
            let ended =
                returned.as_ref().map_or(&self.thread(other).ended, |returned| &returned.ended).clone();
            self.threads[thread.index()].ended.learn(&ended);
        }
        if let Some(happens_before) = &mut self.happens_before {
            match returned.as_ref().and_then(|returned| returned.happens_before) {
                Some(row) => happens_before.follow_row(thread, row),
                None => happens_before.follow(thread, other),
            }
        }
        if what_for != Joining::Looks {
            match returned {
                Some(Returned { handed, .. }) => {
                    if let Some(handed) = handed {
                        self.race_detector.take(thread, handed);
                    }
                }
                None => self.race_detector.follow(thread, other),
            }
        }
        if let Some(log) = &mut self.log {
            log.joined(thread, other, Some(site));
        }
    }

    pub(super) fn wakes(&mut self, thread: ThreadId, woken_by: WokenBy) {
        if let Some(happens_before) = &mut self.happens_before {
            happens_before.follow_event(thread, woken_by.step);
        }
        let slept = &mut self.threads[thread.index()].slept;
        *slept = woken_by.slept.max(*slept);
        self.ready.push_back(thread);
    }
}
