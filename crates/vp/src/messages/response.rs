//! The authorization response (OID4VP 1.0 §8): the posted form, what may be encrypted in it, and the answer to it.

use credenza_core::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One presentation, in the shape that its format has (§8.1).
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Presentation {
    /// SD-JWT, mdoc, JWT.
    Text(String),
    /// Data Integrity.
    Object(Map<String, Value>),
}

/// Personal data: not shown.
impl std::fmt::Debug for Presentation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(out, "Presentation({} bytes)", text.len()),
            Self::Object(members) => write!(out, "Presentation({} members)", members.len()),
        }
    }
}

/// The `vp_token`: for each credential query that is answered, its id and at least one presentation (§8.1).
#[derive(Debug, Clone, PartialEq)]
pub struct VpToken(Vec<(String, Vec<Presentation>)>);

/// Why a response was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResponseSyntaxError {
    /// Not JSON, or a member twice.
    #[error("not a JSON object without duplicate members")]
    Json,
    /// `vp_token` is no object, or an empty one.
    #[error("vp_token is not a JSON object with the ids of credential queries")]
    VpToken,
    /// An entry of `vp_token` is not a non-empty array of presentations.
    #[error("an entry of vp_token is not an array of presentations")]
    Presentations,
    /// A parameter has the wrong type.
    #[error("{0} is not a string")]
    Text(&'static str),
    /// Neither a `vp_token` nor an `error`, or both.
    #[error("the response has to have a vp_token or an error")]
    Nothing,
}

impl VpToken {
    /// No presentation yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a presentation for a credential query.
    pub fn add(&mut self, id: &str, presentation: Presentation) {
        match self.0.iter_mut().find(|(known, _)| known == id) {
            Some((_, presentations)) => presentations.push(presentation),
            None => self.0.push((id.to_owned(), vec![presentation])),
        }
    }

    /// The entries, as they came.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[Presentation])> {
        self.0.iter().map(|(id, presentations)| (id.as_str(), presentations.as_slice()))
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the JSON value.
    ///
    /// # Errors
    /// See [`ResponseSyntaxError`].
    pub fn from_value(value: Value) -> Result<Self, ResponseSyntaxError> {
        let Value::Object(members) = value else { return Err(ResponseSyntaxError::VpToken) };
        if members.is_empty() {
            return Err(ResponseSyntaxError::VpToken);
        }
        let presentation = |value| match value {
            Value::String(text) => Ok(Presentation::Text(text)),
            Value::Object(members) => Ok(Presentation::Object(members)),
            _ => Err(ResponseSyntaxError::Presentations),
        };
        let entry = |(id, value)| match value {
            Value::Array(items) if !items.is_empty() => {
                Ok((id, items.into_iter().map(presentation).collect::<Result<_, _>>()?))
            }
            _ => Err(ResponseSyntaxError::Presentations),
        };
        Ok(Self(members.into_iter().map(entry).collect::<Result<_, _>>()?))
    }
}

impl Default for VpToken {
    fn default() -> Self {
        Self::new()
    }
}

impl Serialize for VpToken {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.entries())
    }
}

/// What a wallet says instead of presenting (§8.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletError {
    /// The error code.
    pub error: String,
    /// More about it, for a developer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

/// An ID token that its subject has issued (SIOPv2 §11), beside presentations or alone.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct IdToken(pub String);

/// Personal data: not shown.
impl std::fmt::Debug for IdToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "IdToken({} bytes)", self.0.len())
    }
}

/// The parameters of a response, from the form or out of the encryption.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizationResponse {
    /// `state`, when there is one.
    pub state: Option<String>,
    /// The presentations, or why there are none. Without any there is an ID token.
    pub outcome: Result<VpToken, WalletError>,
    /// `id_token`, when there is one.
    pub id_token: Option<IdToken>,
}

impl AuthorizationResponse {
    /// Reads the content of an encrypted response. Members that are not known are ignored (§8.1).
    ///
    /// # Errors
    /// See [`ResponseSyntaxError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ResponseSyntaxError> {
        let mut members = json::parse_object(bytes).map_err(|_| ResponseSyntaxError::Json)?;
        let mut text = |name: &'static str| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ResponseSyntaxError::Text(name)),
        };
        let (state, error, error_description) = (text("state")?, text("error")?, text("error_description")?);
        let id_token = text("id_token")?;
        Self::new(state, members.remove("vp_token"), id_token, error, error_description)
    }

    fn new(
        state: Option<String>,
        vp_token: Option<Value>,
        id_token: Option<String>,
        error: Option<String>,
        error_description: Option<String>,
    ) -> Result<Self, ResponseSyntaxError> {
        let outcome = match (vp_token, error) {
            (Some(vp_token), None) => Ok(VpToken::from_value(vp_token)?),
            // Whether that is enough is for whoever has asked.
            (None, None) if id_token.is_some() => Ok(VpToken::new()),
            (None, Some(error)) => Err(WalletError { error, error_description }),
            _ => return Err(ResponseSyntaxError::Nothing),
        };
        Ok(Self { state, outcome, id_token: id_token.map(IdToken) })
    }

    /// The content to be encrypted.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.wire()).unwrap_or_default()
    }

    /// The object that the Digital Credentials API hands over when nothing is encrypted (§A.4).
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self.wire()).unwrap_or_default()
    }

    fn presented(&self) -> Option<&VpToken> {
        self.outcome.as_ref().ok().filter(|token| !token.is_empty())
    }

    fn wire(&self) -> Wire<'_> {
        Wire {
            vp_token: self.presented(),
            id_token: self.id_token.as_ref(),
            error: self.outcome.as_ref().err(),
            state: self.state.as_deref(),
        }
    }

    /// The form of the response mode `direct_post` (§8.2).
    #[must_use]
    pub fn to_form(&self) -> String {
        let vp_token = self.presented().and_then(|token| serde_json::to_string(token).ok());
        let error = self.outcome.as_ref().err();
        let parameters: Vec<_> = [
            ("vp_token", vp_token.as_deref()),
            ("id_token", self.id_token.as_ref().map(|token| token.0.as_str())),
            ("error", error.map(|error| error.error.as_str())),
            ("error_description", error.and_then(|error| error.error_description.as_deref())),
            ("state", self.state.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        credenza_oauth::form::encode(&parameters)
    }
}

/// The parameters as JSON.
#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    vp_token: Option<&'a VpToken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a IdToken>,
    #[serde(flatten)]
    error: Option<&'a WalletError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
}

/// The body of a post to the response URI.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseForm {
    /// `response`: encrypted (§8.3.1).
    Encrypted(String),
    /// Parameters in the clear (§8.2).
    Plain(AuthorizationResponse),
}

impl ResponseForm {
    /// Reads the form.
    ///
    /// # Errors
    /// See [`ResponseSyntaxError`].
    pub fn read(form: &credenza_oauth::Form<'_>) -> Result<Self, ResponseSyntaxError> {
        let text = |name: &str| form.get(name).map(str::to_owned);
        if let Some(response) = text("response") {
            let alone = !form.has("vp_token") && !form.has("id_token") && !form.has("error");
            return if alone { Ok(Self::Encrypted(response)) } else { Err(ResponseSyntaxError::Nothing) };
        }
        let vp_token = form
            .get("vp_token")
            .map(|text| json::parse(text.as_bytes()).map_err(|_| ResponseSyntaxError::VpToken))
            .transpose()?;
        let error = (text("error"), text("error_description"));
        AuthorizationResponse::new(text("state"), vp_token, text("id_token"), error.0, error.1)
            .map(Self::Plain)
    }
}

/// What the response URI answers (§8.2). Members that are not known are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResponseAccepted {
    /// Where the wallet must send the user's browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
}
