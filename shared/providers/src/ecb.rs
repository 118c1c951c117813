//! The European Central Bank: what a euro was worth on the latest day that it quotes, as XML.
//!
//! It publishes around 16:00 CET on its working days; on others the answer stays as it was. It asks for no key. Wire facts are from the
//! bank's page on its reference rates and from answers as others keep them: an `Envelope` of the namespace below holds a `Cube`, that
//! one with a `time`, and that one for each `currency` with the `rate` of one euro. What is quoted changes over the years.

use bytes::Bytes;
use domain::rates::{DayRates, Implausible};
use http::Request;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use crate::{Asking, SourceError, calls::Calls};

/// Its id.
pub const SOURCE: &str = "ecb";
/// What its own elements are of.
const NAMESPACE: &str = "http://www.ecb.int/vocabulary/2002-08-01/eurofxref";
/// More than thirty times what it answers.
const MOST_BYTES: usize = 64 * 1024;

/// Why there are no rates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RatesError {
    /// The bank gave no answer that can be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What it says can't be so.
    #[error("the rates are refused: {0}")]
    Implausible(#[from] Implausible),
}

/// Asks for the latest day's rates.
///
/// # Errors
/// Why there are none.
pub async fn day_rates(asking: &Asking<'_>, base: &str) -> Result<DayRates, RatesError> {
    let request = Request::get(format!("{base}/eurofxref-daily.xml")).body(Bytes::new());
    let request = request.map_err(|_| SourceError::NotOffered)?;
    let body = Calls::by(asking, SOURCE, "daily-rates").send(request).await?;
    parse(&body)
}

/// Reads an answer, whole or not at all. A currency that is no longer, or not yet, in ISO 4217 is left out.
///
/// # Errors
/// Why it is not taken.
pub fn parse(body: &[u8]) -> Result<DayRates, RatesError> {
    if body.len() > MOST_BYTES {
        return Err(SourceError::TooLarge.into());
    }
    let (day, quoted) = read(body).ok_or(SourceError::Malformed)?;
    let known = quoted.iter().filter_map(|(code, rate)| Some((code.parse().ok()?, *rate)));
    Ok(DayRates::whole(day, &known.collect::<Vec<_>>())?)
}

/// Units of a currency, by its code, for one euro.
type Quoted = Vec<(String, rust_decimal::Decimal)>;

/// The one day of an answer and what is quoted on it; none, if it has another form or ends too early.
fn read(body: &[u8]) -> Option<(jiff::civil::Date, Quoted)> {
    let mut reader = Reader::from_reader(body);
    let (mut depth, mut is_of_the_bank, mut day, mut quoted) = (0_u32, false, None, Quoted::new());
    loop {
        let (element, opens) = match reader.read_event().ok()? {
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                continue;
            }
            Event::Eof if depth == 0 && is_of_the_bank => return Some((day?, quoted)),
            Event::Eof | Event::DocType(_) => return None,
            Event::Decl(_) | Event::Comment(_) | Event::Text(_) | Event::CData(_) | Event::PI(_) | Event::GeneralRef(_) => {
                continue;
            }
        };
        if depth == 0 {
            is_of_the_bank = attribute(&element, "xmlns")? == NAMESPACE;
        } else if let Some(time) = attribute(&element, "time") {
            if day.replace(time.parse().ok()?).is_some() {
                return None;
            }
        } else if let Some(currency) = attribute(&element, "currency") {
            quoted.push((currency, attribute(&element, "rate")?.parse().ok()?));
        }
        depth += u32::from(opens);
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().find_map(|given| given.ok().filter(|given| given.key.as_ref() == name))?;
    Some(found.value.into_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use domain::money::Currency;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn answer(cubes: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" xmlns=\"{NAMESPACE}\">\n\
             \t<gesmes:subject>Reference rates</gesmes:subject>\n\
             \t<gesmes:Sender>\n\t\t<gesmes:name>European Central Bank</gesmes:name>\n\t</gesmes:Sender>\n\
             \t<Cube>\n{cubes}\t</Cube>\n</gesmes:Envelope>"
        )
    }

    fn day(rates: &str) -> String {
        answer(&format!("<Cube time='2026-04-13'>{rates}</Cube>"))
    }

    const RATES: &str = "<Cube currency='USD' rate='1.1684'/><Cube currency='JPY' rate='186.75'/><Cube currency='XQX' rate='3'/>";

    #[test]
    fn a_days_rates_are_read() {
        let rates = parse(day(RATES).as_bytes()).unwrap();
        let units = [("USD", "1.1684"), ("JPY", "186.75")].map(|(code, units)| (code.parse().unwrap(), units.parse().unwrap()));
        assert_eq!(rates, DayRates::new(date(2026, 4, 13), units));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let whole = day(RATES);
        let two_days = answer(&format!("<Cube time='2026-04-13'>{RATES}</Cube><Cube time='2026-04-10'/>"));
        let entity = format!("<!DOCTYPE x [<!ENTITY a 'b'>]>{}", day(RATES));
        for bad in [
            "",
            "<html>The bank is closed</html>",
            "{}",
            &answer(RATES),
            &day("<Cube currency='USD'/>"),
            &day("<Cube currency='USD' rate='much'/>"),
            &whole.replace("2026-04-13", "2026-04-31"),
            &whole.replace("eurofxref", "another"),
            &two_days,
            &entity,
        ] {
            assert_eq!(parse(bad.as_bytes()), Err(SourceError::Malformed.into()), "{bad}");
        }
        assert_eq!(parse(" ".repeat(MOST_BYTES + 1).as_bytes()), Err(SourceError::TooLarge.into()));
    }

    #[test]
    fn rates_that_can_not_be_are_refused() {
        let refused = |rates: &str| parse(day(rates).as_bytes()).unwrap_err();
        assert_eq!(refused(""), Implausible::NoDollar.into());
        assert_eq!(refused("<Cube currency='USD' rate='0'/>"), Implausible::NoRate(Currency::USD).into());
        assert_eq!(refused("<Cube currency='USD' rate='-1.2'/>"), Implausible::NoRate(Currency::USD).into());
        assert_eq!(refused("<Cube currency='USD' rate='1'/><Cube currency='EUR' rate='1'/>"), Implausible::NotPerEuro.into());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(parse(&body).is_err());
        }

        #[test]
        fn what_is_cut_off_is_refused(at in 0_usize..600) {
            let whole = day(RATES);
            prop_assume!(at < whole.len());
            prop_assert!(parse(&whole.as_bytes()[..at]).is_err());
        }
    }
}
