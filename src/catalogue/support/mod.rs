//! What several hazards of a chapter share, over the facade's primitives.

pub(super) mod monitor;
pub(super) mod pool;
pub(super) mod queue;
