//! Where messages may be sent to: what can be said of a URL before anybody resolves its name. The adapter of HTTP judges
//! the address at the very connection.

use std::net::IpAddr;

use credenza_core::AddressPolicy;
use url::{Host, Url};

/// A URL is no longer than this.
const MAX_URL: usize = 2048;

/// Where receivers of webhooks may be.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    /// To which addresses requests go.
    pub addresses: AddressPolicy,
    /// Hosts of the operator's own that may be at internal addresses, and may be asked by http. Has to be what the
    /// adapter of HTTP was told.
    pub internal_hosts: Vec<String>,
}

impl Egress {
    /// Says why nothing may be sent there.
    pub(crate) fn check(&self, url: &str) -> Result<(), &'static str> {
        if url.len() > MAX_URL {
            return Err("it is too long");
        }
        let url = Url::parse(url).map_err(|_| "it is not an absolute URL")?;
        let host = url.host().ok_or("it has no host")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it carries a user name; the receiver knows a message by its signature");
        }
        if url.fragment().is_some() {
            return Err("it has a fragment");
        }
        let named = host.to_string();
        if self.internal_hosts.iter().any(|known| known.eq_ignore_ascii_case(&named)) {
            return matches!(url.scheme(), "http" | "https").then_some(()).ok_or("its scheme is not https");
        }
        if !self.addresses.scheme(url.scheme()) {
            return Err("its scheme is not https");
        }
        let address = match host {
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                let local = name == "localhost" || name.ends_with(".localhost");
                return if local && self.addresses == AddressPolicy::Public { Err(INTERNAL) } else { Ok(()) };
            }
        };
        if self.addresses.address(address) { Ok(()) } else { Err(INTERNAL) }
    }
}

const INTERNAL: &str =
    "its address is an internal one; webhooks.internal_hosts of the configuration can allow it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v06_internal_receivers_are_refused_unless_they_are_named() {
        let public =
            Egress { internal_hosts: vec!["Hooks.internal".into(), "10.0.0.7".into()], ..Egress::default() };
        for good in ["https://receiver.example/hook?x=1", "http://hooks.internal:8080/", "https://10.0.0.7/"]
        {
            assert_eq!(public.check(good), Ok(()), "{good}");
        }
        for bad in [
            "http://receiver.example/",
            "https://127.0.0.1/",
            "https://10.0.0.8/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://localhost/",
            "https://api.localhost/",
            "https://user@receiver.example/",
            "https://receiver.example/#x",
            "ftp://hooks.internal/",
            "/hook",
            "",
        ] {
            assert!(public.check(bad).is_err(), "{bad}");
        }
        assert!(public.check(&format!("https://receiver.example/{}", "x".repeat(MAX_URL))).is_err());
        let local = Egress { addresses: AddressPolicy::Loopback, ..Egress::default() };
        assert_eq!(local.check("http://127.0.0.1:9/hook"), Ok(()));
        assert!(local.check("http://10.0.0.7/hook").is_err());
    }
}
