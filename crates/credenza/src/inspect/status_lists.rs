//! Status lists: how often each status is in one.

use std::collections::BTreeMap;

use credenza_formats::status_list::encode::MAX_LIST;
use credenza_formats::status_list::{EncodedList, Status, StatusBits};
use serde_json::{Map, Value, json};

use super::{Found, rules};

/// The list of a JWT.
pub(super) fn jwt(claims: &Map<String, Value>, found: &mut Found) {
    let list = claims.get("status_list");
    let bits = list.and_then(|list| StatusBits::from_number(list.get("bits")?.as_u64()?));
    let lst = list.and_then(|list| list.get("lst")?.as_str());
    match bits.zip(lst).map(|(bits, lst)| EncodedList::from_base64url(bits, lst)) {
        Some(Ok(list)) => show(&list, found),
        Some(Err(error)) => found.report.fail(&rules::STATUS_LIST, error.to_string()),
        None => found.report.fail(&rules::STATUS_LIST, "bits or lst is missing or not what it must be"),
    }
}

/// Counts the statuses.
pub(super) fn show(list: &EncodedList, found: &mut Found) {
    let statuses = match list.decode(MAX_LIST) {
        Ok(statuses) => statuses,
        Err(error) => return found.report.fail(&rules::STATUS_LIST, error.to_string()),
    };
    found.report.pass(&rules::STATUS_LIST);
    let mut counts = [0_u64; 256];
    for status in statuses.iter() {
        if let Some(count) = counts.get_mut(usize::from(status.value())) {
            *count += 1;
        }
    }
    let counted: BTreeMap<String, u64> = (0..=u8::MAX)
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(value, count)| (format!("{value} {}", Status::from_value(value)), count))
        .collect();
    let content = json!({
        "bits": list.bits().number(),
        "entries": counts.iter().sum::<u64>(),
        "compressed_bytes": list.compressed().len(),
        "statuses": counted,
    });
    found.part("status list", content);
}
