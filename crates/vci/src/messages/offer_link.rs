//! The link, or the content of a QR code, that brings an offer to a wallet (§4.1, §4.1.2, §4.1.3).

use credenza_oauth::Form;
use url::Url;

use super::CredentialOffer;
use super::offer::InvalidOffer;

/// The scheme that wallets listen to (§12.1.1).
pub const SCHEME: &str = "openid-credential-offer";

/// No link is longer, in bytes.
pub const MAX_LINK: usize = 32 * 1024;

/// What a link brings.
#[derive(Clone, PartialEq)]
pub enum OfferLink {
    /// The offer itself.
    ByValue(Box<CredentialOffer>),
    /// Where the offer is.
    ByReference(Url),
}

impl OfferLink {
    /// Reads a link of any scheme: only its query counts. The URL of an offer by reference may be `http`; whether it
    /// is fetched is for the wallet's address policy to say.
    ///
    /// # Errors
    /// See [`InvalidOffer`].
    pub fn parse(text: &str) -> Result<Self, InvalidOffer> {
        let text = text.trim();
        if text.len() > MAX_LINK {
            return Err(InvalidOffer::Link("the link is too long"));
        }
        let (_, query) = text.split_once('?').ok_or(InvalidOffer::Link("the link has no parameters"))?;
        let query = query.split('#').next().unwrap_or(query);
        let form = Form::parse(query.as_bytes())
            .map_err(|_| InvalidOffer::Link("its parameters are malformed or repeated"))?;
        match (form.get("credential_offer"), form.get("credential_offer_uri")) {
            (Some(_), Some(_)) => Err(InvalidOffer::Link("it has an offer and a reference to one")),
            (None, None) => {
                Err(InvalidOffer::Link("it has neither credential_offer nor credential_offer_uri"))
            }
            (Some(offer), None) => Ok(Self::ByValue(Box::new(CredentialOffer::parse(offer.as_bytes())?))),
            (None, Some(uri)) => {
                let uri =
                    Url::parse(uri).map_err(|_| InvalidOffer::Link("credential_offer_uri is not a URL"))?;
                if !matches!(uri.scheme(), "https" | "http") || uri.host_str().is_none() {
                    return Err(InvalidOffer::Link("credential_offer_uri is not an https URL"));
                }
                Ok(Self::ByReference(uri))
            }
        }
    }

    /// The link for the custom scheme.
    #[must_use]
    pub fn to_deep_link(&self) -> String {
        format!("{SCHEME}://?{}", self.query())
    }

    /// The link to a wallet whose credential offer endpoint is known (§12.1).
    #[must_use]
    pub fn to_link(&self, credential_offer_endpoint: &Url) -> Url {
        let mut url = credential_offer_endpoint.clone();
        let query = match url.query() {
            Some(query) if !query.is_empty() => format!("{query}&{}", self.query()),
            _ => self.query(),
        };
        url.set_query(Some(&query));
        url
    }

    fn query(&self) -> String {
        match self {
            Self::ByValue(offer) => {
                let offer = serde_json::to_string(offer).unwrap_or_default();
                credenza_oauth::form::encode(&[("credential_offer", &offer)])
            }
            Self::ByReference(uri) => credenza_oauth::form::encode(&[("credential_offer_uri", uri.as_str())]),
        }
    }
}

/// What is behind the link is as good as the credentials themselves, and is not shown.
impl std::fmt::Debug for OfferLink {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ByValue(offer) => write!(out, "ByValue({offer:?})"),
            Self::ByReference(url) => write!(out, "ByReference({}, …)", url.origin().ascii_serialization()),
        }
    }
}
