//! Wakeup trees: the sequences of steps that must still be explored from a point, kept as ordered
//! trees so that what two sequences share is explored once (Abdulla et al., JACM 2017, section 6).

use crate::op::ThreadId;
use crate::runtime::happens_before::{Touches, dependent};

/// A step that was or will be taken from a known point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) thread: ThreadId,
    pub(crate) alternative: u32,
    /// The objects that it accesses when taken there.
    pub(crate) touches: Touches,
    /// True if it may turn out to be disabled there.
    pub(crate) supposed: bool,
}

/// A step, and what is to be explored after it.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) step: Step,
    pub(crate) then: Then,
}

/// What is to be explored after a step.
#[derive(Debug, Default)]
pub(crate) enum Then {
    /// Every continuation.
    #[default]
    Anything,
    /// These steps, of which the last comes first, and then each of the branches, or every continuation if
    /// there are none. Nearly every sequence stays alone until it is explored, and is stored contiguously
    /// until then; so sequences with a long common prefix make no deep tree.
    Steps(Vec<Step>, Vec<Branch>),
    /// Each of these branches.
    Branches(Vec<Branch>),
}

/// How a step relates to a sequence that starts at the same point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Initial {
    /// It cannot be moved to the front.
    No,
    /// It is the sequence's own step at this place, and can be moved to the front.
    At(usize),
    /// It is not in the sequence, and commutes with all of it.
    Beside,
}

/// Whether `step` is a *weak initial* of the sequence: whether something equivalent to the sequence,
/// or to an extension of it, begins with the step.
#[inline]
pub(crate) fn initial(step: &Step, sequence: &[Step]) -> Initial {
    for (place, other) in sequence.iter().enumerate() {
        if other.thread == step.thread {
            // Two alternatives of one choice exclude each other.
            let same = other.alternative == step.alternative;
            return if same { Initial::At(place) } else { Initial::No };
        }
        if dependent(&other.touches, &step.touches) {
            return Initial::No;
        }
    }
    Initial::Beside
}

/// Adds a sequence to the tree, unless it is covered already, and empties it.
pub(crate) fn insert(branches: &mut Vec<Branch>, sequence: &mut Vec<Step>) {
    if sequence.is_empty() {
        return;
    }
    for branch in branches.iter_mut() {
        if follows(&branch.step, sequence) {
            branch.then.insert(sequence);
            return;
        }
    }
    branches.extend(Branch::of(sequence));
}

/// Whether a sequence can be inserted behind a step. The sequence is then reduced to its remainder. A step
/// that may turn out to be disabled is a prefix only of sequences that contain it.
#[inline]
fn follows(step: &Step, sequence: &mut Vec<Step>) -> bool {
    match initial(step, sequence) {
        Initial::No => return false,
        Initial::At(place) => _ = sequence.remove(place),
        Initial::Beside => return !step.supposed,
    }
    true
}

impl Branch {
    /// The branch for a sequence without a common prefix.
    fn of(sequence: &mut Vec<Step>) -> Option<Self> {
        let mut steps: Vec<Step> = sequence.drain(..).rev().collect();
        let step = steps.pop()?;
        Some(Branch { step, then: Then::steps(steps, Vec::new()) })
    }
}

impl Then {
    /// These steps, of which the last comes first, and then each of the branches, or every continuation.
    fn steps(steps: Vec<Step>, fork: Vec<Branch>) -> Self {
        match (steps.is_empty(), fork.is_empty()) {
            (true, true) => Then::Anything,
            (true, false) => Then::Branches(fork),
            (false, _) => Then::Steps(steps, fork),
        }
    }

    /// The next step with what follows it, and the branches to be tried in its place.
    pub(crate) fn next(self) -> Option<(Branch, Vec<Branch>)> {
        match self {
            Then::Anything => None,
            Then::Steps(mut steps, fork) => {
                let step = steps.pop()?;
                Some((Branch { step, then: Then::steps(steps, fork) }, Vec::new()))
            }
            Then::Branches(mut branches) => Some((branches.remove(0), branches)),
        }
    }

    fn insert(&mut self, sequence: &mut Vec<Step>) {
        match self {
            // Every continuation will be explored.
            Then::Anything => {}
            Then::Branches(branches) => insert(branches, sequence),
            Then::Steps(steps, fork) => {
                let Some(apart) = steps.iter().rposition(|step| !follows(step, sequence)) else {
                    if !fork.is_empty() {
                        insert(fork, sequence);
                    }
                    return;
                };
                // They share the steps up to here, and then diverge.
                if let Some(other) = Branch::of(sequence) {
                    let together = steps.split_off(apart + 1);
                    let rest = (std::mem::take(steps), std::mem::take(fork));
                    let first = Then::steps(rest.0, rest.1).next().map(|(branch, _)| branch);
                    *self = Then::steps(together, first.into_iter().chain([other]).collect());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Access, ObjectId};

    fn step(thread: u32, object: u32, access: Access) -> Step {
        let touches = Touches::One((ObjectId(object), access));
        Step { thread: ThreadId(thread), alternative: 0, touches, supposed: false }
    }

    fn write(thread: u32, object: u32) -> Step {
        step(thread, object, Access::WRITE)
    }

    fn leaves(branches: &[Branch]) -> Vec<Vec<u32>> {
        let mut all = Vec::new();
        for branch in branches {
            let below = match &branch.then {
                Then::Anything => vec![vec![]],
                Then::Steps(steps, fork) => {
                    let alone: Vec<u32> = steps.iter().rev().map(|step| step.thread.0).collect();
                    let rests = if fork.is_empty() { vec![vec![]] } else { leaves(fork) };
                    rests.into_iter().map(|rest| [alone.clone(), rest].concat()).collect()
                }
                Then::Branches(branches) => leaves(branches),
            };
            for rest in below {
                all.push([vec![branch.step.thread.0], rest].concat());
            }
        }
        all
    }

    #[test]
    fn what_a_leaf_covers_is_not_added() {
        let mut tree = Vec::new();
        insert(&mut tree, &mut vec![write(1, 0)]);
        insert(&mut tree, &mut vec![write(1, 0), write(2, 0)]);
        insert(&mut tree, &mut vec![write(2, 1), write(1, 0)]);
        assert_eq!(leaves(&tree), [[1]]);
    }

    #[test]
    fn sequences_share_what_they_begin_with() {
        let mut tree = Vec::new();
        insert(&mut tree, &mut vec![write(1, 0), write(2, 0)]);
        insert(&mut tree, &mut vec![write(1, 0), write(3, 0)]);
        assert_eq!(tree.len(), 1);
        assert_eq!(leaves(&tree), [[1, 2], [1, 3]]);
    }

    #[test]
    fn sequences_part_where_they_differ() {
        let mut tree = Vec::new();
        insert(&mut tree, &mut vec![write(1, 0), write(2, 0), write(3, 0), write(4, 0)]);
        insert(&mut tree, &mut vec![write(1, 0), write(2, 0), write(5, 0)]);
        insert(&mut tree, &mut vec![write(1, 0), write(2, 0), write(3, 0), write(6, 0)]);
        assert_eq!(leaves(&tree), [[1, 2, 3, 4].to_vec(), [1, 2, 3, 6].to_vec(), [1, 2, 5].to_vec()]);
    }

    #[test]
    fn two_alternatives_of_a_choice_are_two_branches() {
        let mut tree = Vec::new();
        insert(&mut tree, &mut vec![coin(0), write(2, 1)]);
        insert(&mut tree, &mut vec![coin(1), write(2, 1)]);
        assert_eq!(leaves(&tree), [[1, 2], [1, 2]]);
    }

    /// A choice between two alternatives.
    fn coin(alternative: u32) -> Step {
        Step { thread: ThreadId(1), alternative, touches: Touches::None, supposed: false }
    }
}
