//! The header `Date` (RFC 9110 §5.6.7).

use credenza_core::UnixTime;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `Tue, 15 Nov 1994 08:12:31 GMT`: the one form that senders use today.
pub(super) fn read(text: &str) -> Option<UnixTime> {
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (time, zone) = (words.next()?, words.next()?);
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    if zone != "GMT" {
        return None;
    }
    UnixTime::from_rfc3339(&format!("{year}-{month:02}-{day}T{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read() {
        assert_eq!(read("Tue, 15 Nov 1994 08:12:31 GMT"), Some(UnixTime::from_secs(784_887_151)));
        for bad in ["", "15 Nov 1994", "Tue, 15 Nov 1994 08:12:31 CET", "Tue, 32 Nov 1994 08:12:31 GMT"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
