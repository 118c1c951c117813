//! local

pub mod clock;
pub mod recordings;
pub mod standins;
