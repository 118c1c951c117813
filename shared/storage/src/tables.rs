//! The tables and their generic indexes.

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// All entities.
    Core,
    /// Members' keys, apart from what they seal: a destroyed key must not come back with a table that is restored.
    Keys,
    /// What expires soon: the sources' answers, shared across tenants, because they hold nobody's data; and counts of limits.
    Cache,
    /// Prices seen.
    Observations,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 4] = [Self::Core, Self::Keys, Self::Cache, Self::Observations];

    /// Those that hold entities; the others hold what can be asked for again, and what was seen.
    pub const OF_ENTITIES: [Self; 2] = [Self::Core, Self::Keys];

    /// Its name, after the deployment's prefix.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Keys => "keys",
            Self::Cache => "cache",
            Self::Observations => "observations",
        }
    }

    /// Its indexes. All project whole items.
    pub fn indexes(self) -> &'static [&'static str] {
        match self {
            Self::Core => &[GSI1, GSI2],
            Self::Keys => &[GSI1],
            Self::Cache | Self::Observations => &[],
        }
    }
}

/// Partition key attribute.
pub const PK: &str = "pk";
/// Sort key attribute.
pub const SK: &str = "sk";
/// The first generic index: what is due, and lists in an order of their own.
pub const GSI1: &str = "gsi1";
/// The second generic index: look-ups by another key.
pub const GSI2: &str = "gsi2";
/// When an item may be removed, in seconds since the epoch.
pub const TTL: &str = "ttl";
