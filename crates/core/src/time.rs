//! Points in time: seconds since 1970, as JWT's NumericDate counts them.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds (RFC 7519 §2, NumericDate).
///
/// On the wire it is a JSON integer. A fraction is accepted and cut off; any other JSON type is an error, never
/// "absent".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

/// Later than this (the year 9999) no token lives, and no arithmetic on times can overflow.
const LATEST: i64 = 253_402_300_799;

impl UnixTime {
    /// The epoch itself.
    pub const EPOCH: Self = Self(0);

    /// From seconds since the epoch, held within the years 1970 to 9999.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        if seconds < 0 {
            Self(0)
        } else if seconds > LATEST {
            Self(LATEST)
        } else {
            Self(seconds)
        }
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// RFC 3339 in UTC, to the second.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_second(self.0).map_or_else(|_| String::new(), |at| at.to_string())
    }

    /// Reads RFC 3339, any offset; fractions of a second are cut off.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.parse().ok()?;
        (at.as_second() >= 0).then(|| Self::from_secs(at.as_second()))
    }
}

impl Add<Duration> for UnixTime {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        let seconds = i64::try_from(later.as_secs()).unwrap_or(LATEST);
        Self::from_secs(self.0.saturating_add(seconds))
    }
}

impl Sub<Duration> for UnixTime {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        let seconds = i64::try_from(earlier.as_secs()).unwrap_or(LATEST);
        Self::from_secs(self.0.saturating_sub(seconds))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Seconds;

        impl serde::de::Visitor<'_> for Seconds {
            type Value = UnixTime;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("seconds since 1970 as a number between 0 and 253402300799")
            }

            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<UnixTime, E> {
                match i64::try_from(seconds) {
                    Ok(seconds) if seconds <= LATEST => Ok(UnixTime(seconds)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(seconds), &self)),
                }
            }

            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<UnixTime, E> {
                match u64::try_from(seconds) {
                    Ok(seconds) => self.visit_u64(seconds),
                    Err(_) => Err(E::invalid_value(serde::de::Unexpected::Signed(seconds), &self)),
                }
            }

            fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<UnixTime, E> {
                const LATEST_F: f64 = 253_402_300_799.0;
                if (0.0..=LATEST_F).contains(&seconds) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "in range, and the fraction is to be cut off"
                    )]
                    return Ok(UnixTime(seconds as i64));
                }
                Err(E::invalid_value(serde::de::Unexpected::Float(seconds), &self))
            }
        }

        input.deserialize_any(Seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j12_wrong_types_are_errors_not_absence() {
        #[derive(Deserialize, Debug)]
        struct Claims {
            #[expect(dead_code, reason = "only parsed")]
            exp: Option<UnixTime>,
        }
        for exp in ["\"9999999999\"", "true", "[]", "{}"] {
            let text = format!("{{\"exp\":{exp}}}");
            assert!(serde_json::from_str::<Claims>(&text).is_err(), "{exp}");
        }
    }

    #[test]
    fn j13_out_of_range_is_refused_and_fractions_are_cut() {
        for text in ["-1", "1e400", "9223372036854775808", "9223372036854775807", "1e300"] {
            assert!(serde_json::from_str::<UnixTime>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<UnixTime>("1700000000.9").unwrap().as_secs(), 1_700_000_000);
        assert_eq!(UnixTime::from_secs(LATEST) + Duration::from_secs(u64::MAX), UnixTime(LATEST));
    }

    #[test]
    fn rfc3339_both_ways() {
        let time = UnixTime::from_secs(1_700_000_000);
        assert_eq!(time.to_rfc3339(), "2023-11-14T22:13:20Z");
        assert_eq!(UnixTime::from_rfc3339("2023-11-14T23:13:20.5+01:00"), Some(time));
        assert_eq!(UnixTime::from_rfc3339("yesterday"), None);
    }
}
