//! What functions are refused: every call there is, made through the gate of every function, against what it declares.
//!
//! Calls are made from the lists of kinds, events, queues and sources, and by the unmodified SDKs: each once, and what it sends
//! goes through all gates. Behind them is nothing but a count. What a call takes is said here, apart from how the gate reads
//! requests.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests, and how much was tried")]

mod calls;
mod crowd;
mod iam;

use std::collections::{BTreeMap, BTreeSet};

use local::machine::functions;
use platform::{Function, Trigger};
use storage::{Grant, KINDS};

use self::{
    calls::{calls, sample},
    crowd::{Call, Crowd, Member, Outcome},
    iam::{Asked, Policy},
};

/// How many calls were let through, how many refused, and which did not go as what is granted would have it.
struct Tally {
    let_through: usize,
    refused: usize,
    /// Refused by the gate alone: IAM sees no sort keys, types, names of events, or partition keys of indexes.
    refused_here_alone: usize,
    faults: Vec<String>,
    policies: BTreeMap<&'static str, Policy>,
}

impl Tally {
    fn of(functions: &[&'static dyn Function]) -> Self {
        let policies = functions.iter().map(|function| (function.spec().name, Policy::of(*function))).collect();
        Self { let_through: 0, refused: 0, refused_here_alone: 0, faults: Vec::new(), policies }
    }

    /// Makes calls one after the other. A crowd of their own keeps the records short that are looked through.
    async fn make(&mut self, calls: &[Call], functions: &[&'static dyn Function]) {
        let crowd = Crowd::of(functions);
        for call in calls {
            let before: Vec<u64> = crowd.members.iter().map(|member| member.beyond.reached()).collect();
            crowd.answers.lock().unwrap().clear();
            let read = (call.make)(&crowd).await;
            let answers = std::mem::take(&mut *crowd.answers.lock().unwrap());
            let asked = crowd.asked.lock().unwrap().take();
            assert_eq!(answers.len(), crowd.members.len(), "{} was not sent: {read:?}", call.what);
            if answers.iter().any(Result::is_err) && read != Err(call.refusal.to_owned()) {
                self.faults.push(format!("{}: its caller reads {read:?}, not {}", call.what, call.refusal));
            }
            for ((member, answer), before) in crowd.members.iter().zip(&answers).zip(before) {
                self.hold(call, member, answer, member.beyond.reached() - before);
                asked.iter().for_each(|asked| self.hold_against_iam(call, member, answer, asked));
            }
        }
        for member in &crowd.members {
            self.hold_records(calls, member);
        }
    }

    fn hold(&mut self, call: &Call, member: &Member, answer: &Outcome, reached: u64) {
        let as_declared = match (call.allowed(&member.grants), answer) {
            (true, Ok(())) => reached == 1,
            (false, Err(code)) => reached == 0 && code.starts_with(call.refusal),
            (true, Err(_)) | (false, Ok(())) => false,
        };
        if !as_declared {
            self.faults.push(format!("{}: {} is answered {answer:?}, {reached} reached", member.name, call.what));
        }
    }

    /// The cloud lets through what the gate does, or a function would fail there that works here.
    fn hold_against_iam(&mut self, call: &Call, member: &Member, answer: &Outcome, asked: &[Asked]) {
        let policy = &self.policies[member.name];
        match (answer, policy.allows(asked)) {
            (Ok(()), true) => policy.use_for(asked),
            (Ok(()), false) => self.faults.push(format!("{}: IAM would refuse {}", member.name, call.what)),
            (Err(_), true) => self.refused_here_alone += 1,
            (Err(_), false) => {}
        }
    }

    /// What was refused is recorded, and only what was let through is counted.
    fn hold_records(&mut self, calls: &[Call], member: &Member) {
        let allowed = calls.iter().filter(|call| call.allowed(&member.grants)).count();
        let (refused, recorded, counted) = (calls.len() - allowed, member.house.refusals(), member.house.calls_of(member.name));
        if recorded.len() != refused || recorded.iter().any(|refusal| refusal.function != member.name) {
            self.faults.push(format!("{}: {refused} are to be refused, {} were recorded", member.name, recorded.len()));
        }
        if usize::try_from(counted) != Ok(allowed) {
            self.faults.push(format!("{}: {allowed} are to be let through, {counted} were counted", member.name));
        }
        self.let_through += allowed;
        self.refused += refused;
    }
}

#[tokio::test]
async fn every_function_is_refused_whatever_it_did_not_declare_here_and_in_the_cloud() {
    let (groups, functions) = (calls(), functions());
    let mut tally = Tally::of(&functions);
    for calls in &groups {
        tally.make(calls, &functions).await;
    }
    let Tally { let_through, refused, refused_here_alone, faults, policies } = tally;
    assert!(faults.is_empty(), "{} of them, such as {:#?}", faults.len(), &faults[..faults.len().min(20)]);
    let calls = groups.iter().map(Vec::len).sum::<usize>();
    assert_eq!(let_through + refused, functions.len() * calls);
    println!(
        "{} functions x {calls} calls: {let_through} let through, {refused} refused, {refused_here_alone} of them by the gate alone",
        functions.len()
    );
    // Nothing is in a policy that no call has use for, but Lambda.
    for function in functions {
        let unused = policies[function.spec().name].unused();
        let actions: BTreeSet<&str> = unused.iter().map(|(action, ..)| action.as_str()).collect();
        assert_eq!(actions, of_lambda(function), "{}: {unused:#?}", function.spec().name);
    }
}

/// What Lambda does in the name of a function: it reads its environment, writes its log, takes from its queue or reads the stream that wakes it.
fn of_lambda(function: &'static dyn Function) -> BTreeSet<&'static str> {
    let always = ["kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents"];
    let trigger: &[&str] = match function.trigger() {
        Trigger::Http(_) | Trigger::Schedule { woken_by_outbox: false, .. } => &[],
        Trigger::Queue { .. } => &["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        Trigger::Schedule { woken_by_outbox: true, .. } => &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "sqs:SendMessage",
        ],
    };
    always.into_iter().chain(trigger.iter().copied()).collect()
}

/// A grant of a new kind, or for something that is on none of the lists, would be tried by no call.
#[test]
fn every_function_is_tried_with_all_that_it_may_and_much_that_it_may_not() {
    let calls: Vec<Call> = calls().into_iter().flatten().collect();
    for function in functions() {
        let (name, grants) = (function.spec().name, function.grants());
        let (allowed, forbidden): (Vec<&Call>, Vec<&Call>) = calls.iter().partition(|call| call.allowed(&grants));
        assert!(forbidden.len() > allowed.len(), "{name} may do almost everything");
        // What a function is told shows in its environment, which the stacks' own tests hold against its grants.
        for grant in grants.iter().filter(|grant| !matches!(grant, Grant::Know(_))) {
            assert!(allowed.iter().any(|call| call.is_about(grant)), "{name} may {grant}, which no call here tries");
        }
    }
}

/// Otherwise a sample of one kind would be one of another, and what a call takes would not be what is said here.
#[test]
fn a_sample_is_of_one_kind() {
    for kind in KINDS {
        assert_eq!(kind.keys.iter().filter(|keys| keys.index.is_none()).count(), 1, "{}", kind.name);
        for keys in kind.keys {
            let (pk, sk) = sample(keys);
            let holders = KINDS.iter().filter(|other| other.holds(kind.table, keys.index, &pk, &sk)).map(|other| other.name);
            assert_eq!(holders.collect::<Vec<_>>(), [kind.name], "{pk} {sk}");
        }
    }
}
