//! Wakeup trees: the sequences of steps that must still be explored from a point, kept as ordered
//! trees so that what two sequences share is explored once (Abdulla et al., JACM 2017, section 6).

use crate::op::ThreadId;
use crate::rt::history::{Touches, dependent};

/// A step that was or will be taken from a known point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) thread: ThreadId,
    pub(crate) alternative: u32,
    /// What it touches when taken there.
    pub(crate) touches: Touches,
}

/// A step, and what is to follow it; nothing means anything may.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) step: Step,
    pub(crate) then: Vec<Branch>,
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

/// Adds a sequence to the tree, unless what it stands for is in it already.
pub(crate) fn insert(branches: &mut Vec<Branch>, mut sequence: Vec<Step>) {
    if sequence.is_empty() {
        return;
    }
    let found =
        branches.iter().enumerate().find_map(|(index, branch)| match initial(&branch.step, &sequence) {
            Initial::No => None,
            how => Some((index, how)),
        });
    let Some((index, how)) = found else {
        let leaf = |then: Vec<Branch>, step: Step| vec![Branch { step, then }];
        branches.extend(sequence.into_iter().rev().fold(Vec::new(), leaf));
        return;
    };
    if let Initial::At(place) = how {
        sequence.remove(place);
    }
    let then = &mut branches[index].then;
    // After a leaf, whatever follows it will be explored.
    if !then.is_empty() {
        insert(then, sequence);
    }
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;
    use crate::op::{Access, ObjectId};

    fn step(thread: u32, object: u32, access: Access) -> Step {
        let touches = smallvec![(ObjectId(object), access)];
        Step { thread: ThreadId(thread), alternative: 0, touches }
    }

    fn write(thread: u32, object: u32) -> Step {
        step(thread, object, Access::WRITE)
    }

    fn leaves(branches: &[Branch]) -> Vec<Vec<u32>> {
        let mut all = Vec::new();
        for branch in branches {
            let below = leaves(&branch.then);
            let below = if below.is_empty() { vec![vec![]] } else { below };
            for rest in below {
                all.push([vec![branch.step.thread.0], rest].concat());
            }
        }
        all
    }

    #[test]
    fn what_a_leaf_covers_is_not_added() {
        let mut tree = Vec::new();
        insert(&mut tree, vec![write(1, 0)]);
        insert(&mut tree, vec![write(1, 0), write(2, 0)]);
        insert(&mut tree, vec![write(2, 1), write(1, 0)]);
        assert_eq!(leaves(&tree), [[1]]);
    }

    #[test]
    fn sequences_share_what_they_begin_with() {
        let mut tree = Vec::new();
        insert(&mut tree, vec![write(1, 0), write(2, 0)]);
        insert(&mut tree, vec![write(1, 0), write(3, 0)]);
        assert_eq!(tree.len(), 1);
        assert_eq!(leaves(&tree), [[1, 2], [1, 3]]);
    }

    #[test]
    fn two_alternatives_of_a_choice_are_two_branches() {
        let mut tree = Vec::new();
        insert(&mut tree, vec![coin(0), write(2, 1)]);
        insert(&mut tree, vec![coin(1), write(2, 1)]);
        assert_eq!(leaves(&tree), [[1, 2], [1, 2]]);
    }

    /// A choice between two alternatives.
    fn coin(alternative: u32) -> Step {
        Step { thread: ThreadId(1), alternative, touches: Touches::new() }
    }
}
