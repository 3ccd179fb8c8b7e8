//! Which URLs a wallet goes to, or sends a person to.

use credenza_core::AddressPolicy;
use url::{Host, Url};

/// Reads a URL that may be fetched, posted to, or opened: https (or http on loopback, where the policy allows that),
/// with a host, without user information. Whether its address is public is for the Http port to judge, at the
/// connection.
pub(super) fn acceptable(text: &str, policy: AddressPolicy) -> Option<Url> {
    // A parser drops these characters, and what two programs read differently has two meanings.
    if text.contains('\\') || text.chars().any(|one| one.is_control() || one.is_whitespace()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let internal = match url.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => !policy.address(address.into()),
        Host::Ipv6(address) => !policy.address(address.into()),
    };
    let scheme = match url.scheme() {
        "https" => true,
        "http" => loopback && policy.scheme("http"),
        _ => false,
    };
    let allowed = scheme && (!internal || (loopback && policy == AddressPolicy::Loopback));
    (allowed && url.username().is_empty() && url.password().is_none()).then_some(url)
}
