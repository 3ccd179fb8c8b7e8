//! Which transactions a presentation authorises (OID4VP 1.0 §8.4, §B.3.3.1).

use credenza_core::Report;
use credenza_crypto::HashAlgorithm;
use serde_json::{Map, Value};

use crate::messages::TransactionData;
use crate::rules;

/// Holds the hashes of a KB-JWT against the transactions that its credential could authorise. What comes out is the
/// transactions that it does; `None`: it names one that nobody asked for, or names it wrongly.
pub(super) fn authorised(
    key_binding: Option<&Map<String, Value>>,
    transactions: &[&TransactionData],
    report: &mut Report,
) -> Option<Vec<String>> {
    let claim = |name: &str| key_binding.and_then(|claims| claims.get(name));
    let Some(hashes) = claim("transaction_data_hashes") else {
        if transactions.is_empty() {
            report.skip(&rules::TRANSACTION_DATA, "there is none");
        }
        return Some(Vec::new());
    };
    match matched(hashes, claim("transaction_data_hashes_alg"), transactions) {
        Ok(found) => {
            report.pass(&rules::TRANSACTION_DATA);
            Some(found)
        }
        Err(problem) => {
            report.fail(&rules::TRANSACTION_DATA, problem);
            None
        }
    }
}

fn matched(
    hashes: &Value,
    algorithm: Option<&Value>,
    transactions: &[&TransactionData],
) -> Result<Vec<String>, &'static str> {
    let hash = match algorithm {
        None => HashAlgorithm::Sha256,
        Some(name) => {
            let hash = name.as_str().and_then(HashAlgorithm::from_name);
            hash.ok_or("transaction_data_hashes_alg is not known")?
        }
    };
    let hashes = hashes.as_array().filter(|hashes| !hashes.is_empty());
    let hashes = hashes.ok_or("transaction_data_hashes is not a non-empty array")?;
    let mut found = Vec::with_capacity(hashes.len());
    for text in hashes {
        let text = text.as_str().ok_or("transaction_data_hashes has something else than strings")?;
        let data = transactions.iter().find(|data| data.hash(hash) == text);
        let data = data.ok_or("it signs a transaction that it was not asked to")?;
        if !data.hashes().any(|allowed| allowed == hash) {
            return Err("a transaction is hashed by another algorithm than it allows");
        }
        if data.names_hash() && algorithm.is_none() {
            return Err("transaction_data_hashes_alg is missing");
        }
        if found.iter().any(|known| known == data.encoded()) {
            return Err("a transaction is signed twice");
        }
        found.push(data.encoded().to_owned());
    }
    Ok(found)
}

/// Whether every transaction was authorised by one of the presentations.
pub(super) fn complete<'a>(
    transactions: &[TransactionData],
    authorised: &(impl Iterator<Item = &'a String> + Clone),
    report: &mut Report,
) {
    if transactions.is_empty() {
        return;
    }
    let missing =
        transactions.iter().filter(|data| !authorised.clone().any(|one| one == data.encoded())).count();
    report.check(&rules::TRANSACTION_DATA, missing == 0, || {
        format!("{missing} of {} were not signed", transactions.len())
    });
}
