//! The same node, and another stack below it.
//!
//! A stack without locks (Treiber, 1986): to pop, read the head and the node below it, and exchange
//! the head for that, provided that the head is still the same. Nodes that were popped are used again:
//!
//! ```text
//!   thread 1                        thread 2                    stack
//!                                                               A → B
//!   head is A, below it is B
//!                                   pop A, pop B (and keep it)  empty
//!                                   push A again                A
//!   head is A still: exchange it  ✗                             B, which 2 has
//! ```
//!
//! "Still the same" is not "unchanged": the head was A, then B, then nothing, then A again. The
//! compare-exchange succeeds, and B is in the stack although thread 2 has it.
//!
//! In Python there is no such stack in pure code, `queue.LifoQueue` has a lock; it occurs in C
//! extensions. The same confusion arises wherever an identity is compared instead of a version:
//! an `id()` that was reused, a process id, a file name.
//!
//! The fix is a *tag* beside the node that counts up with each exchange, in the same word. A is back, but
//! with another number, and the exchange fails. (The other ways are not to use a node again while another
//! thread may read it: hazard pointers, epochs, or a garbage collector.)
//!
//! Every engine that chooses its schedules sees it, the ones that sample after a hundred or two
//! schedules: it takes three operations of the other thread in one gap. Native threads show it very
//! seldom. Nodes are numbers here, places in an array, so a reused node is never freed memory.

use crate::FailureKind;
#[cfg(test)]
use crate::catalogue::mutants::{Mutant, mutant};
use crate::catalogue::{Hazard, buggy, fixed};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::thread;

pub(crate) const HAZARD: Hazard = Hazard {
    name: "treiber-aba",
    summary: "a compare-exchange meets the same node again, with another stack below",
    variants: &[
        buggy("buggy", || pop_twice_and_push(0), FailureKind::Panic),
        fixed("tagged-pointer", || pop_twice_and_push(TAG)),
    ],
    source: include_str!("treiber_aba.rs"),
};

/// The head's word is a node, and above that its tag.
const TAG: usize = 1 << 8;
/// The end of the stack; nodes are 1 and 2.
const NONE: usize = 0;

struct Stack {
    head: AtomicUsize,
    /// What is below each node.
    below: [AtomicUsize; 3],
    /// What an exchange adds to the tag.
    step: usize,
}

impl Stack {
    fn pop(&self) -> usize {
        loop {
            let head = self.head.load(Ordering::Acquire);
            let node = head % TAG;
            if node == NONE {
                return NONE;
            }
            let below = self.below[node].load(Ordering::Acquire);
            if self.exchange(head, below) {
                return node;
            }
        }
    }

    fn push(&self, node: usize) {
        loop {
            let head = self.head.load(Ordering::Acquire);
            self.below[node].store(head % TAG, Ordering::Release);
            if self.exchange(head, node) {
                return;
            }
        }
    }

    fn exchange(&self, head: usize, node: usize) -> bool {
        let new = head - head % TAG + self.step + node;
        self.head.compare_exchange(head, new, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

fn pop_twice_and_push(step: usize) {
    let below = [NONE, 2, NONE].map(AtomicUsize::new);
    let stack = Arc::new(Stack { head: AtomicUsize::new(1), below, step });
    let other = Arc::clone(&stack);
    let child = thread::spawn(move || {
        let (first, second) = (other.pop(), other.pop());
        if first != NONE {
            other.push(first);
        }
        second
    });
    let other = Arc::clone(&stack);
    let victim = thread::spawn(move || other.pop());
    let popped = [victim, child].map(|thread| thread.join().expect("no thread panics"));
    let left = [stack.pop(), stack.pop()];
    let mut found: Vec<usize> = popped.into_iter().chain(left).filter(|&node| node != NONE).collect();
    found.sort_unstable();
    assert_eq!(found, [1, 2], "a node is in two places, or in none");
}

#[cfg(test)]
pub(crate) const MUTANTS: &[Mutant] =
    &[mutant("tagged-pointer", "the tag does not count up", || pop_twice_and_push(0), FailureKind::Panic)];
