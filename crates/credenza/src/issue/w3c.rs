//! W3C credentials in each way of securing them.

use credenza_core::{ClaimsPath, Random, Report};
use credenza_crypto::{Curve, IdentifiedBy, Jwk, Signer as _, SoftwareSigner};
use credenza_formats::sd_jwt::Concealment;
use credenza_formats::w3c::data_integrity::{Cryptosuite, ProofOptions, Purpose, sign};
use credenza_formats::w3c::data_model::{CONTEXT_V1, CONTEXT_V2};
use credenza_formats::w3c::{Credential, DataModel, Moment, jwt, sd_jwt};
use credenza_query::dcql::Format;
use credenza_trust::did;
use serde_json::{Map, Value, json};

use super::{IssueFailure, Order, certified_name, identified_by};

const SUBJECT: &str = "credentialSubject";

/// Members of a credential that are about the whole of it.
const WHOLE: [&str; 3] = ["@context", "type", SUBJECT];

pub(super) async fn issue(
    signer: SoftwareSigner,
    claims: Map<String, Value>,
    order: &Order<'_>,
    random: &dyn Random,
) -> Result<Value, IssueFailure> {
    let by_proof = order.format == Format::LdpVc;
    let bare = Jwk::new(signer.public_key());
    let own = did::jwk::from_jwk(&bare).map_err(|_| IssueFailure::Name)?;
    let certified = (!by_proof && !signer.x5c().is_empty()).then(|| certified_name(&signer)).flatten();
    let issuer = order.issuer.map(str::to_owned).or(certified).unwrap_or_else(|| own.as_str().to_owned());
    let credential = document(claims, &issuer, order)?;
    // Whoever goes by the DID of his key says which key of it.
    let method = own.with_fragment(did::jwk::FRAGMENT).to_string();
    let signer = if issuer == own.as_str() { signer.with_kid(method.clone()) } else { signer };
    let identified_by = if issuer == own.as_str() { IdentifiedBy::Kid } else { identified_by(&signer) };
    match &order.format {
        Format::LdpVc => {
            let options = ProofOptions {
                created: Some(order.now),
                ..ProofOptions::new(suite(&signer)?, &method, Purpose::AssertionMethod)
            };
            Ok(Value::Object(sign(credential, &options, &signer, order.contexts).await?))
        }
        Format::VcSdJwt => {
            let subject = credential.get(SUBJECT).and_then(Value::as_object);
            let members = subject.into_iter().flat_map(Map::keys).filter(|name| *name != "id");
            let paths: Vec<ClaimsPath> =
                members.filter_map(|name| ClaimsPath::keys([SUBJECT, name.as_str()])).collect();
            let concealment = Concealment::at(order.selective.unwrap_or(&paths));
            let issuance = sd_jwt::Issuance {
                header: &sd_jwt::header(&signer, identified_by),
                credential: &credential,
                concealment: &concealment,
                holder: order.holder,
            };
            Ok(sd_jwt::issue(&signer, &issuance, random).await?.into())
        }
        _ => {
            let securing = match DataModel::of(&credential) {
                Some(DataModel::V1) => jwt::Securing::Claim,
                _ => jwt::Securing::Payload,
            };
            let header = jwt::header(&signer, securing, identified_by);
            let issuance =
                jwt::Issuance { header: &header, securing, credential: &credential, holder: order.holder };
            Ok(jwt::issue(&signer, &issuance).await?.into())
        }
    }
}

/// The whole credential: what the claims say of it, and what they leave out.
fn document(
    claims: Map<String, Value>,
    issuer: &str,
    order: &Order<'_>,
) -> Result<Map<String, Value>, IssueFailure> {
    let is_whole = WHOLE.iter().any(|name| claims.contains_key(*name));
    let mut document = if is_whole { claims } else { Map::from_iter([(SUBJECT.to_owned(), claims.into())]) };
    let first =
        if matches!(order.format, Format::JwtVcJson | Format::JwtVcJsonLd) { CONTEXT_V1 } else { CONTEXT_V2 };
    document.entry("@context").or_insert_with(|| json!([first]));
    let types = order.credential_type.map(|name| json!(["VerifiableCredential", name]));
    document.entry("type").or_insert(
        types
            .ok_or(IssueFailure::Type("type"))
            .or_else(|missing| if is_whole { Ok(json!(["VerifiableCredential"])) } else { Err(missing) })?,
    );
    document.entry("issuer").or_insert(issuer.into());
    let (start, end) = match DataModel::of(&document) {
        Some(DataModel::V1) => ("issuanceDate", "expirationDate"),
        _ => ("validFrom", "validUntil"),
    };
    document.entry(start).or_insert(order.now.to_rfc3339().into());
    document.entry(end).or_insert((order.now + order.valid_for).to_rfc3339().into());
    if let Some(status) = order.status {
        let name = if status.get("type").is_some() { "credentialStatus" } else { "status" };
        document.entry(name).or_insert(status.clone());
    }
    let holder = order.holder.map(|holder| did::jwk::from_jwk(&Jwk::new(holder.key.clone())));
    if let (Some(Ok(holder)), Some(Value::Object(subject))) = (holder, document.get_mut(SUBJECT)) {
        subject.entry("id").or_insert(holder.as_str().into());
    }
    let mut report = Report::new("the credential");
    match Credential::check(document, Moment::at(order.now), &mut report) {
        Some(credential) => Ok(credential.into_document()),
        None => {
            let why = report.first_failure().map(|check| check.rule.meaning);
            Err(IssueFailure::Document(format!("not so: {}", why.unwrap_or_default())))
        }
    }
}

/// The cryptosuite with JSON canonicalization, for which every term of the claims counts without a context for it.
fn suite(signer: &SoftwareSigner) -> Result<Cryptosuite, IssueFailure> {
    match signer.public_key().curve() {
        Some(Curve::Ed25519) => Ok(Cryptosuite::EddsaJcs),
        Some(Curve::P256 | Curve::P384) => Ok(Cryptosuite::EcdsaJcs),
        _ => Err(IssueFailure::Name),
    }
}
