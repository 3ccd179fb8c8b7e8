//! The answer of the nonce endpoint (§7.2).

use serde::{Deserialize, Serialize};

/// A challenge for key proofs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceResponse {
    /// The challenge.
    pub c_nonce: String,
}
