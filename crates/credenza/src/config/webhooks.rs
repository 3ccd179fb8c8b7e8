//! The section `[webhooks]`: which receivers may be inside.

use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    internal_hosts: Vec<Spanned<String>>,
}

/// The hosts, or `None` where one is no host alone.
pub(super) fn internal_hosts(section: &Section, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let mut hosts = Vec::with_capacity(section.internal_hosts.len());
    for host in &section.internal_hosts {
        match url::Host::parse(host.get_ref()) {
            Ok(parsed) => hosts.push(parsed.to_string()),
            Err(error) => {
                let remedy = "name hosts without scheme, port and path: \"receiver.internal\", \"10.1.2.3\"";
                reader.problem("webhooks.internal_hosts", host, error.to_string(), remedy);
            }
        }
    }
    (hosts.len() == section.internal_hosts.len()).then_some(hosts)
}
