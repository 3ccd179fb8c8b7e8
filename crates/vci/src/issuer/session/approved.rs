//! An approval: what the user has agreed to, and the code that the wallet gets for it.

use credenza_core::UnixTime;
use serde::{Deserialize, Serialize};

/// What the user has agreed to. The code that was made of it is good for one client, one verifier and one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::issuer) struct Approved {
    /// Which code: the one of this approval, not of an earlier one.
    pub(in crate::issuer) code: String,
    pub(in crate::issuer) code_ends: UnixTime,
    pub(in crate::issuer) client_id: String,
    /// The redirect URI that the request named; the token request must repeat it (RFC 6749 §4.1.3).
    pub(in crate::issuer) redirect_uri: Option<String>,
    pub(in crate::issuer) code_challenge: String,
    /// The DPoP key that the code is bound to.
    pub(in crate::issuer) jkt: Option<String>,
    /// The attested key of the wallet instance that has pushed the request.
    pub(in crate::issuer) instance: Option<String>,
    /// The data sets, by their numbers.
    pub(in crate::issuer) datasets: Vec<usize>,
    /// Whether the request had authorization details, so that the token response names identifiers (§6.2).
    pub(in crate::issuer) by_identifier: bool,
    /// The thumbprint of the one key that credentials may be bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::issuer) holder_key: Option<String>,
}
