//! Dates and times of ISO/IEC 18013-5: `tdate` (tag 0) and `full-date` (tag 1004).

use credenza_core::UnixTime;
use credenza_crypto::cose::Reader;

use super::ParseError;

/// CBOR tag of a date and time as text (RFC 8949 §3.4.1).
pub(super) const DATE_TIME_TAG: u64 = 0;

/// CBOR tag of a date as text (RFC 8943).
pub(super) const FULL_DATE_TAG: u64 = 1004;

/// A time, and whether it has the only form that ISO/IEC 18013-5 §9.1.2.4 allows: UTC as `Z`, no fraction of seconds.
#[derive(Clone, Copy)]
pub(super) struct Tdate {
    pub(super) time: UnixTime,
    pub(super) exact: bool,
}

impl Tdate {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let text = reader
            .tagged_as(DATE_TIME_TAG, Reader::text)
            .map_err(|_| ParseError::Malformed("a time of validityInfo"))?;
        Self::parse(text).ok_or(ParseError::Malformed("a time of validityInfo"))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        match exact(text) {
            Some(time) => Some(Self { time, exact: true }),
            None => Some(Self { time: UnixTime::from_rfc3339(text)?, exact: false }),
        }
    }
}

/// `2026-11-24T16:00:00Z`, by the letter. It is read here because the last day of the year 9999, with which issuers say
/// "for ever", is one day too late for `jiff`.
fn exact(text: &str) -> Option<UnixTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = time.split(':');
    let mut two = |below: i64| number(parts.next()?, 2).filter(|part| *part < below);
    let (hours, minutes, seconds) = (two(24)?, two(60)?, two(60)?);
    if parts.next().is_some() {
        return None;
    }
    let since = days(date)? * 86_400 + hours * 3_600 + minutes * 60 + seconds;
    Some(UnixTime::from_secs(since)).filter(|time| time.as_secs() == since)
}

/// Whether this is a date of the calendar in the form `2026-11-24`.
pub(super) fn is_full_date(text: &str) -> bool {
    days(text).is_some()
}

/// Days since 1970-01-01.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?);
    let day = number(parts.next()?, 2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March have the day that moves at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468)
}

fn number(digits: &str, length: usize) -> Option<i64> {
    let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_by_the_letter() {
        let secs = |text| exact(text).map(UnixTime::as_secs);
        assert_eq!(secs("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(secs("2000-02-29T12:34:56Z"), Some(951_827_696));
        assert_eq!(secs("2023-11-14T22:13:20Z"), Some(1_700_000_000));
        assert_eq!(secs("9999-12-31T23:59:59Z"), Some(253_402_300_799));
        for text in [
            "2023-02-29T00:00:00Z",
            "2023-11-14T22:13:20.5Z",
            "2023-11-14T22:13:20+00:00",
            "2023-11-14t22:13:20z",
            "2023-11-14T24:00:00Z",
            "2023-11-14 22:13:20Z",
            "+023-11-14T22:13:20Z",
            "0000-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2023-13-01T00:00:00Z",
            "2023-11-14T22:13Z",
        ] {
            assert_eq!(secs(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut expected = days("1999-12-31").unwrap();
        for year in 2000..2005 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(number) = days(&format!("{year:04}-{month:02}-{day:02}")) {
                        expected += 1;
                        assert_eq!(number, expected, "{year}-{month}-{day}");
                    }
                }
            }
        }
        assert_eq!(days("2026-11-24"), Some(20_781));
        assert_eq!((days("2100-02-29"), days("2100-03-01")), (None, days("2100-02-28").map(|day| day + 1)));
    }

    #[test]
    fn other_forms_are_read_and_noted() {
        let found = Tdate::parse("2025-02-19T23:36:58.210391Z").unwrap();
        assert!(!found.exact);
        assert_eq!(found.time.as_secs(), 1_740_008_218);
        assert!(Tdate::parse("2025-02-19").is_none());
    }
}
