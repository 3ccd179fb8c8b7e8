//! Which of the choices of OpenID4VP are left.

use serde::{Deserialize, Serialize};

/// A profile narrows what OpenID4VP leaves open; one switch, on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Everything that OpenID4VP 1.0 allows and that is configured.
    #[default]
    Open,
    /// OpenID4VC High Assurance Interoperability Profile 1.0 §5: signed requests of verifiers with certificates,
    /// encrypted responses, and a way back to where the request came from.
    Haip,
}
