//! Passcodes: six digits that are mailed to an address, and show that whoever asked for them reads its mail.
//!
//! Asking makes a challenge, which is known to the one who asked by a secret of its own. The code is drawn by whoever mails it, and
//! is nowhere but in that mail. Whether there is anyone to mail it to makes no difference to a challenge.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    EmailHash,
    secrets::{Fingerprint, Secret},
};
use crate::{
    faults::Invalid,
    ids::{ChallengeId, MemberId, TenantId},
    time::later,
};

/// How many digits.
const DIGITS: usize = 6;
/// How long a code is good, from the moment it is mailed.
pub const VALID: SignedDuration = SignedDuration::from_mins(10);
/// How often it may be shown wrong. Then it is dead.
pub const ATTEMPTS: u8 = 5;
/// At least so long between two mails to one address.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// At most so many mails to one address in [`WINDOW`].
pub const MAILS: usize = 5;
/// So many of them because of one network: whoever asks from there leaves one to everyone else. A challenge is asked for as often.
pub const MAILS_OF_ONE_NETWORK: usize = 4;
/// In which mails are counted. A challenge can be answered for as long.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// So many wrong codes end answering for an address until [`WRONG_WINDOW`] is over, whichever challenges they answered: in a year of
/// guessing every day that is a chance of one in fifty.
pub const WRONG: u16 = 50;
/// So many of them end it for what was asked for from one network.
pub const WRONG_OF_ONE_NETWORK: u16 = 20;
/// In which wrong codes are counted, from the first of them on.
pub const WRONG_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// Six digits.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Passcode(SecretString);

impl Passcode {
    /// Made of random bits. (Some codes are more likely than others by one in 2⁴⁴.)
    pub fn drawn(random: u64) -> Self {
        Self(format!("{:0DIGITS$}", random % 10_u64.pow(6)).into())
    }

    /// The digits themselves.
    pub fn digits(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for Passcode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let sound = text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        if sound { Ok(Self(text.into())) } else { Err(Invalid { what: "a passcode", rule: "6 digits" }) }
    }
}

impl TryFrom<String> for Passcode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

crate::schema::written_as!(Passcode, "Passcode", String, pattern "^[0-9]{6}$", example "402917");

/// What a passcode is for. One that was mailed for one thing is good for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Purpose {
    /// To become this member.
    SignUp {
        /// Who is pending until then.
        pending: MemberId,
    },
    /// To choose another password, whoever has the address.
    Reset,
}

/// Shows that one is who asked for a passcode.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct ChallengeToken {
    /// For which.
    pub id: ChallengeId,
    secret: Secret,
}

impl ChallengeToken {
    /// Of a passcode that is asked for.
    pub fn new(id: ChallengeId, secret: Secret) -> Self {
        Self { id, secret }
    }

    /// The text that the one who asks is given. It is stored nowhere.
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.id, self.secret.reveal())
    }
}

impl FromStr for ChallengeToken {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let read = |(id, secret): (&str, &str)| Some(Self { id: id.parse().ok()?, secret: secret.parse().ok()? });
        text.split_once('.').and_then(read).ok_or(Invalid { what: "a challenge", rule: "as it was given" })
    }
}

impl TryFrom<String> for ChallengeToken {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

crate::schema::written_as!(ChallengeToken, "ChallengeToken", String, example "otp_01KHPNJ4R6Z9X0Q3T5V7W9Y1B3.…");

/// A passcode that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// Of whom.
    pub tenant: TenantId,
    /// Which.
    pub id: ChallengeId,
    /// What for.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// Where it is mailed to, if it is to be mailed.
    pub address: EmailHash,
    /// Of the secret that the one who asked was given. Nobody else can answer.
    pub asker: Fingerprint,
    /// From which network it was asked for, hashed under a key.
    pub network: Fingerprint,
    /// When it was first asked for.
    pub created_at: Timestamp,
    /// How often it was asked for.
    pub wanted: u32,
    /// When it was last asked for.
    pub wanted_at: Timestamp,
    /// The mail of that.
    pub mailed: Option<Mailed>,
    /// How often it was answered wrong since it was last asked for.
    pub attempts: u8,
    /// Optimistic lock.
    pub version: u64,
}

/// A mail that was sent, or is about to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mailed {
    /// Of the code in it, hashed under a key. None if it has none.
    pub code: Option<Fingerprint>,
    /// When.
    pub at: Timestamp,
}

impl Mailed {
    fn has(&self, code: &Fingerprint) -> bool {
        self.code.as_ref().is_some_and(|mailed| mailed.is(code))
    }
}

/// Why it can't be asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAgain {
    /// Not yet: when it can.
    TooSoon(Timestamp),
    /// A code would not be good for long enough any more.
    Ended,
}

/// What an answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It is the code: it can't be used again once that is stored.
    Right,
    /// It is not, and that counts. It has yet to be stored.
    Wrong,
    /// There is nothing to be answered any more.
    Dead,
}

impl Challenge {
    /// Asked for the first time, for an address, from a network.
    pub fn new(
        tenant: TenantId,
        token: &ChallengeToken,
        purpose: Purpose,
        (address, network): (EmailHash, Fingerprint),
        now: Timestamp,
    ) -> Self {
        Self {
            tenant,
            id: token.id,
            purpose,
            address,
            asker: token.secret.fingerprint(),
            network,
            created_at: now,
            wanted: 1,
            wanted_at: now,
            mailed: None,
            attempts: 0,
            version: 0,
        }
    }

    /// Until when it can be answered.
    pub fn ends(&self) -> Timestamp {
        later(self.created_at, WINDOW)
    }

    /// Whether a code that is mailed now can be answered for as long as it is good.
    fn has_time_for_a_code(&self, now: Timestamp) -> bool {
        later(now, VALID) <= self.ends()
    }

    /// Whether this shows that one is who asked for it.
    pub fn is_of(&self, token: &ChallengeToken) -> bool {
        self.id == token.id && self.asker.is(&token.secret.fingerprint())
    }

    /// When it can be asked for again; or when it ends, if it can't.
    pub fn next(&self) -> Timestamp {
        let next = later(self.wanted_at, PAUSE);
        let last = self.wanted as usize >= MAILS_OF_ONE_NETWORK || !self.has_time_for_a_code(next);
        if last { self.ends() } else { next }
    }

    /// Asked for again. What was mailed before is no longer good, and nothing is held against it.
    ///
    /// # Errors
    /// If that is too soon, or too late.
    pub fn ask_again(&mut self, now: Timestamp) -> Result<(), NotAgain> {
        if !self.has_time_for_a_code(now) {
            return Err(NotAgain::Ended);
        }
        let next = self.next();
        if now < next {
            return Err(NotAgain::TooSoon(next));
        }
        self.wanted += 1;
        self.wanted_at = now;
        self.mailed = None;
        self.attempts = 0;
        Ok(())
    }

    /// Takes on mailing it, with the code that was drawn for it, if the mail has one. Answers whether it is to be mailed: once for
    /// each time that it was asked for, only for the last, and only while a code would be good for as long as it says. It has yet to be
    /// stored. Nothing else of it changes: it would show that there is someone to be mailed.
    pub fn claim(&mut self, wanted: u32, code: Option<Fingerprint>, now: Timestamp) -> bool {
        let ours = wanted == self.wanted && self.mailed.is_none() && self.has_time_for_a_code(now);
        if ours {
            self.mailed = Some(Mailed { code, at: now });
        }
        ours
    }

    /// The mail that was claimed at an instant, for one time of asking, was surely not sent: its code is good for nothing, and another
    /// may be mailed in its place. Answers whether that is still of interest.
    pub fn unsent(&mut self, wanted: u32, claimed: Timestamp) -> bool {
        let ours = wanted == self.wanted && self.mailed.as_ref().is_some_and(|mailed| mailed.at == claimed);
        if ours {
            self.mailed = None;
        }
        ours
    }

    /// Answers it. Whether anything was mailed makes no difference to how a wrong answer is taken.
    pub fn answer(&mut self, code: &Fingerprint, wrong: &mut WrongPasscodes, now: Timestamp) -> Answered {
        if now >= self.ends() || self.attempts >= ATTEMPTS || !wrong.leave_room(&self.network, now) {
            return Answered::Dead;
        }
        let good = |mailed: &Mailed| now <= later(mailed.at, VALID);
        if self.mailed.as_ref().is_some_and(|mailed| mailed.has(code) && good(mailed)) {
            return Answered::Right;
        }
        self.attempts += 1;
        wrong.add(&self.network, now);
        Answered::Wrong
    }
}

/// Wrong codes that were shown for an address within a day, in whatever challenges; the same whether anyone has it or not.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WrongPasscodes {
    /// Of whom.
    pub tenant: TenantId,
    /// The address.
    pub address: EmailHash,
    /// When the first was.
    pub since: Timestamp,
    /// How many, by the network that their challenges were asked for from.
    pub by_network: Vec<WrongOfNetwork>,
    /// Optimistic lock.
    pub version: u64,
}

/// Wrong codes for an address in challenges that were asked for from one network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WrongOfNetwork {
    /// Which, hashed under a key.
    pub network: Fingerprint,
    /// How many.
    pub wrong: u16,
}

impl WrongPasscodes {
    /// None yet.
    pub fn none(tenant: TenantId, address: EmailHash) -> Self {
        Self { tenant, address, since: Timestamp::UNIX_EPOCH, by_network: Vec::new(), version: 0 }
    }

    /// When none of them counts any more.
    pub fn ends(&self) -> Timestamp {
        later(self.since, WRONG_WINDOW)
    }

    fn leave_room(&self, network: &Fingerprint, now: Timestamp) -> bool {
        let all: u16 = self.by_network.iter().map(|of| of.wrong).sum();
        let ours = self.by_network.iter().find(|of| of.network.is(network)).map_or(0, |of| of.wrong);
        now >= self.ends() || (all < WRONG && ours < WRONG_OF_ONE_NETWORK)
    }

    fn add(&mut self, network: &Fingerprint, now: Timestamp) {
        if now >= self.ends() {
            self.by_network.clear();
            self.since = now;
        }
        match self.by_network.iter_mut().find(|of| of.network.is(network)) {
            Some(ours) => ours.wrong += 1,
            None => self.by_network.push(WrongOfNetwork { network: network.clone(), wrong: 1 }),
        }
    }
}

/// Mails that an address got because of passcodes that were asked for, whoever asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailsToAddress {
    /// Of whom.
    pub tenant: TenantId,
    /// The address.
    pub address: EmailHash,
    /// Those that count.
    pub sent: Vec<Asked>,
    /// Optimistic lock.
    pub version: u64,
}

/// A mail, by what was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// From which network, hashed under a key.
    pub network: Fingerprint,
}

impl MailsToAddress {
    /// None yet.
    pub fn none(tenant: TenantId, address: EmailHash) -> Self {
        Self { tenant, address, sent: Vec::new(), version: 0 }
    }

    /// One more, unless there were too many. Answers whether it may go out. It has yet to be stored.
    ///
    /// Mails are counted by when they were asked for: a mail that took longer than the next one would take that one's place.
    pub fn take(&mut self, challenge: &Challenge) -> bool {
        let (at, network) = (challenge.wanted_at, &challenge.network);
        let apart = |sent: &Asked| sent.at.duration_since(at).abs();
        // What is late by less than a challenge lives is still held against all that it may meet.
        self.sent.retain(|sent| at < later(later(sent.at, WINDOW), WINDOW));
        let near = self.sent.iter().filter(|sent| apart(sent) < WINDOW);
        let ours = near.clone().filter(|sent| sent.network.is(network)).count();
        let room = near.count() < MAILS && ours < MAILS_OF_ONE_NETWORK && self.sent.iter().all(|sent| apart(sent) >= PAUSE);
        if room {
            self.sent.push(Asked { at, network: network.clone() });
        }
        room
    }

    /// The mail for what was asked for then was surely not sent.
    pub fn give_back(&mut self, asked: Timestamp) {
        self.sent.retain(|sent| sent.at != asked);
    }

    /// When none of them counts any more.
    pub fn ends(&self) -> Option<Timestamp> {
        self.sent.iter().map(|sent| later(later(sent.at, WINDOW), WINDOW)).max()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    fn code(digits: &str) -> Fingerprint {
        Fingerprint::of(digits.as_bytes())
    }

    fn address() -> EmailHash {
        EmailHash::from([7; 32])
    }

    fn asked_from(network: &str) -> Challenge {
        let token = ChallengeToken::new(ulid::Ulid::nil().into(), [1; 32].into());
        Challenge::new("demo".parse().unwrap(), &token, Purpose::Reset, (address(), code(network)), second(0))
    }

    fn asked() -> Challenge {
        asked_from("home")
    }

    fn none_wrong() -> WrongPasscodes {
        WrongPasscodes::none("demo".parse().unwrap(), address())
    }

    fn answer(challenge: &mut Challenge, digits: &str, at: i64) -> Answered {
        challenge.answer(&code(digits), &mut none_wrong(), second(at))
    }

    #[test]
    fn a_challenge_is_known_by_the_secret_that_came_with_it() {
        let token = ChallengeToken::new(ulid::Ulid::nil().into(), [1; 32].into());
        let read: ChallengeToken = token.reveal().parse().unwrap();
        assert!(asked().is_of(&read));
        assert!(!asked().is_of(&ChallengeToken::new(token.id, [2; 32].into())));
        assert!(!format!("{token:?}").contains(&token.reveal()[30..]));
    }

    #[test]
    fn a_code_has_six_digits_whatever_is_drawn() {
        assert_eq!(Passcode::drawn(0).digits(), "000000");
        assert_eq!(Passcode::drawn(u64::MAX).digits().len(), 6);
        for bad in ["", "12345", "1234567", "12 456", "１２３４５６"] {
            assert!(bad.parse::<Passcode>().is_err(), "{bad}");
        }
        assert!(!format!("{:?}", Passcode::drawn(402_917)).contains("402917"));
    }

    #[test]
    fn a_code_is_good_for_ten_minutes() {
        let mut challenge = asked();
        assert!(challenge.claim(1, Some(code("1")), second(5)));
        assert_eq!(answer(&mut challenge.clone(), "1", 605), Answered::Right);
        assert_eq!(answer(&mut challenge, "1", 606), Answered::Wrong);
    }

    #[test]
    fn after_five_wrong_answers_the_right_one_is_too_late_until_another_code_is_asked_for() {
        let mut challenge = asked();
        assert!(challenge.claim(1, Some(code("1")), second(0)));
        for _ in 0..ATTEMPTS {
            assert_eq!(answer(&mut challenge, "2", 1), Answered::Wrong);
        }
        assert_eq!(answer(&mut challenge, "1", 1), Answered::Dead);
        challenge.ask_again(second(60)).unwrap();
        assert_eq!(answer(&mut challenge.clone(), "1", 60), Answered::Wrong, "the code before");
        assert!(challenge.claim(2, Some(code("3")), second(61)));
        assert_eq!(answer(&mut challenge, "3", 62), Answered::Right);
    }

    #[test]
    fn it_is_mailed_once_for_each_time_of_asking() {
        let mut challenge = asked();
        assert!(challenge.claim(1, Some(code("1")), second(0)));
        assert!(!challenge.claim(1, Some(code("2")), second(1)), "delivered twice");
        assert!(!challenge.clone().unsent(1, second(1)), "another mail");
        challenge.ask_again(second(60)).unwrap();
        assert!(!challenge.claim(1, Some(code("2")), second(61)), "asked for again meanwhile");
        assert!(challenge.claim(2, Some(code("2")), second(61)));
        assert!(!challenge.unsent(1, second(0)) && challenge.unsent(2, second(61)));
        assert!(challenge.claim(2, Some(code("3")), second(62)));
    }

    #[test]
    fn a_mail_without_a_code_is_answered_by_none() {
        let mut challenge = asked();
        assert!(challenge.claim(1, None, second(0)));
        assert!(!challenge.claim(1, Some(code("1")), second(1)), "delivered twice");
        assert_eq!(answer(&mut challenge, "1", 2), Answered::Wrong);
    }

    proptest! {
        /// Mailing shows in no answer but the right one: what someone is mailed and what nobody is take the same path, however often
        /// it is asked for again and answered in between.
        #[test]
        fn what_nobody_was_mailed_is_answered_wrong_as_often(steps in prop::collection::vec((0_u8..8, 0_i64..400), 1..60)) {
            let (mut known, mut unknown) = (asked(), asked());
            let (mut known_wrong, mut unknown_wrong) = (none_wrong(), none_wrong());
            let mut now = 0;
            for (step, passed) in steps {
                now += passed;
                match step {
                    0 => prop_assert_eq!(known.ask_again(second(now)), unknown.ask_again(second(now))),
                    1 | 2 => { known.claim(known.wanted, Some(code("1")), second(now)); }
                    3 => { known.unsent(known.wanted, second(now)); }
                    _ => prop_assert_eq!(
                        known.answer(&code("2"), &mut known_wrong, second(now)),
                        unknown.answer(&code("2"), &mut unknown_wrong, second(now))
                    ),
                }
            }
        }
    }

    #[test]
    fn it_is_asked_for_once_a_minute_and_four_times() {
        let mut challenge = asked();
        assert_eq!(challenge.ask_again(second(59)), Err(NotAgain::TooSoon(second(60))));
        for n in 1..4 {
            challenge.ask_again(second(60 * n)).unwrap();
        }
        assert_eq!(challenge.ask_again(second(300)), Err(NotAgain::TooSoon(second(3600))));
    }

    /// What is mailed is good for ten minutes, or it is not mailed.
    #[test]
    fn none_is_mailed_that_would_not_be_good_for_its_ten_minutes() {
        let mut challenge = asked();
        assert_eq!(challenge.clone().ask_again(second(3001)), Err(NotAgain::Ended));
        assert!(!challenge.clone().claim(1, Some(code("1")), second(3001)));
        challenge.ask_again(second(3000)).unwrap();
        assert_eq!(challenge.next(), challenge.ends());
        assert!(challenge.claim(2, Some(code("1")), second(3000)));
        assert_eq!(answer(&mut challenge.clone(), "1", 3599), Answered::Right);
        assert_eq!(challenge.ask_again(second(3600)), Err(NotAgain::Ended));
        assert_eq!(answer(&mut challenge, "1", 3600), Answered::Dead);
    }

    /// However many challenges they are in; and what one network is refused, another is not.
    #[test]
    fn wrong_codes_for_an_address_end_answering_for_a_day() {
        let mut wrong = none_wrong();
        let mut guess = |network: &str, digits: &str, at: i64| {
            let mut challenge = asked_from(network);
            challenge.created_at = second(at);
            assert!(challenge.claim(1, Some(code("1")), second(at)));
            challenge.answer(&code(digits), &mut wrong, second(at))
        };
        for n in 0..20 {
            assert_eq!(guess("thief", "2", n), Answered::Wrong);
        }
        assert_eq!((guess("thief", "1", 20), guess("home", "1", 20)), (Answered::Dead, Answered::Right));
        for n in 20..50 {
            assert_eq!(guess(if n < 40 { "thieves" } else { "more" }, "2", n), Answered::Wrong);
        }
        assert_eq!(guess("home", "1", 50), Answered::Dead);
        let day = 24 * 3600;
        assert_eq!((guess("home", "1", day - 1), guess("thief", "1", day)), (Answered::Dead, Answered::Right));
        assert_eq!(guess("thief", "2", day), Answered::Wrong);
        assert_eq!(wrong.ends(), second(2 * day));
    }

    fn asked_at(at: i64, network: &str) -> Challenge {
        Challenge { wanted_at: second(at), ..asked_from(network) }
    }

    fn no_mails() -> MailsToAddress {
        MailsToAddress::none("demo".parse().unwrap(), address())
    }

    /// The second of two that were asked for a minute apart is not lost because the first was slow.
    #[test]
    fn a_mail_counts_from_when_it_was_asked_for() {
        let mut mails = no_mails();
        assert!(mails.take(&asked_at(60, "home")) && mails.take(&asked_at(0, "home")), "out of order");
        assert!(!mails.take(&asked_at(119, "home")) && mails.take(&asked_at(120, "home")));
        mails.give_back(second(60));
        assert!(mails.take(&asked_at(60, "home")));
    }

    #[test]
    fn one_network_leaves_a_mail_to_everyone_else() {
        let mut mails = no_mails();
        for n in 0..10 {
            assert_eq!(mails.take(&asked_at(60 * n, "thief")), n < 4);
        }
        assert!(mails.take(&asked_at(600, "home")) && !mails.take(&asked_at(700, "elsewhere")));
    }

    proptest! {
        /// In whatever order they come, as long as each comes within an hour.
        #[test]
        fn an_address_is_mailed_for_what_was_asked_once_a_minute_and_five_times_an_hour(
            mut asked in prop::collection::vec((0_i64..20_000, 0_i64..3_600, 0_u8..4), 1..200)
        ) {
            asked.sort_unstable_by_key(|(at, delay, _)| at + delay);
            let mut mails = no_mails();
            let taken = asked.into_iter().filter(|(at, _, network)| mails.take(&asked_at(*at, &network.to_string())));
            let mut sent: Vec<i64> = taken.map(|(at, ..)| at).collect();
            sent.sort_unstable();
            prop_assert!(!sent.is_empty());
            prop_assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= 60));
            prop_assert!(sent.windows(6).all(|six| six[5] - six[0] >= 3600));
        }
    }
}
