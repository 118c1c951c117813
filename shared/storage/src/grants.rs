//! What a function may do.

use crate::entity::Kind;

/// One permission. Grants compile to the policy of a function's role in the cloud and to a check in front of its AWS
/// and outside calls locally: what is not declared is refused in both.
#[derive(Debug, Clone, Copy)]
pub enum Grant {
    /// Get and query an entity's items.
    Read(&'static Kind),
    /// Put, update and delete them.
    Write(&'static Kind),
    /// Store an event in the outbox.
    Emit(&'static str),
    /// Send to a queue, by its name.
    Send(&'static str),
    /// Put events on the bus. The relay's alone.
    Publish,
    /// Send mail.
    Mail,
    /// Call an outside source, by its id.
    Call(&'static str),
    /// Have KMS make members' keys.
    MakeKeys,
    /// Have KMS unwrap them.
    UseKeys,
    /// Be told a secret of the deployment, by its name.
    Know(&'static str),
}

impl Grant {
    /// Whether two grants allow the same.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Read(a), Self::Read(b)) | (Self::Write(a), Self::Write(b)) => a.name == b.name,
            (Self::Emit(a), Self::Emit(b))
            | (Self::Send(a), Self::Send(b))
            | (Self::Call(a), Self::Call(b))
            | (Self::Know(a), Self::Know(b)) => a == b,
            (Self::Publish, Self::Publish)
            | (Self::Mail, Self::Mail)
            | (Self::MakeKeys, Self::MakeKeys)
            | (Self::UseKeys, Self::UseKeys) => true,
            (
                Self::Read(_)
                | Self::Write(_)
                | Self::Emit(_)
                | Self::Send(_)
                | Self::Publish
                | Self::Mail
                | Self::Call(_)
                | Self::MakeKeys
                | Self::UseKeys
                | Self::Know(_),
                _,
            ) => false,
        }
    }
}

impl std::fmt::Display for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(kind) => write!(f, "read {}", kind.name),
            Self::Write(kind) => write!(f, "write {}", kind.name),
            Self::Emit(event) => write!(f, "emit {event}"),
            Self::Send(queue) => write!(f, "send to {queue}"),
            Self::Publish => f.write_str("publish events"),
            Self::Mail => f.write_str("send mail"),
            Self::Call(source) => write!(f, "call {source}"),
            Self::MakeKeys => f.write_str("make members' keys"),
            Self::UseKeys => f.write_str("use members' keys"),
            Self::Know(secret) => write!(f, "know {secret}"),
        }
    }
}
