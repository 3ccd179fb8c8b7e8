//! Responses: the `vp_token` with its submission, and single values of DCQL.

use credenza_core::{b64, json};
use credenza_oauth::Form;
use credenza_query::dcql::Format;
use credenza_query::presentation_exchange::{
    PresentationSubmission, SubmissionEntry, SubmissionError, designations,
};
use serde_json::{Map, Value};

use super::{Definition, Spoken};
use crate::messages::request::query_of;
use crate::messages::response::IdToken;
use crate::messages::{AuthorizationResponse, Presentation, ResponseForm, VpToken, WalletError};

/// Where the credential is in a presentation that has one.
const ONLY: [&str; 3] =
    ["$.verifiableCredential[0]", "$.vp.verifiableCredential[0]", "$.verifiableCredential"];

/// Why a response in a dialect was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The submission is not one, or does not fit the `vp_token`.
    #[error(transparent)]
    Submission(#[from] SubmissionError),
    /// There is no submission beside the presentations.
    #[error("presentation_submission is missing")]
    NoSubmission,
    /// The submission is for another definition.
    #[error("presentation_submission is for another definition")]
    OtherDefinition,
    /// An entry for something that was not asked for, or in another format.
    #[error("presentation_submission has an entry that does not fit the definition")]
    NotAsked,
    /// An entry that points at another credential than the only one.
    #[error("presentation_submission names a part of a presentation that can't be judged by itself")]
    Nested,
    /// Not a presentation where one has to be.
    #[error("vp_token is malformed")]
    Malformed,
    /// Not the parameters of a response.
    #[error("the response has to have a vp_token or an error")]
    Nothing,
}

fn presentation(value: &Value) -> Result<Presentation, ResponseError> {
    match value {
        Value::String(text) => Ok(Presentation::Text(text.clone())),
        Value::Object(members) => Ok(Presentation::Object(members.clone())),
        _ => Err(ResponseError::Malformed),
    }
}

/// JSON that is text, as in a form; text that is no JSON is a presentation by itself.
fn opened(value: &Value) -> Value {
    match value {
        Value::String(text) => json::parse(text.as_bytes()).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

fn value(presentation: &Presentation) -> Value {
    match presentation {
        Presentation::Text(text) => Value::String(text.clone()),
        Presentation::Object(members) => Value::Object(members.clone()),
    }
}

fn several(mut values: Vec<Value>) -> Value {
    match (values.len(), values.pop()) {
        (1, Some(one)) => one,
        (_, last) => Value::Array(values.into_iter().chain(last).collect()),
    }
}

impl Spoken {
    /// The parameters of a response, with this id for the submission.
    ///
    /// # Errors
    /// See [`Self::presented`].
    pub fn response(
        &self,
        response: &AuthorizationResponse,
        submission_id: &str,
    ) -> Result<Map<String, Value>, ResponseError> {
        let mut parameters = match &response.outcome {
            Ok(token) => self.presented(token, submission_id)?,
            Err(error) => match serde_json::to_value(error) {
                Ok(Value::Object(members)) => members,
                _ => return Err(ResponseError::Nothing),
            },
        };
        let id_token = response.id_token.as_ref().map(|token| token.0.as_str());
        for (name, value) in [("id_token", id_token), ("state", response.state.as_deref())] {
            parameters.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        Ok(parameters)
    }

    /// The same as a form.
    ///
    /// # Errors
    /// See [`Self::presented`].
    pub fn form(
        &self,
        response: &AuthorizationResponse,
        submission_id: &str,
    ) -> Result<String, ResponseError> {
        Ok(query_of(&self.response(response, submission_id)?))
    }

    /// Reads the body of a post to the response URI.
    ///
    /// # Errors
    /// See [`ResponseError`].
    pub fn read_form(&self, form: &Form<'_>) -> Result<ResponseForm, ResponseError> {
        if let Some(response) = form.get("response") {
            let alone = !form.has("vp_token") && !form.has("error");
            let encrypted = alone.then(|| ResponseForm::Encrypted(response.to_owned()));
            return encrypted.ok_or(ResponseError::Nothing);
        }
        let names =
            ["vp_token", "presentation_submission", "id_token", "state", "error", "error_description"];
        let parameters = names.iter().filter_map(|name| Some(((*name).to_owned(), form.get(name)?.into())));
        self.read(parameters.collect()).map(ResponseForm::Plain)
    }

    /// Reads the content of an encrypted response.
    ///
    /// # Errors
    /// See [`ResponseError`].
    pub fn read_json(&self, content: &[u8]) -> Result<AuthorizationResponse, ResponseError> {
        self.read(json::parse_object(content).map_err(|_| ResponseError::Nothing)?)
    }

    fn read(&self, mut parameters: Map<String, Value>) -> Result<AuthorizationResponse, ResponseError> {
        let mut text = |name: &str| match parameters.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ResponseError::Nothing),
        };
        let (state, id_token) = (text("state")?, text("id_token")?.map(IdToken));
        let (error, error_description) = (text("error")?, text("error_description")?);
        let submission = parameters.get("presentation_submission").map(opened);
        let outcome = match (parameters.get("vp_token"), error) {
            (Some(vp_token), None) => Ok(self.presentations(&opened(vp_token), submission.as_ref())?),
            (None, Some(error)) => Err(WalletError { error, error_description }),
            _ => return Err(ResponseError::Nothing),
        };
        Ok(AuthorizationResponse { state, outcome, id_token })
    }

    /// The parameters that presentations become: `vp_token` and, for a definition, `presentation_submission` with this
    /// id.
    ///
    /// # Errors
    /// [`ResponseError::NotAsked`], for a presentation that nothing of the request stands for.
    pub fn presented(
        &self,
        token: &VpToken,
        submission_id: &str,
    ) -> Result<Map<String, Value>, ResponseError> {
        let mut parameters = Map::new();
        let Some(definition) = &self.definition else {
            let entries = token.entries();
            let members = entries.map(|(id, all)| (id.to_owned(), several(all.iter().map(value).collect())));
            let vp_token = Value::Object(members.collect());
            let vp_token = if self.as_text { vp_token.to_string().into() } else { vp_token };
            parameters.insert("vp_token".to_owned(), vp_token);
            return Ok(parameters);
        };
        let mut values = Vec::new();
        let mut answers = Vec::new();
        for (id, presentations) in token.entries() {
            let descriptor = definition.descriptors.iter().find(|one| one.query_id == id);
            let descriptor = descriptor.ok_or(ResponseError::NotAsked)?;
            for presentation in presentations {
                values.push(value(presentation));
                answers.push((descriptor.id.as_str(), Format::new(&descriptor.format)));
            }
        }
        let entries: Vec<_> = answers
            .iter()
            .map(|(descriptor, format)| SubmissionEntry {
                descriptor,
                format,
                designation: (*format == Format::SdJwtVc).then(|| self.dialect.sd_jwt()),
                enveloped: true,
            })
            .collect();
        let submission =
            PresentationSubmission::new(submission_id.to_owned(), definition.id.clone(), &entries);
        parameters.insert("vp_token".to_owned(), several(values));
        let submission = serde_json::to_value(submission).map_err(|_| ResponseError::Malformed)?;
        parameters.insert("presentation_submission".to_owned(), submission);
        Ok(parameters)
    }

    /// The presentations of a response: under the ids of the credential queries, as 1.0 has them.
    ///
    /// # Errors
    /// See [`ResponseError`].
    pub fn presentations(
        &self,
        vp_token: &Value,
        submission: Option<&Value>,
    ) -> Result<VpToken, ResponseError> {
        match &self.definition {
            Some(definition) => submitted(definition, vp_token, submission),
            None => {
                let members = vp_token.as_object().ok_or(ResponseError::Malformed)?;
                let mut token = VpToken::new();
                for (id, value) in members {
                    // A list is of later drafts, whose software comes by the same names.
                    let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                    for value in all {
                        token.add(id, presentation(value)?);
                    }
                }
                if token.is_empty() { Err(ResponseError::Malformed) } else { Ok(token) }
            }
        }
    }
}

/// The format that a presentation looks like. That it is one is for its verification to say.
pub(crate) fn format_of(presentation: &Presentation) -> Format {
    let text = match presentation {
        Presentation::Object(_) => return Format::LdpVc,
        Presentation::Text(text) => text,
    };
    match text.split_once('~') {
        Some((jwt, _)) if is_typed(jwt) => Format::SdJwtVc,
        Some(_) => Format::VcSdJwt,
        None if text.contains('.') => Format::JwtVcJson,
        None => Format::Mdoc,
    }
}

/// Whether a JWT has a `vct`, which an SD-JWT VC must not withhold and a W3C credential has not.
fn is_typed(jwt: &str) -> bool {
    let payload = jwt.split('.').nth(1).and_then(|payload| b64::decode(payload).ok());
    payload.and_then(|payload| json::parse_object(&payload).ok()).is_some_and(|it| it.contains_key("vct"))
}

fn submitted(
    definition: &Definition,
    vp_token: &Value,
    submission: Option<&Value>,
) -> Result<VpToken, ResponseError> {
    let submission = PresentationSubmission::parse(submission.ok_or(ResponseError::NoSubmission)?)?;
    if submission.definition_id != definition.id {
        return Err(ResponseError::OtherDefinition);
    }
    // Of a presentation with several credentials no entry can be judged by itself.
    let nested = submission.descriptor_map.iter().filter_map(|entry| entry.path_nested.as_deref());
    for inner in nested {
        if inner.path_nested.is_some() || !ONLY.contains(&inner.path.as_str()) {
            return Err(ResponseError::Nested);
        }
    }
    let mut token = VpToken::new();
    for found in submission.resolve(vp_token)? {
        let called = |format: &Format| designations(format).contains(&found.format);
        let mut asked = definition.descriptors.iter().filter(|one| one.id == found.descriptor);
        let descriptor = asked.find(|one| called(&Format::new(&one.format)));
        let descriptor = descriptor.ok_or(ResponseError::NotAsked)?;
        token.add(&descriptor.query_id, presentation(found.presentation)?);
    }
    if token.is_empty() { Err(ResponseError::Malformed) } else { Ok(token) }
}
