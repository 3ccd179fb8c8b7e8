//! COSE messages and what is in them: CWTs, status lists, lists of issuing authorities; COSE keys.

use credenza_core::UnixTime;
use credenza_crypto::cose::cwt::Claims;
use credenza_crypto::cose::{CborError, CoseKey, Label, Mac0, Reader, Sign1, Tagging};
use credenza_crypto::{Algorithm, Certificate, Jwk};
use credenza_formats::mdoc::value::to_json;
use credenza_formats::status_list::{EncodedList, StatusBits};
use serde_json::{Value, json};

use super::{Found, certificates, mdoc, rules, status_lists};

/// The claim `status_list` of a CWT (Token Status List §5.2).
const STATUS_LIST: Label<'_> = Label::Integer(65_533);

/// The claim `ttl` of a CWT.
const TTL: Label<'_> = Label::Integer(65_534);

/// Takes a message or a key apart; `None` when it is neither.
pub(super) fn message(bytes: &[u8], found: &mut Found) -> Option<String> {
    if let Ok(message) = Sign1::parse(bytes, Tagging::Optional) {
        return Some(sign1(&message, found));
    }
    if let Ok(message) = Mac0::parse(bytes, Tagging::Optional) {
        found.part("header", json!({ "alg": message.header.algorithm }));
        return Some("COSE_Mac0: who has the key can verify it".to_owned());
    }
    if let Ok(key) = CoseKey::parse(bytes) {
        found.part("key", Jwk::new(key.key.clone()).to_value());
        return Some("COSE_Key".to_owned());
    }
    None
}

fn sign1(message: &Sign1<'_>, found: &mut Found) -> String {
    let header = &message.header;
    let algorithm = message.algorithm().map(Algorithm::name);
    found.report.check(&rules::ALGORITHM, algorithm.is_some(), || format!("alg is {}", header.algorithm));
    found.part(
        "header",
        json!({
            "alg": algorithm.map_or_else(|| Value::from(header.algorithm), Value::from),
            "typ": header.typ,
            "kid": header.kid.map(|kid| String::from_utf8_lossy(kid).into_owned()),
            "certificates": header.x5chain.len(),
        }),
    );
    let chain: Vec<Vec<u8>> = header.x5chain.iter().map(|der| der.to_vec()).collect();
    if !chain.is_empty() {
        certificates::show(&chain, found);
    }
    let Some(payload) = message.payload else {
        return "COSE_Sign1 with a detached payload".to_owned();
    };
    if let Some(kind) = vical(payload, found) {
        return kind;
    }
    if let Ok(content) = Reader::whole(payload, |reader| reader.encoded().map(|encoded| encoded.content))
        && let Some(kind) = mdoc::mdoc(content, found)
    {
        return format!("COSE_Sign1: {kind}");
    }
    match Claims::parse(payload) {
        Ok(claims) => cwt(&claims, found),
        Err(_) => "COSE_Sign1".to_owned(),
    }
}

fn cwt(claims: &Claims<'_>, found: &mut Found) -> String {
    let time = |time: Option<UnixTime>| time.map(UnixTime::to_rfc3339);
    found.part(
        "claims",
        json!({
            "iss": claims.issuer,
            "sub": claims.subject,
            "aud": claims.audience,
            "iat": time(claims.issued_at),
            "nbf": time(claims.not_before),
            "exp": time(claims.expires),
            "ttl": claims.get(TTL).and_then(|ttl| to_json(ttl).ok()),
            "more": claims.more.len(),
        }),
    );
    match claims.check_times(found.now, std::time::Duration::ZERO) {
        Ok(()) => found.report.pass(&rules::TIMES),
        Err(error) => found.report.warn(&rules::TIMES, error.to_string()),
    }
    let Some(list) = claims.get(STATUS_LIST) else { return "CWT".to_owned() };
    match status_list(list) {
        Some(list) => status_lists::show(&list, found),
        None => found.report.fail(&rules::STATUS_LIST, "bits or lst is missing or not what it must be"),
    }
    "CWT: status list".to_owned()
}

fn status_list(list: &[u8]) -> Option<EncodedList> {
    let (mut bits, mut lst) = (None, None);
    Reader::whole(list, |reader| {
        reader.map(|label, value| {
            match label {
                Label::Text("bits") => bits = Some(value.unsigned()?),
                Label::Text("lst") => lst = Some(value.bytes()?.to_vec()),
                _ => value.skip()?,
            }
            Ok::<_, CborError>(())
        })
    })
    .ok()?;
    Some(EncodedList::from_compressed(StatusBits::from_number(bits?)?, lst?))
}

/// A list of issuing authorities (ISO/IEC 18013-5 Annex C).
fn vical(payload: &[u8], found: &mut Found) -> Option<String> {
    let (mut about, mut authorities, mut is_one) = (serde_json::Map::new(), Vec::new(), false);
    Reader::whole(payload, |reader| {
        reader.map(|label, value| {
            match label {
                Label::Text("certificateInfos") => {
                    is_one = true;
                    value.array(|entry| authority(entry).map(|entry| authorities.push(entry)))?;
                }
                Label::Text(name) => {
                    let content = to_json(value.any()?)?;
                    about.insert(name.to_owned(), content);
                }
                _ => value.skip()?,
            }
            Ok::<_, CborError>(())
        })
    })
    .ok()?;
    if !is_one {
        return None;
    }
    found.part("list", about);
    let remark = format!("{} authorities", authorities.len());
    found.remarked("authorities", authorities, remark);
    Some("VICAL: a list of issuing authorities".to_owned())
}

fn authority(reader: &mut Reader<'_>) -> Result<Value, CborError> {
    let (mut subject, mut until, mut types) = (None, None, Vec::new());
    reader.map(|label, value| {
        match label {
            Label::Text("certificate") => {
                if let Ok(certificate) = Certificate::parse(value.bytes()?) {
                    subject = Some(certificate.subject);
                    until = Some(certificate.not_after.to_rfc3339());
                }
            }
            Label::Text("docType") => {
                value.array(|name| name.text().map(|name| types.push(name.to_owned())))?;
            }
            _ => value.skip()?,
        }
        Ok::<_, CborError>(())
    })?;
    Ok(json!({"subject": subject, "not_after": until, "doc_types": types}))
}
