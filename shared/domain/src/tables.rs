//! The shipped tables (`data/`), held against those who read them. Readers leave out what they can't read; a function that goes
//! by a table checks it when it starts, and does not start if a row is left out.

use crate::{booking, cards, portals, programmes, rates, transfers, value};

/// A table that can't be gone by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table}: {why}")]
pub struct BadTable {
    /// Which.
    pub table: &'static str,
    /// Which row can't be right, and why, as far as its reader says.
    pub why: String,
}

/// Checks some of the tables.
pub type Check = fn() -> Result<(), BadTable>;

/// What points are worth: programmes, valuations, free nights and exchange rates. O(rows).
///
/// # Errors
/// The first row that can't be right.
pub fn values() -> Result<(), BadTable> {
    programmes::check()?;
    value::check()?;
    rates::check()
}

/// How points get anywhere: transfers, bonuses, portals, phone numbers and holds. O(rows).
///
/// # Errors
/// The first row that can't be right.
pub fn transfers() -> Result<(), BadTable> {
    programmes::check()?;
    transfers::check()?;
    portals::check()?;
    booking::check()
}

/// Cards, what they earn and pay back, and the rules of their issuers. O(rows).
///
/// # Errors
/// The first row that can't be right.
pub fn cards() -> Result<(), BadTable> {
    cards::check()
}

/// All of them.
pub const ALL: [Check; 3] = [values, transfers, cards];

/// Every row below the heading is read, and there is one.
pub(crate) fn every_row(table: &'static str, text: &str, is_read: impl Fn(&str) -> bool) -> Result<(), BadTable> {
    let mut rows = text.lines().skip(1).enumerate().peekable();
    if rows.peek().is_none() {
        return Err(BadTable { table, why: "it has no row".to_owned() });
    }
    match rows.find(|(_, row)| !is_read(row)) {
        Some((place, _)) => Err(BadTable { table, why: format!("row {} can't be read", place + 1) }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_table_is_good() {
        assert_eq!(ALL.map(|check| check()), [Ok(()), Ok(()), Ok(())]);
    }

    #[test]
    fn the_first_bad_row_is_named_and_a_table_without_rows_is_none() {
        let check = |text| every_row("t.csv", text, |row| row != "bad").map_err(|bad| bad.to_string());
        assert_eq!(check("heading\ngood\n"), Ok(()));
        assert_eq!(check("heading\ngood\nbad\nbad\n"), Err("t.csv: row 2 can't be read".to_owned()));
        assert_eq!(check("heading\n"), Err("t.csv: it has no row".to_owned()));
    }
}
