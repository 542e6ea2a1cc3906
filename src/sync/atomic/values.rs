//! Atomic integers and booleans.

use std::fmt;
use std::panic::{Location, RefUnwindSafe};
use std::sync::atomic as native;

use super::backends::{Atomic, CompareExchange, Native};
use super::commands::Table;
use super::macros::{common, update, updates};
use super::word::Word;
use super::{Ordering, of_load, of_store, of_update};
use crate::backend::loom_crate::sync::atomic as loomed;

macro_rules! integer {
    ($($name:ident, $value:ty;)*) => { $(
        #[doc = concat!("An atomic `", stringify!($value), "` with std's interface; see [`std::sync::atomic::",
            stringify!($name), "`].\n\n# Examples\n```\nuse raddle::sync::atomic::{", stringify!($name),
            ", Ordering};\nlet report = raddle::Checker::dfs().check(|| {\n    let n = ", stringify!($name),
            "::new(1);\n    assert_eq!(n.fetch_add(1, Ordering::SeqCst), 1);\n    ",
            "assert_eq!(n.into_inner(), 2);\n});\nreport.expect_verified();\n```")]
        pub struct $name(Atomic<native::$name>);

        common!($name, $value);

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(0)
            }
        }

        updates!($name, $value, "6",
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
pub struct AtomicBool(Atomic<native::AtomicBool>);

common!(AtomicBool, bool);

updates!(AtomicBool, bool, "true",
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
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::atomic::{AtomicBool, Ordering};
    /// let flag = AtomicBool::new(false);
    /// assert!(!flag.fetch_not(Ordering::SeqCst) && flag.into_inner());
    /// ```
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
