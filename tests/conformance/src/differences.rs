//! Where a side is not like AWS, what AWS's documentation says, and why that does us no harm.
//!
//! The stand-ins that we wrote are not on the list: where they are not like AWS, they are mended. Beside the engine, which we did
//! not write, there is only MiniStack.

use crate::seen::{Seen, count, refused, texts, took};

/// An outcome that is known to be another one than AWS's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The row.
    pub row: &'static str,
    /// The side.
    pub side: &'static str,
    /// What it makes of the row.
    pub seen: Vec<Seen>,
    /// What AWS's documentation says, and where.
    pub documented: &'static str,
    /// Why it does us no harm.
    pub harmless: &'static str,
}

/// All of them.
pub fn all() -> Vec<Difference> {
    [of_the_engine(), of_queues(), of_the_bus(), of_mail(), of_master_keys()].into_iter().flatten().collect()
}

fn of_the_engine() -> Vec<Difference> {
    vec![Difference {
        row: "no key begins with nothing",
        side: "embedded",
        seen: vec![took()],
        documented: "Values of key attributes are not empty: \"Amazon DynamoDB now supports empty values for non-key String and \
            Binary attributes\", https://aws.amazon.com/about-aws/whats-new/2020/05/amazon-dynamodb-now-supports-empty-values-\
            for-non-key-string-and-binary-attributes-in-dynamodb-tables/. MiniStack refuses it, as DynamoDB does.",
        harmless: "Storage asks for a whole partition without a condition on the sort key, and the gate in front of every \
            function refuses an empty one.",
    }]
}

fn of_queues() -> Vec<Difference> {
    vec![
        ministack(
            "a delay is at most fifteen minutes",
            [took(), took()],
            "\"Valid values: 0 to 900\": SendMessageBatchRequestEntry, https://docs.aws.amazon.com/AWSSimpleQueueService/latest/\
                APIReference/API_SendMessageBatchRequestEntry.html",
            "The embedded stand-in refuses more, and all our tests run on it.",
        ),
        ministack(
            "a message's size counts its attributes: names, types and values",
            [took(), took()],
            "All parts of an attribute count, name, type and value: MessageAttributeValue, https://docs.aws.amazon.com/\
                AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html",
            "The embedded stand-in counts them. Only what is parked has attributes, of less than 600 bytes.",
        ),
        ministack(
            "dead letters are sent round again",
            [refused("ListMessageMoveTasks: InvalidAction: The action ListMessageMoveTasks is not valid for this endpoint.")],
            "There is such a task: StartMessageMoveTask and ListMessageMoveTasks, https://docs.aws.amazon.com/\
                AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html",
            "No function calls it. What operators run is tested against the embedded stand-in, which has tasks.",
        ),
    ]
}

fn of_the_bus() -> Vec<Difference> {
    vec![
        ministack(
            "an event's time is when it happened",
            [texts(["another time"])],
            "The time of the call stands only for one that is not given: PutEventsRequestEntry, https://docs.aws.amazon.com/\
                eventbridge/latest/APIReference/API_PutEventsRequestEntry.html",
            "No consumer reads the envelope's time: events tell by version which of them is later.",
        ),
        ministack(
            "a call has one to ten events",
            [took(), took(), refused("ValidationException")],
            "\"Minimum number of 1 item\": PutEvents, https://docs.aws.amazon.com/eventbridge/latest/APIReference/\
                API_PutEvents.html",
            "The relay makes no call for no events, and the embedded stand-in would refuse it.",
        ),
        ministack(
            "a call has at most 1 MB",
            [took(), count(1)],
            "The entries of a call have less than 1 MB together: PutEvents, https://docs.aws.amazon.com/eventbridge/latest/\
                APIReference/API_PutEvents.html",
            "Events carry keys, some hundred bytes each; the embedded stand-in refuses more.",
        ),
        ministack(
            "what is no event is refused, and holds up no other",
            [texts(["taken"; 5]), count(0), count(3)],
            "MalformedDetail and InvalidArgument are told of each entry: PutEventsResultEntry, https://docs.aws.amazon.com/\
                eventbridge/latest/APIReference/API_PutEventsResultEntry.html",
            "Which events the relay keeps when the bus refuses some is tested against the embedded stand-in.",
        ),
    ]
}

fn of_mail() -> Vec<Difference> {
    vec![ministack(
        "a mail carries the configuration set that its events go by, and tags that tell what it is",
        [took(), texts::<&str>([])],
        "A mail has both: SendEmail, https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html",
        "MiniStack takes them and does not show them; the embedded stand-in shows what was sent.",
    )]
}

fn of_master_keys() -> Vec<Difference> {
    let rows = [
        "a key that is wrapped anew by another master key is unwrapped to what it was",
        "a key is wrapped anew for its member alone",
    ];
    let differences = rows.map(|row| {
        ministack(
            row,
            [refused("Unavailable(\"InvalidAction\")")],
            "There is such a call: ReEncrypt, https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html",
            "No function makes it. What operators run is tested against the embedded stand-in.",
        )
    });
    let damaged = ministack(
        "what no master key has wrapped is not unwrapped",
        [took(), refused("Foreign")],
        "A ciphertext that was changed is refused with InvalidCiphertextException: Decrypt, https://docs.aws.amazon.com/kms/latest/\
            APIReference/API_Decrypt.html",
        "The embedded stand-in refuses it. With another key than it was sealed with, no value opens.",
    );
    differences.into_iter().chain([damaged]).collect()
}

fn ministack(row: &'static str, seen: impl Into<Vec<Seen>>, documented: &'static str, harmless: &'static str) -> Difference {
    Difference { row, side: "MiniStack", seen: seen.into(), documented, harmless }
}
