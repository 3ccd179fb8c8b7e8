//! The section `[status]`: how credentials can be suspended and revoked.

use std::time::Duration;

use credenza_formats::status_list::StatusBits;
use credenza_vci::issuer::status::StatusPolicy;
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    enabled: bool,
    #[serde(default)]
    bits: Option<Spanned<u64>>,
    #[serde(default)]
    size: Option<Spanned<u64>>,
    #[serde(default)]
    ttl: Option<Spanned<u64>>,
}

/// What the section says. Credentials have a status unless it says that they have none.
pub(super) fn policy(section: Option<&Section>, reader: &mut Reader<'_>) -> Option<StatusPolicy> {
    let mut policy = StatusPolicy::default();
    let Some(section) = section else { return Some(policy) };
    if let Some(bits) = &section.bits {
        match StatusBits::from_number(*bits.get_ref()) {
            Some(known) => policy.bits = known,
            None => reader.problem("status.bits", bits, "no width of a status", "write 1, 2, 4 or 8"),
        }
    }
    if let Some(size) = &section.size {
        let most = 8 * (1 << 24) / u64::from(policy.bits.number());
        if (1024..=most).contains(size.get_ref()) {
            policy.capacity = *size.get_ref();
            policy.lease = policy.lease.min(policy.capacity / 4);
        } else {
            let remedy = format!("write a number between 1024 and {most}");
            reader.problem("status.size", size, "not a size that lists can have", remedy);
        }
    }
    if let Some(ttl) = &section.ttl {
        if (1..=7 * 24 * 3600).contains(ttl.get_ref()) {
            policy.ttl = Duration::from_secs(*ttl.get_ref());
            policy.validity = policy.validity.max(policy.ttl * 2);
        } else {
            let remedy = "write the seconds for which a verifier may keep a list: at most a week";
            reader.problem("status.ttl", ttl, "no time for which a list can be kept", remedy);
        }
    }
    section.enabled.then_some(policy)
}
