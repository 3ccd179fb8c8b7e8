//! The parsers, each as a function of bytes. It answers whether they were accepted.

use std::sync::LazyLock;

use credenza_core::{Report, SeededRandom, UnixTime, json};
use credenza_crypto::cose::{CoseKey, Mac0, Reader, Sign1, Tagging};
use credenza_crypto::{
    Algorithm, Certificate, ContentEncryption, Curve, HashAlgorithm, Jwk, JwkSet, Jws, PublicKey,
    Signer as _, SoftwareDecrypter, SoftwareSigner, jwe, jws, x509,
};
use credenza_formats::sd_jwt::{self, Expected, Held, HolderBinding, JsonForm, SdJwt, SdJwtLimits};
use credenza_formats::type_metadata::{AsIssued, Beholder, EffectiveType, TypeMetadata, svg};
use credenza_formats::w3c::data_integrity::{self, Contexts};
use credenza_formats::{mdoc, status_list, w3c};
use credenza_query::DcqlQuery;
use credenza_trust::did::{Did, DidDocument, DidUrl};
use serde_json::{Map, Value};

/// A parser.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]) -> bool,
}

/// All of them.
pub(crate) const ALL: &[Target] = &[
    Target { name: "json", run: |input| json::parse(input).is_ok() },
    Target { name: "jws", run: jws },
    Target { name: "jwe", run: jwe },
    Target { name: "jwk", run: jwk },
    Target { name: "cbor", run: cbor },
    Target { name: "cose", run: cose },
    Target { name: "certificate", run: |input| Certificate::parse(input).is_ok() },
    Target { name: "crl", run: |input| x509::CrlSummary::read(input).is_ok() },
    Target { name: "sd-jwt", run: sd_jwt },
    Target { name: "sd-jwt-json", run: sd_jwt_json },
    Target { name: "disclosures", run: disclosures },
    Target { name: "type-metadata", run: type_metadata },
    Target { name: "svg", run: svg },
    Target { name: "mdoc", run: mdoc },
    Target { name: "w3c-jwt", run: w3c_jwt },
    Target { name: "json-ld", run: json_ld },
    Target { name: "status-list", run: status_list },
    Target { name: "did", run: did },
    Target { name: "dcql", run: dcql },
    Target { name: "offer", run: offer },
    Target { name: "issuer-metadata", run: issuer_metadata },
    Target { name: "request", run: request },
    Target { name: "response", run: response },
    Target { name: "form", run: form },
];

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);

/// A key that has signed nothing here, so that all of a verification before and after the signature is walked through.
static KEY: LazyLock<Option<PublicKey>> = LazyLock::new(|| {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(1)).ok()?;
    Some(signer.public_jwk().key.clone())
});
static DECRYPTER: LazyLock<Option<SoftwareDecrypter>> =
    LazyLock::new(|| SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(2)).ok());
static CONTEXTS: LazyLock<Contexts> = LazyLock::new(|| {
    let examples = include_bytes!("../../tests/vectors/w3c-contexts/credentials-examples-v2.jsonld");
    let url = "https://www.w3.org/ns/credentials/examples/v2";
    Contexts::bundled().with(url, examples).unwrap_or_else(|_| Contexts::bundled())
});

fn text(input: &[u8]) -> &str {
    std::str::from_utf8(input).unwrap_or_default()
}

fn value(input: &[u8]) -> Value {
    json::parse(input).unwrap_or_default()
}

fn object(input: &[u8]) -> Map<String, Value> {
    json::parse_object(input).unwrap_or_default()
}

/// Runs what software keys make ready at once.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

fn jws(input: &[u8]) -> bool {
    let json_form = jws::json::JsonJws::parse(input).is_ok();
    let Ok(parsed) = Jws::parse(text(input)) else { return json_form };
    let _ = parsed.header.x5c();
    let verified = KEY.as_ref().map(|key| parsed.verify(key, &[Algorithm::Es256]));
    let _ = verified;
    true
}

fn jwe(input: &[u8]) -> bool {
    let peeked = jwe::peek_kid(text(input)).is_ok();
    if let Some(decrypter) = DECRYPTER.as_ref() {
        let all = [ContentEncryption::A128Gcm, ContentEncryption::A256Gcm, ContentEncryption::A128CbcHs256];
        let _ = ready(jwe::decrypt(text(input), decrypter, &all));
    }
    peeked
}

fn jwk(input: &[u8]) -> bool {
    let value = value(input);
    let one = Jwk::from_value(&value).map(|jwk| jwk.thumbprint_text());
    one.is_ok() | JwkSet::from_value(&value).is_ok()
}

fn cbor(input: &[u8]) -> bool {
    let mut reader = Reader::new(input);
    reader.skip().is_ok() && reader.end().is_ok()
}

fn cose(input: &[u8]) -> bool {
    let sign1 = Sign1::parse(input, Tagging::Optional).is_ok();
    sign1 | Mac0::parse(input, Tagging::Optional).is_ok() | CoseKey::parse(input).is_ok()
}

fn sd_jwt(input: &[u8]) -> bool {
    let limits = SdJwtLimits::default();
    let held = Held::restore(text(input).to_owned(), &limits);
    if let Ok(held) = &held {
        let paths = held.disclosable_paths();
        let _ = held.preview(&paths);
        let _ = held.present(&paths);
    }
    let mut report = Report::new("fuzz");
    let Some(parsed) = SdJwt::read(text(input), &limits, &mut report) else { return false };
    let _ = AsIssued::of(&parsed, Beholder::Verifier);
    if let Some(key) = KEY.as_ref() {
        let expected = Expected { holder_binding: HolderBinding::NotRequired, ..Expected::plain(NOW) };
        let _ = sd_jwt::verify(parsed, key, &expected, &mut report);
    }
    held.is_ok()
}

fn sd_jwt_json(input: &[u8]) -> bool {
    let limits = SdJwtLimits::default();
    let Ok(form) = JsonForm::read(input, &limits) else { return false };
    for signature in 0..form.signatures() {
        let _ = form.sd_jwt(signature, &limits);
    }
    true
}

/// The input as the payload and the disclosures of an SD-JWT, each in a line.
fn disclosures(input: &[u8]) -> bool {
    let mut lines = input.split(|byte| *byte == b'\n');
    let header = credenza_core::b64::encode(r#"{"alg":"ES256","typ":"dc+sd-jwt"}"#);
    let encode = |line: &[u8]| credenza_core::b64::encode(line);
    let mut compact = format!("{header}.{}.AA~", encode(lines.next().unwrap_or_default()));
    for line in lines {
        compact.push_str(&encode(line));
        compact.push('~');
    }
    sd_jwt(compact.as_bytes())
}

fn type_metadata(input: &[u8]) -> bool {
    let Ok(metadata) = TypeMetadata::parse(input) else { return false };
    let _ = EffectiveType::merge(&[metadata.clone(), metadata]);
    true
}

fn svg(input: &[u8]) -> bool {
    svg::render(text(input), &[], &Map::new()).is_ok()
}

fn mdoc(input: &[u8]) -> bool {
    let limits = mdoc::MdocLimits::default();
    let response = mdoc::DeviceResponse::parse(input, &limits).is_ok();
    let issued = mdoc::IssuerSigned::parse(input, &limits).is_ok();
    let transcript = mdoc::SessionTranscript::from_cbor(input.to_vec()).is_ok();
    response | issued | transcript | mdoc::MobileSecurityObject::parse(input, &limits).is_ok()
}

fn w3c_jwt(input: &[u8]) -> bool {
    let mut report = Report::new("fuzz");
    w3c::jwt::VcJwt::read(text(input), &mut report).is_some()
}

fn json_ld(input: &[u8]) -> bool {
    let document = object(input);
    if !document.contains_key("@context") {
        return false;
    }
    let _ = data_integrity::verification_methods(&document);
    let _ = data_integrity::expanded_types(&document, &CONTEXTS);
    let Ok(quads) = data_integrity::to_quads(&document, &CONTEXTS) else { return false };
    data_integrity::rdfc::canonicalize(&quads, HashAlgorithm::Sha256, 1000).is_ok()
}

fn status_list(input: &[u8]) -> bool {
    const MAX: usize = 1024 * 1024;
    let mut report = Report::new("fuzz");
    let jwt = status_list::token::jwt::Unverified::read(text(input), MAX, &mut report).is_some();
    let cwt = status_list::token::cwt::Unverified::read(input, MAX, &mut report).is_some();
    let bits = status_list::StatusBits::One;
    let list =
        status_list::EncodedList::from_base64url(bits, text(input)).and_then(|list| list.decode(MAX)).is_ok();
    let reference =
        status_list::StatusReference::from_status(&value(input)).is_ok_and(|found| found.is_some());
    let _ = status_list::StatusReference::from_cbor_status(input);
    let _ = status_list::Aggregation::parse(input);
    jwt | cwt | list | reference
}

fn did(input: &[u8]) -> bool {
    let Ok(did) = Did::parse("did:web:issuer.example") else { return false };
    let document = DidDocument::parse(input, &did).is_ok();
    let url = DidUrl::parse(text(input)).is_ok();
    let Ok(did) = Did::parse(text(input)) else { return document | url };
    let _ = credenza_trust::did::web::location(&did);
    let _ = ready(credenza_trust::DidResolver::offline().resolve(&did));
    true
}

fn dcql(input: &[u8]) -> bool {
    DcqlQuery::parse(&value(input)).is_ok()
}

fn offer(input: &[u8]) -> bool {
    let link = credenza_vci::messages::OfferLink::parse(text(input)).is_ok();
    link | credenza_vci::messages::CredentialOffer::parse(input).is_ok()
}

fn issuer_metadata(input: &[u8]) -> bool {
    credenza_vci::messages::CredentialIssuerMetadata::parse(input).is_ok()
}

fn request(input: &[u8]) -> bool {
    use credenza_vp::messages::{AuthorizationRequest, ClientId, RequestUriForm, TransactionData};
    let whole =
        json::object_from_slice::<AuthorizationRequest>(input).is_ok_and(|request| request.nonce.is_some());
    let _ = ClientId::parse(text(input));
    let _ = TransactionData::parse(text(input));
    let _ = RequestUriForm::parse(input);
    let link = text(input).split_once('?').map_or(text(input), |(_, query)| query);
    let query =
        credenza_oauth::Form::parse(link.as_bytes()).map(|form| AuthorizationRequest::from_query(&form));
    whole | query.is_ok_and(|request| request.client_id.is_some())
}

fn response(input: &[u8]) -> bool {
    credenza_vp::messages::AuthorizationResponse::from_json(input).is_ok()
}

fn form(input: &[u8]) -> bool {
    let Ok(form) = credenza_oauth::Form::parse(input) else { return false };
    let _ = credenza_vci::messages::TokenRequest::from_form(&form);
    let _ = credenza_oauth::AuthorizationRequest::parse(&form);
    let _ = credenza_vp::messages::response::ResponseForm::read(&form);
    true
}
