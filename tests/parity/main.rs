//! The facade's signatures are std's and `parking_lot`'s: the same source compiles against both, and
//! does the same.
//!
//! Each program below is compiled twice, with `std` (or the crate `parking_lot`) and with `raddle` in
//! its paths, so a signature that drifts does not compile. It names methods as functions of a
//! written type as well as calling them: a call alone would accept too much.
#![cfg(feature = "check")]
#![allow(clippy::unwrap_used, clippy::pedantic, clippy::disallowed_methods, unreachable_pub)] // It is a test.
// Types are written out, and methods called, as users write them.
#![allow(clippy::items_after_statements, clippy::into_iter_on_ref, clippy::type_complexity)]
#![allow(clippy::incompatible_msrv, deprecated)] // The facade has what the newest std has, and the oldest.

/// The same source over std and over the facade.
macro_rules! over_std_and_facade {
    ($($name:ident: $body:tt)*) => { $( mod $name {
        pub(super) mod of_std { over_std_and_facade!(@one std $body); }
        pub(super) mod of_facade { over_std_and_facade!(@one raddle $body); }
    } )* };
    (@one std { use $uses:tt; $($rest:tt)* }) => {
        #[allow(unused_imports)]
        use std::{self as krate};
        $($rest)*
    };
    (@one raddle { use $uses:tt; $($rest:tt)* }) => {
        #[allow(unused_imports)]
        use raddle::{self as krate};
        $($rest)*
    };
}

/// A program that runs over std runs over the facade, natively and in every execution of a model; and
/// under loom, if nothing in it waits for time or for a panic.
macro_rules! both {
    ($($name:ident),* $(; under loom: $($under_loom:ident),*)?) => {
        $(
            #[test]
            fn $name() {
                $name::of_std::run();
                $name::of_facade::run();
                Checker::exhaustive().check($name::of_facade::run).expect_verified();
                Checker::native(3).check($name::of_facade::run).expect_no_failure();
            }
        )*
        $(
            #[test]
            fn under_loom() {
                $( Checker::loom().check($under_loom::of_facade::run).expect_verified(); )*
            }
        )?
    };
}

mod atomics;
mod auto_traits;
mod channels;
mod locks;
mod parking_lot;
mod table;
mod threads;
