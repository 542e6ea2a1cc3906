//! The accesses of one event, as a value of its own.

use std::sync::Arc;

use crate::op::{Access, ObjectId};

/// An object and the access to it.
pub(crate) type Touch = (ObjectId, Access);

/// All accesses of one event: nearly always one. The value is copied often.
#[derive(Clone, Debug, Default)]
pub(crate) enum Touches {
    /// Nothing.
    #[default]
    None,
    /// One object.
    One(Touch),
    /// Several; or one, by accident.
    Many(Arc<[Touch]>),
}

impl std::ops::Deref for Touches {
    type Target = [Touch];

    #[inline]
    fn deref(&self) -> &[Touch] {
        match self {
            Touches::None => &[],
            Touches::One(touch) => std::slice::from_ref(touch),
            Touches::Many(touches) => touches,
        }
    }
}

impl PartialEq for Touches {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl FromIterator<Touch> for Touches {
    #[inline]
    fn from_iter<I: IntoIterator<Item = Touch>>(touches: I) -> Self {
        let mut touches = touches.into_iter();
        match (touches.next(), touches.next()) {
            (None, _) => Touches::None,
            (Some(one), None) => Touches::One(one),
            (Some(one), Some(other)) => Touches::Many([one, other].into_iter().chain(touches).collect()),
        }
    }
}

/// Whether two events with these accesses are dependent.
#[inline]
pub(crate) fn dependent(a: &[Touch], b: &[Touch]) -> bool {
    a.iter().any(|(object, access)| b.iter().any(|(other, by)| object == other && access.conflicts(*by)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: Touch = (ObjectId(0), Access::READ);
    const Y: Touch = (ObjectId(1), Access::WRITE);

    #[test]
    fn what_was_collected_is_there_in_order() {
        for n in 0..4 {
            let touches: Touches = [X, Y, X, Y][..n].iter().copied().collect();
            assert_eq!(*touches, [X, Y, X, Y][..n]);
        }
    }

    #[test]
    fn events_depend_on_each_other_if_any_two_touches_conflict() {
        let write = (ObjectId(0), Access::WRITE);
        assert!(!dependent(&[X, Y], &[X]));
        assert!(dependent(&[X, Y], &[(ObjectId(2), Access::READ), write]));
        assert!(!dependent(&[], &[write]));
    }
}
