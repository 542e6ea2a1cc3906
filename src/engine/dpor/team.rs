//! Several workers at one search.
//!
//! A leaf of a wakeup tree is a search of its own: nothing sleeps where it ends, and its traces are no
//! other leaf's. So leaves can be explored by different workers, in any order. What must not be lost
//! is the tree above them, because whatever is explored before a branch in the tree's order may still
//! put sequences into that branch. So while several workers are at it, the part of the tree that they
//! share is kept whole, here, and only its leaves are handed out.
//!
//! A worker keeps to itself what is below the leaf that it was given, and explores that as a lone
//! worker does. When somebody has nothing to do, it shares the shallowest point that has something.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::node::{Node, Plan};
use super::tree::{self, Branch, Initial, Step, initial};
use crate::engine::taken::Taken;
use crate::rt::history::dependent;

/// A branch of a shared point: the point's number, and the branch's among its branches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    point: usize,
    branch: usize,
}

/// A point that several workers know.
#[derive(Debug)]
struct Point {
    /// The branch that leads here.
    from: Option<Place>,
    /// What sleeps here, if that was known when the point was shared; else it follows from the way.
    sleep: Option<Vec<Step>>,
    /// In the order in which they count as explored.
    branches: Vec<(Step, Then)>,
    /// The first of them as it was taken, if it was when the point was shared.
    taken: Option<Taken>,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    /// Whatever may follow: somebody explores it, or will.
    Anything,
    /// Whatever may have followed: it is explored.
    Nothing,
    /// What this point says.
    Point(usize),
    /// Whatever may follow; several share it, from this point on.
    Divided(usize),
}

/// What the workers of one search have in common.
#[derive(Debug)]
pub(crate) struct Team {
    shared: Mutex<Shared>,
    news: Condvar,
    /// Whether somebody waits for whom there is no leaf.
    hungry: AtomicBool,
    /// Whether the search is over or given up.
    over: AtomicBool,
}

#[derive(Debug, Default)]
struct Shared {
    points: Vec<Point>,
    /// The numbers of points that are no longer needed.
    free: Vec<usize>,
    /// The leaves that nobody has begun with.
    leaves: VecDeque<Place>,
    workers: usize,
    idle: usize,
}

impl Team {
    /// So many workers, of whom one begins.
    pub(crate) fn new(workers: usize) -> Self {
        let shared = Shared { workers, ..Shared::default() };
        Team {
            shared: Mutex::new(shared),
            news: Condvar::new(),
            hungry: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    /// Whether somebody would like something to do.
    pub(super) fn is_hungry(&self) -> bool {
        self.hungry.load(Ordering::Relaxed)
    }

    /// Whether there is nothing more to do.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Ends the search for everybody.
    pub(crate) fn stop(&self) {
        let _shared = self.lock();
        self.over.store(true, Ordering::Relaxed);
        self.news.notify_all();
    }

    /// Shares the points of a path that are not shared yet.
    pub(super) fn share(&self, path: &mut [Node]) {
        let mut shared = self.lock();
        let mut from = None;
        for node in path {
            let place = match &mut node.plan {
                Plan::Shared(place) => *place,
                Plan::Own(todo) => {
                    let todo = std::mem::take(todo);
                    let point = shared.point(from, Some(node.sleep.clone()));
                    if let Some(Place { point: before, branch }) = from {
                        shared.points[before].branches[branch].1 = Then::Divided(point);
                    }
                    let place = Place { point, branch: 0 };
                    shared.points[point].taken.clone_from(&node.taken);
                    shared.points[point].branches.push((node.step.clone(), Then::Anything));
                    for branch in todo {
                        shared.hang(point, branch);
                    }
                    node.plan = Plan::Shared(place);
                    place
                }
            };
            from = Some(place);
        }
        self.tell(&shared);
    }

    /// Puts in a sequence that reverses a race of the step at `place`.
    pub(super) fn put_in(&self, place: Place, sequence: Vec<Step>) {
        let mut shared = self.lock();
        shared.insert(place.point, place.branch + 1, sequence);
        self.tell(&shared);
    }

    /// Waits for a leaf, and returns the way to it; nothing when the search is over. What is behind
    /// the last point of the way that led to the one before is `done`.
    pub(super) fn take(&self, done: Option<&Node>) -> Option<Vec<Node>> {
        let mut shared = self.lock();
        if let Some(&Node { plan: Plan::Shared(place), .. }) = done {
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
                self.news.notify_all();
                return None;
            }
            self.tell(&shared);
            shared = self.news.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A worker that panics ends the search, and nobody trusts what was found.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, shared: &Shared) {
        self.hungry.store(shared.idle > shared.leaves.len(), Ordering::Relaxed);
        if shared.idle > 0 && !shared.leaves.is_empty() {
            self.news.notify_one();
        }
    }
}

impl Shared {
    fn point(&mut self, from: Option<Place>, sleep: Option<Vec<Step>>) -> usize {
        let point = Point { from, sleep, branches: Vec::new(), taken: None };
        if let Some(free) = self.free.pop() {
            self.points[free] = point;
            return free;
        }
        self.points.push(point);
        self.points.len() - 1
    }

    /// All that is behind a branch is explored.
    fn explored(&mut self, place: Place) {
        self.points[place.point].branches[place.branch].1 = Then::Nothing;
        self.settle();
    }

    /// Forgets the points from which everything is explored, and into which nobody will put anything:
    /// all that comes before them is explored too.
    fn settle(&mut self) {
        let mut way = vec![0];
        while let Some(&point) = way.last() {
            let open = self.points[point].branches.iter().find(|(_, then)| !matches!(then, Then::Nothing));
            match open {
                Some((_, Then::Point(behind) | Then::Divided(behind))) => way.push(*behind),
                Some(_) => return,
                None => {
                    way.pop();
                    let Some(&before) = way.last() else { return };
                    self.points[point] = Point { from: None, sleep: None, branches: Vec::new(), taken: None };
                    self.free.push(point);
                    let settled = |then: &Then| matches!(then, Then::Point(behind) | Then::Divided(behind) if *behind == point);
                    let branches = &mut self.points[before].branches;
                    if let Some((_, then)) = branches.iter_mut().find(|(_, then)| settled(then)) {
                        *then = Then::Nothing;
                    }
                }
            }
        }
    }

    /// Adds a step to a point's branches.
    fn add(&mut self, point: usize, step: Step) -> Place {
        let branches = &mut self.points[point].branches;
        branches.push((step, Then::Anything));
        Place { point, branch: branches.len() - 1 }
    }

    /// Adds a point behind a branch.
    fn open(&mut self, place: Place) -> usize {
        let behind = self.point(Some(place), None);
        self.points[place.point].branches[place.branch].1 = Then::Point(behind);
        behind
    }

    /// Adds a branch with all that is to follow it.
    fn hang(&mut self, point: usize, Branch { step, then }: Branch) {
        let place = self.add(point, step);
        match then {
            tree::Then::Anything => self.leaves.push_back(place),
            tree::Then::Steps(steps, fork) => {
                let behind = self.open(place);
                self.hang_steps(behind, steps.into_iter().rev(), fork);
            }
            tree::Then::Branches(branches) => {
                let behind = self.open(place);
                for branch in branches {
                    self.hang(behind, branch);
                }
            }
        }
    }

    /// Adds a branch of these steps, each behind the one before, and the fork behind the last of them.
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
            self.hang(point, branch);
        }
    }

    /// As [`super::tree::insert`], among the branches of a point from the given one on: those before it
    /// are among what sleeps there.
    fn insert(&mut self, mut point: usize, mut from: usize, mut sequence: Vec<Step>) {
        while !sequence.is_empty() {
            let found = self.points[point].branches[from..]
                .iter()
                .map(|(step, then)| (initial(step, &sequence), *then))
                .find(|(how, _)| *how != Initial::No);
            match found {
                // A leaf covers it, however far the leaf has been explored and by whomever.
                Some((_, Then::Anything | Then::Nothing | Then::Divided(_))) => return,
                Some((how, Then::Point(behind))) => {
                    if let Initial::At(place) = how {
                        sequence.remove(place);
                    }
                    (point, from) = (behind, 0);
                }
                None => return self.hang_steps(point, sequence.into_iter(), Vec::new()),
            }
        }
    }

    /// The points on the way to a leaf, with what sleeps at each.
    fn way_to(&self, leaf: Place) -> Vec<Node> {
        let mut places = vec![leaf];
        while let Some(from) = self.points[places[places.len() - 1].point].from {
            places.push(from);
        }
        let mut inherited: Vec<Step> = Vec::new();
        let on_the_way = |&place: &Place| {
            let Point { sleep, branches, taken, .. } = &self.points[place.point];
            let step = branches[place.branch].0.clone();
            let mut sleep = sleep.clone().unwrap_or_else(|| std::mem::take(&mut inherited));
            sleep.extend(branches[..place.branch].iter().map(|(step, _)| step.clone()));
            inherited.clone_from(&sleep);
            inherited
                .retain(|asleep| asleep.thread != step.thread && !dependent(&asleep.touches, &step.touches));
            Node::new(step, sleep, Plan::Shared(place)).knowing(taken.clone(), place.branch > 0)
        };
        places.iter().rev().map(on_the_way).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Access, ObjectId, ThreadId};
    use crate::rt::history::Touches;

    fn write(thread: u32, object: u32) -> Step {
        let touches = Touches::One((ObjectId(object), Access::WRITE));
        Step { thread: ThreadId(thread), alternative: 0, touches, supposed: false }
    }

    fn leaf(step: Step) -> Branch {
        Branch { step, then: tree::Then::Anything }
    }

    /// A point where thread 1 goes first, and where thread 2 may, with both at one object; and a second
    /// worker that has begun with the latter.
    fn divided() -> (Team, Vec<Node>, Vec<Node>) {
        let team = Team::new(2);
        let mut one = vec![Node::new(write(1, 0), Vec::new(), Plan::Own(vec![leaf(write(2, 0))]))];
        team.share(&mut one);
        let other = team.take(None).expect("there is a leaf");
        (team, one, other)
    }

    /// A worker is done with what is behind the last point of its way.
    fn explored(team: &Team, way: &[Node]) {
        if let Some(&Node { plan: Plan::Shared(place), .. }) = way.last() {
            team.lock().explored(place);
        }
    }

    fn leaves(team: &Team) -> usize {
        team.lock().leaves.len()
    }

    #[test]
    fn a_leaf_covers_what_begins_like_it_when_it_is_divided_too() {
        let (team, mut one, mut other) = divided();
        other.push(Node::new(write(3, 1), Vec::new(), Plan::Own(vec![leaf(write(4, 1))])));
        team.share(&mut other);
        assert_eq!(leaves(&team), 1);
        one[0].put_in(Some(&team), &mut vec![write(2, 0), write(5, 1)]);
        assert_eq!(leaves(&team), 1, "the second worker will come upon it");
        one[0].put_in(Some(&team), &mut vec![write(5, 0), write(1, 0)]);
        assert_eq!(leaves(&team), 2, "nobody else will");
    }

    #[test]
    fn what_sleeps_on_the_way_to_a_leaf_is_what_comes_before_it_and_is_independent() {
        let (team, mut one, other) = divided();
        assert_eq!(other[0].sleep, [write(1, 0)]);
        one[0].put_in(Some(&team), &mut vec![write(3, 1), write(4, 0), write(1, 0)]);
        let third = team.take(Some(&other[0])).expect("there is a leaf");
        let sleep: Vec<_> = third.iter().map(|node| node.sleep.clone()).collect();
        assert_eq!(sleep, [vec![write(1, 0), write(2, 0)], vec![write(1, 0), write(2, 0)], vec![]]);
    }

    #[test]
    fn a_point_is_forgotten_when_all_before_it_is_explored() {
        let (team, mut one, mut other) = divided();
        other.push(Node::new(write(3, 1), Vec::new(), Plan::Own(vec![leaf(write(4, 1))])));
        team.share(&mut other);
        let last = team.take(other.last()).expect("there is a leaf");
        explored(&team, &last);
        assert_eq!(team.lock().free.len(), 0, "the first worker may still put something in");
        one[0].put_in(Some(&team), &mut vec![write(5, 0)]);
        explored(&team, &one);
        assert_eq!(team.lock().free.len(), 1);
    }
}
