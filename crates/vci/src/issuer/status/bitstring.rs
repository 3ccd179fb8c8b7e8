//! The same statuses as Bitstring Status Lists, for W3C credentials: one list for each purpose.

use std::time::Duration;

use credenza_core::UnixTime;
use credenza_formats::status_list::bitstring::{
    Bitstring, BitstringList, CREDENTIAL_TYPE, ENTRY_TYPE, Purpose, StatusSize,
};
use credenza_formats::status_list::{Level, Status, StatusArray};
use credenza_formats::w3c::data_model::CONTEXT_V2;
use credenza_formats::w3c::jwt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::StatusLists;
use super::publish::{PublishError, identified_by};
use crate::issuer::Format;

/// What a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitstringPurpose {
    /// For good.
    Revocation,
    /// For a while.
    Suspension,
}

impl BitstringPurpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Revocation, Self::Suspension];

    /// Its `statusPurpose`, which is the last part of the list's address too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
        }
    }

    const fn meant_by(self) -> Status {
        match self {
            Self::Revocation => Status::Invalid,
            Self::Suspension => Status::Suspended,
        }
    }

    fn purpose(self) -> Purpose {
        match self {
            Self::Revocation => Purpose::Revocation,
            Self::Suspension => Purpose::Suspension,
        }
    }
}

/// Whether credentials of this format say their status in `credentialStatus`.
pub(super) const fn is_for(format: &Format) -> bool {
    format.definition().is_some()
}

/// The value of `credentialStatus`: the same index in the list of each purpose (§2.1).
pub(super) fn entries(uri: &str, index: u64) -> Value {
    let entry = |purpose: BitstringPurpose| {
        json!({
            "type": ENTRY_TYPE,
            "statusPurpose": purpose.name(),
            "statusListIndex": index.to_string(),
            "statusListCredential": format!("{uri}/{}", purpose.name()),
        })
    };
    BitstringPurpose::ALL.into_iter().map(entry).collect()
}

/// Compressed lists, ready to be signed: the subjects of their credentials.
#[derive(Debug)]
pub(super) struct Encoded([Value; 2]);

/// Signed lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Published {
    revocation: String,
    suspension: String,
}

impl Published {
    pub(super) fn of(&self, purpose: BitstringPurpose) -> &str {
        match purpose {
            BitstringPurpose::Revocation => &self.revocation,
            BitstringPurpose::Suspension => &self.suspension,
        }
    }
}

/// Compresses the lists of all purposes.
pub(super) fn encode(statuses: &StatusArray, ttl: Duration) -> Option<Encoded> {
    let encode = |purpose: BitstringPurpose| {
        let mut bits = Bitstring::new(StatusSize::ONE, statuses.len()).ok()?;
        let per_byte = u64::from(8 / statuses.bits().number());
        // Most bytes of most lists are zero.
        let marked = statuses.as_bytes().iter().zip(0_u64..).filter(|(byte, _)| **byte != 0);
        for index in marked.flat_map(|(_, at)| at * per_byte..(at + 1) * per_byte) {
            if statuses.get(index) == Ok(purpose.meant_by()) {
                bits.set(index, 1).ok()?;
            }
        }
        let purposes = vec![purpose.purpose()];
        let list = BitstringList { purposes, ttl: Some(ttl), statuses: bits, size: None };
        Some(list.to_subject(None, Level::default()))
    };
    let [revocation, suspension] = BitstringPurpose::ALL.map(encode);
    Some(Encoded([revocation?, suspension?]))
}

impl StatusLists {
    pub(super) async fn sign_bitstrings(
        &self,
        uri: &str,
        encoded: Encoded,
        issued_at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<Published, PublishError> {
        let Encoded([revocation, suspension]) = encoded;
        let at = |purpose: BitstringPurpose| format!("{uri}/{}", purpose.name());
        Ok(Published {
            revocation: self
                .sign_bitstring(at(BitstringPurpose::Revocation), revocation, issued_at, expires_at)
                .await?,
            suspension: self
                .sign_bitstring(at(BitstringPurpose::Suspension), suspension, issued_at, expires_at)
                .await?,
        })
    }

    /// The credential around a list (§2.2), as a JWT of the data model 2.0.
    async fn sign_bitstring(
        &self,
        id: String,
        subject: Value,
        issued_at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<String, PublishError> {
        let kid = self.signer.public_jwk().kid.as_deref();
        let did =
            kid.and_then(|kid| kid.split_once('#')).map(|(did, _)| did).filter(|did| did.starts_with("did:"));
        let credential = json!({
            "@context": [CONTEXT_V2],
            "id": id,
            "type": ["VerifiableCredential", CREDENTIAL_TYPE],
            "issuer": did.unwrap_or(&self.issuer),
            "validFrom": issued_at.to_rfc3339(),
            "validUntil": expires_at.to_rfc3339(),
            "credentialSubject": subject,
        });
        let credential: Map<String, Value> = credential.as_object().cloned().unwrap_or_default();
        let how = jwt::Securing::Payload;
        let header = jwt::header(&*self.signer, how, identified_by(&*self.signer));
        let issuance =
            jwt::Issuance { header: &header, securing: how, credential: &credential, holder: None };
        let signed = jwt::issue(&*self.signer, &issuance).await;
        signed.map_err(|error| PublishError::Credential(error.to_string()))
    }
}
