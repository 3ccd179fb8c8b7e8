//! Questions about the past (Token Status List §8.4): what a provider is asked in the parameter `time`.
//!
//! Who can ask for every moment of the past can reconstruct when which status changed, and can make the provider work
//! for each question (§12.7). A provider that keeps no history answers with [`NOT_IMPLEMENTED`], whatever the time.

use credenza_core::UnixTime;
use url::{Url, form_urlencoded};

/// The HTTP status of a provider that answers no questions about the past.
pub const NOT_IMPLEMENTED: u16 = 501;

/// The HTTP status when there is no list for the time that was asked about.
pub const NOT_FOUND: u16 = 404;

/// What a provider is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The list as it is now.
    Now,
    /// The list as it was.
    At(UnixTime),
    /// Something that is no time: `time` twice, or not a number of seconds.
    Malformed,
}

/// Reads the query component of the request for a list; parameters with other names are not looked at.
#[must_use]
pub fn asked(query: Option<&str>) -> Asked {
    let mut times = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(name, _)| name == "time")
        .map(|(_, value)| value);
    match (times.next(), times.next()) {
        (None, _) => Asked::Now,
        (Some(time), None) => at(&time).map_or(Asked::Malformed, Asked::At),
        (Some(_), Some(_)) => Asked::Malformed,
    }
}

/// Where a verifier asks for the list as it was at a time. Of the answer it has to check that it
/// [covers](super::StatusList::covers) that time. `None` when the address of the list is no URI.
#[must_use]
pub fn request(uri: &str, at: UnixTime) -> Option<String> {
    let mut url = Url::parse(uri).ok()?;
    url.query_pairs_mut().append_pair("time", &at.as_secs().to_string());
    Some(url.into())
}

fn at(time: &str) -> Option<UnixTime> {
    let digits = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = time.parse::<i64>().ok().filter(|_| digits)?;
    let at = UnixTime::from_secs(seconds);
    (at.as_secs() == seconds).then_some(at)
}
