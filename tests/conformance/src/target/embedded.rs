//! The engine and the stand-ins of the local run, over their wire.

use std::sync::Arc;

use futures::future::{BoxFuture, ready};
use jiff::SignedDuration;
use local::{
    clock::MovableClock,
    engine::Engine,
    loopback::Loopback,
    standins::{Standins, wire},
};
use platform::aws::Service;

use super::{Delivered, Mail, Reached, World, topology};

struct Embedded {
    clock: Arc<MovableClock>,
    standins: Standins,
    _servers: (Engine, Loopback),
}

/// A world in memory.
pub(super) fn reached() -> Reached {
    let clock = Arc::new(MovableClock::at("2026-02-17T19:24:00Z".parse().unwrap()));
    let standins = Standins::open(None, clock.clone(), topology()).unwrap();
    let (engine, router) = (Engine::start(None).unwrap(), wire::router(standins.clone()));
    let server = Loopback::start("stand-ins", |listener| async move { axum::serve(listener, router).await.unwrap() }).unwrap();
    let endpoint = |service| (service, if service == Service::DynamoDb { engine.url() } else { server.url() });
    let endpoints = Service::ALL.map(endpoint).into();
    let world = Embedded { clock: clock.clone(), standins, _servers: (engine, server) };
    Reached { world: Box::new(world), endpoints, prefix: String::new(), clock }
}

impl World for Embedded {
    fn receive<'a>(&'a self, queue: &'a str, most: i32) -> BoxFuture<'a, Vec<Delivered>> {
        let received = self.standins.queues().receive(queue, most.try_into().unwrap()).unwrap();
        let delivered = received.into_iter().map(|message| Delivered {
            id: message.id.to_string(),
            body: message.body,
            receives: message.receives,
            attributes: message.attributes,
            receipt: message.receipt,
        });
        Box::pin(ready(delivered.collect()))
    }

    fn delete<'a>(&'a self, queue: &'a str, receipt: &'a str) -> BoxFuture<'a, ()> {
        self.standins.queues().delete(queue, receipt).unwrap();
        Box::pin(ready(()))
    }

    fn pass(&self, time: SignedDuration) -> BoxFuture<'_, ()> {
        self.clock.advance(time);
        Box::pin(ready(()))
    }

    fn mails(&self) -> BoxFuture<'_, Vec<Mail>> {
        let newest_first = self.standins.mailbox().list(100).unwrap();
        let mails = newest_first.into_iter().rev().map(|accepted| {
            let mail = accepted.mail;
            let tags = mail.tags.into_iter().map(|(name, value)| format!("{name}={value}"));
            Mail {
                from: mail.from,
                to: mail.to,
                subject: mail.subject,
                text: mail.text.unwrap_or_default(),
                html: mail.html.unwrap_or_default(),
                marks: mail.configuration_set.into_iter().chain(tags).collect(),
            }
        });
        Box::pin(ready(mails.collect()))
    }
}
