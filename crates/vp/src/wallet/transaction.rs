//! Transactions to be authorised: which of them are understood, and which credential signs which (OID4VP 1.0 §8.4,
//! §B.3.3).

use credenza_crypto::HashAlgorithm;
use serde_json::{Map, Value};

use super::{AnswerError, Choice, Query, Refusal};
use crate::messages::transaction_data::MAX_TRANSACTIONS;
use crate::messages::{TransactionData, TransactionDataError, TransactionType};

/// Reads the parameter. One transaction that is not understood spoils the request.
pub(super) fn read(
    texts: &[String],
    query: &Query,
    known: &[TransactionType],
) -> Result<Vec<TransactionData>, Refusal> {
    if texts.is_empty() || texts.len() > MAX_TRANSACTIONS {
        return Err(Refusal::TransactionData("there is none, or there are too many".to_owned()));
    }
    let read = texts.iter().map(|text| one(text, query, known)).collect::<Result<Vec<_>, _>>();
    read.map_err(|error| Refusal::TransactionData(error.to_string()))
}

fn one(
    text: &str,
    query: &Query,
    known: &[TransactionType],
) -> Result<TransactionData, TransactionDataError> {
    let data = TransactionData::parse(text)?;
    let kind = known.iter().find(|kind| kind.name() == data.kind()).ok_or(TransactionDataError::Type)?;
    kind.check(&data)?;
    for id in data.credential_ids() {
        let problem = match query.binds(id) {
            Some(true) if query.can_authorise(id) => continue,
            Some(true) => "it refers to a credential of a format that can't authorise a transaction here",
            Some(false) => "it refers to a credential that need not sign",
            None => "it refers to a credential that is not asked for",
        };
        return Err(TransactionDataError::Credentials(problem));
    }
    Ok(data)
}

/// Of several credentials that could authorise a transaction one does: the first that was chosen.
fn signs(data: &TransactionData, choice: &Choice<'_>, choices: &[Choice<'_>]) -> bool {
    let able = |one: &&Choice<'_>| data.credential_ids().iter().any(|id| id == one.query_id);
    choices.iter().find(able).is_some_and(|first| std::ptr::eq(first, choice))
}

/// Every transaction has a credential that authorises it.
pub(super) fn check_choices(
    transactions: &[TransactionData],
    choices: &[Choice<'_>],
) -> Result<(), AnswerError> {
    let covered = |data: &TransactionData| choices.iter().any(|choice| signs(data, choice, choices));
    if transactions.iter().all(covered) {
        Ok(())
    } else {
        Err(AnswerError::Choice("nothing that is chosen can authorise a transaction".to_owned()))
    }
}

/// What goes into the KB-JWT of a choice (§B.3.3.1): the hashes of what it authorises, by one algorithm that all of
/// them allow.
pub(super) fn authorised(
    transactions: &[TransactionData],
    choice: &Choice<'_>,
    choices: &[Choice<'_>],
) -> Result<Map<String, Value>, AnswerError> {
    let own: Vec<_> = transactions.iter().filter(|data| signs(data, choice, choices)).collect();
    let Some(first) = own.first() else { return Ok(Map::new()) };
    let common = |hash: &HashAlgorithm| own.iter().all(|data| data.hashes().any(|known| known == *hash));
    let hash = first.hashes().find(common);
    let hash = hash
        .ok_or_else(|| AnswerError::Choice("no hash algorithm is allowed by all transactions".to_owned()))?;
    let hashes = own.iter().map(|data| Value::from(data.hash(hash))).collect();
    let mut claims = Map::from_iter([("transaction_data_hashes".to_owned(), Value::Array(hashes))]);
    if own.iter().any(|data| data.names_hash()) {
        claims.insert("transaction_data_hashes_alg".to_owned(), hash.name().into());
    }
    Ok(claims)
}
