//! Records of steps, for comparison with later executions that take the same steps.
//!
//! A model must behave alike on the same schedule. So an engine that begins an execution with the prefix of
//! an earlier one compares every step of that prefix: the command, its object, the source line, the operands,
//! the state before, the enabled threads and the number of threads.
//!
//! Addresses are the exception: memory that is allocated in one execution has another address in the next,
//! and an integer may be an address too, with a tag in its unused bits. Two words are *alike* if they are
//! equal, or if both may be addresses (beyond the first pages, which are never mapped) and agree in the bits
//! that no address has or that alignment keeps. Words that are merely alike must still have the same
//! consequence: the step accesses its object in the same way, and changes it or does not, in both executions.
//! A consistent renaming of addresses is not required, because an allocator may return one address twice in
//! one execution and two addresses in the next, which a program need not notice.
//!
//! [`super::diverged`] describes the difference. What this can miss: a value that differs between executions,
//! looks like an address, and decides nothing.

use crate::op::{Access, Command, ObjectId, Role, Site, State, ThreadId, ThreadSet};
use crate::runtime::addresses;
use crate::runtime::execution::Execution;
use crate::runtime::thread::Pending;

/// No system maps addresses below this.
const LOWEST_ADDRESS: u64 = 1 << 16;
/// The bits that an address has.
const ADDRESS: u64 = (1 << 48) - 1;
/// The bits of an address that the alignment of an allocation decides.
const ALIGNED: u64 = 0b111;

/// A step as it was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    what: What,
    point: Point,
}

/// The content of a step.
#[derive(Clone, Copy, Debug)]
struct What {
    /// The operation's command and object; none for a choice or a yield.
    op: Option<(&'static Command, ObjectId)>,
    /// The operands and the state before; for a choice the number of its alternatives.
    words: [u64; 3],
    site: Option<Site>,
}

/// The point at which a step was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Point {
    /// The enabled threads.
    pub(super) enabled: ThreadSet,
    /// The number of threads.
    pub(super) born: u32,
}

impl Point {
    /// The present point of the execution.
    #[inline]
    pub(crate) fn of(execution: &Execution, enabled: &ThreadSet) -> Self {
        Point { enabled: execution.able(enabled).into_owned(), born: execution.born().len() as u32 }
    }

    /// Whether another execution is at the same point.
    #[inline]
    pub(crate) fn is(&self, execution: &Execution, enabled: &ThreadSet) -> bool {
        self.born as usize == execution.born().len() && self.enabled == *execution.able(enabled)
    }
}

impl What {
    #[inline]
    fn of(execution: &Execution, thread: ThreadId) -> Self {
        let pending = &execution.thread(thread).pending;
        let (op, words) = match pending {
            Pending::Op(op) => {
                let [one, other] = op.args;
                (Some((op.command, op.object)), [one, other, execution.object(op.object).state])
            }
            Pending::Choose { n, what, .. } => (None, [u64::from(*n), 1 + *what as u64, 0]),
            _ => (None, [0; 3]),
        };
        What { op, words, site: pending.site() }
    }

    /// Whether a thread of another execution is about to do the same.
    #[inline]
    fn is(&self, execution: &Execution, thread: ThreadId) -> bool {
        let same_site = |site: Site| self.site.is_some_and(|known| std::ptr::eq(known, site));
        if let (Some((command, object)), Pending::Op(op)) = (self.op, &execution.thread(thread).pending)
            && std::ptr::eq(command, op.command)
            && object == op.object
            && self.words == [op.args[0], op.args[1], execution.object(object).state]
            && same_site(op.site)
        {
            return true;
        }
        self.resembles(&What::of(execution, thread))
    }

    /// Whether the step of another execution is the same except for addresses.
    #[cold]
    fn resembles(&self, now: &What) -> bool {
        let named = |what: &What| what.op.map(|(command, object)| (command.name, object));
        let alike = if self.op.is_some_and(|(command, _)| holds_a_value(command.role)) {
            std::iter::zip(self.words, now.words).all(|(a, b)| alike(a, b))
        } else {
            self.words == now.words
        };
        named(self) == named(now) && self.site == now.site && alike && self.consequence() == now.consequence()
    }

    /// How the step accesses its object, and whether it changes it.
    fn consequence(self) -> Option<(Access, bool)> {
        let [one, other, met] = self.words;
        let (command, _) = self.op?;
        let args = [one, other];
        Some(((command.access)(met, args), (command.effect)(met, args) != met))
    }
}

impl Taken {
    /// The step that a thread is about to take.
    #[inline]
    pub(crate) fn of(execution: &Execution, thread: ThreadId, enabled: &ThreadSet) -> Self {
        Taken { what: What::of(execution, thread), point: Point::of(execution, enabled) }
    }

    /// The point at which it was taken.
    #[inline]
    pub(crate) fn point(&self) -> &Point {
        &self.point
    }

    /// Whether a thread of another execution is about to take the same step.
    #[inline]
    pub(crate) fn is(&self, execution: &Execution, thread: ThreadId, enabled: &ThreadSet) -> bool {
        self.point.is(execution, enabled) && self.what.is(execution, thread)
    }

    /// Whether the two steps are one operation on words that differ like addresses.
    pub(super) fn differs_by_addresses(&self, now: &Taken) -> bool {
        let (before, now) = (&self.what, &now.what);
        let named = |what: &What| what.op.map(|(command, object)| (command.name, object, what.site));
        before.op.is_some()
            && named(before) == named(now)
            && std::iter::zip(before.words, now.words)
                .any(|(a, b)| a != b && (may_be_address(a) || may_be_address(b)))
    }

    /// The step as text.
    pub(super) fn describe(&self, execution: &Execution) -> String {
        let What { op, words, site } = self.what;
        let [one, other, met] = words;
        let what = match op {
            Some((command, object)) => {
                let shown = addresses::without(&(command.show)(met, [one, other]));
                let known = execution.knows(object);
                let object = if known { execution.name_of(object) } else { "another object".to_owned() };
                format!("{object}.{}{shown}", command.name)
            }
            None if one > 0 => format!("a choice among {one}"),
            None if site.is_some() => "a yield".to_owned(),
            None => "nothing".to_owned(),
        };
        let place = site.map_or(String::new(), |site| format!(" at {}:{}", site.file(), site.line()));
        format!("{what}{place}")
    }
}

/// Whether the words of such an operation are values of the model: those of an atomic. The words of all other
/// objects are raddle's own.
fn holds_a_value(role: Role) -> bool {
    matches!(role, Role::Load | Role::Store | Role::Update | Role::CompareExchange)
}

/// Whether two words are the same, except for addresses.
fn alike(a: State, b: State) -> bool {
    a == b || may_be_address(a) && may_be_address(b) && (a ^ b) & !(ADDRESS & !ALIGNED) == 0
}

fn may_be_address(word: State) -> bool {
    word & ADDRESS >= LOWEST_ADDRESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_alike_only_if_they_are_equal() {
        assert!(alike(7, 7) && !alike(7, 8) && !alike(0, 0x5555_0000_0010));
    }

    #[test]
    fn addresses_are_alike_whatever_they_are_if_their_tags_are_equal() {
        let (one, other) = (0x5555_0000_0010, 0x7f01_2345_6780);
        assert!(alike(one, other) && alike(one | 1, other | 1));
        assert!(!alike(one, other | 1), "a tag in the lowest bits");
        assert!(!alike(one, other | 1 << 50), "a tag in the highest bits");
    }
}
