//! The ground every function stands on: what a function is ([`function`]), what it is given ([`Deps`]), how requests come
//! in ([`Caller`], [`Command`], [`IfMatch`], [`Page`]) and answers go out ([`Answer`], [`Failure`]), how queues are worked
//! ([`job`]), and how all of it runs as a Lambda ([`lambda`]).

pub mod aws;
pub mod caller;
pub mod cdn;
pub mod chance;
pub mod client;
pub mod clock;
pub mod command;
pub mod config;
pub mod deps;
pub mod edge;
pub mod enrolment;
pub mod failure;
pub mod function;
pub mod gateway;
pub mod inquiry;
mod issue;
pub mod job;
pub mod kms;
pub mod lambda;
pub mod limit;
pub mod notice;
pub mod outside;
pub mod page;
pub mod passwords;
pub mod path;
pub mod problem;
pub mod public;
pub mod query;
pub mod queues;
pub mod reply;
pub mod shown;
pub mod signature;
pub mod telemetry;
mod tls;
pub mod token;
pub mod vault;
pub mod wallet;
pub mod web;

pub use self::{
    caller::{Caller, TenantOfHost},
    command::{Command, IfMatch, Instruction},
    deps::Deps,
    failure::Failure,
    function::{Access, Endpoint, Function, Scheduled, Trigger, Worker},
    inquiry::Inquiry,
    job::JobError,
    limit::Limit,
    notice::Notice,
    page::{Page, PageParams, Paged},
    path::{PathId, PathTenant},
    problem::{Problem, Problems},
    public::{FromDevice, PublicCommand, Renewal},
    queues::{Feed, Message, Queue},
    reply::{Answer, Reply},
    shown::ShownDeal,
    web::Way,
};
