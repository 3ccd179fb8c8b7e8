//! What a wallet posts to fetch a request object (OID4VP 1.0 §5.10).

use credenza_core::json;
use credenza_oauth::{Form, FormError};
use serde_json::{Map, Value};

/// No `wallet_nonce` is longer.
pub const MAX_WALLET_NONCE: usize = 512;

/// The form of a wallet that fetches a request object by POST. Parameters that are not known are ignored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestUriForm {
    /// What the wallet says about itself.
    pub wallet_metadata: Option<Map<String, Value>>,
    /// A nonce that the request object must repeat.
    pub wallet_nonce: Option<String>,
}

/// Why a form was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestUriFormError {
    /// The form itself.
    #[error(transparent)]
    Form(#[from] FormError),
    /// `wallet_metadata` is not a JSON object.
    #[error("wallet_metadata is not a JSON object")]
    Metadata,
    /// `wallet_nonce` is longer than [`MAX_WALLET_NONCE`].
    #[error("wallet_nonce is longer than {MAX_WALLET_NONCE} bytes")]
    Nonce,
}

impl RequestUriForm {
    /// Reads the form.
    ///
    /// # Errors
    /// See [`RequestUriFormError`].
    pub fn parse(body: &[u8]) -> Result<Self, RequestUriFormError> {
        let form = Form::parse(body)?;
        let wallet_metadata = form
            .get("wallet_metadata")
            .map(|text| json::parse_object(text.as_bytes()).map_err(|_| RequestUriFormError::Metadata))
            .transpose()?;
        let wallet_nonce = form.get("wallet_nonce").map(str::to_owned);
        if wallet_nonce.as_ref().is_some_and(|nonce| nonce.len() > MAX_WALLET_NONCE) {
            return Err(RequestUriFormError::Nonce);
        }
        Ok(Self { wallet_metadata, wallet_nonce })
    }

    /// The form as it is posted.
    #[must_use]
    pub fn to_body(&self) -> String {
        let metadata = self.wallet_metadata.as_ref().map(|it| Value::Object(it.clone()).to_string());
        let parameters: Vec<_> = [("wallet_metadata", &metadata), ("wallet_nonce", &self.wallet_nonce)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect();
        credenza_oauth::form::encode(&parameters)
    }
}
