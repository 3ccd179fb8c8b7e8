//! How long a verifier keeps a list (Token Status List §13.7).
//!
//! The claims `ttl` and `exp` decide, within the bounds of a policy; what HTTP says about caching is not looked at
//! (§8.2).

use std::sync::Arc;
use std::time::Duration;

use credenza_core::UnixTime;

use super::StatusList;

/// The verifier's own bounds. A `ttl` of a second would make it ask all the time, one of a century never again
/// (Token Status List §11.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// A list is kept at least this long, unless it expires before.
    pub min_ttl: Duration,
    /// A list is kept no longer than this.
    pub max_ttl: Duration,
    /// How long a list is kept that says nothing about it.
    pub default_ttl: Duration,
    /// How long after a list is due for renewal it may still be used when no newer one can be had; never beyond its
    /// `exp`. Zero, the default, means: no renewal, no statement.
    pub stale_on_error: Duration,
    /// How long after a request nobody asks again: after one that failed, and after one that brought a list which is
    /// about to expire, or has expired within the leeway.
    pub retry_after: Duration,
}

impl Default for CachePolicy {
    /// Between a minute and a day, five minutes when the list does not say, nothing stale, five seconds' pause.
    fn default() -> Self {
        Self {
            min_ttl: Duration::from_secs(60),
            max_ttl: Duration::from_secs(24 * 3600),
            default_ttl: Duration::from_secs(300),
            stale_on_error: Duration::ZERO,
            retry_after: Duration::from_secs(5),
        }
    }
}

/// A list and how long it may be used.
#[derive(Debug, Clone)]
pub struct CachedList {
    /// The list.
    pub list: Arc<StatusList>,
    /// When it was fetched.
    pub fetched_at: UnixTime,
    /// From then on a newer one is due.
    pub fresh_until: UnixTime,
    /// From then on it must not be used, whatever happens.
    pub usable_until: UnixTime,
}

impl CachePolicy {
    /// Decides about a list that was fetched at `fetched_at`.
    #[must_use]
    pub fn admit(&self, list: Arc<StatusList>, fetched_at: UnixTime) -> CachedList {
        let ttl = list.ttl.unwrap_or(self.default_ttl).max(self.min_ttl).min(self.max_ttl);
        let until_exp = |time: UnixTime| list.expires_at.map_or(time, |expires| time.min(expires));
        let fresh_until = until_exp(fetched_at + ttl);
        let usable_until = until_exp(fetched_at + ttl + self.stale_on_error);
        CachedList { list, fetched_at, fresh_until, usable_until }
    }
}

impl CachedList {
    /// Whether it can be used without asking for a newer one. A clock that was set back ends this too.
    #[must_use]
    pub fn is_fresh(&self, now: UnixTime) -> bool {
        self.fetched_at <= now && now < self.fresh_until
    }

    /// Whether it can be used when no newer one can be had.
    #[must_use]
    pub fn is_usable(&self, now: UnixTime) -> bool {
        self.fetched_at <= now && now < self.usable_until
    }
}
