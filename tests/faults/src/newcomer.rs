//! How someone becomes a member, signs in and out, forgets their password and is locked out, so that every function of identity
//! has work. Whatever goes wrong they try again, as people do: what must be so is that they get there, and no mail twice.

use http::Method;
use jiff::SignedDuration;
use local::test_app::Reply;
use serde_json::{Value, json};

use crate::{Violation, ensure, world::World};

const FIRST: &str = "a bicycle with a lantern";
const SECOND: &str = "two bicycles, no lantern";
const EMAIL: &str = "gwen@example.net";

/// How often anything is tried.
const MOST_TRIES: usize = 300;
/// How often someone begins again from the beginning.
const MOST_BEGINNINGS: usize = 12;
/// Another passcode can be asked for by then, by a clock that is off either.
const PAUSE: SignedDuration = SignedDuration::from_mins(12);
/// A lock is over by then.
const LOCKED: SignedDuration = SignedDuration::from_mins(30);

/// Tells of a newcomer.
///
/// # Errors
/// If they don't get where they want to be.
pub async fn tell(world: &World) -> Result<(), Violation> {
    let gwen = Newcomer { world };
    gwen.ask(Method::POST, "auth/check-handle", None, Some(json!({"handle": "gwen"}))).await?;
    gwen.join().await?;
    gwen.look_around().await?;
    gwen.lock_out().await?;
    gwen.forget_password().await
}

/// Another one agrees to the terms that their brand has by then, and is about to join: what is otherwise used up is left behind.
///
/// # Errors
/// If they are not answered.
pub async fn agrees(world: &World) -> Result<(), Violation> {
    let another = Newcomer { world };
    let mut hugo = applicant("hugo", "hugo@example.net");
    hugo["acceptedTerms"] = 1.into();
    another.ask(Method::POST, "auth/signup", None, Some(hugo)).await?;
    world.settle().await?;
    world.heal().await
}

fn applicant(handle: &str, email: &str) -> Value {
    json!({"handle": handle, "email": email, "password": FIRST, "name": "Gwen Guest", "timeZone": "Europe/Berlin"})
}

struct Newcomer<'a> {
    world: &'a World,
}

impl Newcomer<'_> {
    /// Sends a request until it is answered, one way or the other.
    async fn ask(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Result<Reply, Violation> {
        let user = token.map_or_else(|| self.world.app.anonymous(), |token| self.world.app.bearer(token));
        let key = self.world.new_key();
        let mut last = None;
        for _ in 0..MOST_TRIES {
            let mut request = user.request(method.clone(), &format!("/v1/{path}"));
            if method != Method::GET && token.is_some() {
                request = request.header("idempotency-key", &key);
            }
            let reply = match &body {
                Some(body) => request.body(body).send().await,
                None => request.send().await,
            };
            match reply.status.as_u16() {
                200..=299 | 401 | 404 => return Ok(reply),
                409 | 429 | 500..=599 => last = Some(reply),
                status => return Err(Violation(format!("{path} answered {status}: {}", reply.body))),
            }
            self.world.app.clock.advance(SignedDuration::from_secs(3));
        }
        Err(Violation(format!("{path} never answered: {:?}", last.map(|reply| (reply.status, reply.body)))))
    }

    async fn post(&self, path: &str, body: Value) -> Result<Reply, Violation> {
        self.ask(Method::POST, &format!("auth/{path}"), None, Some(body)).await
    }

    async fn sign_in(&self, password: &str) -> Result<Option<Value>, Violation> {
        let reply = self.post("login", json!({"login": "gwen", "password": password})).await?;
        Ok(reply.status.is_success().then_some(reply.body))
    }

    /// The passcode in the last mail, once there is a mail that was not there before.
    async fn passcode(&self, mails_before: usize) -> Result<Option<String>, Violation> {
        self.world.settle().await?;
        if self.mails().len() == mails_before {
            self.world.heal().await?;
        }
        let mails = self.mails();
        let code = |text: &String| text.lines().find_map(|line| line.strip_prefix("    ")).map(str::to_owned);
        Ok(mails.last().filter(|_| mails.len() > mails_before).and_then(code))
    }

    fn mails(&self) -> Vec<String> {
        let mails = self.world.app.mails().into_iter().filter(|mail| mail.mail.to == [EMAIL]);
        mails.filter_map(|mail| mail.mail.text).collect()
    }

    /// Asks for a passcode, then for another, and answers with that, until it does what it is for.
    async fn prove(&self, path: &str, asked: &Value, answer: (&str, Value), done: &str) -> Result<(), Violation> {
        for _ in 0..MOST_BEGINNINGS {
            let challenge = self.post(path, asked.clone()).await?.body["challenge"].clone();
            self.world.settle().await?;
            self.world.heal().await?;
            self.world.app.clock.advance(PAUSE);
            let before = self.mails().len();
            self.post("resend-otp", json!({"challenge": challenge})).await?;
            if let Some(passcode) = self.passcode(before).await? {
                let mut body = answer.1.clone();
                body["challenge"] = challenge;
                body["passcode"] = passcode.into();
                self.post(answer.0, body).await?;
            }
            // The answer may have been lost: whether it worked is shown by what they can do now.
            if self.sign_in(done).await?.is_some() {
                return Ok(());
            }
            self.world.app.clock.advance(PAUSE);
        }
        Err(Violation(format!("{path} never comes to anything")))
    }

    async fn join(&self) -> Result<(), Violation> {
        self.prove("signup", &applicant("gwen", EMAIL), ("verify-otp", json!({})), FIRST).await
    }

    async fn forget_password(&self) -> Result<(), Violation> {
        let asked = self.post("forgot-password", json!({"email": EMAIL})).await?.body["challenge"].clone();
        self.post("reset-password", json!({"challenge": asked, "passcode": "000000", "password": SECOND})).await?;
        self.world.settle().await?;
        self.world.app.clock.advance(PAUSE);
        let answer = ("reset-password", json!({"password": SECOND}));
        self.prove("forgot-password", &json!({"email": EMAIL}), answer, SECOND).await?;
        ensure(self.sign_in(FIRST).await?.is_none(), || "the password before is still good".to_owned())
    }

    /// Renews their tokens, looks at their sessions, ends one, and signs out.
    async fn look_around(&self) -> Result<(), Violation> {
        let first = self.sign_in(FIRST).await?.ok_or_else(|| Violation("could not sign in".to_owned()))?;
        self.post("refresh", json!({"refreshToken": first["refreshToken"]})).await?;
        let token = first["accessToken"].as_str().unwrap_or_default();
        let listed = self.ask(Method::GET, "me/sessions", Some(token), None).await?;
        ensure(listed.status == 200, || format!("sessions are not listed: {}", listed.body))?;
        let session = first["session"].as_str().unwrap_or_default();
        self.ask(Method::DELETE, &format!("me/sessions/{session}"), Some(token), None).await?;
        let gone = self.post("refresh", json!({"refreshToken": first["refreshToken"]})).await?;
        ensure(gone.status == 401, || "a session that was ended goes on".to_owned())?;
        let second = self.sign_in(FIRST).await?.ok_or_else(|| Violation("could not sign in again".to_owned()))?;
        self.post("logout", json!({"refreshToken": second["refreshToken"], "everywhere": true})).await?;
        let gone = self.post("refresh", json!({"refreshToken": second["refreshToken"]})).await?;
        ensure(gone.status == 401, || "a session that was signed out of goes on".to_owned())
    }

    /// Someone tries ten passwords.
    async fn lock_out(&self) -> Result<(), Violation> {
        let thief = self.world.app.anonymous();
        for _ in 0..MOST_TRIES {
            let wrong = json!({"login": "gwen", "password": "not the password"});
            let reply = thief.post("/v1/auth/login").body(wrong).send().await;
            ensure(!reply.status.is_success(), || "a wrong password signs in".to_owned())?;
            if reply.code() == "account-locked" {
                break;
            }
            self.world.app.clock.advance(SignedDuration::from_secs(12));
        }
        self.world.settle().await?;
        self.world.heal().await?;
        self.world.app.clock.advance(LOCKED);
        self.world.heal().await
    }
}
