//! Reads the tables of transfers, and refuses what can't be right, by row and reason.

use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Extra, Ratio, TransferBonus, TransferFee, TransferPartner, TransferTime};
use crate::{
    money::{Currency, Money, ProgrammeId},
    programmes::name_of,
};

/// A row that can't be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {fault}")]
pub struct TableError {
    /// Which one, counted from 1; the heading is not counted.
    pub row: usize,
    /// Why.
    pub fault: TableFault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    /// Another number of fields than the heading.
    #[error("it does not have {0} fields")]
    Fields(usize),
    /// A programme that `programmes.csv` does not know.
    #[error("the programme is not known")]
    UnknownProgramme,
    /// Both sides are the same.
    #[error("it leads to where it comes from")]
    SameProgramme,
    /// The same two programmes as another row.
    #[error("the pair is there before")]
    Repeated,
    /// Something for nothing, or nothing for something.
    #[error("a side of the ratio is zero")]
    ZeroRatio,
    /// No step at all.
    #[error("the increment is zero")]
    ZeroIncrement,
    /// An increment that gives broken points.
    #[error("the increment is no multiple of what the ratio gives")]
    BrokenIncrement,
    /// The most is less than the least.
    #[error("the cap is below the minimum")]
    CapBelowMinimum,
    /// A worst time that is better than the typical one.
    #[error("the worst time is shorter than the typical one")]
    Times,
    /// Part of what only makes sense together.
    #[error("fields that belong together are given in part")]
    InPart,
    /// A bonus that adds nothing.
    #[error("the bonus is zero")]
    ZeroBonus,
    /// A bonus without a day.
    #[error("it ends before it starts")]
    EndsBeforeItStarts,
    /// Neither yes nor no.
    #[error("a field is neither yes nor no")]
    NoChoice,
    /// What should be a number is none, or out of range.
    #[error("a field is no number of its kind")]
    NoNumber,
    /// What should be a date is none.
    #[error("a field is no date")]
    NoDate,
}

/// Every row of the table of partners.
pub(super) fn partners(table: &str) -> Result<Vec<TransferPartner>, TableError> {
    rows(table, partner, |row| (&row.from, &row.to, None))
}

/// Every row of the table of bonuses.
pub(super) fn bonuses(table: &str) -> Result<Vec<TransferBonus>, TableError> {
    rows(table, bonus, |row| (&row.from, &row.to, Some(row.starts)))
}

/// What no two rows have in common.
type RowKey<'a> = (&'a ProgrammeId, &'a ProgrammeId, Option<Date>);

fn rows<const N: usize, T>(
    table: &str,
    read: fn(&[&str; N]) -> Result<T, TableFault>,
    key: for<'a> fn(&'a T) -> RowKey<'a>,
) -> Result<Vec<T>, TableError> {
    let mut rows: Vec<T> = Vec::new();
    for (i, line) in table.lines().skip(1).enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let row = <&[&str; N]>::try_from(fields.as_slice()).map_err(|_| TableFault::Fields(N)).and_then(read);
        let row = row.map_err(|fault| TableError { row: i + 1, fault })?;
        if rows.iter().any(|known| key(known) == key(&row)) {
            return Err(TableError { row: i + 1, fault: TableFault::Repeated });
        }
        rows.push(row);
    }
    Ok(rows)
}

fn partner(fields: &[&str; 19]) -> Result<TransferPartner, TableFault> {
    let [
        from,
        to,
        give,
        get,
        minimum,
        increment,
        most,
        every,
        extra,
        typical,
        worst,
        timed,
        fee,
        fee_cap,
        back,
        sure,
        source,
        as_of,
        note,
    ] = *fields;
    let (from, to) = pair(from, to)?;
    let ratio = Ratio { give: number(give)?, get: number(get)? };
    let points = |field: &str| -> Result<_, TableFault> {
        given(field, number::<u64>)?.map(|points| points.try_into().map_err(|_| TableFault::NoNumber)).transpose()
    };
    let (minimum, increment, most) = (points(minimum)?, points(increment)?, points(most)?);
    let extra = together(given(every, number)?, given(extra, number)?)?.map(|(every, points)| Extra { every, points });
    let time = together(together(given(typical, number)?, given(worst, number)?)?, given(timed, date)?)?;
    let time = time.map(|((typical_minutes, worst_minutes), as_of)| TransferTime { typical_minutes, worst_minutes, as_of });
    let fee = together(given(fee, number::<Decimal>)?, given(fee_cap, number::<Decimal>)?)?;
    let fee = fee.map(|(per_point, most)| {
        let at_most = Money::new(most, Currency::USD).map_err(|_| TableFault::NoNumber)?;
        let good = per_point.is_sign_positive() && !at_most.is_negative();
        if good { Ok(TransferFee { per_point, at_most }) } else { Err(TableFault::NoNumber) }
    });
    let row = TransferPartner {
        from,
        to,
        ratio,
        minimum,
        increment,
        most,
        extra,
        time,
        fee: fee.transpose()?,
        reversible: choice(back)?,
        confirmed: choice(sure)?,
        source: source.to_owned(),
        as_of: date(as_of)?,
        note: Some(note).filter(|note| !note.is_empty()).map(str::to_owned),
    };
    sound(&row).map(|()| row)
}

/// What no field shows alone.
fn sound(row: &TransferPartner) -> Result<(), TableFault> {
    let give = u64::from(row.ratio.give);
    let faults = [
        (row.ratio.give == 0 || row.ratio.get == 0, TableFault::ZeroRatio),
        (row.increment.is_some_and(|step| step.get() == 0), TableFault::ZeroIncrement),
        (row.increment.is_some_and(|step| give > 0 && step.get() % give != 0), TableFault::BrokenIncrement),
        (row.most.zip(row.minimum).is_some_and(|(most, least)| most < least), TableFault::CapBelowMinimum),
        (row.extra.is_some_and(|extra| extra.every == 0), TableFault::ZeroIncrement),
        (row.time.is_some_and(|time| time.worst_minutes < time.typical_minutes), TableFault::Times),
    ];
    faults.into_iter().find(|(wrong, _)| *wrong).map_or(Ok(()), |(_, fault)| Err(fault))
}

fn bonus(fields: &[&str; 7]) -> Result<TransferBonus, TableFault> {
    let [from, to, percent, starts, ends, source, as_of] = *fields;
    let (from, to) = pair(from, to)?;
    let (percent, starts, ends) = (number(percent)?, date(starts)?, date(ends)?);
    match (percent, starts <= ends) {
        (0, _) => Err(TableFault::ZeroBonus),
        (_, false) => Err(TableFault::EndsBeforeItStarts),
        (_, true) => Ok(TransferBonus { from, to, percent, starts, ends, source: source.to_owned(), as_of: date(as_of)? }),
    }
}

fn pair(from: &str, to: &str) -> Result<(ProgrammeId, ProgrammeId), TableFault> {
    let known = |id: &str| id.parse().ok().filter(|id| name_of(id).is_some()).ok_or(TableFault::UnknownProgramme);
    let (from, to) = (known(from)?, known(to)?);
    if from == to { Err(TableFault::SameProgramme) } else { Ok((from, to)) }
}

fn number<T: FromStr>(field: &str) -> Result<T, TableFault> {
    field.parse().map_err(|_| TableFault::NoNumber)
}

fn date(field: &str) -> Result<Date, TableFault> {
    field.parse().map_err(|_| TableFault::NoDate)
}

fn choice(field: &str) -> Result<bool, TableFault> {
    match field {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(TableFault::NoChoice),
    }
}

fn given<T>(field: &str, read: fn(&str) -> Result<T, TableFault>) -> Result<Option<T>, TableFault> {
    if field.is_empty() { Ok(None) } else { read(field).map(Some) }
}

fn together<A, B>(one: Option<A>, other: Option<B>) -> Result<Option<(A, B)>, TableFault> {
    match (one, other) {
        (Some(one), Some(other)) => Ok(Some((one, other))),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(TableFault::InPart),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "chase-ur,hyatt,1,1,1000,1000,,,,0,60,2026-02-01,,,no,yes,somebody,2026-02-01,";

    fn fault(row: &str) -> Option<TableError> {
        partners(&format!("heading\n{GOOD}\n{row}\n")).err()
    }

    #[test]
    fn each_fault_is_named_with_its_row() {
        use TableFault as F;
        let wrong = [
            ("chase-ur,hyatt,1,1", F::Fields(19)),
            ("chase-ur,nobody,1,1,,,,,,,,,,,no,yes,s,2026-02-01,", F::UnknownProgramme),
            ("hyatt,hyatt,1,1,,,,,,,,,,,no,yes,s,2026-02-01,", F::SameProgramme),
            ("chase-ur,hyatt,1,1,,,,,,,,,,,no,yes,s,2026-02-01,", F::Repeated),
            ("chase-ur,ihg,0,1,,,,,,,,,,,no,yes,s,2026-02-01,", F::ZeroRatio),
            ("chase-ur,ihg,1,0,,,,,,,,,,,no,yes,s,2026-02-01,", F::ZeroRatio),
            ("chase-ur,ihg,1,1,,0,,,,,,,,,no,yes,s,2026-02-01,", F::ZeroIncrement),
            ("chase-ur,ihg,3,1,,1000,,,,,,,,,no,yes,s,2026-02-01,", F::BrokenIncrement),
            ("chase-ur,ihg,1,1,1000,100,900,,,,,,,,no,yes,s,2026-02-01,", F::CapBelowMinimum),
            ("chase-ur,ihg,1,1,,,,,,60,10,2026-02-01,,,no,yes,s,2026-02-01,", F::Times),
            ("chase-ur,ihg,1,1,,,,,,60,,,,,no,yes,s,2026-02-01,", F::InPart),
            ("chase-ur,ihg,1,1,,,,,,,,,0.1,,no,yes,s,2026-02-01,", F::InPart),
            ("chase-ur,ihg,1,1,,,,,,,,,-0.1,5,no,yes,s,2026-02-01,", F::NoNumber),
            ("chase-ur,ihg,1,1,x,,,,,,,,,,no,yes,s,2026-02-01,", F::NoNumber),
            ("chase-ur,ihg,1,1,,,,,,,,,,,maybe,yes,s,2026-02-01,", F::NoChoice),
            ("chase-ur,ihg,1,1,,,,,,,,,,,no,yes,s,2026-02,", F::NoDate),
        ];
        for (row, fault_of_row) in wrong {
            assert_eq!(fault(row), Some(TableError { row: 2, fault: fault_of_row }), "{row}");
        }
    }

    #[test]
    fn a_bonus_needs_days_and_a_size() {
        let fault = |row: &str| bonuses(&format!("heading\n{row}\n")).err().map(|error| (error.row, error.fault));
        assert_eq!(fault("chase-ur,ihg,20,2026-03-02,2026-03-01,s,2026-03-01"), Some((1, TableFault::EndsBeforeItStarts)));
        assert_eq!(fault("chase-ur,ihg,0,2026-03-01,2026-03-02,s,2026-03-01"), Some((1, TableFault::ZeroBonus)));
        assert_eq!(fault("chase-ur,ihg,20,2026-03-01,2026-03-01,s,2026-03-01"), None);
    }
}
