//! Atomic pointers.

use std::fmt;
use std::panic::{Location, RefUnwindSafe};
use std::sync::atomic as native;

use super::backends::{Atomic, CompareExchange, Native};
use super::commands::Table;
use super::macros::{common, update};
use super::word::Word;
use super::{Ordering, of_load, of_store, of_update};
use crate::backend::loom_crate::sync::atomic as loomed;

/// An atomic pointer with std's interface; see [`std::sync::atomic::AtomicPtr`].
///
/// Addresses differ between executions, and a model's behaviour must not depend on them: it may compare them
/// with each other. The allocator decides which address freed memory gets again: an ABA that needs the reuse
/// of an address is found only if the allocator reuses it, and a model that compares addresses of freed
/// memory may diverge.
///
/// # Examples
/// ```
/// use raddle::sync::atomic::{AtomicPtr, Ordering};
/// let mut n = 7;
/// let pointer = AtomicPtr::new(&mut n);
/// assert!(!pointer.load(Ordering::SeqCst).is_null());
/// ```
pub struct AtomicPtr<T>(Atomic<native::AtomicPtr<T>>);

common!(AtomicPtr<T>, *mut T);

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

/// Methods that move a pointer, or change the bits of its address. The target's provenance is kept.
macro_rules! pointers {
    ($($(#[$doc:meta])* $method:ident = $command:ident, |$pointer:ident, $n:ident| $new:expr;)*) => {
        impl<T> AtomicPtr<T> { $(
            $(#[$doc])*
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicPtr, Ordering};
            /// let items = &mut [1, 2];
            /// let pointer = AtomicPtr::new(items.as_mut_ptr());
            #[doc = concat!("assert_eq!(pointer.", stringify!($method), "(1, Ordering::SeqCst), items.as_mut_ptr());")]
            /// ```
            #[track_caller]
            pub fn $method(&self, $n: usize, order: Ordering) -> *mut T {
                let site = Location::caller();
                let load = if order == Ordering::AcqRel || order == Ordering::Acquire || order == Ordering::SeqCst {
                    Ordering::Acquire
                } else {
                    Ordering::Relaxed
                };
                // Std's own methods are newer than the oldest compiler that builds this.
                let args = [$n.to_word(), size_of::<T>() as u64];
                self.0.perform(
                    site,
                    |a| either(a.fetch_update(order, load, |$pointer| Some($new))),
                    |a, w| {
                        let before = either(a.fetch_update(order, load, |$pointer| Some($new)));
                        w.did(Table::<*mut T>::$command, args, before.to_word(), of_update(order), site);
                        before
                    },
                    |o| {
                        Word::from_word(o.perform(Table::<*mut T>::$command, args, of_update(order), site))
                    },
                )
            }
        )* }
    };
}

fn either<T>(result: Result<T, T>) -> T {
    let (Ok(value) | Err(value)) = result;
    value
}

pointers! {
    /// Adds a number of elements, wrapping around, and returns the pointer before.
    fetch_ptr_add = FETCH_PTR_ADD, |pointer, n| pointer.wrapping_add(n);
    /// Subtracts a number of elements, wrapping around, and returns the pointer before.
    fetch_ptr_sub = FETCH_PTR_SUB, |pointer, n| pointer.wrapping_sub(n);
    /// Adds a number of bytes, wrapping around, and returns the pointer before.
    fetch_byte_add = FETCH_BYTE_ADD, |pointer, n| pointer.wrapping_byte_add(n);
    /// Subtracts a number of bytes, wrapping around, and returns the pointer before.
    fetch_byte_sub = FETCH_BYTE_SUB, |pointer, n| pointer.wrapping_byte_sub(n);
    /// Bitwise "or" with the address; returns the pointer before.
    fetch_or = FETCH_OR, |pointer, n| pointer.map_addr(|address| address | n);
    /// Bitwise "and" with the address; returns the pointer before.
    fetch_and = FETCH_AND, |pointer, n| pointer.map_addr(|address| address & n);
    /// Bitwise "xor" with the address; returns the pointer before.
    fetch_xor = FETCH_XOR, |pointer, n| pointer.map_addr(|address| address ^ n);
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.load(Ordering::Relaxed), f)
    }
}
