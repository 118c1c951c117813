//! The whole system in one process on one machine: functions ([`machine`]) behind their gates ([`gate`]), an embedded
//! database ([`engine`]), stand-ins for queues, bus, mail and master keys ([`standins`]), recorded travel sources ([`recordings`]), and
//! all of it in memory for tests ([`test_app`]).

mod base64;
pub mod cli;
pub mod clock;
pub mod data;
pub mod demo;
pub mod engine;
pub mod gate;
pub mod in_process;
pub mod keys;
pub mod loopback;
pub mod machine;
pub mod pages;
pub mod played;
pub mod recordings;
pub mod schedule;
pub mod seed;
pub mod serve;
pub mod standins;
pub mod test_app;
pub mod tokens;
pub mod valued;

pub use self::{machine::System, test_app::TestApp};
