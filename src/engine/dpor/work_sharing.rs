//! Several workers that share one search.
//!
//! A leaf of a wakeup tree is a search of its own: nothing sleeps where it ends, and its traces are no other
//! leaf's. So leaves can be explored by different workers, in any order. The tree above them must be kept,
//! because whatever is explored before a branch in the tree's order may still insert sequences into that
//! branch. So while several workers search, the shared part of the tree is kept whole, here, and only its
//! leaves are handed out.
//!
//! A worker keeps the tree below its leaf to itself, and explores that as a single worker does. If another
//! worker is idle, it shares the shallowest point with unexplored branches.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::node::{Node, Todo};
use super::wakeup_tree::{self, Branch, Initial, Step, initial};
use crate::engine::taken::Taken;
use crate::runtime::happens_before::dependent;

/// A branch of a shared point: the index of the point, and of the branch among its branches.
#[derive(Clone, Copy, Debug)]
pub(super) struct BranchId {
    point: usize,
    branch: usize,
}

/// A point of the shared tree.
#[derive(Debug)]
struct Point {
    /// The branch that leads here.
    from: Option<BranchId>,
    /// The sleep set here, if it was known when the point was shared; otherwise it is computed along the
    /// path.
    sleep: Option<Vec<Step>>,
    /// In the order in which they count as explored.
    branches: Vec<(Step, Below)>,
    /// The record of the first of them, if it was taken before the point was shared.
    taken: Option<Taken>,
}

#[derive(Clone, Copy, Debug)]
enum Below {
    /// Every continuation: a worker explores it, or will.
    Anything,
    /// Every continuation, explored.
    Nothing,
    /// The branches of this point.
    Point(usize),
    /// Every continuation; several workers share it, from this point on.
    Divided(usize),
}

/// The state shared by the workers of one search.
#[derive(Debug)]
pub(crate) struct WorkSharing {
    shared: Mutex<Shared>,
    changed: Condvar,
    /// True if a worker is idle and no leaf is queued.
    has_idle: AtomicBool,
    /// True if the search is complete or was stopped.
    over: AtomicBool,
}

#[derive(Debug, Default)]
struct Shared {
    points: Vec<Point>,
    /// The indices of points that are no longer needed.
    free: Vec<usize>,
    /// The leaves that no worker has begun.
    leaves: VecDeque<BranchId>,
    workers: usize,
    idle: usize,
}

impl WorkSharing {
    /// Shared state for that many workers, of which one begins.
    pub(crate) fn new(workers: usize) -> Self {
        let shared = Shared { workers, ..Shared::default() };
        WorkSharing {
            shared: Mutex::new(shared),
            changed: Condvar::new(),
            has_idle: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    /// Whether a worker is idle.
    pub(super) fn has_idle(&self) -> bool {
        self.has_idle.load(Ordering::Relaxed)
    }

    /// Whether the search is complete or was stopped.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Stops the search for all workers.
    pub(crate) fn stop(&self) {
        let _shared = self.lock();
        self.over.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Adds the points of a path that are not shared yet to the shared tree.
    pub(super) fn share(&self, path: &mut [Node]) {
        let mut shared = self.lock();
        let mut from = None;
        for node in path {
            let place = match &mut node.plan {
                Todo::Shared(place) => *place,
                Todo::Own(todo) => {
                    let todo = std::mem::take(todo);
                    let point = shared.point(from, Some(node.sleep.clone()));
                    if let Some(BranchId { point: before, branch }) = from {
                        shared.points[before].branches[branch].1 = Below::Divided(point);
                    }
                    let place = BranchId { point, branch: 0 };
                    shared.points[point].taken.clone_from(&node.taken);
                    shared.points[point].branches.push((node.step.clone(), Below::Anything));
                    for branch in todo {
                        shared.attach(point, branch);
                    }
                    node.plan = Todo::Shared(place);
                    place
                }
            };
            from = Some(place);
        }
        self.tell(&shared);
    }

    /// Inserts a sequence that reverses a race of the step at `place`.
    pub(super) fn put_in(&self, place: BranchId, sequence: Vec<Step>) {
        let mut shared = self.lock();
        shared.insert(place.point, place.branch + 1, sequence);
        self.tell(&shared);
    }

    /// Waits for a leaf, and returns the path to it; `None` when the search is over. The subtree behind the
    /// last point of the previous path is `done`.
    pub(super) fn take(&self, done: Option<&Node>) -> Option<Vec<Node>> {
        let mut shared = self.lock();
        if let Some(&Node { plan: Todo::Shared(place), .. }) = done {
            shared.explored(place);
        }
        shared.idle += 1;
        loop {
            if self.is_over() {
                return None;
            }
            if let Some(leaf) = shared.leaves.pop_front() {
                shared.idle -= 1;
                self.tell(&shared);
                return Some(shared.way_to(leaf));
            }
            if shared.idle == shared.workers {
                self.over.store(true, Ordering::Relaxed);
                self.changed.notify_all();
                return None;
            }
            self.tell(&shared);
            shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A worker that panics ends the search, and its result is discarded.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, shared: &Shared) {
        self.has_idle.store(shared.idle > shared.leaves.len(), Ordering::Relaxed);
        if shared.idle > 0 && !shared.leaves.is_empty() {
            self.changed.notify_one();
        }
    }
}

impl Shared {
    fn point(&mut self, from: Option<BranchId>, sleep: Option<Vec<Step>>) -> usize {
        let point = Point { from, sleep, branches: Vec::new(), taken: None };
        if let Some(free) = self.free.pop() {
            self.points[free] = point;
            return free;
        }
        self.points.push(point);
        self.points.len() - 1
    }

    /// Marks the subtree behind a branch as explored.
    fn explored(&mut self, place: BranchId) {
        self.points[place.point].branches[place.branch].1 = Below::Nothing;
        self.reclaim();
    }

    /// Frees the points that are fully explored and into which nothing can be inserted any more, because all
    /// that comes before them is explored too.
    fn reclaim(&mut self) {
        let mut way = vec![0];
        while let Some(&point) = way.last() {
            let open = self.points[point].branches.iter().find(|(_, then)| !matches!(then, Below::Nothing));
            match open {
                Some((_, Below::Point(behind) | Below::Divided(behind))) => way.push(*behind),
                Some(_) => return,
                None => {
                    way.pop();
                    let Some(&before) = way.last() else { return };
                    self.points[point] = Point { from: None, sleep: None, branches: Vec::new(), taken: None };
                    self.free.push(point);
                    let settled = |then: &Below| matches!(then, Below::Point(behind) | Below::Divided(behind) if *behind == point);
                    let branches = &mut self.points[before].branches;
                    if let Some((_, then)) = branches.iter_mut().find(|(_, then)| settled(then)) {
                        *then = Below::Nothing;
                    }
                }
            }
        }
    }

    /// Adds a step to a point's branches.
    fn add(&mut self, point: usize, step: Step) -> BranchId {
        let branches = &mut self.points[point].branches;
        branches.push((step, Below::Anything));
        BranchId { point, branch: branches.len() - 1 }
    }

    /// Adds a point behind a branch.
    fn open(&mut self, place: BranchId) -> usize {
        let behind = self.point(Some(place), None);
        self.points[place.point].branches[place.branch].1 = Below::Point(behind);
        behind
    }

    /// Adds a branch with its subtree.
    fn attach(&mut self, point: usize, Branch { step, then }: Branch) {
        let place = self.add(point, step);
        match then {
            wakeup_tree::Then::Anything => self.leaves.push_back(place),
            wakeup_tree::Then::Steps(steps, fork) => {
                let behind = self.open(place);
                self.hang_steps(behind, steps.into_iter().rev(), fork);
            }
            wakeup_tree::Then::Branches(branches) => {
                let behind = self.open(place);
                for branch in branches {
                    self.attach(behind, branch);
                }
            }
        }
    }

    /// Adds a chain of these steps, and the fork behind the last of them.
    fn hang_steps(&mut self, mut point: usize, steps: impl Iterator<Item = Step>, fork: Vec<Branch>) {
        let mut steps = steps.peekable();
        while let Some(step) = steps.next() {
            let place = self.add(point, step);
            if steps.peek().is_some() || !fork.is_empty() {
                point = self.open(place);
            } else {
                self.leaves.push_back(place);
            }
        }
        for branch in fork {
            self.attach(point, branch);
        }
    }

    /// As [`super::wakeup_tree::insert`], among the branches of a point from index `from` on: the steps of
    /// those before it sleep there.
    fn insert(&mut self, mut point: usize, mut from: usize, mut sequence: Vec<Step>) {
        while !sequence.is_empty() {
            let found = self.points[point].branches[from..]
                .iter()
                .map(|(step, then)| (initial(step, &sequence), *then))
                .find(|(how, _)| *how != Initial::No);
            match found {
                // A leaf covers it, however far and by whichever worker the leaf has been explored.
                Some((_, Below::Anything | Below::Nothing | Below::Divided(_))) => return,
                Some((how, Below::Point(behind))) => {
                    if let Initial::At(place) = how {
                        sequence.remove(place);
                    }
                    (point, from) = (behind, 0);
                }
                None => return self.hang_steps(point, sequence.into_iter(), Vec::new()),
            }
        }
    }

    /// The points on the path to a leaf, with the sleep set of each.
    fn way_to(&self, leaf: BranchId) -> Vec<Node> {
        let mut places = vec![leaf];
        while let Some(from) = self.points[places[places.len() - 1].point].from {
            places.push(from);
        }
        let mut inherited: Vec<Step> = Vec::new();
        let on_the_way = |&place: &BranchId| {
            let Point { sleep, branches, taken, .. } = &self.points[place.point];
            let step = branches[place.branch].0.clone();
            let mut sleep = sleep.clone().unwrap_or_else(|| std::mem::take(&mut inherited));
            sleep.extend(branches[..place.branch].iter().map(|(step, _)| step.clone()));
            inherited.clone_from(&sleep);
            inherited
                .retain(|asleep| asleep.thread != step.thread && !dependent(&asleep.touches, &step.touches));
            Node::new(step, sleep, Todo::Shared(place)).knowing(taken.clone(), place.branch > 0)
        };
        places.iter().rev().map(on_the_way).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Access, ObjectId, ThreadId};
    use crate::runtime::happens_before::Touches;

    fn write(thread: u32, object: u32) -> Step {
        let touches = Touches::One((ObjectId(object), Access::WRITE));
        Step { thread: ThreadId(thread), alternative: 0, touches, supposed: false }
    }

    fn leaf(step: Step) -> Branch {
        Branch { step, then: wakeup_tree::Then::Anything }
    }

    /// A point where thread 1 goes first, and where thread 2 may, with both at one object; and a second
    /// worker that has begun with the latter.
    fn divided() -> (WorkSharing, Vec<Node>, Vec<Node>) {
        let work_sharing = WorkSharing::new(2);
        let mut one = vec![Node::new(write(1, 0), Vec::new(), Todo::Own(vec![leaf(write(2, 0))]))];
        work_sharing.share(&mut one);
        let other = work_sharing.take(None).expect("there is a leaf");
        (work_sharing, one, other)
    }

    /// A worker has explored the subtree behind the last point of its path.
    fn explored(work_sharing: &WorkSharing, way: &[Node]) {
        if let Some(&Node { plan: Todo::Shared(place), .. }) = way.last() {
            work_sharing.lock().explored(place);
        }
    }

    fn leaves(work_sharing: &WorkSharing) -> usize {
        work_sharing.lock().leaves.len()
    }

    #[test]
    fn a_leaf_covers_what_begins_like_it_when_it_is_divided_too() {
        let (work_sharing, mut one, mut other) = divided();
        other.push(Node::new(write(3, 1), Vec::new(), Todo::Own(vec![leaf(write(4, 1))])));
        work_sharing.share(&mut other);
        assert_eq!(leaves(&work_sharing), 1);
        one[0].put_in(Some(&work_sharing), &mut vec![write(2, 0), write(5, 1)]);
        assert_eq!(leaves(&work_sharing), 1, "the second worker will come upon it");
        one[0].put_in(Some(&work_sharing), &mut vec![write(5, 0), write(1, 0)]);
        assert_eq!(leaves(&work_sharing), 2, "no other worker will");
    }

    #[test]
    fn what_sleeps_on_the_way_to_a_leaf_is_what_comes_before_it_and_is_independent() {
        let (work_sharing, mut one, other) = divided();
        assert_eq!(other[0].sleep, [write(1, 0)]);
        one[0].put_in(Some(&work_sharing), &mut vec![write(3, 1), write(4, 0), write(1, 0)]);
        let third = work_sharing.take(Some(&other[0])).expect("there is a leaf");
        let sleep: Vec<_> = third.iter().map(|node| node.sleep.clone()).collect();
        assert_eq!(sleep, [vec![write(1, 0), write(2, 0)], vec![write(1, 0), write(2, 0)], vec![]]);
    }

    #[test]
    fn a_point_is_forgotten_when_all_before_it_is_explored() {
        let (work_sharing, mut one, mut other) = divided();
        other.push(Node::new(write(3, 1), Vec::new(), Todo::Own(vec![leaf(write(4, 1))])));
        work_sharing.share(&mut other);
        let last = work_sharing.take(other.last()).expect("there is a leaf");
        explored(&work_sharing, &last);
        assert_eq!(work_sharing.lock().free.len(), 0, "the first worker may still put something in");
        one[0].put_in(Some(&work_sharing), &mut vec![write(5, 0)]);
        explored(&work_sharing, &one);
        assert_eq!(work_sharing.lock().free.len(), 1);
    }
}
