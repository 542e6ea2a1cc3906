//! What one execution is made of.
//!
//! [`session`] is the one door for visible operations; [`execution`] decides who goes on and
//! performs what was chosen; [`object`] and [`guarded`] are what the facade makes of it; [`host`] owns the
//! coroutines, and [`helpers`] run some while others unwind; [`history`] keeps happens-before for the exhaustive engine, [`orders`] for the race detector,
//! [`times`] for virtual time;
//! [`waits`] finds cycles of waiting, [`cycles`] those of executions without an end; [`log`] keeps what is
//! told to a reader, and [`witness`] what is told of an execution of loom's; [`loom_limits`] what loom leaves
//! out; [`sharing`] whether threads share anything that is seen; [`context`] says where a thread is; [`ids`]
//! gives names that equivalent executions share, [`naming`] those that a model gives, [`addresses`] those of
//! pointers; [`local_state`] tells a loop that counts from one that only waits; [`quiet`] keeps the models'
//! panics from being printed, and [`process_end`] what ends the process from passing for a success; [`fail`]
//! ends an execution with a failure that
//! a primitive declares.

pub(crate) mod addresses;
pub(crate) mod context;
pub(crate) mod cycles;
pub(crate) mod execution;
pub(crate) mod fail;
pub(crate) mod guarded;
pub(crate) mod helpers;
pub(crate) mod history;
pub(crate) mod host;
pub(crate) mod ids;
pub(crate) mod local_state;
pub(crate) mod log;
pub(crate) mod loom_limits;
pub(crate) mod naming;
pub(crate) mod object;
pub(crate) mod orders;
mod process_end;
pub(crate) mod quiet;
pub(crate) mod session;
pub(crate) mod sharing;
pub(crate) mod spinloop;
pub(crate) mod thread;
pub(crate) mod times;
pub(crate) mod waits;
pub(crate) mod witness;
