//! The atomic types. Their methods are std's; what differs is where they are performed.

use std::fmt;
use std::panic::{Location, RefUnwindSafe};
use std::sync::atomic as native;

use loom::sync::atomic as loomed;

use super::arms::{Arms, CompareExchange};
use super::commands::Table;
use super::word::Word;
use super::{Ordering, of_load, of_store, of_update};

/// What all atomics have: `$value` inside `$name`.
macro_rules! common {
    ($name:ident $(<$t:ident>)?, $value:ty) => {
        impl $(<$t>)? $name $(<$t>)? {
            /// Makes an atomic in the arm of the calling thread. Unlike std's it is not `const`: an
            /// atomic belongs to the execution that makes it.
            #[track_caller]
            #[must_use]
            pub fn new(value: $value) -> Self {
                let (native, loom) = (|| native::$name::new(value), || loomed::$name::new(value));
                let word = Word::to_word(value);
                Self(Arms::new(stringify!($name), word, native, loom, Location::caller()))
            }

            /// The value.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let site = Location::caller();
                self.0.perform(
                    site,
                    |a| a.load(order),
                    |a, w| {
                        let value = a.load(order);
                        w.did(Table::<$value>::LOAD, [0; 2], value.to_word(), of_load(order), site);
                        value
                    },
                    |o| Word::from_word(o.perform(Table::<$value>::LOAD, [0; 2], of_load(order), site)),
                )
            }

            /// Sets the value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                let site = Location::caller();
                let args = [value.to_word(), 0];
                self.0.perform(
                    site,
                    |a| a.store(value, order),
                    |a, w| {
                        a.store(value, order);
                        w.did(Table::<$value>::STORE, args, 0, of_store(order), site);
                    },
                    |o| _ = o.perform(Table::<$value>::STORE, args, of_store(order), site),
                );
            }

            /// Sets the value and returns the one before.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                update!(self, swap, Table::<$value>::SWAP, value, order)
            }

            /// Sets the value to `new` if it is `current`, and returns the one before.
            ///
            /// # Errors
            /// With the value, if it is not `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let site = Location::caller();
                self.0.perform(
                    site,
                    |a| a.compare_exchange(current, new, success, failure),
                    |a, w| {
                        let result = a.compare_exchange(current, new, success, failure);
                        let (met, publish) = match result {
                            Ok(met) => (met, of_update(success)),
                            Err(met) => (met, of_load(failure)),
                        };
                        let args = [current.to_word(), new.to_word()];
                        w.did(Table::<$value>::COMPARE_EXCHANGE, args, met.to_word(), publish, site);
                        result
                    },
                    |o| {
                        let exchange = CompareExchange {
                            strong: Table::<$value>::COMPARE_EXCHANGE,
                            spurious: None,
                            current: current.to_word(),
                            new: new.to_word(),
                            success: of_update(success),
                            failure: of_load(failure),
                        };
                        exchange.perform(o, site).map(Word::from_word).map_err(Word::from_word)
                    },
                )
            }

            /// Like [`compare_exchange`](Self::compare_exchange), but may fail for no reason.
            ///
            /// # Errors
            /// With the value.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let site = Location::caller();
                self.0.perform(
                    site,
                    |a| a.compare_exchange_weak(current, new, success, failure),
                    |a, w| {
                        let result = a.compare_exchange_weak(current, new, success, failure);
                        let (met, publish) = match result {
                            Ok(met) => (met, of_update(success)),
                            Err(met) => (met, of_load(failure)),
                        };
                        let args = [current.to_word(), new.to_word()];
                        w.did(Table::<$value>::COMPARE_EXCHANGE_WEAK, args, met.to_word(), publish, site);
                        result
                    },
                    |o| {
                        let exchange = CompareExchange {
                            strong: Table::<$value>::COMPARE_EXCHANGE_WEAK,
                            spurious: Some(Table::<$value>::FAIL_SPURIOUSLY),
                            current: current.to_word(),
                            new: new.to_word(),
                            success: of_update(success),
                            failure: of_load(failure),
                        };
                        exchange.perform(o, site).map(Word::from_word).map_err(Word::from_word)
                    },
                )
            }

            /// Sets the value to what `f` makes of it, trying again when somebody came between; and
            /// returns the one before.
            ///
            /// # Errors
            /// With the value, if `f` returns `None`.
            #[track_caller]
            pub fn fetch_update<F: FnMut($value) -> Option<$value>>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: F,
            ) -> Result<$value, $value> {
                let mut previous = self.load(fetch_order);
                while let Some(next) = f(previous) {
                    match self.compare_exchange_weak(previous, next, set_order, fetch_order) {
                        Ok(before) => return Ok(before),
                        Err(now) => previous = now,
                    }
                }
                Err(previous)
            }

            /// The value, once nobody else has the atomic.
            #[must_use]
            pub fn into_inner(self) -> $value {
                match self.0 {
                    Arms::Native(atomic, _) => atomic.into_inner(),
                    // SAFETY: the atomic is owned, so nobody else accesses it.
                    Arms::Loom(atomic, _) => unsafe { atomic.unsync_load() },
                    Arms::Model(object) => Word::from_word(object.peek()),
                }
            }
        }

        impl $(<$t>)? RefUnwindSafe for $name $(<$t>)? {}

        impl $(<$t>)? fmt::Debug for $name $(<$t>)? {
            // Looking at the value would be a visible operation.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl $(<$t>)? From<$value> for $name $(<$t>)? {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }
    };
}

/// One read-modify-write of one operand.
macro_rules! update {
    ($self:ident, $method:ident, $command:expr, $operand:ident, $order:ident) => {{
        let site = Location::caller();
        let args = [$operand.to_word(), 0];
        $self.0.perform(
            site,
            |a| a.$method($operand, $order),
            |a, w| {
                let before = a.$method($operand, $order);
                w.did($command, args, before.to_word(), of_update($order), site);
                before
            },
            |o| Word::from_word(o.perform($command, args, of_update($order), site)),
        )
    }};
}

macro_rules! updates {
    ($name:ident, $value:ty, $($(#[$doc:meta])* $method:ident = $command:ident),* $(,)?) => {
        impl $name { $(
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self, value: $value, order: Ordering) -> $value {
                update!(self, $method, Table::<$value>::$command, value, order)
            }
        )* }
    };
}

macro_rules! integer {
    ($($name:ident, $value:ty;)*) => { $(
        #[doc = concat!("An atomic `", stringify!($value), "` with std's interface; see [`std::sync::atomic::",
            stringify!($name), "`].\n\n# Examples\n```\nuse raddle::sync::atomic::{", stringify!($name),
            ", Ordering};\nlet report = raddle::Checker::dfs().check(|| {\n    let n = ", stringify!($name),
            "::new(1);\n    assert_eq!(n.fetch_add(1, Ordering::SeqCst), 1);\n    ",
            "assert_eq!(n.into_inner(), 2);\n});\nreport.expect_verified();\n```")]
        pub struct $name(Arms<native::$name, loomed::$name>);

        common!($name, $value);

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(0)
            }
        }

        updates!($name, $value,
            /// Adds, wrapping around, and returns the value before.
            fetch_add = FETCH_ADD,
            /// Subtracts, wrapping around, and returns the value before.
            fetch_sub = FETCH_SUB,
            /// Bitwise "and"; returns the value before.
            fetch_and = FETCH_AND,
            /// Bitwise "nand"; returns the value before.
            fetch_nand = FETCH_NAND,
            /// Bitwise "or"; returns the value before.
            fetch_or = FETCH_OR,
            /// Bitwise "xor"; returns the value before.
            fetch_xor = FETCH_XOR,
            /// The maximum; returns the value before.
            fetch_max = FETCH_MAX,
            /// The minimum; returns the value before.
            fetch_min = FETCH_MIN,
        );
    )* };
}

integer! {
    AtomicI8, i8;
    AtomicI16, i16;
    AtomicI32, i32;
    AtomicI64, i64;
    AtomicIsize, isize;
    AtomicU8, u8;
    AtomicU16, u16;
    AtomicU32, u32;
    AtomicU64, u64;
    AtomicUsize, usize;
}

/// An atomic boolean with std's interface; see [`std::sync::atomic::AtomicBool`].
///
/// # Examples
/// ```
/// use raddle::sync::atomic::{AtomicBool, Ordering};
/// let flag = AtomicBool::new(false);
/// assert!(!flag.swap(true, Ordering::SeqCst));
/// assert!(flag.fetch_not(Ordering::SeqCst));
/// ```
pub struct AtomicBool(Arms<native::AtomicBool, loomed::AtomicBool>);

common!(AtomicBool, bool);

updates!(AtomicBool, bool,
    /// Logical "and"; returns the value before.
    fetch_and = FETCH_AND,
    /// Logical "nand"; returns the value before.
    fetch_nand = FETCH_NAND,
    /// Logical "or"; returns the value before.
    fetch_or = FETCH_OR,
    /// Logical "xor"; returns the value before.
    fetch_xor = FETCH_XOR,
);

impl AtomicBool {
    /// Logical "not"; returns the value before.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.fetch_xor(true, order)
    }
}

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> Self {
        Self::new(false)
    }
}

/// An atomic pointer with std's interface; see [`std::sync::atomic::AtomicPtr`].
///
/// Addresses differ between executions, so a model must not let what it does depend on them.
///
/// # Examples
/// ```
/// use raddle::sync::atomic::{AtomicPtr, Ordering};
/// let mut n = 7;
/// let pointer = AtomicPtr::new(&mut n);
/// assert!(!pointer.load(Ordering::SeqCst).is_null());
/// ```
pub struct AtomicPtr<T>(Arms<native::AtomicPtr<T>, loomed::AtomicPtr<T>>);

common!(AtomicPtr<T>, *mut T);

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}
