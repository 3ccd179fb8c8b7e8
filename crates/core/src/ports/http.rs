//! Port: requests to other hosts, with limits and an address policy.

use std::net::IpAddr;
use std::time::Duration;

use crate::Answer;

/// Sends one request and brings the whole response, within the limits.
///
/// An adapter must not follow more redirects than [`Limits::redirects`] says, must stop reading at
/// [`Limits::body`], and must ask its [`AddressPolicy`] about the address it is about to connect to, after name
/// resolution and for each redirect anew.
pub trait Http: Send + Sync {
    /// Sends the request.
    fn send(
        &self,
        request: http::Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<http::Response<Vec<u8>>, HttpError>>;
}

/// What an answer may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body.
    pub body: usize,
    /// Redirects that are followed. None for `request_uri` and `response_uri`.
    pub redirects: u8,
    /// From the first byte sent to the last byte read.
    pub time: Duration,
}

impl Default for Limits {
    /// 256 KiB, no redirects, ten seconds.
    fn default() -> Self {
        Self { body: 256 * 1024, redirects: 0, time: Duration::from_secs(10) }
    }
}

/// Why there is no response. The texts name no URL: it can carry a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The URL is not one we fetch: not https, or an address that the policy forbids.
    #[error("refused to connect: {0}")]
    Forbidden(&'static str),
    /// No connection, or it broke.
    #[error("could not connect: {0}")]
    Unreachable(String),
    /// More bytes than the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Too slow.
    #[error("no answer within the time limit")]
    TimedOut,
    /// A redirect where none is followed, or one too many.
    #[error("answered with a redirect that is not followed")]
    Redirected,
}

/// To which addresses requests may go (SSRF guard).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressPolicy {
    /// https to public addresses only.
    #[default]
    Public,
    /// Also http, and also loopback: for the demo and for tests on one machine. Other internal addresses stay shut.
    Loopback,
}

impl AddressPolicy {
    /// Whether the scheme may be used.
    #[must_use]
    pub fn scheme(self, scheme: &str) -> bool {
        scheme == "https" || (self == Self::Loopback && scheme == "http")
    }

    /// Whether a connection to the address may be opened.
    #[must_use]
    pub fn address(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if address.is_loopback() {
            return self == Self::Loopback;
        }
        match address {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                !(v4.is_private()
                    || v4.is_link_local()
                    || v4.is_multicast()
                    || v4.is_broadcast()
                    || v4.is_documentation()
                    || a == 0
                    || a >= 240
                    || (a == 100 && (64..128).contains(&b))
                    || (a == 198 && (18..20).contains(&b))
                    || (a == 192 && b == 0 && c == 0))
            }
            IpAddr::V6(v6) => {
                let [first, second, ..] = v6.segments();
                let embeds_v4 = matches!(v6.segments(), [0, 0, 0, 0, 0, 0, _, _]) // also :: and ::1
                    || (first == 0x64 && second == 0xff9b)
                    || first == 0x2002;
                !(v6.is_multicast()
                    || embeds_v4
                    || (first & 0xfe00) == 0xfc00
                    || (first & 0xffc0) == 0xfe80
                    || (first & 0xffc0) == 0xfec0
                    || (first == 0x2001 && (second == 0xdb8 || second == 0)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v06_internal_addresses_are_shut() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!AddressPolicy::Public.address(text.parse().unwrap()), "{text}");
        }
        for text in ["1.1.1.1", "9.9.9.9", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(AddressPolicy::Public.address(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn loopback_opens_loopback_alone() {
        assert!(AddressPolicy::Loopback.address("127.0.0.1".parse().unwrap()));
        assert!(AddressPolicy::Loopback.address("::1".parse().unwrap()));
        assert!(!AddressPolicy::Loopback.address("10.0.0.1".parse().unwrap()));
        assert!(AddressPolicy::Loopback.scheme("http") && !AddressPolicy::Public.scheme("http"));
        assert!(!AddressPolicy::Loopback.scheme("file"));
    }
}
