//! The URL, and where its name leads.

use std::net::IpAddr;

use credenza_core::{AddressPolicy, Report};
use url::Host;

use super::{Visitor, rules};
use crate::http::is_loopback;

/// The report, and the addresses of the host.
pub(super) async fn check(visitor: &Visitor<'_>) -> (Report, Vec<IpAddr>) {
    let mut report = Report::new("address");
    let url = &visitor.what.url;
    let local = is_loopback(url);
    let https = url.scheme() == "https" || (local && url.scheme() == "http");
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    report.check(&rules::URL, https && bare, || {
        format!(
            "it is {url}. To do: write `url` in credenza.toml as https://HOST[/PATH], and nothing behind it"
        )
    });
    let addresses = match url.host() {
        Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
        Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
        Some(Host::Domain(name)) => {
            let found = visitor.what.lookup.lookup(name).await;
            let found = found.map_err(|error| error.to_string()).and_then(|found| match found.as_slice() {
                [] => Err("no addresses".to_owned()),
                _ => Ok(found),
            });
            match found {
                Ok(found) => {
                    report.pass_with(&rules::DNS_RESOLVES, list(&found));
                    found
                }
                Err(why) => {
                    let advice = "add an A or AAAA record for it, or correct `url`";
                    report.fail(&rules::DNS_RESOLVES, format!("{name}: {why}. To do: {advice}"));
                    Vec::new()
                }
            }
        }
        None => Vec::new(),
    };
    if local {
        report.skip(&rules::DNS_PUBLIC, "the URL is of this machine alone: no wallet elsewhere can reach it");
    } else if !addresses.is_empty() {
        let shut: Vec<IpAddr> =
            addresses.iter().copied().filter(|address| !AddressPolicy::Public.address(*address)).collect();
        report.check(&rules::DNS_PUBLIC, shut.is_empty(), || {
            format!(
                "{} is not public, and wallets refuse to connect to such addresses. To do: let the public name server \
                 hand out the address of the proxy. If it does, and only this network is told another one, examine from \
                 outside with: credenza doctor --url {url}",
                list(&shut)
            )
        });
    }
    (report, addresses)
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
