//! One execution and its parts.
//!
//! [`session`] is the entry point for visible operations; [`execution`] chooses the next thread and performs
//! the chosen operation, with [`thread`] for the state of each thread and [`limits`] for its bounds;
//! [`object`] is the facade's handle of an object; [`coroutines`] run the threads, and [`helpers`] some of
//! them while others unwind; [`happens_before`] keeps that relation for the exhaustive engine,
//! [`race_detector`] for data races, both on [`vector_clock`], and [`times`] virtual time; [`wait_for_graph`]
//! finds wait-for cycles, [`lasso`] the cycles of executions without an end, and [`spinloop`] loops that
//! wait; [`log`] keeps the events for reports; [`sharing`] records whether threads share anything that is
//! observed; [`context`] stores which execution a thread is in; [`ids`] assigns names that equivalent
//! executions share, [`names`] those that a model gives, [`addresses`] those of pointers, [`cast`] those of
//! threads and objects in reports; [`local_state`] distinguishes a loop that counts from one that only waits;
//! [`panic_hook`] keeps the models' panics from being printed, and [`process_end`] makes a process that a
//! model ends fail.

pub(crate) mod addresses;
pub(crate) mod cast;
pub(crate) mod context;
pub(crate) mod coroutines;
pub(crate) mod execution;
pub(crate) mod happens_before;
pub(crate) mod helpers;
pub(crate) mod ids;
pub(crate) mod lasso;
pub(crate) mod limits;
pub(crate) mod local_state;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod object;
pub(crate) mod panic_hook;
pub(crate) mod process_end;
pub(crate) mod race_detector;
pub(crate) mod session;
pub(crate) mod sharing;
pub(crate) mod spinloop;
pub(crate) mod thread;
pub(crate) mod times;
pub(crate) mod vector_clock;
pub(crate) mod wait_for_graph;
